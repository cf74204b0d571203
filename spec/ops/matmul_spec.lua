-- matmul against three nested loops: batches, views, blocks, parts of the inner dimension, bytes with more threads.
local double = require "spec.support.double"
local core, ops = double.require "gan.core", double.ops
local fcore = require "gan.core"

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
