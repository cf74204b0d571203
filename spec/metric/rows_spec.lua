-- Feature sets that keep their rows: growth, and radii that are measured once.
local gan = require "gan"
local core = require "gan.core"
local naive = require "spec.support.naive_metric"

describe("rows", function()
  it("keeps the rows in their order", function()
    local x = gan.rng(1):normal {50, 3}
    for _, s in ipairs {gan.metric.rows(), gan.metric.rows {dim = 3, capacity = 20}, gan.metric.rows {capacity = 50}} do
      assert.equal(0, s.n)
      assert.equal(0, s:features():numel())
      for i = 1, 50, 5 do s:add(x:narrow(1, i, 5)) end
      assert.equal(50, s.n)
      assert.equal(3, s.dim)
      assert.equal(x:to_bytes(), s:features():to_bytes())
    end
  end)

  it("takes no more memory than was announced", function()
    local x = gan.zeros(100, 256)
    collectgarbage()
    local before = core.memory().live
    local s = gan.metric.rows {dim = 256, capacity = 1000}
    for _ = 1, 10 do s:add(x) end
    collectgarbage()
    assert.equal(1000, s.n)
    assert.is_true(core.memory().live - before <= 1000 * 256 * 4 + 4096)
  end)

  it("may be a tensor, which is not copied", function()
    local x = gan.rng(1):normal {5, 2}
    local s = gan.metric.rows.option {}:check("test", "real", x)
    assert.is_true(gan.metric.rows.is(s))
    assert.is_false(gan.metric.rows.is(x))
    assert.is_true(core.same_storage(x, s:features()))
    assert.equal(s, gan.metric.rows.option {}:check("test", "real", s))
    s:add(x)
    assert.same({10, 2}, s:features():shape())
    assert.same({5, 2}, x:shape())
  end)

  it("knows how far each row's k-th neighbour is", function()
    local x = gan.rng(1):normal {30, 2}
    local s = gan.metric.rows():add(x:narrow(1, 1, 29))
    local function check(k)
      local want = naive.nearest(s:features():to_table(), nil, k)
      for i, r in ipairs(s:radii("test", "real", k):to_table()) do
        assert.is_true(math.abs(want[i][k][1] - r) < 1e-12)
      end
    end
    check(3)
    assert.equal(s:radii("test", "real", 3), s:radii("test", "real", 3))
    s:add(x:narrow(1, 30, 1))
    check(3)
    check(1)
  end)

  it("says what is wrong", function()
    local s = gan.metric.rows {dim = 2}
    assert.error_matches(function() s:add(gan.zeros(1, 3)) end,
      "rows.add: bad argument #1 'features' %(expected %(N,2%), got real tensor %(1,3%)%)")
    assert.error_matches(function() s:add(gan.tensor {{0, 0}, {0, 1 / 0}}) end, "row 2")
    assert.error_matches(function() s:add("x") end, "a real tensor")
    assert.error_matches(function() s:radii("kid", "real", 3) end, "kid: k = 3 needs at least 4 rows in 'real', got 0")
    assert.error_matches(function() gan.metric.rows {capacity = -1} end, "'capacity'")
    assert.error_matches(function() gan.metric.rows {dim = 1.5} end, "'dim'")
    assert.error_matches(function() gan.metric.kid {real = 3} end, "kid: option 'real': expected rows")
    assert.error_matches(function() gan.metric.kid {real = gan.tensor {{0 / 0}}} end,
      "kid: option 'real': expected finite numbers, but row 1 holds NaN")
  end)
end)
