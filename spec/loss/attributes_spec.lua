-- The loss of attributes: worked numbers, weights of rare labels, gradients, wrong input.
local gan = require "spec.support.double"
local golden = require "spec.support.golden"

local attributes = gan.loss.attributes

local function example()
  return gan.tensor({{2, -1, .5}, {-.3, 0, 1.2}}):requires_grad_(), gan.tensor {{1, 0, 1}, {0, 1, 1}}
end

describe("attributes", function()
  it("has the worked numbers", function()
    local l, y = example()
    golden.near({1.2125257876}, attributes().real(l, y))
    local mean = attributes {form = "mean"}.generator(l, y)
    golden.near({.4041752625}, mean)
    golden.near({-.0198671537, .0448235702, -.0629234448, .0709262472, -.0833333333, -.0385792028},
      gan.grad(mean, {l})[1])
    golden.near({.3850379786}, attributes {form = "mean", counts = {25, 50, 200 / 3}, of = 100}.real(l, y))
    assert(gan.gradcheck(function(x) return attributes().real(x, y) end, {l}, {order = 2}))
  end)

  it("bounds the weight of what is rare", function()
    local function one(count) return attributes {counts = {count}, of = 1000}.real(gan.zeros(1, 1), gan.ones(1, 1)) end
    golden.near({10 * math.log(2)}, one(3))
    golden.near({10 * math.log(2)}, one(0))
    golden.near({0}, one(1000))
  end)

  it("names what is wrong", function()
    local l, y = example()
    assert.error_matches(function() attributes().real(l, gan.zeros(2, 2)) end,
      "loss.attributes: expected logits and y %(N,Y%), got real tensor %(2,3%) and real tensor %(2,2%)")
    assert.error_matches(function() attributes {counts = {1}, of = 2}.real(l, y) end, "%(N,Y%) of 1 label, got")
    assert.error_matches(function() attributes {counts = {1}} end, "needs the option 'of'")
    assert.error_matches(function() attributes {counts = {3}, of = 2} end, "numbers in 0..2, got 3 at entry 1")
    assert.error_matches(function() attributes().real(l) end, "'y' %(expected a real tensor, got nil")
  end)
end)
