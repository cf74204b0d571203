-- Nets of texts: worked numbers, padding that changes nothing, parameter counts, gradients, wrong input.
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local nn = double.nn
local text = nn.text

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function ids(rows) return double.tensor(rows, "i32") end

describe("text.bag", function()
  it("has the worked numbers and gradient: padding counts for nothing, the unknown word does", function()
    local layer = text.bag {4, 2}:load {["embedding.weight"] = double.tensor {{9, 9}, {.1, .2}, {.3, -.4}, {1, .5}}}
    local y = layer(ids {{2, 3, 3, 0}, {1, 0, 0, 0}})
    golden.near({.7666666667, .2, .1, .2}, y)
    golden.near({0, 0, .5, 2, 1 / 3, -1 / 3, 2 / 3, -2 / 3},
      double.grad(y, layer:params(), {seed = double.tensor {{1, -1}, {.5, 2}}})[1])
    assert.is_true(layer(ids {{2, 3, 3}}):to_bytes() == layer(ids {{2, 3, 3, 0, 0, 0, 0}}):to_bytes())
    golden.near({0, 0}, layer(ids {{0, 0}}))
    assert.same({2}, layer:shape {5})
    assert.equal("text.bag 4 words -> 2", layer:describe())
    assert(double.gradcheck(function() return layer(ids {{2, 3, 3, 0}, {1, 0, 0, 0}}):tanh() end, layer:params(),
      {order = 2}))
  end)
end)

describe("text.gru", function()
  it("takes the last state, or the mean of all, of each text's words alone", function()
    local a = text.gru {5, 3, 4, rng = double.rng(1)}
    local b = text.gru {5, 3, 4, pool = "mean", rng = double.rng(1)}
    local long, short = ids {{2, 3, 4}, {4, 1, 0}}, ids {{4, 1}}
    local states = a.gru(a.embedding(short))
    golden.near(states[1][2]:to_table(), a(long)[2])
    golden.near(states[1]:mean(1):to_table(), b(long)[2])
    assert.is_true(a(long):to_bytes() == a(ids {{2, 3, 4, 0, 0}, {4, 1, 0, 0, 0}}):to_bytes())
    local weight = a.embedding.weight
    double.no_grad(function() weight[1]:copy_(double.full({}, 0 / 0)) end)
    golden.near(states[1][2]:to_table(), a(long)[2])
    for _, g in ipairs(double.grad(a(long):sum(), a:params())) do
      assert.is_true(g:sum():item() == g:sum():item())
    end
    assert.same({4}, a:shape {7})
    assert.equal("text.gru 5 words -> 3 -> 4, last", a:describe())
  end)

  it("has gradients to order two and the count of parameters", function()
    for _, pool in ipairs {"last", "mean"} do
      local layer = text.gru {4, 2, 2, pool = pool, rng = double.rng(1)}
      local function f() return layer(ids {{2, 3, 1}, {1, 3, 0}}) end
      assert(double.gradcheck(f, layer:params(), {order = 2}))
    end
    assert.equal(74496, nn.gru {64, 128}:count())
  end)
end)

describe("text.characters", function()
  it("has the sizes of its steps and the count of parameters", function()
    local layer = text.characters {}
    assert.equal(282880, layer:count())
    assert.equal("text.characters 128 -> 9 steps of 128 -> 128", layer:describe())
    assert.same({128}, layer:shape {128})
    local y = layer(double.rng(1):integer({2, 128}, 0, 70))
    assert.same({2, 128}, y:shape())
  end)

  it("sees a column of zeros for what the alphabet does not have", function()
    local layer = text.characters {length = 48, width = 3, states = 2, features = 2, rng = double.rng(1)}
    local x = double.rng(2):integer({1, 48}, 0, 70)
    local one_hot = double.one_hot(x, 71):narrow(3, 2, 70):contiguous():reshape {1, 1, 48, 70}
    for i, conv in ipairs(layer.convolutions) do
      one_hot = conv(one_hot):relu()
      if i < 3 then one_hot = (one_hot:max_pool2d {kernel = {1, 3}}) end
    end
    assert.same({1, 1, 1, 3}, one_hot:shape())
    golden.near(layer.linear(layer.gru(one_hot:reshape {1, 1, 3}):reshape {1, 2}):reshape {-1}:to_table(), layer(x))
    assert.equal("text.characters 48 -> 1 step of 2 -> 2", layer:describe())
  end)

  it("has gradients", function()
    local layer = text.characters {length = 48, width = 2, states = 2, features = 1, rng = double.rng(1)}
    local x = double.rng(2):integer({2, 48}, 1, 70)
    local params = {layer.gru.input.weight, layer.gru.recurrent.bias, layer.linear.weight,
      layer.convolutions[3].weight}
    assert(double.gradcheck(function() return layer(x) end, params, {order = 2}))
  end)
end)

describe("what is wrong with texts", function()
  it("is named", function()
    local net = nn.chain {name = "E", text.bag {4, 2}}
    assert.matches("nn.text.bag %(layer E.1%): bad argument #1 'ids' %(expected i32 %(N,L%), L at least 1, as "
      .. "gan.data.text makes them, got real tensor %(2,3%)%)", message(net, double.zeros(2, 3)))
    assert.matches("got i32 tensor %(3%)", message(net, ids {1, 2, 3}))
    assert.matches("expected indices in 0..3, got 4 at element 2", message(net, ids {{1, 4}}))
    assert.matches("nn.text.gru: bad argument #1 'ids'", message(text.gru {4, 2, 2}, ids {1, 2}))
    assert.matches("nn.text.gru: option 'pool': expected 'last' or 'mean'", message(text.gru, {4, 2, 2, pool = "max"}))
    assert.matches("nn.text.gru: size H is missing", message(text.gru, {4, 2}))
    assert.matches("nn.text.characters: bad argument #1 'ids' %(expected texts of 128 characters, got 12%)",
      message(text.characters {}, double.full({1, 12}, 0, "i32")))
    assert.matches("expected indices in 0..70, got 71", message(text.characters {}, double.full({1, 128}, 71, "i32")))
    assert.matches("option 'length': expected an integer", message(text.characters, {length = 47}))
  end)
end)

describe("text.concat", function()
  it("puts a text's features behind, on images as maps", function()
    local layer = text.concat {2, 3, rng = double.rng(1)}
    local e = double.rng(2):normal {2, 2}
    local code = layer.linear(e):leaky_relu(0.2)
    local y = layer(double.full({2, 4}, 7), e)
    assert.same({2, 7}, y:shape())
    golden.near(code:reshape {-1}:to_table(), y:narrow(2, 5, 3))
    y = layer(double.full({2, 2, 3, 1}, 7), e)
    assert.same({2, 2, 3, 4}, y:shape())
    golden.near(code[2]:to_table(), y[2][1][3]:narrow(1, 2, 3))
    assert.same({4, 4, 6}, layer:shape {4, 4, 3})
    assert.equal("text.concat, 2 as 3", layer:describe())
    assert(double.gradcheck(function(a, b) return layer(a, b):tanh() end,
      {double.rng(3):normal {2, 2, 2, 1}, e, table.unpack(layer:params())}, {order = 2}))
    assert.matches("nn.text.concat: bad argument #2 'e' %(expected a text's vectors, real %(2,2%), got nil",
      message(layer, double.zeros(2, 4)))
    assert.matches("got real tensor %(1,2%)", message(layer, double.zeros(2, 4), double.zeros(1, 2)))
  end)
end)

describe("text.augment", function()
  it("has the worked numbers", function()
    local layer = text.augment {1, 2}
    layer.noise = {normal = function() return double.tensor {{.3, -.7}} end}
    double.no_grad(function()
      layer.linear.weight:copy_(double.tensor {{.5, -1, .2, -.4}})
      layer.linear.bias:copy_(double.zeros(4))
    end)
    local c, far = layer(double.ones(1, 1))
    golden.near({.8315512754, -1.5731115272}, c)
    golden.near({.3354307010}, far)
    golden.near({.25, -.5, .0553506895, -.0824199885}, double.grad(far, {layer.linear.bias})[1])
    assert(double.gradcheck(function(e)
      local a, b = layer(e)
      return a:sum() + b
    end, {double.rng(1):normal {1, 1}, table.unpack(layer:params())}, {order = 2}))
  end)

  it("goes on where its stream was saved", function()
    local layer = text.augment {3, 2, rng = double.rng(1), noise = double.rng(2)}
    local e = double.rng(3):normal {2, 3}
    local state = layer:streams().noise
    local at = {state:state()}
    local first = layer(e)
    local second = layer(e)
    assert.is_false(first:to_bytes() == second:to_bytes())
    state:load(table.unpack(at))
    assert.is_true((layer(e)):to_bytes() == first:to_bytes())
    assert.same({2}, layer:shape {3})
    assert.equal("text.augment 3 -> 2", layer:describe())
  end)
end)

describe("text.between", function()
  it("mixes the halves of a batch", function()
    local e = double.tensor {{1, 0}, {2, 2}, {3, 4}, {0, 2}, {9, 9}}
    assert.same({{2, 2}, {1, 2}}, text.between(e):to_table())
    assert.same({{1, 0}, {2, 2}}, text.between(e, 1):to_table())
    assert.matches("nn.text.between: bad argument #2 'share'", message(text.between, e, 2))
    assert.matches("#1 'e' %(expected a real tensor", message(text.between))
  end)
end)
