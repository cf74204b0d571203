-- DRAGAN: where it looks, and its value.
local gan, near, critic = require "spec.support.double", require "spec.support.near", require "spec.support.critic"

describe("dragan", function()
  it("is that of the slope for a linear critic", function()
    local D, w = critic.linear(gan)
    local y = gan.penalty.dragan {weight = 2}(D, gan.rng(1):normal {4, 2})
    near(2 * 16, y)
    near({{2 * 2 * 4 * 3 / 5}, {2 * 2 * 4 * -4 / 5}}, gan.grad(y, {w})[1])
  end)

  it("looks at real + std / 2 u", function()
    local real, seen = gan.tensor {{1, 5}, {5, 1}}, nil -- standard deviation 2
    gan.penalty.dragan {rng = gan.rng(1, "u")}(function(x)
      seen = x
      return x:sum(2)
    end, real)
    near((real + gan.rng(1, "u"):uniform({2, 2}) * 1):to_table(), seen:detach())
  end)

  it("names a wrong option", function()
    assert.error_matches(function() gan.penalty.dragan {scale = -1} end, "dragan: option 'scale'")
    assert.error_matches(function() gan.penalty.dragan {one_sided = true} end, "unknown option")
  end)
end)
