-- Reductions against slow references over many shapes and axes; accuracy, determinism, NaN, ties, empty tensors.
local float, double = require "gan", require "spec.support.double"
local naive = require "spec.support.naive_reduce"

local function flat(x) return x:reshape({-1}):to_table() end

local function close(want, got, tol, what)
  assert.equal(#want, #got, what)
  for i, w in ipairs(want) do
    assert.is_true(math.abs(w - got[i]) <= tol * (1 + math.abs(w)),
      ("%s: entry %d: %.12g, expected %.12g"):format(what, i, got[i], w))
  end
end

-- Shapes that take every path: whole rows, few and many columns, several blocks, reduced axes that are not neighbours.
local cases = {
  {{7}, {1}}, {{2, 3}, {1}}, {{2, 3}, {2}}, {{2, 3, 4, 5}, {2, 4}}, {{2, 3, 4, 5}, {1, 3}},
  {{3, 4, 5}, {1, 2, 3}}, {{200, 3}, {1}}, {{2, 300}, {2}}, {{3, 70, 2}, {2}}, {{2, 5, 600}, {2}},
  {{5, 600, 2}, {1, -1}}, {{1, 4, 1}, {1, 3}}, {{40, 1, 65}, {1}}, {{50000}, {1}}, {{9000, 3}, {1}},
}

describe("reduce", function()
  for _, name in ipairs {"sum", "mean", "var", "norm", "max", "min", "logsumexp"} do
    it(name .. " agrees with a slow reference", function()
      for k, case in ipairs(cases) do
        local shape, axes = table.unpack(case)
        local rng = double.rng(k, name)
        local x = rng:normal(shape)
        if x:numel() < 20000 or name == "sum" or name == "var" then
          local want = {}
          for i, list in ipairs(naive.groups(flat(x), shape, axes)) do want[i] = naive[name](list) end
          close(want, flat(double.ops[name](x, axes)), 1e-11, ("%s case %d"):format(name, k))
          local kept = double.ops[name](x, axes, {keepdim = true})
          assert.equal(#shape, kept:dim())
          close(want, flat(kept), 1e-11, name)
          close(want, flat(float.ops[name](float.tensor(flat(x)):reshape(shape), axes)), 2e-5, name .. " in float")
        end
      end
    end)
  end

  it("argmax and argmin agree with a slow reference, counting from 0", function()
    for k, case in ipairs(cases) do
      local shape, axes = table.unpack(case)
      if #axes == 1 then
        local x = double.rng(k, "arg"):normal(shape)
        for _, name in ipairs {"argmax", "argmin"} do
          local y, want = double.ops[name](x, axes[1]), {}
          for i, list in ipairs(naive.groups(flat(x), shape, axes)) do want[i] = naive[name](list) end
          assert.equal("i32", y:dtype())
          assert.same(want, flat(y))
        end
      end
    end
    assert.equal(4, double.ops.argmax(double.tensor {{1, 2, 3}, {0, 9, 9}}):item())
    assert.same({2, 1}, double.ops.argmax(double.zeros(2, 3), 2, {keepdim = true}):shape())
  end)

  it("has the options of var", function()
    local x = double.tensor {1, 2, 3, 4}
    assert.equal(1.25, x:var():item())
    assert.is_true(math.abs(x:var(nil, {unbiased = true}):item() - 5 / 3) < 1e-15)
  end)

  it("keeps its accuracy over a million values, and where the mean is large", function()
    local x = float.full({1000000}, 0.1)
    assert.is_true(math.abs(x:sum():item() - 100000.0015) < 0.01) -- 0.1 in float, summed exactly, rounded once
    assert.is_true(math.abs(x:mean():item() - 0.1) < 1e-8)
    local y = float.rng(1):normal({65536, 3}, 1000, 1)
    for _, v in ipairs(y:var(1):to_table()) do assert.is_true(math.abs(v - 1) < 0.02) end
    local exact = double.tensor(flat(y)):reshape({65536, 3}):var(1):to_table()
    close(exact, y:var(1):to_table(), 1e-5, "var")
  end)

  it("gives the same bytes with 1 and 2 threads", function()
    local core, old, seen = require "gan.core", float.threads(), {}
    local x = float.rng(3):normal {64, 9, 7, 33}
    for k, threads in ipairs {1, 2} do
      core.threads(threads)
      seen[k] = {}
      for _, name in ipairs {"sum", "norm", "var", "max", "logsumexp"} do
        for _, axes in ipairs {{1, 2, 3}, {2, 3}, {4}, {1, 2, 3, 4}, {1, 3}} do
          table.insert(seen[k], float.ops[name](x, axes):to_bytes())
        end
      end
    end
    core.threads(old)
    assert.same(seen[1], seen[2])
  end)

  it("lets a NaN win in extremes", function()
    local nan = 0 / 0
    for _, where in ipairs {1, 3, 40, 200} do
      local list = {}
      for i = 1, 200 do list[i] = i == where and nan or i end
      local x = float.tensor(list)
      local hi, lo = x:max():item(), x:min():item()
      assert.is_true(hi ~= hi and lo ~= lo)
      assert.equal(where - 1, x:argmax():item())
      assert.equal(where - 1, x:argmin():item())
    end
    assert.equal(-math.huge, float.tensor({-math.huge, -math.huge}):max():item())
  end)

  it("shares the gradient among equal extremes", function()
    local x = double.tensor({{1, 3, 3}, {2, 2, 2}}):requires_grad_()
    assert.same({{0, 0.5, 0.5}, {1 / 3, 1 / 3, 1 / 3}}, double.grad(x:max(2):sum(), {x})[1]:to_table())
    assert.same({{1, 0, 0}, {0, 0, 0}}, double.grad(x:min(), {x})[1]:to_table())
  end)

  it("takes 0 as the gradient of the norm at 0", function()
    local x = double.tensor({{0, 0}, {3, 4}}):requires_grad_()
    local g = double.grad(x:norm(2):sum(), {x}, {create_graph = true})[1]
    assert.is_true((g - double.tensor {{0, 0}, {0.6, 0.8}}):abs():max():item() < 1e-15)
    for _, row in ipairs(double.grad((g * g):sum(), {x})[1]:to_table()) do
      for _, v in ipairs(row) do assert.is_true(math.abs(v) < 1e-15) end
    end
  end)

  it("works on views", function()
    local x = double.rng(1):normal {4, 6, 5}
    local v = x:permute({3, 1, 2}):narrow(3, 1, 3, 2)
    for _, axes in ipairs {{1}, {2}, {3}, {1, 3}, {1, 2, 3}} do
      assert.same(v:clone():sum(axes):to_table(), v:sum(axes):to_table())
    end
    assert.equal(0, double.ops.sum(double.ones(1):expand({3, 4}) - 1):item())
    assert.equal(12, double.ones(1):expand({3, 4}):sum():item())
  end)

  it("has a meaning or an error for nothing", function()
    assert.same({0, 0}, double.zeros(2, 0):sum(2):to_table())
    assert.same({0, 0}, double.zeros(2, 0):norm(2):to_table())
    assert.same({0, 3}, double.zeros(2, 0, 3):sum({2}):sum_to({1, 3}):narrow(1, 1, 0):shape())
    assert.same({0}, double.zeros(0, 3):mean(2):shape())
    assert.same({0}, double.zeros(0, 3):softmax():sum(2):shape())
    assert.same({0, 0, 0}, double.zeros(0, 3):sum_to({3}):to_table())
    for _, name in ipairs {"mean", "var", "max", "min", "logsumexp", "argmax"} do
      assert.error_matches(function() double.ops[name](double.zeros(2, 0), 2) end,
        name .. ": .*nothing to reduce: an axis has size 0, shape %(2,0%)")
    end
  end)
end)

describe("sum_to", function()
  it("undoes broadcasting", function()
    local x = double.tensor {{1, 2, 3}, {4, 5, 6}}
    assert.same({5, 7, 9}, x:sum_to({3}):to_table())
    assert.same({{6}, {15}}, x:sum_to({2, 1}):to_table())
    assert.same({{5, 7, 9}}, x:sum_to({1, 3}):to_table())
    assert.same({{21}}, x:sum_to({1, 1}):to_table())
    assert.equal(21, x:sum_to({}):item())
    assert.same(x:to_table(), x:sum_to({2, 3}):to_table())
  end)
end)

describe("softmax", function()
  it("sums to 1 and stands large numbers", function()
    local x = float.tensor {{1000, 1001, 999}, {-1000, 0, -1000}, {0, -math.huge, 0}}
    for _, axis in ipairs {1, 2} do
      for _, s in ipairs(x:softmax(axis):sum(axis):to_table()) do assert.is_true(math.abs(s - 1) < 1e-6) end
    end
    close({0.2447284711, 0.6652409558, 0.0900305732}, x:softmax()[1]:to_table(), 1e-6, "softmax")
    close({-1.4076059644, -0.4076059644, -2.4076059644}, x:log_softmax()[1]:to_table(), 1e-6, "log_softmax")
    close({0.5, 0, 0.5}, x:softmax()[3]:to_table(), 1e-7, "softmax of -inf")
    close({1001.4076059644, 0, math.log(2)}, x:logsumexp(2):to_table(), 1e-6, "logsumexp")
    assert.equal(-math.huge, float.full({3}, -math.huge):logsumexp():item())
    assert.equal(math.huge, float.tensor({1, math.huge}):logsumexp():item())
  end)

  it("agrees with its definition along any axis", function()
    local x = double.rng(5):normal {3, 11, 4}
    for axis = 1, 3 do
      local want = (x - x:logsumexp(axis, {keepdim = true}))
      close(flat(want), flat(x:log_softmax(axis)), 1e-12, "log_softmax")
      close(flat(want:exp()), flat(x:softmax(axis)), 1e-12, "softmax")
      close(flat(want:exp()), flat(float.tensor(flat(x)):reshape({3, 11, 4}):softmax(axis)), 1e-6, "softmax in float")
    end
  end)
end)
