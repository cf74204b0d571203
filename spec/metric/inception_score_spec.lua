-- The Inception Score: worked numbers, its limits, splits that are streamed or kept, what wrong use says.
local gan = require "gan"
local double = require "spec.support.double"

local function near(want, got, tol)
  assert.is_true(math.abs(want - got) <= tol, ("%.12g, expected %.12g"):format(got, want))
end

local P = {{0.7, 0.2, 0.1}, {0.1, 0.8, 0.1}, {0.2, 0.2, 0.6}, {0.6, 0.3, 0.1}, {0.05, 0.9, 0.05}, {0.1, 0.1, 0.8}}

local function logits(g, n)
  local rows = {}
  for i = 1, n do
    rows[i] = {}
    for c, p in ipairs(P[i]) do rows[i][c] = math.log(p) + i end -- any constant may be added to a row
  end
  return g.tensor(rows)
end

local function score(g, x, splits, n) return g.metric.inception_score {splits = splits, n = n}:add(nil, x):value() end

describe("inception_score", function()
  it("has the worked numbers", function()
    for g, tol in pairs {[gan] = 1e-6, [double] = 1e-9} do
      local v, p = score(g, logits(g, 3), 1)
      near(1.3339551094, v, tol)
      near(1.3339551094, p.single, tol)
      near(0.2881482958, p.log_single, tol)
      near(0, p.deviation, 0)
      local x = logits(g, 6)
      for splits, want in ipairs {1.4377984412, 1.4350628909, 1.2975856568} do
        v, p = score(g, x, splits)
        near(want, v, tol)
        near(1.4377984412, p.single, tol)
        near(v, (score(g, x, splits, 6)), 0)
      end
    end
  end)

  it("is 1 where every answer is the same, and the number of classes where each is sure", function()
    near(1, (score(gan, gan.zeros(20, 7), 2)), 1e-12)
    near(1, (score(gan, gan.tensor {{1, 2, 3}}:expand {20, 3}, 10)), 1e-12)
    local rows = {}
    for i = 1, 20 do
      rows[i] = {0, 0, 0, 0, 0}
      rows[i][i % 5 + 1] = 1000
    end
    near(5, (score(gan, gan.tensor(rows), 4)), 1e-9)
    rows[1][1] = -3e38
    near(5, (score(gan, gan.tensor(rows), 4)), 1e-9)
  end)

  it("gives the deviation over splits, and its protocol", function()
    local x = logits(double, 6)
    local v, p = score(double, x, 2)
    local a, b = score(double, x:narrow(1, 1, 3), 1), score(double, x:narrow(1, 4, 3), 1)
    near((a + b) / 2, v, 1e-12)
    near(math.abs(a - b) / 2, p.deviation, 1e-12)
    p.deviation = nil
    assert.same({
      metric = "inception_score", value = v, splits = 2, n_fake = 6, classes = 3,
      single = p.single, log_single = p.log_single,
    }, p)
  end)

  it("splits contiguously at floor(i N / splits), streamed or kept, in any batches", function()
    local x = gan.rng(1):normal({23, 4}, 0, 3)
    local want = 0
    for i = 0, 9 do
      local lo, hi = i * 23 // 10, (i + 1) * 23 // 10
      want = want + score(gan, x:narrow(1, lo + 1, hi - lo), 1) / 10
    end
    for _, n in ipairs {23, false} do
      for _, batch in ipairs {1, 5, 23} do
        local is = gan.metric.inception_score {n = n or nil}
        for i = 0, 22, batch do is:add(nil, x:narrow(1, i + 1, math.min(batch, 23 - i))) end
        near(want, (is:value()), 1e-12)
      end
    end
  end)

  it("keeps nothing where n is announced", function()
    local is = gan.metric.inception_score {n = 20}:add(nil, gan.zeros(20, 3))
    assert.is_nil(is.kept)
  end)

  it("says what is wrong", function()
    local make = gan.metric.inception_score
    assert.error_matches(function() make():add(nil, gan.zeros(9, 3)):value() end,
      "10 splits needs at least 10 rows in 'fake', got 9")
    assert.error_matches(function() make():value() end, "got 0")
    assert.error_matches(function() make {n = 20}:add(nil, gan.zeros(21, 3)) end, "expected 20 rows as n says, got 21")
    assert.error_matches(function() make {n = 20}:add(nil, gan.zeros(19, 3)):value() end,
      "expected 20 rows as n says, got 19")
    assert.error_matches(function() make():add(gan.zeros(9, 3)) end, "'logits' %(expected a real tensor, got nil")
    assert.error_matches(function() make():add(nil, gan.zeros(2, 3)):add(nil, gan.zeros(2, 4)) end, "expected %(N,3%)")
    assert.error_matches(function() make():add(nil, gan.tensor {{0, 0}, {0, 0 / 0}}) end, "row 2")
    assert.error_matches(function() make {splits = 0} end, "'splits'")
    assert.error_matches(function() make {n = 5} end, "'n'")
  end)
end)
