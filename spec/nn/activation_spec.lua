-- Activation layers: each is its op, with its parameter.
local gan = require "gan"
local nn = gan.nn

describe("activation", function()
  local x = gan.tensor {-2, -0.5, 0, 0.5, 3}

  for _, name in ipairs {"relu", "selu", "swish", "gelu", "softplus", "sigmoid", "tanh"} do
    it(name, function()
      local layer = nn[name] {}
      assert.same(gan.ops[name](x):to_table(), layer(x):to_table())
      assert.same({3, 4}, layer:shape {3, 4})
      assert.equal(name, layer:describe())
      assert.equal(0, layer:count())
      assert.matches("nn." .. name .. ": unknown option 'slope'", select(2, pcall(nn[name], {slope = 1})))
    end)
  end

  it("leaky_relu and elu take their parameter", function()
    assert.same(gan.ops.leaky_relu(x, 0.2):to_table(), nn.leaky_relu()(x):to_table())
    assert.same(gan.ops.leaky_relu(x, 0.5):to_table(), nn.leaky_relu {slope = 0.5}(x):to_table())
    assert.same(gan.ops.elu(x, 1):to_table(), nn.elu {}(x):to_table())
    assert.same(gan.ops.elu(x, 2):to_table(), nn.elu {alpha = 2}(x):to_table())
    assert.equal("elu 2", nn.elu {alpha = 2}:describe())
    for _, v in ipairs {-1, "x", 0 / 0} do
      assert.matches("nn.leaky_relu: option 'slope': expected a number >= 0",
        select(2, pcall(nn.leaky_relu, {slope = v})))
    end
  end)
end)
