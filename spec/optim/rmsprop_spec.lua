-- RMSProp: hand-made steps, its state, and wrong input.
local gan = require "spec.support.double"

describe("rmsprop", function()
  it("divides by the root of the running square", function()
    local p, x, v = gan.tensor {1, 1}, 1, 0
    local opt = gan.optim.rmsprop({p}, {lr = 0.01, alpha = 0.9, eps = 1e-3})
    for _, g in ipairs {0.5, -0.2, 0.1} do
      opt:step {gan.tensor {g, g}}
      v = 0.9 * v + 0.1 * g * g
      x = x - 0.01 * g / (math.sqrt(v) + 1e-3)
      assert.is_true(math.abs(p:get(2) - x) < 1e-12)
    end
  end)

  it("adds weight decay to the gradient", function()
    local a, b = gan.tensor {2}, gan.tensor {2}
    gan.optim.rmsprop({a}, {weight_decay = 0.1}):step {gan.tensor {0.5}}
    gan.optim.rmsprop({b}):step {gan.tensor {0.7}}
    assert.is_true(math.abs(a:get(1) - b:get(1)) < 1e-15 and a:get(1) < 2)
  end)

  it("goes on from a loaded state", function()
    local one = gan.optim.rmsprop({gan.ones(3)})
    one:step {gan.tensor {1, 2, 3}}
    local two = gan.optim.rmsprop({one.params[1]:clone()})
    two:load(one:state())
    for _, opt in ipairs {one, two} do opt:step {gan.tensor {3, 2, 1}} end
    assert.same(one.params[1]:to_table(), two.params[1]:to_table())
  end)

  it("names what is wrong", function()
    local opt = gan.optim.rmsprop({gan.ones(2)})
    assert.error_matches(function() opt:step {gan.ones(2, 1)} end,
      "rmsprop_: .*expected %(2%) to match params%[1%], got %(2,1%)")
    assert.error_matches(function() opt:load {["v.1"] = gan.ones(3)} end,
      "'v.1': expected a real tensor %(2%), got real tensor %(3%)")
    assert.error_matches(function() gan.optim.rmsprop({gan.ones(2)}, {alpha = -1}) end, "alpha")
  end)
end)
