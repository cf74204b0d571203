-- SGD: hand-made steps of each form, its state, and wrong options.
local gan = require "spec.support.double"

local function walk(opt, grads, p0)
  local p, out = gan.tensor {p0 or 1}, {}
  local sgd = gan.optim.sgd({p}, opt)
  for i, g in ipairs(grads) do
    sgd:step {gan.tensor {g}}
    out[i] = p:get(1)
  end
  return out, sgd
end

local function close(want, got)
  for i, w in ipairs(want) do
    assert.is_true(math.abs(w - got[i]) < 1e-12, ("step %d: %.12g, expected %.12g"):format(i, got[i], w))
  end
end

describe("sgd", function()
  it("descends", function() close({0.95, 0.97}, walk({lr = 0.1}, {0.5, -0.2})) end)

  it("has momentum", function() -- m = 0.5, 0.25, 0.225
    close({0.95, 0.925, 0.9025}, walk({lr = 0.1, momentum = 0.9}, {0.5, -0.2, 0}))
  end)

  it("looks ahead with Nesterov's momentum", function() -- g + 0.9 m: 0.95, 0.025
    close({0.905, 0.9025}, walk({lr = 0.1, momentum = 0.9, nesterov = true}, {0.5, -0.2}))
  end)

  it("adds weight decay to the gradient", function()
    close({2 - 0.1 * (0.5 + 0.3 * 2)}, walk({lr = 0.1, weight_decay = 0.3}, {0.5}, 2))
    close({2 - 0.1 * (0.5 + 0.3 * 2)}, walk({lr = 0.1, weight_decay = 0.3, momentum = 0.5}, {0.5}, 2))
  end)

  it("saves its velocity, if it has one", function()
    local _, plain = walk({}, {1})
    assert.same({}, plain:state())
    plain:load {}
    local _, one = walk({momentum = 0.9}, {1, 2})
    local two = gan.optim.sgd({gan.tensor {one.params[1]:get(1)}}, {momentum = 0.9})
    two:load(one:state())
    one:step {gan.tensor {3}}
    two:step {gan.tensor {3}}
    assert.equal(one.params[1]:get(1), two.params[1]:get(1))
    assert.error_matches(function() two:load {} end, "sgd: state: 'm.1' is missing")
  end)

  it("names what is wrong", function()
    local p = {gan.ones(2)}
    assert.error_matches(function() gan.optim.sgd(p, {nesterov = true}) end,
      "optim.sgd: option 'nesterov' needs a momentum")
    assert.error_matches(function() gan.optim.sgd(p, {nesterov = 1}) end, "expected true or false")
    assert.error_matches(function() gan.optim.sgd(p, {momentum = 1}) end, "momentum")
    assert.error_matches(function() gan.optim.sgd(p):step {gan.ones(3)} end,
      "'grads%[1%]' %(expected %(2%) to match params%[1%], got %(3%)%)")
  end)
end)
