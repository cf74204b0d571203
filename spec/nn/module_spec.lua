-- Everything that layers share: parameters and state, load, train and eval, classes of one's own, errors, printing.
local gan = require "gan"
local double = require "spec.support.double"
local core = require "gan.core"
local nn = gan.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

-- A layer with all kinds of fields.
local odd = nn.class "odd"
function odd:init()
  self.weight = nn.parameter(gan.ones(2, 3))
  self.running = gan.zeros(3)
  self.labels = gan.tensor({1, 2}, "i32")
  self._cache = gan.zeros(7)
  self.computed = self.weight * 2
  self.stream = gan.rng(1, "odd")
  self.list = {gan.ones(4):requires_grad_(), inner = nn.linear {2, 1, bias = false}}
  self.again = self.weight
  self.number, self.text, self.me = 3, "x", self
end
function odd.forward(_, x, y) return y and x + y or x end

describe("module", function()
  it("finds parameters, buffers and streams in one order", function()
    local layer = odd()
    local params = layer:params()
    assert.equal(1, select("#", layer:params())) -- grad(y, net:params()) takes options after it
    assert.same({"again", "list.1", "list.inner.weight"}, layer:names())
    assert.equal(layer.weight, params[1])
    assert.equal(layer.list[1], params[2])
    local state = {}
    for name in pairs(layer:state()) do state[#state + 1] = name end
    table.sort(state)
    assert.same({"again", "list.1", "list.inner.weight", "running"}, state)
    assert.equal(layer.stream, layer:streams().stream)
    assert.equal(6 + 4 + 2, layer:count())
  end)

  it("orders integer keys before names, and 10 after 9", function()
    local layers = {}
    for i = 1, 11 do layers[i] = nn.linear {1, 1} end
    local names = nn.chain(layers):names()
    assert.same({"1.bias", "1.weight"}, {names[1], names[2]})
    assert.same({"9.weight", "10.bias", "10.weight", "11.bias"}, {names[18], names[19], names[20], names[21]})
  end)

  it("refuses two fields of one name", function()
    local layer = odd()
    layer[1], layer["1"] = gan.zeros(1), gan.zeros(1)
    assert.matches("two fields are called '1'", message(layer.state, layer))
  end)

  it("passes y on, and has a clear error without forward", function()
    assert.equal(5, odd()(gan.tensor(2), gan.tensor(3)):item())
    assert.matches("module_spec.lua:%d+: empty: the class has no method 'forward'", message(nn.class "empty" ()))
    assert.matches("nn.class: bad argument #1 'name'", message(nn.class))
  end)

  it("makes a class of one's own in a few lines", function()
    local scale = nn.class "scale"
    function scale:init(opt) self.weight = nn.parameter(gan.full({opt.features}, 2)) end
    function scale:forward(x) return self:check_input(x, 2, core.numel(self.weight)) * self.weight end
    function scale.shape(_, s) return s end
    local net = nn.chain {input = {4}, nn.linear {4, 3}, scale {features = 3}, gan.tanh}
    assert.equal(4 * 3 + 3 + 3, net:count())
    assert.matches("2  scale +%(3%) +3\n", tostring(net))
    assert.is_true(net(gan.zeros(2, 4)):requires_grad())
    assert.matches(
      "module_spec.lua:%d+: scale %(layer 1%): bad argument #1 'x' %(expected real %(N,3%), got real tensor %(1,2%)%)",
      message(nn.chain {scale {features = 3}}, gan.zeros(1, 2)))
  end)

  it("switches training for all layers below", function()
    local net = nn.chain {odd(), nn.chain {nn.dropout {}}}
    local function flags() return {net.training, net[1].training, net[1].list.inner.training, net[2][1].training} end
    assert.same({true, true, true, true}, flags())
    assert.equal(net, net:eval())
    assert.same({false, false, false, false}, flags())
    net:train()
    assert.same({true, true, true, true}, flags())
  end)

  it("applies a function to every layer, outer ones first", function()
    local seen = {}
    nn.chain {nn.relu {}, nn.chain {nn.tanh {}}}:apply(function(layer, name)
      seen[#seen + 1] = name .. ":" .. layer.kind
    end)
    assert.same({":chain", "1:relu", "2:chain", "2.1:tanh"}, seen)
    assert.matches("apply: bad argument #1 'f'", message(nn.relu {}.apply, nn.relu {}, 3))
  end)

  it("loads its own state again", function()
    local rng = gan.rng(3, "load")
    local a, b = nn.chain {nn.linear {3, 2, rng = rng}, odd()}, nn.chain {nn.linear {3, 2, rng = rng}, odd()}
    a[2].running:add_(5)
    local x = gan.randn(2, 3)
    assert.not_same(a[1](x):to_table(), b[1](x):to_table())
    local weight = b[1].weight
    assert.equal(b, b:load(a:state()))
    assert.equal(weight, b[1].weight) -- in place
    assert.same(a[1](x):to_table(), b[1](x):to_table())
    assert.same({5, 5, 5}, b[2].running:to_table())
    assert.is_false(core.same_storage(a[1].weight, b[1].weight))
  end)

  it("lists everything that does not fit, and changes nothing", function()
    local net = nn.linear {2, 1}
    local before = net.weight:to_table()
    local err = message(net.load, net, {weight = gan.zeros(2, 1), bias = gan.zeros(2), more = gan.zeros(1)})
    assert.matches("module_spec.lua:%d+: load: ", err) -- pcall called it from here
    assert.matches("'bias' (expected real tensor (1), got real tensor (2)); 'more' is not in the net", err, 1, true)
    assert.matches("'weight' (2,1) is missing", message(net.load, net, {bias = gan.zeros(1)}), 1, true)
    assert.matches("'bias' (expected real tensor (1), got i32 tensor (1))",
      message(net.load, net, {weight = gan.zeros(2, 1), bias = gan.tensor({1}, "i32")}), 1, true)
    assert.matches("got 3)", message(net.load, net, {weight = gan.zeros(2, 1), bias = 3}), 1, true)
    assert.matches("load: bad argument #1 'state'", message(net.load, net, 3))
    assert.same(before, net.weight:to_table())
  end)

  it("names layer, place and shapes of a wrong input, and the user's line", function()
    local net = nn.chain {name = "D", nn.relu {}, nn.chain {nn.flatten {}, nn.linear {12, 1}}}
    local err = message(function()
      local y = net(gan.zeros(2, 2, 2, 4))
      return y
    end)
    assert.matches(
      "module_spec.lua:%d+: nn.linear %(layer D.2.2%): bad argument #1 'x' "
        .. "%(expected real %(N,...,12%), got real tensor %(2,16%)%)",
      err)
    assert.matches("nn.linear %(layer D.2.2%): bad argument #1 'x' %(expected real %(N,...,12%), got nil%)",
      message(net[2][2]))
    assert.matches("nn.linear: bad argument #1 'x' %(expected real %(N,...,12%), got nil%)", message(nn.linear {12, 1}))
  end)

  it("knows a method called with a dot", function()
    local layer = odd()
    for _, name in ipairs {"params", "names", "state", "streams", "count", "train", "eval", "apply", "load"} do
      assert.matches(name .. ": expected a layer before the colon, as in net:" .. name .. "(), got nil",
        message(layer[name]), 1, true)
    end
  end)

  it("checks constructor options", function()
    assert.matches("nn.linear: size Do is missing: nn.linear{Di, Do, ...}", message(nn.linear, {3}), 1, true)
    assert.matches("nn.linear: option 'Di': expected an integer >= 1, got 0", message(nn.linear, {0, 3}), 1, true)
    assert.matches("expected 2 sizes in the list part of the options, got 3", message(nn.linear, {1, 2, 3}))
    assert.matches("unknown option 'bais' (did you mean 'bias'?)", message(nn.linear, {1, 2, bais = false}), 1, true)
    assert.matches("option 'bias': expected true or false, got 1", message(nn.linear, {1, 2, bias = 1}))
    assert.matches("expected a table of options, got 3", message(nn.linear, 3))
    assert.matches("option 'rng': expected a random stream", message(nn.linear, {1, 2, rng = io.stdout}))
  end)

  it("prints shapes and counts", function()
    local net = nn.chain {
      input = {8, 8, 3}, nn.conv2d {3, 64, kernel = 4, stride = 2, padding = 1, bias = false}, nn.leaky_relu {},
      nn.chain {nn.flatten {}, nn.linear {1024, 10}},
    }
    assert.equal([[
     layer                                              output    parameters
1    conv2d 3 -> 64, 4x4, stride 2, padding 1, no bias  (4,4,64)       3,072
2    leaky_relu 0.2                                     (4,4,64)           0
3.1  flatten                                            (1024)             0
3.2  linear 1024 -> 10                                  (10)          10,250
     total                                                            13,322]], tostring(net))
    local unknown = tostring(nn.chain {odd(), gan.tanh})
    assert.matches("1  odd +%? +12\n2  function +%? +0\n   total +12$", unknown)
    assert.matches("linear 2 %-> 1 +%? +3", tostring(nn.linear {2, 1}))
  end)
end)

local rectifying = {
  conv2d = function(rng) return double.nn.conv2d {2, 3, kernel = 3, padding = 1, rng = rng} end,
  ["conv2d without bias"] = function(rng)
    return double.nn.conv2d {2, 3, kernel = 4, stride = 2, padding = 1, bias = false, rng = rng}
  end,
  conv_transpose2d = function(rng)
    return double.nn.conv_transpose2d {2, 3, kernel = 4, stride = 2, padding = 1, rng = rng}
  end,
  linear = function(rng) return double.nn.linear {2, 3, rng = rng} end,
  batch_norm = function() return double.nn.batch_norm {2} end,
  layer_norm = function() return double.nn.layer_norm {2} end,
  instance_norm = function() return double.nn.instance_norm {2, affine = true} end,
}

local activations = {
  double.nn.relu, double.nn.leaky_relu, function() return double.nn.leaky_relu {slope = 1} end,
}

local names = {}
for name in pairs(rectifying) do names[#names + 1] = name end
table.sort(names)

-- A layer and the (leaky) relu behind it in a chain: one pass, with the numbers and gradients of two, to order two.
describe("module.rectifies", function()
  for _, name in ipairs(names) do
    it(name .. " in a chain equals the layer and then the activation", function()
      for _, activation in ipairs(activations) do
        for _, mode in ipairs {"train", "eval"} do
          local layer, act = rectifying[name](double.rng(1)), activation()
          local fused, params = double.nn.chain {layer, act}, layer:params()
          fused[mode](fused)
          local rng = double.rng(2)
          for _, p in ipairs(params) do double.no_grad(function() p:copy_(p + rng:normal(p:shape())) end) end
          local x = rng:normal {2, 4, 4, 2}
          local want, got = double.ops.leaky_relu(layer(x), act.slope or 0), fused(x)
          assert.is_true((want - got):abs():max():item() < 1e-12)
          local op = double.require "gan.core".node(got).op.name
          assert.is_true(op ~= "relu" and op ~= "leaky_relu", op) -- the activation's own
          local function same(f, g)
            for i, a in ipairs(f) do assert.is_true((a - g[i]):abs():max():item() < 1e-12) end
          end
          local seed = rng:normal(got:shape())
          same(double.grad(want, params, {seed = seed}), double.grad(got, params, {seed = seed}))
          -- numbers near the kink would spoil differences
          assert.is_true(double.gradcheck(function(t) return fused(t) end, {x}, {order = 2}))
        end
      end
    end)
  end

  it("leaves a layer alone that has a forward of its own", function()
    local layer = gan.nn.linear {2, 2}
    function layer:forward(x) return x:sub(self.weight:get(1, 1)):sub(100) end
    local y = gan.nn.chain {layer, gan.nn.leaky_relu {slope = 0.5}}(gan.zeros(1, 2))
    assert.is_true(math.abs(y:get(1, 1) + 50) < 1)
    local act = gan.nn.relu()
    function act.forward(_, x) return x:add(7) end
    y = gan.nn.chain {gan.nn.linear {2, 2, bias = false}, act}(gan.zeros(1, 2))
    assert.same({{7, 7}}, y:to_table())
  end)

  it("does not overwrite a gradient that somebody else holds", function()
    local layer = gan.nn.linear {2, 3, rng = gan.rng(1)}
    local net, x, c = gan.nn.chain {layer, gan.nn.leaky_relu()}, gan.rng(2):normal {4, 2}, gan.rng(3):normal {4, 3}
    local bytes = c:to_bytes()
    local y = net(x)
    local seeded = gan.grad(y, {layer.weight}, {seed = c})[1] -- the caller's seed
    assert.equal(bytes, c:to_bytes())
    y = net(x)
    local both = gan.grad((y * c):sum(), {y, layer.weight}) -- a gradient that is asked for
    assert.equal(bytes, both[1]:to_bytes())
    assert.equal(seeded:to_bytes(), both[2]:to_bytes())
    y = net(x)
    local other = net(x)
    local sum = gan.grad(((y + other) * c):sum(), {layer.weight})[1] -- one that goes two ways
    assert.is_true((sum - seeded - seeded):abs():max():item() < 1e-5)
    y = net(x)
    local mean = gan.grad(y:sum(), {layer.weight})[1] -- one number, seen as many
    y = net(x)
    assert.equal(gan.grad((y * gan.ones(4, 3)):sum(), {layer.weight})[1]:to_bytes(), mean:to_bytes())
  end)

  it("keeps NaN visible, and infinities", function()
    local inf = math.huge
    local y = gan.ops.bias_leaky_relu_(gan.tensor {0 / 0, inf, -inf, -2, 3}, 1, 0.5):to_table()
    assert.is_true(y[1] ~= y[1])
    assert.same({inf, -inf, -0.5, 4}, {table.unpack(y, 2)})
  end)

  it("refuses a slope below 0, and what would not fit in x", function()
    local function fails_with(what, ...)
      local ok, err = pcall(gan.ops.bias_leaky_relu_, ...)
      assert.is_false(ok)
      assert.is_truthy(err:find(what, 1, true), err)
    end
    fails_with("slope", gan.zeros(2), 0, -1)
    fails_with("slope", gan.zeros(2), 0)
    fails_with("a shape that broadcasts to", gan.zeros(2), gan.zeros(3), 0)
    fails_with("a real tensor", 3, 0, 0)
    local x = gan.zeros(2):requires_grad_()
    local y = gan.ops.bias_leaky_relu_(x:tanh(), 1, 0) -- tanh's rule reads its result
    local ok, err = pcall(gan.grad, y:sum(), {x})
    assert.is_false(ok)
    assert.is_truthy(err:find("the result of 'tanh' was changed in place", 1, true), err)
  end)
end)
