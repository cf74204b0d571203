-- The global norm of gradients.
local gan, near = require "spec.support.double", require "spec.support.near"

describe("optim.norm", function()
  it("runs over all tensors", function()
    near(13, gan.optim.norm {gan.tensor {3, 0}, gan.tensor {{4}, {12}}})
    near(0, gan.optim.norm {})
    near(5, gan.optim.norm {gan.tensor {{3, 0}, {4, 0}}:transpose()})
  end)

  it("shows what is not finite, and no more", function()
    local n = gan.optim.norm {gan.tensor {0 / 0}, gan.ones(2)}
    assert.is_true(n ~= n)
    assert.equal(math.huge, gan.optim.norm {gan.tensor {-1 / 0}})
    assert.is_true(require("gan").optim.norm {require("gan").full({4}, 1e18)} < 3e18)
  end)

  it("names what is no tensor", function()
    assert.error_matches(function() gan.optim.norm {gan.ones(1), 3} end, "optim.norm: bad argument #1 'grads%[2%]'")
    assert.error_matches(function() gan.optim.norm(3) end, "a list of tensors, got 3")
  end)
end)
