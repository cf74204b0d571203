-- Feature matching: values, gradients, wrong shapes.
local gan, near = require "spec.support.double", require "spec.support.near"

describe("feature_matching", function()
  local fake, real = gan.tensor {{1, 2, 0}, {3, -2, 1}}, gan.tensor {{0, 1, 0.5}, {1, 1, 0.5}, {2, 1, 0.5}}

  it("is the squared distance of the means", function() -- means (2, 0, 0.5) and (1, 1, 0.5)
    local f = gan.loss.feature_matching().generator
    near(2, f(fake, real))
    local x = fake:clone():requires_grad_()
    near({{1, -1, 0}, {1, -1, 0}}, gan.grad(f(x, real), {x})[1]) -- 2 (difference) / N
    assert(gan.gradcheck(f, {fake, real}, {order = 2}))
  end)

  it("or the mean of their absolute differences", function()
    local f = gan.loss.feature_matching {form = "l1"}.generator
    near(2 / 3, f(fake, real))
    local x = fake:clone():requires_grad_()
    near({{1 / 6, -1 / 6, 0}, {1 / 6, -1 / 6, 0}}, gan.grad(f(x, real), {x})[1]) -- sign / (N D)
    assert(gan.gradcheck(f, {gan.rng(1):normal {3, 2, 2}, gan.rng(2):normal {2, 2, 2}}))
  end)

  it("is 0 just where the means agree", function()
    local y = gan.tensor {{0, 2, 0.5}, {2, 0, 0.5}}
    near(0, gan.loss.feature_matching().generator(y, real))
    near(0, gan.loss.feature_matching {form = "l1"}.generator(y, real))
  end)

  it("names what is wrong", function()
    local f = gan.loss.feature_matching().generator
    assert.error_matches(function() f(fake, gan.zeros(2, 4)) end,
      "features of one image differ: fake real tensor %(2,3%), real real tensor %(2,4%)")
    assert.error_matches(function() f(gan.zeros(3), real) end,
      "'fake' %(expected features %(N,...%), got real tensor %(3%)")
    assert.error_matches(function() f(fake) end, "'real' %(expected a real tensor, got nil")
    assert.error_matches(function() gan.loss.feature_matching {form = "l3"} end, "'form': expected 'l2' or 'l1'")
  end)
end)
