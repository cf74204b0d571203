-- The Frechet distance: closed forms, worked numbers, both routes, SciPy's numbers (spec/golden/fid.json), wrong use.
local gan = require "gan"
local double = require "spec.support.double"
local json = require "gan.file.json"

local function near(want, got, tol)
  assert.is_true(math.abs(want - got) <= tol * math.max(1, math.abs(want)), ("%.12g, expected %.12g"):format(got, want))
end

local function moments(mu, sigma, n)
  return assert(gan.metric.moments.from_state {mu = gan.tensor(mu, "f64"), sigma = gan.tensor(sigma, "f64"), n = n})
end
local function value(opt) return (gan.metric.fid(opt):value()) end

local X = {{0, 0}, {1, 0}, {0, 2}, {1, 2}}
local Y = {{1, 1}, {3, 1}, {1, 2}, {3, 4}}

describe("fid", function()
  it("has the worked numbers", function()
    near(2, value {real = moments({0}, {{1}}), fake = moments({1}, {{4}})}, 1e-12)
    local a, b = moments({0, 0}, {{2, 0.5}, {0.5, 1}}), moments({1, -1}, {{1, -0.3}, {-0.3, 1.5}})
    near(2.4634711896, value {real = a, fake = b}, 1e-9)
    near(2.4634711896, value {real = b, fake = a}, 1e-9)
    near(2.5182644052, require("gan.core").trace_sqrt(a:covariance(), b:covariance()), 1e-9)
    for _, g in ipairs {gan, double} do
      local x, y = g.tensor(X), g.tensor(Y)
      for _, route in ipairs {"auto", "covariances", "samples"} do
        near(3.7339277725, (g.metric.fid {real = x, fake = y, route = route}:value()), 1e-9)
        near(3.6129458293, (g.metric.fid {real = x, fake = y, route = route, biased = true}:value()), 1e-9)
      end
      near(3.7339277725, (g.metric.fid {real = g.metric.moments():add(x)}:add(y):value()), 1e-9)
    end
  end)

  it("is the squared distance of the means where covariances are equal, and 0 for one set", function()
    local x = gan.rng(1):normal {40, 8}
    for _, route in ipairs {"covariances", "samples"} do
      near(8 * 0.25, value {real = x, fake = x + 0.5, route = route}, 1e-5)
      local v = value {real = x, fake = x, route = route}
      assert.is_true(v >= 0 and v < 1e-6, v)
      local few = x:narrow(1, 1, 5) -- singular
      v = value {real = few, fake = few, route = route}
      assert.is_true(v >= 0 and v < 1e-9, v)
    end
  end)

  it("is symmetric, and grows with the square of the scale", function()
    local x, y = gan.rng(1):normal {60, 8}, gan.rng(2):normal({50, 8}, 0.3, 1.5)
    for _, route in ipairs {"covariances", "samples"} do
      local v = value {real = x, fake = y, route = route}
      near(v, value {real = y, fake = x, route = route}, 1e-9)
      near(4 * v, value {real = 2 * x, fake = 2 * y, route = route}, 1e-9)
      near(v, value {real = x:narrow(2, 1, 8), fake = y, route = route}, 0)
    end
  end)

  it("counts a constant set as a point", function()
    local x = gan.rng(1):normal {60, 3}
    local trace = 0
    local sigma = gan.metric.moments():add(x):covariance():to_table()
    local mean = gan.metric.moments():add(x):mean():to_table()
    for i = 1, 3 do trace = trace + sigma[i][i] + mean[i] ^ 2 end
    near(trace, value {real = x, fake = gan.zeros(2, 3), route = "covariances"}, 1e-9)
    near(trace, value {real = x, fake = gan.zeros(2, 3), route = "samples"}, 1e-9)
  end)

  it("is off for small sets as theory has it", function()
    -- two sets of N rows from one isotropic Gaussian: 2d/N + d(d+1)/2N at leading order, the last one by simulation
    for _, case in ipairs {
      {1, 200, 0.015, 600, 0.1}, {2, 200, 0.035, 400, 0.06}, {8, 400, 0.13, 50, 0.05}, {32, 64, 9.356, 20, 0.04},
    } do
      local d, n, want, runs, tol = table.unpack(case)
      local sum = 0
      for i = 1, runs do
        local real, fake = gan.rng(i, "a"):normal {n, d}, gan.rng(i, "b"):normal {n, d}
        sum = sum + value {real = real, fake = fake, route = "covariances"}
      end
      assert.is_true(math.abs(sum / runs / want - 1) < tol, ("d = %d: %.4g, expected %.4g"):format(d, sum / runs, want))
    end
  end)

  it("says by what protocol", function()
    local x = gan.rng(1):normal {20, 3}
    local v, p = gan.metric.fid {real = x, fake = x:narrow(1, 1, 10)}:value()
    assert.same({
      metric = "fid", value = v, n_real = 20, n_fake = 10, dim = 3, route = "covariances", biased = false,
    }, p)
    v, p = gan.metric.fid {real = moments({0}, {{1}}), fake = moments({1}, {{4}}, 7)}:value()
    assert.same({metric = "fid", value = v, n_fake = 7, dim = 1, route = "covariances", biased = false}, p)
    assert.equal("samples", select(2, gan.metric.fid {real = gan.zeros(2, 30), fake = gan.ones(3, 30)}:value()).route)
  end)

  -- GAN_SLOW=1 adds what takes seconds: full rank at 2048 dimensions.
  local file = assert(io.open "spec/golden/fid.json")
  local golden = assert(json.decode(file:read "a"))
  file:close()
  local function features(seed, n, dim, shift, scale)
    local rows, x = {}, seed
    for i = 1, n do
      local row, left = {}, 0
      for j = 1, dim do
        x = (1103515245 * x + 12345) % 2147483648
        left = x // 256 / 8388608 - 0.5 + 0.5 * left
        row[j] = scale * left + shift * ((j - 1) % 3)
      end
      rows[i] = row
    end
    return gan.tensor(rows)
  end

  for _, case in ipairs(golden.cases) do
    local slow = case.dim > 1024
    local many = case.n_real > case.dim
    if not many or not slow or os.getenv "GAN_SLOW" then
      it(("agrees with SciPy: %d dimensions, %d and %d rows"):format(case.dim, case.n_real, case.n_fake), function()
        local x, y = features(1, case.n_real, case.dim, 0, 1), features(2, case.n_fake, case.dim, 0.1, 1.25)
        local function agrees(v)
          assert.is_true(math.abs(v / case.sqrtm - 1) < 1e-3, ("%.9g, SciPy's root says %.9g"):format(v, case.sqrtm))
          near(case.exact, v, 1e-6)
        end
        if case.n_real * case.n_fake <= case.dim * case.dim then
          agrees(value {real = x, fake = y, route = "samples"})
        end
        if not slow or os.getenv "GAN_SLOW" then agrees(value {real = x, fake = y, route = "covariances"}) end
      end)
    end
  end

  it("says what is wrong", function()
    local fid, x = gan.metric.fid, gan.zeros(3, 2)
    assert.error_matches(function() fid {real = x}:value() end,
      "fid: a covariance needs at least 2 rows in 'fake', got 0")
    assert.error_matches(function() fid {real = gan.zeros(1, 2), fake = x}:value() end, "2 rows in 'real', got 1")
    assert.error_matches(function() fid {real = x, fake = gan.zeros(3, 4)}:value() end,
      "'real' has 2 columns, 'fake' 4")
    assert.error_matches(function() fid {real = x}:add(gan.zeros(3, 4)) end, "expected %(N,2%)")
    assert.error_matches(function() fid {real = x}:add(gan.tensor {{0, 0 / 0}}) end, "row 1")
    assert.error_matches(function() fid {} end, "'real': expected moments")
    assert.error_matches(function() fid {real = x, fake = 3} end, "'fake': expected moments")
    assert.error_matches(function() fid {real = x, route = "sqrtm"} end, "'route'")
    assert.error_matches(function() fid {real = x, biased = 1} end, "'biased'")
    assert.error_matches(function() fid {real = x, fakes = x} end, "did you mean 'fake'")
    assert.error_matches(function() fid {real = x, route = "samples"}:add(x):value() end, "needs the rows of both sets")
    local unknown = moments({0, 0}, {{1, 0}, {0, 1}})
    assert.error_matches(function() fid {real = unknown, fake = x, biased = true}:value() end,
      "'real' was loaded without")
    local huge = double.tensor {{1e200}, {-1e200}}
    assert.error_matches(function() double.metric.fid {real = huge, fake = huge:neg()}:value() end, "too large")
  end)
end)
