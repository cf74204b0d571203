-- The kernel distance: worked numbers, a slow reference, its expectation, what wrong use says.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"
local naive = require "spec.support.naive_metric"

local function near(want, got, tol)
  assert.is_true(math.abs(want - got) <= tol * math.max(1, math.abs(want)), ("%.12g, expected %.12g"):format(got, want))
end

local X = {{0, 0}, {1, 0}, {0, 2}, {1, 2}}
local Y = {{1, 1}, {3, 1}, {1, 2}, {3, 4}}

describe("kid", function()
  it("has the worked numbers", function()
    for _, g in ipairs {gan, double} do
      local x, y = g.tensor(X), g.tensor(Y)
      near(78, (g.metric.kid {real = x, fake = y, subsets = 1, size = 4}:value()), 1e-12)
      near(-6.4166666667, (g.metric.kid {real = x, fake = x, subsets = 3, size = 4}:value()), 1e-10)
    end
    near(5.7291666667, core.cubic_sum(gan.tensor(X)) / 12, 1e-10)
    near(145.5208333333, core.cubic_sum(gan.tensor(Y)) / 12, 1e-10)
    near(36.625, core.cubic_sum(gan.tensor(X), gan.tensor(Y)) / 16, 1e-12)
  end)

  it("agrees with a slow reference, across blocks", function()
    local x, y = gan.rng(1):normal {300, 5}, gan.rng(2):normal({290, 5}, 0.2)
    local total = select(2, naive.mmd2(x:to_table(), {{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}})) * 300 * 299
    near(total, core.cubic_sum(x), 1e-12)
    local _, _, _, cross = naive.mmd2(x:to_table(), y:to_table())
    near(cross * 300 * 290, core.cubic_sum(x, y), 1e-12)

    local v, p = gan.metric.kid {real = x, fake = y, subsets = 3, size = 40, seed = 5}:value()
    local rng, list = gan.rng(5, "kid"), {}
    for i = 1, 3 do
      local function draw(t) return gan.gather_rows(t, rng:permutation(t:size(1)):narrow(1, 1, 40)):to_table() end
      local a = draw(x)
      list[i] = (naive.mmd2(a, draw(y)))
    end
    local mean = (list[1] + list[2] + list[3]) / 3
    near(mean, v, 1e-10)
    near(math.sqrt(((list[1] - mean) ^ 2 + (list[2] - mean) ^ 2 + (list[3] - mean) ^ 2) / 3), p.deviation, 1e-10)
    p.deviation = nil
    assert.same({metric = "kid", value = v, n_real = 300, n_fake = 290, dim = 5, subsets = 3, size = 40, seed = 5}, p)
  end)

  it("is 0 on average for equal distributions, and not for others", function()
    local x, y = gan.rng(1):normal {400, 4}, gan.rng(2):normal {400, 4}
    local v, p = gan.metric.kid {real = x, fake = y, size = 50}:value()
    assert.is_true(math.abs(v) < p.deviation, v)
    local w = gan.metric.kid {real = x, fake = y + 0.5, size = 50}:value()
    assert.is_true(w > 4 * math.abs(v), w)
  end)

  it("is the same for the same seed, and in any batches, with any number of threads", function()
    local x, y = gan.rng(1):normal {300, 3}, gan.rng(2):normal {300, 3}
    local a = gan.metric.kid {real = x, fake = y, subsets = 5, size = 270}:value()
    local threads = gan.threads()
    gan.threads(threads == 1 and 2 or 1)
    local b = gan.metric.kid {real = x, subsets = 5, size = 270}:add(y:narrow(1, 1, 7)):add(y:narrow(1, 8, 293)):value()
    gan.threads(threads)
    assert.equal(a, b)
    assert.not_equal(a, (gan.metric.kid {real = x, fake = y, subsets = 5, size = 270, seed = 1}:value()))
  end)

  it("says what is wrong", function()
    local kid, x = gan.metric.kid, gan.zeros(30, 2)
    assert.error_matches(function() kid {real = x, fake = x}:value() end,
      "kid: a subset of 1000 needs at least 1000 rows in 'real', got 30")
    assert.error_matches(function() kid {real = x, size = 20}:value() end, "20 rows in 'fake', got 0")
    assert.error_matches(function() kid {real = x, fake = gan.zeros(30, 3), size = 2}:value() end,
      "'real' has 2 columns, 'fake' 3")
    assert.error_matches(function() kid {real = x, size = 1} end, "'size'")
    assert.error_matches(function() kid {real = x, subsets = 0} end, "'subsets'")
    assert.error_matches(function() kid {real = x, seed = 0.5} end, "'seed'")
    assert.error_matches(function() kid {fake = x} end, "'real': expected rows %(gan.metric.rows%)")
    assert.error_matches(function() kid {real = x}:add(gan.tensor {{1, 0 / 0}}) end, "row 1")
    local huge = double.full({4, 1}, 1e180)
    assert.error_matches(function() double.metric.kid {real = huge, fake = huge, subsets = 1, size = 4}:value() end,
      "too large")
  end)
end)
