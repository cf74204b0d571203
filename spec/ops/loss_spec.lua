-- Losses: worked numbers, fast gradients against the definition over several blocks, determinism.
local float, double = require "gan", require "spec.support.double"

local function near(want, got, tol)
  assert.is_true(math.abs(want - got) <= (tol or 1e-9) * (1 + math.abs(want)),
    ("%.12g, expected %.12g"):format(got, want))
end

describe("bce_with_logits", function()
  local rows = { -- x, value at t = 1, 0, 0.9
    {-100, 100, 3.7200759760e-44, 90},
    {-2, 2.1269280110, 0.1269280110, 1.9269280110},
    {0, 0.6931471806, 0.6931471806, 0.6931471806},
    {0.5, 0.4740769842, 0.9740769842, 0.5240769842},
    {3, 0.0485873516, 3.0485873516, 0.3485873516},
    {100, 3.7200759760e-44, 100, 10},
  }

  it("gives the worked values", function()
    for _, row in ipairs(rows) do
      for i, t in ipairs {1, 0, 0.9} do
        local y = double.ops.bce_with_logits(double.tensor {row[1]}, t):item()
        near(row[i + 1], y)
        if row[i + 1] < 1e-40 then assert.is_true(math.abs(y / row[i + 1] - 1) < 1e-9) end
        near(row[i + 1], float.ops.bce_with_logits(float.tensor {row[1]}, t):item(), 1e-6)
      end
    end
  end)

  it("has the gradient sigmoid(x) - t, over n", function()
    local x, t = double.tensor({-2, 0, 0.5, 100}):requires_grad_(), double.tensor({1, 0.9, 0, 1}):requires_grad_()
    local g = double.grad(x:bce_with_logits(t), {x, t})
    for i, v in ipairs(x:sigmoid():to_table()) do
      near((v - t:get(i)) / 4, g[1]:get(i), 1e-12)
      near(-x:get(i) / 4, g[2]:get(i), 1e-12)
    end
  end)
end)

describe("losses of elements", function()
  for _, name in ipairs {"bce_with_logits", "l1_loss", "mse_loss"} do
    it(name .. " agrees with its definition over several blocks", function()
      local x, t = double.rng(1):normal({30001}):requires_grad_(), double.rng(2):uniform({30001}):requires_grad_()
      local f = double.ops[name]
      local def = double.require("gan.autograd").registry[name]
      near(def.compose(x, t):item(), f(x, t):item(), 1e-12)
      near(def.compose(x, 0.3):item(), f(x, 0.3):item(), 1e-12)
      local fast = double.grad(f(x, t) * 3, {x, t})
      local slow = double.grad(f(x, t) * 3, {x, t}, {create_graph = true})
      for i = 1, 2 do assert.is_true((fast[i] - slow[i]:detach()):abs():max():item() < 1e-15) end
      near(f(x, t):item(), float.ops[name](float.tensor(x:to_table()), float.tensor(t:to_table())):item(), 1e-6)
    end)

    it(name .. " gives the same bytes with 1 and 2 threads, and shows a NaN", function()
      local core, old, seen = require "gan.core", float.threads(), {}
      local x = float.rng(1):normal({300, 301}):requires_grad_()
      for k, threads in ipairs {1, 2} do
        core.threads(threads)
        local y = float.ops[name](x, 0.25)
        seen[k] = y:to_bytes() .. float.grad(y, {x})[1]:to_bytes()
      end
      core.threads(old)
      assert.equal(seen[1], seen[2])
      local y = float.ops[name](float.tensor {0 / 0, 1}, 1):item()
      assert.is_true(y ~= y)
    end)
  end

  it("l1_loss has the gradient 0 at 0", function()
    local x = double.tensor({1, 2, 3}):requires_grad_()
    assert.same({-1 / 3, 0, 1 / 3}, double.grad(x:l1_loss(2), {x})[1]:to_table())
  end)
end)

describe("softmax_cross_entropy", function()
  it("gives the worked value and gradient", function()
    local x = double.tensor({{2, -1, 0.5}}):requires_grad_()
    local y = x:softmax_cross_entropy(double.tensor({0}, "i32"))
    near(0.2413112967, y:item(), 1e-9)
    local s, g = x:softmax():to_table()[1], double.grad(y, {x})[1]:to_table()[1]
    near(s[1] - 1, g[1], 1e-12)
    near(s[2], g[2], 1e-12)
  end)

  it("agrees with its definition, and between float and double, at any size", function()
    local def = double.require("gan.autograd").registry.softmax_cross_entropy
    for _, size in ipairs {{1, 1}, {700, 10}, {65, 1000}} do
      local n, classes = table.unpack(size)
      local x = double.rng(1):normal({n, classes}, 0, 5):requires_grad_()
      local labels = double.rng(2):integer({n}, 0, classes - 1)
      near(def.compose(x, labels):item(), x:softmax_cross_entropy(labels):item(), 1e-12)
      local fast = double.grad(x:softmax_cross_entropy(labels), {x})[1]
      local slow = double.grad(x:softmax_cross_entropy(labels), {x}, {create_graph = true})[1]
      assert.is_true((fast - slow:detach()):abs():max():item() < 1e-15)
      local fy = float.tensor(x:to_table()):softmax_cross_entropy(float.tensor(labels:to_table(), "i32"))
      near(x:softmax_cross_entropy(labels):item(), fy:item(), 1e-6)
    end
  end)

  it("stands large logits", function()
    near(2000, float.tensor({{1000, -1000}}):softmax_cross_entropy(float.tensor({1}, "i32")):item())
    near(0, float.tensor({{1000, -1000}}):softmax_cross_entropy(float.tensor({0}, "i32")):item())
  end)
end)
