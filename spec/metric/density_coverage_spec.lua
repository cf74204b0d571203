-- Density and coverage: a case by hand, a slow reference, what wrong use says.
local gan = require "gan"
local naive = require "spec.support.naive_metric"

describe("density_coverage", function()
  it("counts balls of real rows", function()
    -- k = 1: radii 1, 1, 1, 8 around 0, 1, 2, 10.
    -- 0.5 lies in two balls (0, 1), 2.5 in two (2, 10), 6 in one, 20 in none.
    local v, p = gan.metric.density_coverage {
      real = gan.tensor {{0}, {1}, {2}, {10}},
      fake = gan.tensor {{0.5}, {2.5}, {6}, {20}},
      k = 1,
    }:value()
    assert.same({{2, 2, 1, 0}, {1, 1, 1, 1}}, {p.balls:to_table(), p.reached:to_table()})
    p.balls, p.reached = nil, nil
    assert.same({
      metric = "density_coverage", value = 1, density = 5 / 4, coverage = 1, k = 1, n_real = 4, n_fake = 4, dim = 1,
    }, p)
    assert.equal(1, v)
  end)

  it("agrees with a slow reference", function()
    for _, case in ipairs {{40, 30, 2, 3}, {300, 270, 5, 5}, {270, 1, 3, 2}} do
      local n, m, d, k = table.unpack(case)
      local x, y = gan.rng(1):normal {n, d}, gan.rng(2):normal({m, d}, 0.3, 0.8)
      local density, coverage = naive.density_coverage(x:to_table(), y:to_table(), k)
      local _, p = gan.metric.density_coverage {real = x, k = k}:add(y):value()
      assert.same({density, coverage}, {p.density, p.coverage})
    end
  end)

  it("is near 1, 1 for equal distributions, and sees a collapse", function()
    local x, y = gan.rng(1):normal {600, 2}, gan.rng(2):normal {600, 2}
    local v, p = gan.metric.density_coverage {real = x, fake = y}:value()
    assert.is_true(math.abs(p.density - 1) < 0.1 and v > 0.93, p.density)
    v = gan.metric.density_coverage {real = x, fake = gan.full({600, 2}, 0.1)}:value()
    assert.is_true(v < 0.05, v)
  end)

  it("says what is wrong", function()
    local dc = gan.metric.density_coverage
    assert.error_matches(function() dc {real = gan.zeros(5, 2), fake = gan.zeros(1, 2)}:value() end,
      "k = 5 needs at least 6 rows in 'real', got 5")
    assert.error_matches(function() dc {real = gan.zeros(6, 2)}:value() end, "1 row in 'fake', got 0")
    assert.error_matches(function() dc {real = gan.zeros(6, 2), k = 1.5} end, "'k'")
  end)
end)
