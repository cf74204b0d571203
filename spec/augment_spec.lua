-- The room: what it has, and that a game takes each of its pipelines.
local gan = require "gan"

describe("gan.augment", function()
  it("has transforms, compose, preset and diffaug, and says what it has not", function()
    for _, name in ipairs {"xflip", "hue", "band4", "noise", "cutout", "compose", "preset", "diffaug"} do
      assert.is_true(require("gan.check").callable(gan.augment[name]), name)
    end
    assert.error_matches(function() return gan.augment.presets end,
      "gan.augment: there is no 'presets' %(did you mean 'preset'%?%)")
  end)

  it("makes what consistency takes, too", function()
    local D = gan.nn.chain {gan.nn.flatten {}, gan.nn.linear {48, 1}, gan.nn.view {}}
    local p = gan.penalty.consistency {augment = gan.augment.diffaug(), rng = gan.rng(1)}
    assert.is_true(p(D, gan.randn(4, 4, 4, 3)):item() > 0)
  end)
end)
