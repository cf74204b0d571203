-- Spectral normalisation of layers: worked numbers, state, evaluation, gradients of order two, what convolutions keep.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local layers = require "spec.support.layers"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("spectral_norm", function()
  it("has the worked numbers, one iteration for each call in training", function()
    local layer = nn.spectral_norm(nn.linear {2, 2, bias = false})
    -- the example's rows are output channels, which are our columns
    layer:load {
      weight = double.tensor {{1, 3}, {2, 4}}, ["norm.u"] = double.tensor {1, 0}, ["norm.v"] = double.zeros(2),
    }
    local eye = double.tensor {{1, 0}, {0, 1}}
    golden.near({0.1850583025, 0.5551749076, 0.3701166051, 0.7402332102}, layer(eye))
    golden.near({0.4138029443, 0.9103664775}, layer.norm.u)
    golden.near({0.4472135955, 0.8944271910}, layer.norm.v)
    golden.near({1 / 5.4649844507}, layer(eye):narrow(1, 1, 1):narrow(2, 1, 1))
    golden.near({1 / 5.4649857042}, layer(eye):narrow(1, 1, 1):narrow(2, 1, 1))
    layer:eval()
    local u, y = layer.norm.u:to_bytes(), layer(eye)
    golden.near(y:reshape {-1}:to_table(), layer(eye))
    assert.is_true(u == layer.norm.u:to_bytes())
  end)

  local want = golden.read "layers".spectral_norm
  for _, name in ipairs(layers.names) do
    it("agrees with PyTorch for " .. name, function()
      local random = select(2, layers.make(double))
      local layer, x = table.unpack(layers.make(double)[name])
      -- the script draws u of all layers after everything else, in this order
      for _, other in ipairs(layers.names) do
        local one = layers.make(double)[other][1]
        local u = random(double, {one.weight:size(one.output_axis)})
        if other == name then
          nn.spectral_norm(layer)
          layer.norm.u:copy_(u:div(u:norm()))
          break
        end
      end
      layer(x)
      local y = layer(x)
      golden.near(want[name].train, y)
      golden.near(want[name].u, layer.norm.u)
      local g = double.grad((y * y):sum(), {layer.weight})[1]
      golden.near(want[name].grad, name == "conv_transpose2d" and g:permute {1, 2, 4, 3} or g)
      golden.near(want[name].eval, layer:eval()(x))
      golden.near(want[name].eval, double.no_grad(function() return layer(x) end))
    end)
  end

  it("brings the largest singular value to 1, and the gradient is orthogonal to the weight", function()
    local layer = nn.spectral_norm(nn.conv2d {3, 5, kernel = 3, rng = double.rng(3)}, {iterations = 50})
    local x = double.rng(4):normal {1, 3, 3, 3}
    local y = layer(x)
    local g = double.grad((y * y):sum(), {layer.weight})[1]
    assert.near(0, (g * layer.weight):sum():item(), 1e-10)
    local w = layer:used_weight():detach():reshape {27, 5}
    local u = double.rng(5):normal {5}
    for _ = 1, 100 do u = double.require "gan.core".power_iteration(w, u, 2) end
    local _, _, sigma = double.require "gan.core".power_iteration(w, u, 2)
    assert.near(1, sigma, 1e-9)
  end)

  it("has gradients to order two in weight, input and bias, also behind a relu in the same pass", function()
    for _, name in ipairs(layers.names) do
      local layer, x = table.unpack(layers.make(double)[name])
      local net = double.nn.chain {nn.spectral_norm(layer), nn.tanh {}}:eval() -- u and v stay
      local params = layer:params()
      local first = x:dtype() == "real" and {x} or {}
      table.move(params, 1, #params, #first + 1, first)
      assert(double.gradcheck(function(a) return net(first[1] == x and a or x) end, first, {order = 2}))
    end
    local layer = nn.spectral_norm(nn.conv2d {2, 3, kernel = 3, padding = 1, rng = double.rng(1)})
    local fused, x = nn.chain {layer, nn.leaky_relu {}}:eval(), double.rng(2):normal {2, 4, 4, 2}
    golden.near(double.leaky_relu(layer(x), 0.2):reshape {-1}:to_table(), fused(x))
    assert(double.gradcheck(function(a) return fused(a) end, {x, layer.weight}, {order = 2}))
  end)

  it("has u and v as buffers, saved and loaded, and advances them in training alone", function()
    local function net(seed)
      return gan.nn.spectral(gan.nn.chain {
        gan.nn.conv2d {1, 2, kernel = 3, rng = gan.rng(seed)}, gan.nn.relu {}, gan.nn.flatten {},
        gan.nn.linear {2, 1, rng = gan.rng(seed)},
      }, {rng = gan.rng(seed, "u")})
    end
    local a, b, x = net(1), net(2), gan.rng(3):normal {2, 3, 3, 1}
    assert.same({"1.bias", "1.weight", "4.bias", "4.weight"}, a:names())
    assert.equal(8, (function() local n = 0 for _ in pairs(a:state()) do n = n + 1 end return n end)())
    a(x)
    b:load(a:state())
    assert.is_true(a(x):to_bytes() == b(x):to_bytes())
    assert.is_true(a[1].norm.u:to_bytes() == b[1].norm.u:to_bytes())
    a:eval()
    local before = a[1].norm.u:to_bytes()
    a(x)
    assert.is_true(before == a[1].norm.u:to_bytes())
    a:train()
    gan.no_grad(function() a(x) end)
    assert.is_false(before == a[1].norm.u:to_bytes())
    assert.is_false(a[1].norm.u:requires_grad())
  end)

  it("lets two passes of a step share their graphs", function()
    local layer = nn.spectral_norm(nn.linear {3, 2, rng = double.rng(1)})
    local x = double.rng(2):normal {4, 3}
    local a = layer(x):square():sum()
    local b = layer(x):square():sum() -- u has moved on
    layer:eval()
    local c = layer(x):square():sum()
    layer:train()(x)
    local g = double.grad(a + b + c, {layer.weight}, {create_graph = true})[1]
    assert.is_true((g * g):sum():item() > 0)
  end)

  it("keeps the quotient in evaluation without a graph, until weight or u change", function()
    local layer = gan.nn.spectral_norm(gan.nn.conv2d {4, 4, kernel = 3, padding = 1, rng = gan.rng(1)})
    local x = gan.rng(2):normal {1, 8, 8, 4}
    layer(x)
    layer:eval()
    local function weight() return gan.no_grad(function() return layer:used_weight() end) end
    local w, y = weight(), layer(x)
    assert.equal(w, weight())
    assert.is_true(y:to_bytes() == gan.no_grad(function() return layer(x) end):to_bytes())
    core.add_(layer.weight, 1) -- as an optimiser does
    assert.not_equal(w, weight())
    assert.is_true((y - gan.no_grad(function() return layer(x) end)):abs():max():item() > 1e-3)
    w = weight()
    core.mul_(layer.norm.u, 0.5)
    assert.not_equal(w, weight())
    for _ = 1, 6 do weight() end -- convolutions keep what they make of it
    layer:train()
    assert.not_equal(weight(), weight())
  end)

  it("begins anew when the weight is drawn", function()
    local layer = nn.spectral_norm(nn.linear {4, 3})
    nn.initial.normal(layer, {std = 5, rng = double.rng(1)})
    local u, v = layer.norm.u, layer.norm.v
    local sigma = (layer.weight * v:reshape {4, 1} * u):sum():item()
    assert.near(sigma, (double.matmul(layer.weight, u:reshape {3, 1})):norm():item(), 1e-9)
  end)

  it("gives zero for a weight of zeros", function()
    local layer = gan.nn.initial.zeros(gan.nn.spectral_norm(gan.nn.linear {2, 2}))
    assert.same({{0, 0}}, layer(gan.ones(1, 2)):to_table())
    assert.same({{0, 0}}, layer:eval()(gan.ones(1, 2)):to_table())
  end)

  it("wraps every weight of a net once", function()
    local net = gan.nn.chain {gan.nn.linear {2, 3}, gan.nn.batch_norm {3}, gan.nn.chain {gan.nn.linear {3, 1}}}
    gan.nn.weight_norm(net[1])
    assert.equal(net, gan.nn.spectral(net))
    assert.equal("linear 2 -> 3, weight norm", net[1]:describe())
    assert.equal("linear 3 -> 1, spectral norm", net[3][1]:describe())
    assert.equal("conv2d 1 -> 2, 3x3, spectral norm", gan.nn.spectral_norm(gan.nn.conv2d {1, 2, kernel = 3}):describe())
    gan.nn.spectral(net)
  end)

  it("names what is wrong", function()
    local f = gan.nn.spectral_norm
    assert.matches("spectral_spec.lua:%d+: nn.spectral_norm: expected a layer with a weight of its own "
      .. "%(such as conv2d or linear%), got nn.batch_norm; nn.spectral%(net%) does all weights of a net$",
      message(f, gan.nn.batch_norm {2}))
    assert.matches("got 3", message(f, 3))
    local glu = gan.nn.class "nn.glu"
    glu.output_axis = 3
    local layer = glu()
    assert.matches("nn.spectral_norm: nn.glu has output_axis: expected a tensor in its field 'weight', got nil",
      message(f, layer))
    layer.weight = gan.nn.parameter(gan.ones(2, 3))
    local expected = "output_axis of nn.glu: expected an axis of the weight, in 1..2, got "
    assert.matches("nn.spectral_norm: " .. expected .. "3", message(f, layer))
    assert.matches("nn.spectral: " .. expected .. "3", message(gan.nn.spectral, gan.nn.chain {layer}))
    for _, axis in ipairs {0, 1.5, "2"} do
      glu.output_axis = axis
      assert.matches(expected, message(f, layer), 1, true)
    end
    glu.output_axis = 2
    assert.equal(layer, f(layer))
    assert.matches("the weight of this nn.linear has a spectral norm already", message(f, f(gan.nn.linear {1, 1})))
    assert.matches("option 'iterations': expected an integer in 1..1000, got 0",
      message(f, gan.nn.linear {1, 1}, {iterations = 0}))
    assert.matches("unknown option 'iteration' %(did you mean 'iterations'%?%)",
      message(f, gan.nn.linear {1, 1}, {iteration = 1}))
    assert.matches("nn.spectral: the net has no layer with a weight", message(gan.nn.spectral, gan.nn.relu {}))
    assert.matches("nn.spectral: bad argument #1 'net'", message(gan.nn.spectral, 3))
  end)
end)
