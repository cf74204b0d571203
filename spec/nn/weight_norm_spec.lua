-- Weight normalisation of layers: PyTorch's numbers, state, gradients of order two.
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local layers = require "spec.support.layers"
local nn = double.nn

describe("weight_norm", function()
  local want = golden.read "layers".weight_norm
  for _, name in ipairs(layers.names) do
    it("agrees with PyTorch for " .. name, function()
      local made, random = layers.make(double)
      local layer, x = table.unpack(made[name])
      for _, other in ipairs(layers.names) do -- the script draws the gains after everything else, in this order
        local one = made[other][1]
        local gain = random(double, {one.weight:size(one.output_axis)})
        nn.weight_norm(one)
        double.no_grad(function() one.norm.gain:copy_(gain) end)
      end
      local y = layer(x)
      local g = double.grad((y * y):sum(), {layer.norm.gain, layer.weight})
      golden.near(want[name].y, y)
      golden.near(want[name].gain, g[1])
      golden.near(want[name].grad, name == "conv_transpose2d" and g[2]:permute {1, 2, 4, 3} or g[2])
    end)

    it("has gradients to order two for " .. name, function()
      local layer, x = table.unpack(layers.make(double)[name])
      nn.weight_norm(layer)
      assert(double.gradcheck(function() return layer(x):tanh() end, layer:params(), {order = 2}))
    end)
  end

  it("changes nothing at first, also when the weight is drawn", function()
    local layer, x = nn.conv2d {2, 3, kernel = 3, rng = double.rng(1)}, double.rng(2):normal {1, 3, 3, 2}
    local before = layer(x):reshape {-1}:to_table()
    assert.equal(layer, nn.weight_norm(layer))
    golden.near(before, layer(x))
    nn.initial.normal(layer, {std = 3, rng = double.rng(3)})
    golden.near(layer.weight:reshape {-1}:to_table(), layer:used_weight())
  end)

  it("has the gain as a parameter, saved and loaded", function()
    local a, b = nn.weight_norm(nn.linear {2, 3}), nn.weight_norm(nn.linear {2, 3})
    assert.same({"bias", "norm.gain", "weight"}, a:names())
    b:load(a:state())
    local x = double.rng(1):normal {4, 2}
    assert.is_true(a(x):to_bytes() == b(x):to_bytes())
    assert.equal("linear 2 -> 3, weight norm", a:describe())
    assert.equal(12, a:count())
  end)

  it("names what is wrong", function()
    assert.matches("nn.weight_norm: expected a layer with a weight of its own .*, got nn.relu$",
      select(2, pcall(nn.weight_norm, nn.relu {})))
    assert.matches("has a weight norm already", select(2, pcall(nn.spectral_norm, nn.weight_norm(nn.linear {1, 1}))))
    assert.matches("unknown option 'dim'", select(2, pcall(nn.weight_norm, nn.linear {1, 1}, {dim = 0})))
  end)
end)
