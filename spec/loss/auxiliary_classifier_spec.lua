-- The auxiliary classifier's terms: the worked number, weights, gradients, wrong input.
local gan, near = require "spec.support.double", require "spec.support.near"

describe("auxiliary_classifier", function()
  local classes, y = gan.tensor {{2, -1, 0.5}}, gan.tensor({0}, "i32")

  it("weighs the cross entropies", function()
    local loss = gan.loss.auxiliary_classifier()
    near(0.2413112967, loss.real(classes, y))
    near(0.2413112967, loss.generator(classes, y))
    near(2 * 0.2413112967, loss.critic(classes, y, classes, y))
    local gp = gan.loss.auxiliary_classifier {fake = 0, generator = 0.1}
    near(0.2413112967, gp.critic(classes, y, classes, y))
    near(0.02413112967, gp.generator(classes, y))
  end)

  it("has its gradients", function()
    local loss, labels = gan.loss.auxiliary_classifier {real = 0.7}, gan.tensor({2, 0, 1}, "i32")
    assert(gan.gradcheck(function(a, b) return loss.critic(a, labels, b, labels) end,
      {gan.rng(1):normal {3, 4}, gan.rng(2):normal {3, 4}}, {order = 2}))
  end)

  it("names what is wrong", function()
    local loss, x = gan.loss.auxiliary_classifier(), classes:clone():requires_grad_()
    assert.error_matches(function() loss.real(x:softmax(), y) end,
      "'classes' %(expected logits, got the result of softmax")
    assert.error_matches(function() loss.real(classes, gan.tensor({3}, "i32")) end, "expected a class in 0..2")
    assert.error_matches(function() loss.real(classes) end, "labels")
    assert.error_matches(function() loss.real(gan.zeros(3), y) end, "%(N,Y%)")
    assert.error_matches(function() gan.loss.auxiliary_classifier {real = -1} end, "'real': expected a number >= 0")
  end)
end)
