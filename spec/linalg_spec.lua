-- csrc/kernels/linalg.c: the same bytes for any number of threads, exactness where products cancel, wrong input.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"
local core64 = require "gan.core64"
local near = require "spec.support.near"
local naive = require "spec.support.naive_metric"

local function f64(v) return gan.tensor(v, "f64") end

-- What f gives (numbers and tensors) as one string.
local function bytes(f)
  local out = table.pack(f())
  for i = 1, out.n do out[i] = core.is_tensor(out[i]) and out[i]:to_bytes() or ("%a"):format(out[i]) end
  return table.concat(out, "|", 1, out.n)
end

describe("linalg", function()
  it("gives the same bytes with one thread and with two", function()
    local x, y = gan.rng(1):normal {600, 70}, gan.rng(2):normal {300, 70}
    local wide = gan.rng(3):normal {40, 520}
    local cases = {
      function() return core.column_stats(wide) end,
      function()
        local m, s = core.full({520}, 0, "f64"), core.full({520, 520}, 0, "f64")
        core.moments_add_(m, s, 0, wide)
        core.moments_add_(m, s, 40, wide)
        return m, core.covariance(s, 79)
      end,
      function() return core.nearest(x, y, 3) end,
      function() return core.balls(x, y, core.full({300}, 100, "f64"), core.full({600}, 90, "f64")) end,
      function() return core.cubic_sum(x), core.cubic_sum(x, y) end,
      function() return core.distance_sums(x) end,
      function() return core.cross_nuclear_norm(x, y) end,
      function() return core.eigh(gan.metric.moments():add(x):covariance()) end,
      function()
        local s = gan.metric.moments():add(wide):covariance()
        return core.trace_sqrt(s, s)
      end,
    }
    local threads = core.threads()
    for i, f in ipairs(cases) do
      core.threads(1)
      local one = bytes(f)
      core.threads(2)
      local two = bytes(f)
      core.threads(3)
      assert.equal(one, two, i)
      assert.equal(one, bytes(f), i)
    end
    core.threads(threads)
  end)

  it("decomposes symmetric matrices, of which the lower half is read", function()
    local values, vectors = core.eigh(f64 {{1.36, 9}, {0.48, 1.64}})
    near({1, 2}, values, 1e-14)
    local sign = vectors:get(2, 1) > 0 and 1 or -1
    near({0.6 * sign, 0.8 * sign}, vectors[2], 1e-14)
    assert.same({{0}}, {core.eigh(f64 {{0}}):to_table()})
    for _, case in ipairs {
      {f64 {{1, 2}}, "eigh: bad argument #1 'a' (expected a square matrix of 1 to 32767 rows"},
      {f64 {{0 / 0}}, "row 1 holds"},
      {core.full({0, 0}, 0, "f64"), "a square matrix of 1 to 32767 rows"},
    } do
      local ok, message = pcall(core.eigh, case[1])
      assert.is_false(ok)
      assert.is_truthy(message:find(case[2], 1, true), message)
    end
  end)

  it("measures distances exactly where products cancel", function()
    local x = gan.rng(1):normal({270, 3}, 1e4, 1e-2)
    local want, got = naive.nearest(x:to_table(), nil, 2), core.to_table((core.nearest(x, nil, 2)))
    for i, list in ipairs(want) do
      for j = 1, 2 do assert.is_true(math.abs(list[j][1] - got[i][j]) <= 1e-13 * list[j][1]) end
    end
    assert.same({{0}, {0}}, core.to_table((core.nearest(gan.full({2, 5}, 0.1), nil, 1))))
    assert.same({0.25, 0}, core.row_distances(gan.tensor {{1, 1.5}, {3, 3}}, gan.tensor {{1, 1}, {3, 3}}):to_table())
  end)

  it("finds the trace of a root by two routes, singular or not", function()
    for _, size in ipairs {{30, 20, 6}, {5, 9, 40}, {9, 5, 40}} do
      local n, m, d = table.unpack(size)
      local x, y = double.rng(1):normal {n, d}, double.rng(2):normal {m, d}
      local a, b = double.metric.moments():add(x):covariance(), double.metric.moments():add(y):covariance()
      local want = core64.cross_nuclear_norm(x, y) / math.sqrt((n - 1) * (m - 1))
      assert.is_true(math.abs(core64.trace_sqrt(a, b, n - 1, m - 1) - want) < 1e-12 * want)
      assert.is_true(math.abs(core64.trace_sqrt(a, b) - want) < 1e-6 * want)
    end
    assert.equal(0, core.trace_sqrt(f64 {{0, 0}, {0, 0}}, f64 {{1, 0}, {0, 1}}))
    assert.equal(6, core.trace_sqrt(f64 {{4, 0}, {0, 1}}, f64 {{4, 0}, {0, 4}}))
    assert.equal(4, core.trace_sqrt(f64 {{4, 0}, {0, 1}}, f64 {{4, 0}, {0, 4}}, 1, 2))
  end)

  it("refuses what it cannot take, before anything is written", function()
    local function bad(pattern, f, ...)
      local args = table.pack(...)
      assert.error_matches(function() f(table.unpack(args, 1, args.n)) end, pattern)
    end
    local x, nan = gan.zeros(3, 2), gan.tensor {{0, 0}, {0, 0 / 0}}
    local m, s = f64 {0, 0}, f64 {{0, 0}, {0, 0}}
    bad("moments_add_: bad argument #4 'x' %(row 2 holds NaN", core.moments_add_, m, s, 0, nan)
    bad("'mean' %(expected an f64 tensor, got real", core.moments_add_, gan.zeros(2), s, 0, x)
    bad("'scatter' %(expected %(2,2%), got %(2%)%)", core.moments_add_, m, m, 0, x)
    bad("'scatter' %(expected a contiguous", core.moments_add_, m, f64 {{0, 0, 0}, {0, 0, 0}}:narrow(2, 1, 2), 0, x)
    bad("'seen'", core.moments_add_, m, s, -1, x)
    local one = f64 {{1}}
    bad("shares its memory", core.moments_add_, one:reshape {1}, one, 0, gan.zeros(1, 1))
    bad("'divisor'", core.covariance, s, 0)
    bad("a square matrix", core.covariance, f64 {{1, 2}}, 1)
    bad("row 1 holds NaN", core.covariance, f64 {{1 / 0}}, 1)
    bad("'b' %(expected %(2,2%)", core.trace_sqrt, s, f64 {{1}})
    bad("a square matrix", core.trace_sqrt, f64 {{1, 2}}, s)
    bad("'y' %(expected %(%*,2%) as x has columns, got %(3,4%)", core.nearest, x, gan.zeros(3, 4), 1)
    bad("'k' %(expected an integer in 1..2, got 3", core.nearest, x, nil, 3)
    bad("at least 2 rows", core.nearest, gan.zeros(1, 2), nil, 1)
    bad("'x' %(expected %(N,D%)", core.nearest, gan.zeros(0, 2), x, 1)
    bad("'x' %(expected %(N,D%)", core.cubic_sum, gan.zeros(2, 0))
    bad("'ry' %(expected %(3%)", core.balls, x, x, f64 {1})
    bad("'rx' %(expected an f64", core.balls, x, x, f64 {1, 1, 1}, x)
    bad("to match x", core.row_distances, x, gan.zeros(2, 2))
    bad("'total' %(expected %(2%)", core.softmax_sums_, f64 {1}, x)
    bad("2 dimensions", core.distance_sums, gan.zeros(3))
    assert.same({0, 0}, m:to_table())
    assert.equal(2, core.bad_row(nan))
    assert.is_nil(core.bad_row(x))
    bad("a real or f64 tensor", core.bad_row, gan.full({2}, 0, "u8"))
    assert.same({2, 1}, {core.asymmetry(f64 {{1, 0.5}, {0.4, 1}}, 1e-6)})
    assert.is_nil(core.asymmetry(s, 1e-6))
  end)
end)
