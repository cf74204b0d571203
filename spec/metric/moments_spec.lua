-- Means and covariances: exact sums in doubles, whatever the batches, and what is read back from files.
local gan = require "gan"
local double = require "spec.support.double"
local naive = require "spec.support.naive_metric"

local function near(want, got, tol)
  if type(want) == "table" then
    assert.equal(#want, #got)
    for i = 1, #want do near(want[i], got[i], tol) end
  else
    local ok = math.abs(want - got) <= tol * math.max(1, math.abs(want))
    if not ok then error(("%.15g, expected %.15g"):format(got, want), 2) end
  end
end

describe("moments", function()
  it("are mean and covariance", function()
    for _, g in ipairs {gan, double} do
      for _, n in ipairs {2, 255, 256, 600} do
        local x = g.rng(n):normal({n, 5}, 3, 2)
        local m = g.metric.moments {}:add(x)
        local mean, cov = naive.moments(x:to_table())
        assert.equal(n, m.n)
        assert.equal("f64", m:mean():dtype())
        near(mean, m:mean():to_table(), 1e-12)
        near(cov, m:covariance():to_table(), 1e-12)
      end
    end
  end)

  it("crosses blocks of columns", function()
    local x = gan.rng(1):normal {40, 300}
    local _, cov = naive.moments(x:to_table())
    near(cov, gan.metric.moments():add(x):covariance():to_table(), 1e-12)
  end)

  it("do not depend on batches or threads, to the last byte", function()
    local x = gan.rng(1):normal {700, 300}
    local whole = gan.metric.moments {dim = 300}:add(x)
    local parts, at, kept = gan.metric.moments {dim = 300}, 0, nil
    local threads = gan.threads()
    gan.threads(threads == 1 and 2 or 1)
    for _, n in ipairs {1, 30, 225, 0, 256, 100, 88} do
      parts:add(x:narrow(1, at + 1, n))
      at = at + n
      if at == 256 then parts:covariance() end -- looking changes nothing
      if at == 31 then parts:mean() end
      if at == 512 then kept = parts:mean() end
    end
    gan.threads(threads)
    assert.equal(700, parts.n)
    -- what was said stays
    assert.equal(gan.metric.moments():add(x:narrow(1, 1, 512)):mean():to_bytes(), kept:to_bytes())
    assert.equal(whole:mean():to_bytes(), parts:mean():to_bytes())
    assert.equal(whole:covariance():to_bytes(), parts:covariance():to_bytes())
  end)

  it("lose nothing to a mean that is large beside the deviation, or that drifts", function()
    local rows, shifted = {}, {}
    for i = 1, 1000 do
      shifted[i] = {(i > 500 and 1e6 or -1e6) + i % 7, -(i % 2)}
      rows[i] = {shifted[i][1], 16777216 + shifted[i][2]}
    end
    local _, cov = naive.moments(shifted)
    for _, g in ipairs {gan, double} do
      near(cov, g.metric.moments():add(g.tensor(rows)):covariance():to_table(), 1e-10)
    end
  end)

  it("are saved and loaded", function()
    local x = gan.rng(1):normal {300, 4}
    local m = gan.metric.moments():add(x:narrow(1, 1, 200))
    local state = m:state()
    assert.equal("f64", state.sigma:dtype())
    assert.equal(200, state.n:item())
    local back = assert(gan.metric.moments.from_state(state))
    assert.equal(200, back.n)
    assert.equal(m:mean():to_bytes(), back:mean():to_bytes())
    assert.equal(m:covariance():to_bytes(), back:covariance():to_bytes())
    m:add(x:narrow(1, 201, 100))
    back:add(x:narrow(1, 201, 100))
    near(m:mean():to_table(), back:mean():to_table(), 1e-14)
    near(m:covariance():to_table(), back:covariance():to_table(), 1e-14)
    assert.equal(state.mu:to_bytes(),
      assert(gan.metric.moments.from_state {mu = state.mu, sigma = state.sigma}):mean():to_bytes())
  end)

  it("take others' files, which do not say n", function()
    local m = assert(gan.metric.moments.from_state {mu = gan.zeros(2), sigma = gan.tensor {{1, 0.5}, {0.5, 2}}})
    assert.is_nil(m.n)
    assert.same({{1, 0.5}, {0.5, 2}}, m:covariance():to_table())
    assert.is_nil(m:state().n)
    assert.error_matches(function() m:add(gan.zeros(1, 2)) end, "loaded without their number of rows")
  end)

  it("refuse files that hold no moments", function()
    local load = gan.metric.moments.from_state
    local function refused(pattern, state)
      local m, message = load(state)
      assert.is_nil(m)
      assert.matches(pattern, message)
    end
    local mu, sigma = gan.zeros(2), gan.tensor({{1, 0}, {0, 1}}, "f64")
    refused("expected a table", 3)
    refused("'mu': expected f64 or real %(D%), got nil", {})
    refused("'mu': expected f64 or real %(2%), got i32", {mu = gan.tensor({1, 2}, "i32"), sigma = sigma})
    refused("'mu': expected f64 or real %(D%), got real tensor %(2,1%)", {mu = gan.zeros(2, 1), sigma = sigma})
    refused("'sigma': expected f64 or real %(2,2%), got nil", {mu = mu})
    refused("'sigma': expected f64 or real %(2,2%), got f64 tensor %(3,3%)",
      {mu = mu, sigma = gan.full({3, 3}, 0, "f64")})
    refused("'sigma': row 2 holds NaN", {mu = mu, sigma = gan.tensor {{1, 0}, {0, 0 / 0}}})
    refused("'mu': row 1 holds NaN", {mu = gan.tensor {1 / 0, 1}, sigma = sigma})
    refused("'sigma': not a covariance at %(2,1%)", {mu = mu, sigma = gan.tensor {{1, 0.5}, {0.4, 1}}})
    refused("'sigma': not a covariance at %(2,2%)", {mu = mu, sigma = gan.tensor {{1, 0}, {0, -1}}})
    refused("'n': expected a whole number >= 2, got 1.5", {mu = mu, sigma = sigma, n = 1.5})
    refused("'n': expected a whole number >= 2, got f64 tensor", {mu = mu, sigma = sigma, n = gan.full({}, 1, "f64")})
  end)

  it("say what is wrong", function()
    local moments = gan.metric.moments
    local m = moments {dim = 2}
    assert.error_matches(function() m:mean() end, "a mean needs at least 1 row in 'features', got 0")
    m:add(gan.zeros(1, 2))
    assert.error_matches(function() m:covariance() end, "a covariance needs at least 2 rows in 'features', got 1")
    assert.error_matches(function() m:add(gan.zeros(1, 3)) end,
      "moments.add: bad argument #1 'features' %(expected %(N,2%)")
    assert.error_matches(function() m:add(gan.zeros(2)) end, "2 dimensions")
    assert.error_matches(function() m:add(gan.tensor {{1, 2}, {0, 0 / 0}}) end,
      "row 2 of real tensor %(2,2%) holds NaN or an infinity")
    assert.error_matches(function() m:add(gan.tensor {{-1 / 0, 2}}) end, "row 1")
    assert.error_matches(function() m:add(gan.full({1, 2}, 0, "u8")) end, "a real tensor")
    assert.error_matches(function() moments():add(gan.zeros(1, 0)) end, "D >= 1")
    assert.error_matches(function() moments {dim = 0} end, "'dim'")
    assert.error_matches(function() moments {dims = 3} end, "did you mean 'dim'")
    assert.equal(1, m.n)
  end)
end)
