-- CR and bCR: value, both kinds, gradients, wrong input.
local gan, near, critic = require "spec.support.double", require "spec.support.near", require "spec.support.critic"

describe("consistency", function()
  local function flip(x) return x * -1 end

  it("is the squared difference of D's logits, of real ones or of both", function()
    local D = critic.linear(gan) -- w = (3,-4), b = 0.5
    local real, fake = gan.tensor {{1, 0}, {0, 1}}, gan.tensor {{1, 1}} -- D(x) - D(-x) = 2 w.x: 6, -8; -2
    near(10 * (36 + 64) / 2, gan.penalty.consistency {augment = flip}(D, real, fake))
    near(10 * 50 + 10 * 4, gan.penalty.consistency {augment = flip, fake = 10}(D, real, fake))
    near(5 * 4, gan.penalty.consistency {augment = flip, real = 0, fake = 5}(D, nil, fake))
    near(0, gan.penalty.consistency {augment = flip, real = 0}(D, nil, nil))
  end)

  it("gives augment its stream, and D the labels", function()
    local rng, y = gan.rng(1, "augment"), gan.tensor({1}, "i32")
    gan.penalty.consistency {rng = rng, augment = function(x, r)
      assert.equal(rng, r)
      return x
    end}(function(x, labels)
      assert.equal(y, labels)
      return x:sum(2)
    end, gan.ones(1, 2), nil, y)
  end)

  it("has its gradients, but none for G", function()
    local D = critic.net(gan, critic.bodies.layer_norm)
    local real, fake = gan.rng(1):normal {2, 4, 4, 2}, gan.rng(2):normal {2, 4, 4, 2}
    local p = gan.penalty.consistency {augment = function(x) return x * 0.9 + 0.1 end, fake = 10}
    assert(gan.gradcheck(function() return p(D, real, fake) end, {D[1].weight, D:params()[4]}))
    fake:requires_grad_()
    near(0, gan.grad(p(D, real, fake), {fake}, {allow_unused = true})[1]:abs():max())
  end)

  it("names what is wrong", function()
    assert.error_matches(function() gan.penalty.consistency() end,
      "'augment': expected a function %(x, rng%) %-> x, got nil")
    assert.error_matches(function() gan.penalty.consistency {augment = flip, real = -1} end, "'real'")
    for got, augment in pairs {
      ["nil"] = function() end, ["3"] = function() return 3 end,
      ["real tensor %(1,"] = function(x) return x:narrow(1, 1, 1) end,
    } do
      local p = gan.penalty.consistency {augment = augment}
      assert.error_matches(function() p(critic.linear(gan), gan.ones(2, 2)) end,
        "consistency: option 'augment': expected a function that returns a real tensor %([%d,]+%), it returned " .. got)
    end
    assert.error_matches(function() gan.penalty.consistency {augment = flip}(critic.linear(gan), nil) end,
      "consistency: bad argument #2 'real'")
  end)
end)
