-- Gradient accumulation: micro-batches give the large batch's step.
local gan, near = require "spec.support.double", require "spec.support.near"

describe("accumulate", function()
  it("gives the gradient of the large batch", function()
    local net = gan.nn.chain {gan.nn.linear {3, 4}, gan.nn.leaky_relu {slope = 0.2}, gan.nn.linear {4, 1}}
    local loss, x = gan.loss.hinge(), gan.rng(1):normal {8, 3}
    local params = net:params()
    local whole = gan.grad(loss.real(net(x)), params)
    for _, parts in ipairs {{4, 4}, {2, 2, 2, 2}, {5, 3}} do
      local acc, at = gan.optim.accumulate(), 1
      for _, n in ipairs(parts) do
        acc:add(gan.grad(loss.real(net(gan.ops.narrow(x, 1, at, n))), params), n)
        at = at + n
      end
      local mean = acc:mean()
      for i, g in ipairs(whole) do near(g:to_table(), mean[i], 1e-12) end
    end
  end)

  it("leaves the gradients it is given alone, and starts anew", function()
    local acc, a = gan.optim.accumulate(), gan.tensor {1, 2}
    acc:add {a}
    acc:add {a}
    acc:add {gan.tensor {4, 2}}
    near({2, 2}, acc:mean()[1])
    near({1, 2}, a)
    acc:add({gan.tensor {5, 5}}, 3)
    near({5, 5}, acc:mean()[1])
    assert.error_matches(function() acc:mean() end, "accumulate: nothing was added since the last mean")
  end)

  it("names what differs, and takes nothing in", function()
    local acc = gan.optim.accumulate()
    acc:add {gan.ones(2), gan.ones(3)}
    assert.error_matches(function() acc:add {gan.ones(2)} end, "expected a list of 2 tensors as before, got 1")
    assert.error_matches(function() acc:add {gan.ones(2), gan.ones(4)} end, "'grads%[2%]' %(expected %(3%) as before, got real tensor %(4%)")
    assert.error_matches(function() acc:add {gan.ones(2), 3} end, "real tensor")
    assert.error_matches(function() acc:add(3) end, "list of tensors")
    assert.error_matches(function() acc:add({gan.ones(2), gan.ones(3)}, -1) end, "'weight'")
    near({1, 1}, acc:mean()[1])
  end)
end)
