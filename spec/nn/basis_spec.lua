-- learned_basis: values by hand, starting values, gradients, wrong input.
local gan = require "gan"
local double = require "spec.support.double"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("learned_basis", function()
  it("weighs each channel's image", function()
    local layer = nn.learned_basis {2, 3, size = 2}
    double.no_grad(function()
      layer.linear.weight:copy_(double.tensor {{1, 0, 2}, {0, 1, -1}})
      layer.basis:copy_(double.tensor {{{1, 2, 3}, {4, 5, 6}}, {{7, 8, 9}, {10, 11, 12}}})
    end)
    local y = layer(double.tensor {{1, 2}, {0, 3}})
    assert.same({
      {{{1, 4, 0}, {4, 10, 0}}, {{7, 16, 0}, {10, 22, 0}}},
      {{{0, 6, -9}, {0, 15, -18}}, {{0, 24, -27}, {0, 33, -36}}},
    }, y:to_table())
    assert.same({2, 2, 3}, layer:shape {2})
    assert.equal("learned_basis 2 -> 2x2 of 3", layer:describe())
    assert.equal(6 + 12, layer:count())
    assert.same({"basis", "linear.weight"}, layer:names())
  end)

  it("starts normal, and initialisers leave it so", function()
    local layer = gan.nn.learned_basis {64, 256, rng = gan.rng(1, "basis")}
    assert.same({4, 4, 256}, layer:shape {64})
    local function deviation(t) return t:detach():var():sqrt():item() end
    assert.near(1, deviation(layer.basis), 0.03)
    local before = layer.basis:to_bytes()
    gan.nn.initial.fixup(layer, {rng = gan.rng(2)})
    assert.is_true(before == layer.basis:to_bytes())
    assert.near(1 / 8, deviation(layer.linear.weight), 0.003)
    assert.is_true(gan.nn.learned_basis {64, 256, rng = gan.rng(1, "basis")}.basis:to_bytes() == before)
  end)

  it("has gradients to order two", function()
    local rng = double.rng(1)
    local layer = nn.learned_basis {3, 2, size = 2, rng = rng}
    assert(double.gradcheck(function(x) return layer(x):tanh() end,
      {rng:normal {2, 3}, layer.basis, layer.linear.weight}, {order = 2}))
  end)

  it("names what is wrong", function()
    assert.matches("nn.learned_basis: size C is missing", message(nn.learned_basis, {3}))
    assert.matches("option 'size': expected an integer in 1..256, got 0", message(nn.learned_basis, {3, 2, size = 0}))
    assert.matches("nn.learned_basis: bad argument #1 'x' %(expected real %(N,3%), got real tensor %(2,4%)",
      message(nn.learned_basis {3, 2}, double.zeros(2, 4)))
  end)
end)
