-- Gradient accumulation: blocks give the large batch's step, to the same bytes in whatever order they come.
local gan, near = require "spec.support.double", require "spec.support.near"

describe("accumulate", function()
  it("gives the gradient of the large batch", function()
    local net = gan.nn.chain {gan.nn.linear {3, 4}, gan.nn.leaky_relu {slope = 0.2}, gan.nn.linear {4, 1}}
    local loss, x = gan.loss.hinge(), gan.rng(1):normal {8, 3}
    local params = net:params()
    local whole = gan.grad(loss.real(net(x)), params)
    for _, blocks in ipairs {1, 2, 4, 8} do
      local sums = gan.optim.accumulate {blocks = blocks}
      local size = 8 // blocks
      for k = 1, blocks do
        sums:add(gan.grad(loss.real(net(gan.ops.narrow(x, 1, (k - 1) * size + 1, size))), params))
      end
      local mean = sums:mean()
      for i, g in ipairs(whole) do near(g:to_table(), mean[i], 1e-12) end
    end
  end)

  it("adds up in a fixed binary tree, in whatever order the blocks come", function()
    local values = {1e16, 1, -1e16, 1, 3, 1e-3, 7, 1 / 3} -- whose sum depends on the order
    local want = (((1e16 + 1) + (-1e16 + 1)) + ((3 + 1e-3) + (7 + 1 / 3))) / 8
    assert.is_not.equal(want, (1e16 + 1 + -1e16 + 1 + 3 + 1e-3 + 7 + 1 / 3) / 8)
    for _, order in ipairs {{1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1}, {5, 1, 8, 3, 2, 7, 4, 6}} do
      local sums = gan.optim.accumulate {blocks = 8}
      for _, k in ipairs(order) do sums:add({gan.tensor {values[k]}}, k) end
      assert.equal(want, sums:mean()[1]:item())
    end
  end)

  it("leaves the gradients it is given alone, and starts anew", function()
    local sums, a = gan.optim.accumulate {blocks = 4}, gan.tensor {1, 2}
    for _ = 1, 3 do sums:add {a} end
    assert.error_matches(function() sums:mean() end, "accumulate: 3 of 4 blocks added since the last mean")
    sums:add {gan.tensor {5, 2}}
    near({2, 2}, sums:mean()[1])
    near({1, 2}, a)
    assert.error_matches(function() sums:mean() end, "0 of 4 blocks")
  end)

  it("names what differs, and takes nothing in", function()
    local sums = gan.optim.accumulate {blocks = 2}
    sums:add {gan.ones(2), gan.ones(3)}
    assert.error_matches(function() sums:add {gan.ones(2)} end, "expected a list of 2 tensors as before, got 1")
    assert.error_matches(function() sums:add {gan.ones(2), gan.ones(4)} end,
      "'grads%[2%]' %(expected %(3%) as before, got real tensor %(4%)")
    assert.error_matches(function() sums:add {gan.ones(2), 3} end, "real tensor")
    assert.error_matches(function() sums:add(3) end, "list of tensors")
    assert.error_matches(function() sums:add({gan.ones(2), gan.ones(3)}, 1) end, "block 1 was added already")
    assert.error_matches(function() sums:add({gan.ones(2), gan.ones(3)}, 3) end,
      "'block' %(expected an integer in 1..2, got 3")
    sums:add {gan.ones(2), gan.ones(3)}
    near({1, 1}, sums:mean()[1])
    for _, bad in ipairs {3, 0, -2, 1.5, "x"} do
      assert.error_matches(function() gan.optim.accumulate {blocks = bad} end,
        "option 'blocks': expected a power of two")
    end
    assert.error_matches(function() gan.optim.accumulate() end, "expected a power of two, got nil")
  end)
end)
