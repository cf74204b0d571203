-- R2 is R1 at the fake samples.
local gan, near, critic = require "spec.support.double", require "spec.support.near", require "spec.support.critic"

describe("r2", function()
  it("gives R1's worked number at the fakes, without a gradient for G", function()
    local D, a = critic.worked(gan)
    local x = gan.tensor({{0.3, -0.2}}):requires_grad_()
    local y = gan.penalty.r2()(D, nil, x)
    near(28.2994730563, y)
    near({{20.8548396504}, {-17.8720532310}}, gan.grad(y, {a}, {retain_graph = true})[1])
    near({{0, 0}}, gan.grad(y, {x}, {allow_unused = true})[1])
  end)

  it("names what is missing", function()
    assert.error_matches(function() gan.penalty.r2()(critic.worked(gan), gan.ones(1, 2)) end,
      "r2: bad argument #3 'fake'")
  end)
end)
