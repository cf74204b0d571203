-- The hinge loss at its kinks; values are in spec/loss_spec.lua.
local gan = require "spec.support.double"

describe("hinge", function()
  it("has the gradient 0 at the kinks", function()
    local x, loss = gan.tensor({1, -1}):requires_grad_(), gan.loss.hinge {}
    assert.same({0, -0.5}, gan.grad(loss.real(x), {x})[1]:to_table())
    assert.same({0.5, 0}, gan.grad(loss.fake(x), {x})[1]:to_table())
  end)

  it("takes no options", function()
    assert.error_matches(function() gan.loss.hinge {margin = 1} end, "hinge: unknown option 'margin'")
  end)
end)
