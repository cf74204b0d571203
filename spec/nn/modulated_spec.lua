-- Norms that differ from place to place: worked numbers, what they are in simple cases, gradients, wrong input.
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function set(t, values) double.no_grad(function() t:copy_(double.tensor(values):reshape(t:shape())) end) end

describe("isla", function()
  -- the maps of the two boxes are (1, 1, .5, 0) and (0, .5, 1, 0)
  local function example()
    local layer = nn.isla {1, 2}
    set(layer.gamma.weight, {{.5}, {-1}})
    set(layer.beta.weight, {{.1}, {.4}})
    set(layer.gamma.bias, {0})
    set(layer.beta.bias, {0})
    return layer, double.tensor({1, 2, 3, 4}):reshape {1, 1, 4, 1},
      {objects = double.tensor {{{0, 0, 0, 2.5, 1}, {3, 1.5, 0, 3, 1}}}, image = {1, 4},
        codes = double.tensor {{{1, 0}, {0, 1}}}}
  end

  it("has the worked numbers", function()
    local layer, x, y = example()
    x:requires_grad_()
    local out = layer(x, y)
    golden.near({-1.9124525591, -.2472119400, .5236058524, 1.3416354200}, out)
    local g = double.grad(out, {x, layer.gamma.weight, layer.beta.weight},
      {seed = double.tensor({1, 0, -1, 2}):reshape {1, 1, 4, 1}})
    golden.near({.8049800743, -.6260966486, -1.1627505035, .9838670778}, g[1])
    golden.near({-1.4907045812, -.2981410057}, g[2])
    golden.near({.6666658889, -.6666662222}, g[3])
  end)

  it("is conditional batch norm for one full box, whatever the order, and without absent objects", function()
    local rng = double.rng(1)
    local layer = nn.isla {3, 2, rng = rng}
    local x, codes = rng:normal {2, 4, 4, 3}, rng:normal {2, 1, 2}
    local box = double.tensor({{1, 0, 0, 8, 8}, {0, 0, 0, 8, 8}}):reshape {2, 1, 5}
    local plain = nn.batch_norm {3, affine = false}(x)
    local gamma, beta = layer.gamma(codes):reshape {2, 1, 1, 3} + 1, layer.beta(codes):reshape {2, 1, 1, 3}
    golden.near((plain * gamma + beta):reshape {-1}:to_table(), layer(x, {objects = box, image = {8, 8},
      codes = codes}), 3e-6)
    local three = double.tensor {{{1, 0, 0, 5, 5}, {2, 2, 3, 8, 8}, {-1, 0, 0, 8, 8}}}
    local order = double.tensor({1, 0, 2}, "i32")
    local w, one = rng:normal {1, 3, 2}, x:narrow(1, 1, 1)
    local function rows(t) return double.gather_rows(t[1], order):unsqueeze(1) end
    local y = layer(one, {objects = three, image = {8, 8}, codes = w})
    golden.near(y:reshape {-1}:to_table(), layer(one, {objects = rows(three), image = {8, 8}, codes = rows(w)}))
    golden.near(y:reshape {-1}:to_table(), layer(one, {objects = three:narrow(2, 1, 2), image = {8, 8},
      codes = w:narrow(2, 1, 2)}))
    golden.near(plain:reshape {-1}:to_table(), layer(x, {objects = double.full({2, 1, 5}, -1), image = {8, 8},
      codes = codes}))
  end)

  it("has gradients to order two", function()
    local layer, x, y = example()
    assert(double.gradcheck(function(a, codes)
      return layer(a, {objects = y.objects, image = y.image, codes = codes})
    end, {x, y.codes, table.unpack(layer:params())}, {order = 2}))
  end)

  it("names what is wrong", function()
    local layer, x, y = example()
    assert.matches("nn.isla: bad argument #2 'y' %(expected a table of objects, image and codes, got nil",
      message(layer, x))
    y.codes = double.zeros(1, 2, 3)
    assert.matches("expected codes %(1,K,2%), got real tensor %(1,2,3%)", message(layer, x, y))
    assert.matches("expected real %(N,H,W,1%)", message(layer, double.zeros(1, 1, 4, 2), y))
    assert.equal("isla 1, codes of 2", layer:describe())
    assert.same({4, 4, 1}, layer:shape {4, 4, 1})
    assert.matches("size D is missing", message(nn.isla, {2}))
  end)
end)

describe("spade", function()
  local SEG = {{{0, 0, 1, 1}, {0, 1, 1, 1}, {0, 0, 1, 0}, {1, 0, 0, 0}}}

  local function example()
    local layer = nn.spade {1, 2, hidden = 1}
    -- kernels (3,3,Ci,1)
    set(layer.hidden.weight, {.1, 0, .2, -.2, .1, 0, 0, .3, .5, -.4, 0, .3, -.1, 0, 0, .2, .1, 0})
    set(layer.gamma.weight, {.1, 0, -.1, .2, 1, .2, 0, .3, 0})
    set(layer.beta.weight, {0, .1, 0, .1, -.5, .1, 0, .1, 0})
    set(layer.hidden.bias, {.05})
    set(layer.gamma.bias, {.02})
    set(layer.beta.bias, {-.01})
    return layer, double.tensor({1, 2, 3, 4}):reshape {1, 2, 2, 1}
  end

  it("has the worked numbers, with maps of i32 and u8, resized by the centre's rule", function()
    local layer, x = example()
    x:requires_grad_()
    for _, dtype in ipairs {"i32", "u8"} do
      local y = layer(x, double.tensor(SEG, dtype))
      golden.near({-1.5764216185, -.4775854006, .4989850016, 1.7886631819}, y)
    end
    local y = layer(x, double.tensor(SEG, "i32"))
    local loss = (y * double.tensor({1, 0, 0, -2}):reshape {1, 2, 2, 1}):sum()
    golden.near({-5.1537479822}, loss)
    local g = double.grad(loss, {x, layer.gamma.bias, layer.hidden.bias})
    golden.near({-.2016794359, -.1618863110, .9288545595, -.5652888125}, g[1])
    golden.near({-4.0249062599, -4.8323781379}, double.cat {g[2], g[3]})
  end)

  it("is batch norm without kernels, and conditional batch norm of one class and 1x1 kernels", function()
    local layer, x = example()
    local plain = nn.batch_norm {1, affine = false}(x)
    for _, conv in ipairs {layer.gamma, layer.beta} do nn.initial.zeros(conv) end
    golden.near(plain:reshape {-1}:to_table(), layer(x, double.tensor(SEG, "i32")))
    local one = nn.spade {3, 4, hidden = 5, kernel = 1, rng = double.rng(1)}
    local images = double.rng(2):normal {2, 3, 3, 3}
    local y = one(images, double.tensor({{{2}}, {{1}}}, "i32"))
    plain = nn.batch_norm {3, affine = false}(images)
    for i, label in ipairs {2, 1} do
      local a = (one.hidden.weight[1][1][label + 1] + one.hidden.bias):relu():reshape {1, 1, 1, 5}
      local gamma, beta = one.gamma(a):reshape {3} + 1, one.beta(a):reshape {3}
      golden.near((plain[i] * gamma + beta):reshape {-1}:to_table(), y[i])
    end
  end)

  it("has gradients to order two", function()
    local layer, x = example()
    local seg = double.tensor(SEG, "i32")
    assert(double.gradcheck(function(a) return layer(a, seg) end, {x, table.unpack(layer:params())}, {order = 2}))
  end)

  it("names what is wrong", function()
    local layer, x = example()
    assert.matches("nn.spade: bad argument #2 'y' %(expected a map of classes, u8 or i32 %(1,H,W%), or real "
      .. "%(1,2,2,2%), got nil%)", message(layer, x))
    assert.matches("got i32 tensor %(2,4,4%)", message(layer, x, double.full({2, 4, 4}, 0, "i32")))
    assert.matches("got real tensor %(1,4,4,2%)", message(layer, x, double.zeros(1, 4, 4, 2)))
    assert.matches("expected indices in 0..1, got 2", message(layer, x, double.full({1, 4, 4}, 2, "i32")))
    assert.matches("option 'kernel': expected an odd number, got 2", message(nn.spade, {1, 2, kernel = 2}))
    assert.equal("spade 1, 2 classes, hidden 1", layer:describe())
    assert.same({4, 4, 1}, layer:shape {4, 4, 1})
  end)
end)

describe("residual_spade", function()
  it("adds what two spades and convolutions make to x, or to a convolution of it", function()
    local rng = double.rng(1)
    local seg, x = rng:integer({2, 4, 4}, 0, 2), rng:normal {2, 4, 4, 3}
    local same = nn.residual_spade {3, 3, 3, hidden = 2, rng = rng}
    nn.initial.zeros(same.conv2)
    golden.near(x:reshape {-1}:to_table(), same(x, seg))
    local narrow = nn.residual_spade {3, 2, 3, hidden = 2, rng = rng}
    local h = narrow.conv1(narrow.first(x, seg):leaky_relu(0.2))
    h = narrow.conv2(narrow.second(h, seg):leaky_relu(0.2)) + narrow.shortcut(x)
    golden.near(h:reshape {-1}:to_table(), narrow(x, seg))
    assert.same({4, 4, 2}, narrow:shape {4, 4, 3})
    assert.equal("residual_spade 3 -> 2, 3 classes", narrow:describe())
    assert.equal(273600, nn.residual_spade {128, 96, 9, hidden = 16}:count())
    local small = nn.residual_spade {1, 2, 2, hidden = 1, rng = rng}
    local map = double.tensor({{{0, 1}, {1, 1}}}, "i32")
    assert(double.gradcheck(function(a) return small(a, map) end,
      {rng:normal {1, 2, 2, 1}, small.conv1.weight, small.first.hidden.weight}, {order = 2}))
    assert.matches("nn.spade: bad argument #2 'y'", message(small, double.zeros(1, 2, 2, 1)))
    assert.matches("size Y is missing", message(nn.residual_spade, {1, 2}))
  end)
end)
