-- The perceptual loss: values by hand, gradients, wrong lists.
local gan, near = require "spec.support.double", require "spec.support.near"

describe("loss.perceptual", function()
  local fake = {gan.tensor {{1, 2}, {3, 0}}, gan.tensor {{4}, {1}}}
  local real = {gan.tensor {{1, 1}, {1, 1}}, gan.tensor {{0}, {2}}}

  it("adds up the mean absolute differences of the layers", function() -- (0 + 1 + 2 + 1) / 4, (4 + 1) / 2
    near(1 + 2.5, gan.loss.perceptual().generator(fake, real))
    near(0, gan.loss.perceptual().generator(real, real))
    near(0, gan.loss.perceptual().generator({}, {}))
  end)

  it("or these by the mean of the real features", function() -- means 1 and 1; 0 of a layer that is dead
    local f = gan.loss.perceptual {relative = true}.generator
    near(3.5, f(fake, real))
    near(3.5, f({fake[1] * 10, fake[2] * 3}, {real[1] * 10, real[2] * 3}))
    near(1, f(fake, {real[1], gan.zeros(2, 1)}))
    near(0, f({fake[2]}, {gan.zeros(2, 1)}))
  end)

  it("has its gradients, in the fake features alone", function()
    local rng = gan.rng(1)
    local r = {rng:normal {2, 3}, rng:normal {2, 2, 2}}
    for _, relative in ipairs {true, false} do
      local f = gan.loss.perceptual {relative = relative}.generator
      assert(gan.gradcheck(function(a, b) return f({a, b}, r) end, {rng:normal {2, 3}, rng:normal {2, 2, 2}}))
      local a, b = rng:normal {2, 3}:requires_grad_(), r[1]:clone():requires_grad_()
      near({{0, 0, 0}, {0, 0, 0}}, gan.grad(f({a * 1}, {b * 1}) + (b * 0):sum(), {b})[1])
    end
  end)

  it("names what is wrong", function()
    local f = gan.loss.perceptual().generator
    assert.error_matches(function() f(fake, {real[1]}) end, "loss.perceptual: fake has 2 layers, real 1")
    assert.error_matches(function() f(fake, {real[1], gan.zeros(2, 2)}) end,
      "loss.perceptual: layer 2: the features differ in shape: fake real tensor %(2,1%), real real tensor %(2,2%)")
    assert.error_matches(function() f({1}, {2}) end, "bad argument #1 'fake%[1%]'")
    assert.error_matches(function() f(fake[1], real) end, "'fake' %(expected a list of tensors, got real tensor")
    assert.error_matches(function() f(fake) end, "'real' %(expected a list of tensors, got nil")
    assert.error_matches(function() gan.loss.perceptual {relativ = true} end, "did you mean 'relative'")
  end)
end)
