-- matmul against three nested loops: batches, views, blocks, parts of the inner dimension, bytes with more threads.
local double = require "spec.support.double"
local core, ops = double.require "gan.core", double.ops
local same = require "spec.support.threads"
local fcore, fops = require "gan.core", require "gan.ops"

local function widened(t) return core.tensor(fcore.to_table(t)) end
local function randn(key, ...) return core.rng(5, key):normal({...}) end

-- a (m,k), b (k,n) as nested tables
local function product(a, b)
  local y = {}
  for i = 1, #a do
    y[i] = {}
    for j = 1, #b[1] do
      local s = 0
      for p = 1, #b do s = s + a[i][p] * b[p][j] end
      y[i][j] = s
    end
  end
  return y
end

local function close(want, got, tol)
  assert.equal(#want, #got)
  for i = 1, #want do
    assert.equal(#want[i], #got[i])
    for j = 1, #want[i] do
      assert.is_true(math.abs(want[i][j] - got[i][j]) <= tol,
        ("(%d,%d): %g, expected %g"):format(i, j, got[i][j], want[i][j]))
    end
  end
end

describe("matmul", function()
  it("multiplies matrices of all shapes, as they lie or transposed", function()
    for _, s in ipairs {{1, 1, 1}, {2, 3, 4}, {1, 7, 1}, {7, 1, 5}, {65, 33, 2}, {3, 2000, 3}, {70, 260, 70}} do
      local m, k, n = s[1], s[2], s[3]
      local a, b = randn("a", m, k), randn("b", k, n)
      local at, bt = ops.transpose(randn("a", k, m)), ops.transpose(randn("b", n, k))
      for _, pair in ipairs {{a, b}, {at, b}, {a, bt}, {at, bt}} do
        local want = product(core.to_table(pair[1]), core.to_table(pair[2]))
        close(want, core.to_table(ops.matmul(pair[1], pair[2])), 1e-11)
      end
    end
  end)

  it("multiplies views with gaps, steps and repeated rows", function()
    local wide = randn("a", 6, 10)
    local b = randn("b", 4, 3)
    for _, a in ipairs {ops.narrow(wide, 2, 3, 4), ops.narrow(wide, 2, 1, 4, 2),
      ops.expand(ops.narrow(randn("a", 1, 4), 2, 1, 4), {5, 4}),
      ops.transpose(ops.narrow(wide, 1, 2, 4)), ops.narrow(ops.narrow(wide, 1, 2, 3, 2), 2, 2, 4)} do
      close(product(core.to_table(a), core.to_table(b)), core.to_table(ops.matmul(a, b)), 1e-12)
    end
  end)

  it("broadcasts batches", function()
    local a, b = randn("a", 2, 1, 3, 4), randn("b", 5, 4, 2)
    local y = ops.matmul(a, b)
    assert.same({2, 5, 3, 2}, core.shape(y))
    local ta, tb, ty = core.to_table(a), core.to_table(b), core.to_table(y)
    for i = 1, 2 do
      for j = 1, 5 do close(product(ta[i][1], tb[j]), ty[i][j], 1e-12) end
    end
    local one = randn("b", 4, 2)
    local z = core.to_table(ops.matmul(a, one))
    for i = 1, 2 do close(product(ta[i][1], core.to_table(one)), z[i][1], 1e-12) end
    -- a is not contiguous: one product per matrix
    local q = core.to_table(ops.matmul(ops.permute(a, {2, 1, 3, 4}), one))
    for i = 1, 2 do close(product(ta[i][1], core.to_table(one)), q[1][i], 1e-12) end
    local p = core.to_table(ops.matmul(randn("c", 3, 4), b)) -- a repeats
    for j = 1, 5 do close(product(core.to_table(randn("c", 3, 4)), tb[j]), p[j], 1e-12) end
  end)

  it("gives the same bytes with one and two threads", function()
    local before = fcore.threads()
    for _, s in ipairs {{300, 400, 200}, {64, 100, 4096}, {20, 20000, 30}} do
      local r = fcore.rng(1, "m")
      local a, b = r:normal({s[1], s[2]}), r:normal({s[2], s[3]})
      fcore.threads(1)
      local one = fcore.matmul(a, b)
      fcore.threads(2)
      local two = fcore.matmul(a, b)
      fcore.threads(before)
      assert.same(fcore.to_table(one), fcore.to_table(two))
    end
  end)

  -- a (m,k), b (k,n) of library c, each as it lies and transposed
  local function four(c, m, n, k)
    local r, t = c.rng(m * 7 + n, "thin" .. k), c == core and ops.transpose or fops.transpose
    local a, b, at, bt = r:normal {m, k}, r:normal {k, n}, t(r:normal {k, m}), t(r:normal {n, k})
    return {{a, b}, {at, b}, {a, bt}, {at, bt}}
  end

  it("multiplies thin matrices: tiles and blocks that are not full, few rows, long sums, wide results", function()
    local shapes = {{3, 20, 4100}, {20, 3, 4100}, {16, 17, 2100}, {1100, 9, 7}, {20, 600, 20}, {200, 20, 300},
      {64, 64, 64}, {3, 15, 4100}, {2, 20, 4100}, {48, 1, 70}, {47, 1, 70}, {11, 70, 3}}
    local r = core.rng(3, "ragged")
    for _ = 1, 20 do
      local s = core.to_table(r:integer({3}, 1, 70))
      shapes[#shapes + 1] = {s[1], s[2], s[3]}
    end
    for _, s in ipairs(shapes) do
      for _, c in ipairs {core, fcore} do
        for _, pair in ipairs(four(c, s[1], s[2], s[3])) do
          local want = product(c.to_table(pair[1]), c.to_table(pair[2]))
          close(want, c.to_table(c.matmul(pair[1], pair[2])), (c == core and 1e-13 or 2e-5) * s[3] ^ 0.5)
        end
      end
    end
  end)

  it("sums long columns as exactly as short ones", function()
    for _, s in ipairs {{32, 64, 40000}, {64, 32, 40000}, {3, 32, 40000}, {100, 30, 500}} do
      for i, pair in ipairs(four(fcore, s[1], s[2], s[3])) do
        if s[3] < 1000 or i == 2 then
          local wide = ops.matmul(widened(pair[1]), widened(pair[2]))
          local off = ops.sub(widened(fcore.matmul(pair[1], pair[2])), wide)
          local function mean_square(t) return core.item(ops.mean(ops.mul(t, t))) end
          assert.is_true(mean_square(off) <= (1e-6) ^ 2 * mean_square(wide), table.concat(s, " "))
        end
      end
    end
  end)

  it("spreads NaN and infinity along their row and column, and no further", function()
    local inf = math.huge
    for _, s in ipairs {{50, 17, 30}, {50, 3, 300}, {12, 40, 5}, {13, 3, 9}} do
      local m, n, k = s[1], s[2], s[3]
      for _, transposed in ipairs {false, true} do
        local a, b = fcore.full({m, k}, 1), fcore.full({k, n}, 1)
        if transposed then a, b = fops.transpose(fcore.full({k, m}, 1)), fops.transpose(fcore.full({n, k}, 1)) end
        fcore.copy_(fops.narrow(fops.narrow(a, 1, m - 1, 1), 2, k, 1), fcore.full({1, 1}, 0 / 0))
        fcore.copy_(fops.narrow(fops.narrow(b, 1, 1, 1), 2, n, 1), fcore.full({1, 1}, inf))
        local y = fcore.to_table(fcore.matmul(a, b))
        for i = 1, m do
          for j = 1, n do
            local v = y[i][j]
            if i == m - 1 then assert.is_true(v ~= v)
            else assert.equal(j == n and inf or k, v) end
          end
        end
      end
    end
  end)

  it("gives the same bytes of thin matrices with one and two threads", function()
    for _, s in ipairs {{4096, 64, 32}, {64, 32, 9000}, {3, 32, 9000}, {128, 128, 128}, {100, 700, 50}} do
      local pairs_of = four(fcore, s[1], s[2], s[3])
      assert.is_true(same(function(threads)
        local bytes = {}
        fcore.threads(threads)
        for i, pair in ipairs(pairs_of) do
          bytes[i] = fcore.to_bytes(fcore.matmul(pair[1], pair[2]))
        end
        return table.concat(bytes)
      end))
    end
  end)

  it("agrees in every instruction set of this build", function()
    local chosen, all = core.simd()
    for _, s in ipairs {{70, 50, 40}, {20, 3, 4100}, {97, 33, 17}} do
      for _, pair in ipairs(four(core, s[1], s[2], s[3])) do
        local want = product(core.to_table(pair[1]), core.to_table(pair[2]))
        for _, set in ipairs(all) do
          core.simd(set)
          close(want, core.to_table(core.matmul(pair[1], pair[2])), 1e-11)
        end
      end
    end
    core.simd(chosen)
  end)

  it("takes matrices without elements", function()
    assert.same({0, 2}, core.shape(ops.matmul(core.full({0, 3}, 0), core.full({3, 2}, 0))))
    assert.same({{0, 0}, {0, 0}}, core.to_table(ops.matmul(core.full({2, 0}, 1), core.full({0, 2}, 1))))
    assert.same({0, 2, 2}, core.shape(ops.matmul(core.full({0, 2, 3}, 0), core.full({3, 2}, 0))))
    assert.same({3, 0, 2, 2}, core.shape(ops.matmul(core.full({3, 1, 2, 3}, 0), core.full({0, 3, 2}, 0))))
  end)

  it("raises on results that no memory holds", function()
    local tall = ops.expand(core.full({1, 1}, 1), {1 << 26, 1})
    local ok, err = pcall(ops.matmul, tall, ops.expand(core.full({1, 1}, 1), {1, 1 << 26}))
    assert.is_false(ok)
    assert.truthy(tostring(err):find("result too large", 1, true), tostring(err))
  end)
end)
