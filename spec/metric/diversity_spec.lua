-- Mean pairwise distance: by hand, a slow reference, near copies, what wrong use says.
local gan = require "gan"
local double = require "spec.support.double"
local naive = require "spec.support.naive_metric"

describe("diversity", function()
  it("is the mean distance of pairs", function()
    local v, p = gan.metric.diversity {fake = gan.tensor {{0, 0}, {3, 4}, {0, 0}}}:value()
    assert.is_true(math.abs(v - 10 / 3) < 1e-12)
    assert.is_true(math.abs(p.deviation - math.sqrt(50 / 3 - 100 / 9)) < 1e-12)
    assert.same({"diversity", 3, 2}, {p.metric, p.n_fake, p.dim})
    assert.equal(0, (gan.metric.diversity {fake = gan.full({300, 5}, 0.1)}:value()))
  end)

  it("agrees with a slow reference, across blocks, and where differences are small beside the features", function()
    for _, g in ipairs {gan, double} do
      local x = g.rng(1):normal({300, 3}, 1e4, 1e-2)
      local v = g.metric.diversity():add(x:narrow(1, 1, 256)):add(x:narrow(1, 257, 44)):value()
      local want = naive.mean_distance(x:to_table())
      assert.is_true(math.abs(v / want - 1) < 1e-9, ("%.12g, expected %.12g"):format(v, want))
    end
  end)

  it("says what is wrong", function()
    assert.error_matches(function() gan.metric.diversity():value() end, "a pair needs at least 2 rows in 'fake', got 0")
    assert.error_matches(function() gan.metric.diversity {fake = gan.zeros(1, 3)}:value() end, "got 1")
    assert.error_matches(function() gan.metric.diversity {real = gan.zeros(1, 3)} end, "unknown option 'real'")
  end)
end)
