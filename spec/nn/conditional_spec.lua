-- Conditional layers: plain layers class by class, worked numbers, several results through a chain, wrong labels.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function labels(...) return double.tensor({...}, "i32") end

describe("conditional_batch_norm", function()
  local function made(rng)
    local layer = nn.conditional_batch_norm {2, 3}
    double.no_grad(function()
      layer.gamma:copy_(rng:normal {3, 2})
      layer.beta:copy_(rng:normal {3, 2})
    end)
    return layer
  end

  it("is batch norm, then each element's own gamma and beta", function()
    local rng = double.rng(1)
    local layer, plain = made(rng), nn.batch_norm {2, affine = false}
    local x = rng:normal({4, 3, 2, 2}, 2, 3)
    local y, z = layer(x, labels(2, 0, 2, 1)), plain(x)
    for i, label in ipairs {2, 0, 2, 1} do
      golden.near((z[i] * layer.gamma[label + 1] + layer.beta[label + 1]):reshape {-1}:to_table(), y[i])
    end
    golden.near(plain.running_mean:to_table(), layer.running_mean)
    golden.near(plain.running_var:to_table(), layer.running_var)
    layer:eval()
    plain:eval()
    y, z = layer(x, labels(0, 0, 1, 2)), plain(x)
    golden.near((z[3] * layer.gamma[2] + layer.beta[2]):reshape {-1}:to_table(), y[3])
    golden.near(plain.running_mean:to_table(), layer.running_mean)
  end)

  it("starts as batch norm", function()
    local x = double.rng(1):normal {5, 2}
    golden.near(nn.batch_norm {2}(x):reshape {-1}:to_table(),
      nn.conditional_batch_norm {2, 7}(x, labels(0, 6, 1, 2, 0)))
  end)

  it("has gradients to order two, with the relu behind it in the same pass", function()
    local rng = double.rng(4)
    for _, mode in ipairs {"train", "eval"} do
      local layer = made(rng)
      layer[mode](layer)
      local net, y = nn.chain {layer, nn.leaky_relu {}}, labels(1, 0, 1)
      local x = rng:normal {3, 2, 1, 2}
      assert.equal("conditional_batch_norm" .. (mode == "eval" and "_eval" or ""),
        double.require "gan.core".node(net(x, y)).op.name)
      golden.near(double.leaky_relu(layer(x, y), 0.2):reshape {-1}:to_table(), net(x, y))
      assert(double.gradcheck(function(a) return net(a, y) end, {x, layer.gamma, layer.beta}, {order = 2}))
    end
  end)

  it("saves and loads, and has the same bytes with one thread and two", function()
    local function run(threads)
      gan.threads(threads)
      local rng = gan.rng(1, "x")
      local layer = gan.nn.conditional_batch_norm {24, 5}
      local y = layer(rng:normal {40, 13, 7, 24}, rng:integer({40}, 0, 4))
      local other = gan.nn.conditional_batch_norm {24, 5}:load(layer:state())
      return y:to_bytes() .. other.running_var:to_bytes() .. gan.grad((y * y):sum(), {layer.gamma})[1]:to_bytes()
    end
    assert.is_true(same_with_two_threads(run))
  end)

  it("names what is wrong", function()
    local net = nn.chain {name = "G", nn.linear {2, 2}, nn.conditional_batch_norm {2, 3}}
    local x = double.zeros(2, 2)
    assert.matches("conditional_spec.lua:%d+: nn.conditional_batch_norm %(layer G.2%): labels are missing: " ..
      "a conditional net is called net%(x, y%), " ..
      "y being i32 labels %(2%) in 0..2", message(function()
      local y = net(x)
      return y
    end))
    assert.matches("layer G.2%): bad argument #2 'y' %(expected i32 labels %(2%), or real weights of classes %(2,3%), "
      .. "got i32 tensor %(3%)%)",
      message(net, x, labels(0, 1, 2)))
    assert.matches("got real tensor %(2%)%)", message(net, x, double.zeros(2)))
    assert.matches("got 1%)", message(net, x, 1))
    assert.matches("expected labels in 0..2, got 3 at element 2", message(net, x, labels(0, 3)))
    assert.matches("expected labels in 0..2, got %-1 at element 1", message(net, x, labels(-1, 3)))
    assert.matches("training needs more than one value per channel",
      message(nn.conditional_batch_norm {2, 3}, double.zeros(1, 2), labels(0)))
    assert.matches("size Y is missing: nn.conditional_batch_norm{C, Y, ...}",
      message(nn.conditional_batch_norm, {2}), 1, true)
    assert.matches("expected real %(N,...,2%)",
      message(nn.conditional_batch_norm {2, 3}, double.zeros(2, 3), labels(0, 1)))
    assert.equal("conditional_batch_norm 2, 3 classes", nn.conditional_batch_norm {2, 3}:describe())
    assert.same({4, 4, 2}, nn.conditional_batch_norm {2, 3}:shape {4, 4, 2})
  end)
end)

describe("several labels of an image", function()
  local y = double.tensor {{1, 0, 1}}

  it("add up what each changes in a norm, and change nothing where there is none", function()
    local rng = double.rng(1)
    local layer, plain = nn.conditional_batch_norm {2, 3}, nn.batch_norm {2, affine = false}
    local x = rng:normal {4, 2, 2, 2}
    local w = double.tensor {{1, 0, 1}, {0, 0, 0}, {1, 1, 1}, {0, 1, 0}}
    golden.near(plain(x):reshape {-1}:to_table(), layer(x, w)) -- at the start
    layer:load {gamma = rng:normal {3, 2}, beta = rng:normal {3, 2}, running_mean = layer.running_mean,
      running_var = layer.running_var}
    local z = layer(x, w)
    local g, b = layer.gamma, layer.beta
    golden.near((plain(x)[1] * (g[1] + g[3] - 1) + b[1] + b[3]):reshape {-1}:to_table(), z[1])
    golden.near(plain(x)[2]:reshape {-1}:to_table(), z[2])
    golden.near(layer(x, labels(0, 0, 0, 1))[4]:reshape {-1}:to_table(), z[4])
    assert(double.gradcheck(function(a, v) return layer(a, v) end, {x, w, g, b}, {order = 2}))
  end)

  it("add up their vectors in a projection", function()
    local head = nn.projection_head {3, 3, bias = false}:load {
      ["psi.weight"] = double.tensor {{.5}, {.1}, {.2}},
      ["classes.weight"] = double.tensor {{.3, -.4, 1}, {.2, .1, 0}, {-.5, .6, .7}},
    }
    local x = double.tensor {{1, 2, -1}}:requires_grad_()
    golden.near({-1}, head(x, y))
    golden.near({-.25}, head(x, y / 2))
    golden.near({-1.4}, head(x, y * 2 - 1))
    local g = double.grad(head(x, y):sum(), {x, head.classes.weight})
    golden.near({.3, .3, 1.9}, g[1])
    golden.near({1, 2, -1, 0, 0, 0, 1, 2, -1}, g[2])
  end)

  it("stand behind z as they are", function()
    assert.same({{7, 1, 0, 1}}, nn.label_concat {3}(double.tensor {{7}}, y):to_table())
  end)
end)

describe("label_concat", function()
  it("appends a 1 among zeros to vectors, and constant maps to images", function()
    local layer = nn.label_concat {3}
    assert.same({{5, 6, 0, 0, 1}, {7, 8, 1, 0, 0}}, layer(double.tensor {{5, 6}, {7, 8}}, labels(2, 0)):to_table())
    local y = layer(double.full({2, 2, 3, 1}, 9), labels(1, 2))
    assert.same({2, 2, 3, 4}, y:shape())
    for i = 1, 2 do
      for h = 1, 2 do
        for w = 1, 3 do assert.same(i == 1 and {9, 0, 1, 0} or {9, 0, 0, 1}, y[i][h][w]:to_table()) end
      end
    end
    assert.same({5}, layer:shape {2})
    assert.same({4, 4, 6}, layer:shape {4, 4, 3})
    assert.equal("label_concat, 3 classes", layer:describe())
    assert.equal(0, layer:count())
  end)

  it("can append a learnt vector", function()
    local layer = nn.label_concat {3, features = 2, rng = double.rng(1)}
    local w = layer.embedding.weight:to_table()
    assert.same({{1, w[3][1], w[3][2]}}, layer(double.ones(1, 1), labels(2)):to_table())
    assert.equal("label_concat, 3 classes as 2 numbers", layer:describe())
    assert(double.gradcheck(function(a) return layer(a, labels(2, 1)) end,
      {double.zeros(2, 2, 2, 1), layer.embedding.weight}, {order = 2}))
  end)

  it("names what is wrong", function()
    local net = nn.chain {name = "D", nn.label_concat {3}}
    assert.matches("nn.label_concat %(layer D.1%): labels are missing", message(net, double.zeros(2, 1)))
    assert.matches("expected labels in 0..2, got 7 at element 1", message(net, double.zeros(1, 1), labels(7)))
    assert.matches("bad argument #1 'x'", message(net, double.zeros(1, 1, 1), labels(1)))
    assert.matches("option 'features': expected an integer", message(nn.label_concat, {3, features = 0}))
    assert.matches("size Y is missing", message(nn.label_concat, {}))
  end)
end)

describe("projection_head", function()
  it("has the worked numbers", function()
    local layer = nn.projection_head {3, 2, bias = false}
    layer:load {
      ["psi.weight"] = double.tensor {{.5}, {.1}, {.2}},
      ["classes.weight"] = double.tensor {{0, 0, 0}, {.3, -.4, 1}},
    }
    golden.near({-1, 0.5}, layer(double.tensor {{1, 2, -1}, {1, 2, -1}}, labels(1, 0)))
  end)

  it("has gradients to order two, also with all weights spectrally normalised", function()
    local layer = nn.projection_head {3, 4, rng = double.rng(1)}
    local x, y = double.rng(2):normal {2, 3}, labels(3, 1)
    assert(double.gradcheck(function(a) return layer(a, y):tanh() end, {x, table.unpack(layer:params())}, {order = 2}))
    nn.spectral(layer):eval()
    assert(double.gradcheck(function(a) return layer(a, y):tanh() end, {x, table.unpack(layer:params())}, {order = 2}))
    assert.equal("projection_head 3, 4 classes, spectral norm", layer:describe())
    assert.same({}, layer:shape {3})
    assert.is_true(layer.classes.weight:abs():max():item() <= math.sqrt(6 / 7))
  end)

  it("names what is wrong", function()
    local net = nn.chain {name = "D", nn.relu {}, nn.projection_head {3, 2}}
    assert.matches("nn.projection_head %(layer D.2%): labels are missing", message(net, double.zeros(2, 3)))
    assert.matches("got 2 at element 1", message(net, double.zeros(1, 3), labels(2)))
    assert.matches("expected real %(N,3%), got real tensor %(1,2%)", message(net, double.zeros(1, 2), labels(1)))
  end)
end)

describe("class_head", function()
  it("returns logits and class logits, through chains", function()
    local head = nn.class_head {3, 4, rng = double.rng(1)}
    local net = nn.chain {nn.relu {}, nn.chain {nn.relu {}, head}}
    local x = double.rng(2):uniform({2, 3}, 0, 1)
    local logits, classes, nothing = net(x)
    assert.is_nil(nothing)
    assert.same({2}, logits:shape())
    golden.near(head.logit(x):reshape {-1}:to_table(), logits)
    golden.near(head.classes(x):reshape {-1}:to_table(), classes)
    assert.equal("class_head 3 -> 1, and 4 classes", head:describe())
    assert.same({}, net:shape {3})
    assert(double.gradcheck(function(a)
      local l, c = head(a)
      return double.cat({l:reshape {2, 1}, c}, 2):tanh()
    end, {x, table.unpack(head:params())}, {order = 2}))
    assert.matches("nn.class_head %(layer 2.2%): bad argument #1 'x'", message(net, double.zeros(1, 2)))
  end)
end)

describe("label_product", function()
  it("is the product of the features and the label's vector", function()
    local layer = nn.label_product {2, 3, features = 2}
    double.no_grad(function()
      layer.linear.weight:copy_(double.tensor {{1, 2}, {0, -1}})
      layer.classes.weight:copy_(double.tensor {{1, 0}, {0, 1}, {2, 3}})
    end)
    local x = double.tensor {{1, 1}, {2, 0}, {1, -1}}
    assert.same({1, 4, 11}, layer(x, double.tensor({0, 1, 2}, "i32")):to_table())
    assert.same({}, layer:shape {2})
    assert.equal(4 + 6, layer:count())
    assert.equal("label_product 2 -> 2, 3 classes", layer:describe())
    assert.same({7, 7}, nn.label_product {7, 3}.linear.weight:shape())
  end)

  it("has gradients to order two", function()
    local rng = double.rng(1)
    local layer, y = nn.label_product {3, 2, features = 2, rng = rng}, double.tensor({1, 0}, "i32")
    assert(double.gradcheck(function(x) return layer(x, y):tanh() end,
      {rng:normal {2, 3}, layer.linear.weight, layer.classes.weight}, {order = 2}))
  end)

  it("names what is wrong", function()
    local net = nn.chain {name = "D", nn.relu {}, nn.label_product {3, 2}}
    assert.matches("nn.label_product %(layer D.2%): labels are missing", message(net, double.zeros(2, 3)))
    assert.matches("expected real %(N,3%)", message(net, double.zeros(2, 4)))
    assert.matches("nn.label_product: size Y is missing", message(nn.label_product, {3}))
    assert.matches("option 'features': expected an integer", message(nn.label_product, {3, 2, features = 0}))
  end)
end)

describe("weights of classes", function()
  local w = double.tensor {{0, 0, 1}, {.5, .25, .25}}

  it("mix gammas and betas", function()
    local rng = double.rng(1)
    local layer = nn.conditional_batch_norm {2, 3}
    double.no_grad(function()
      layer.gamma:copy_(double.tensor {{1, 2}, {3, 4}, {-1, 8}})
      layer.beta:copy_(double.tensor {{0, 4}, {8, 0}, {4, -4}})
    end)
    local x = rng:normal({2, 3, 2, 2}, 2, 3)
    local z = nn.batch_norm {2, affine = false}(x)
    for _, mode in ipairs {"train", "eval"} do
      layer[mode](layer)
      if mode == "eval" then z = nn.batch_norm {2, affine = false}:eval()(x) end
      layer.running_mean:zero_()
      layer.running_var:fill_(1)
      local y = layer(x, w)
      golden.near((z[1] * double.tensor {-1, 8} + double.tensor {4, -4}):reshape {-1}:to_table(), y[1])
      golden.near((z[2] * double.tensor {1, 4} + double.tensor {3, 1}):reshape {-1}:to_table(), y[2])
      local net = nn.chain {layer, nn.leaky_relu {}}
      assert(double.gradcheck(function(a, m) return net(a, m) end, {rng:normal {2, 3, 1, 2}, w, layer.gamma,
        layer.beta}, {order = 2}))
    end
  end)

  it("stand behind the features, or mix learnt vectors there", function()
    local layer = nn.label_concat {3}
    assert.same({{5, 0, 0, 1}, {7, .5, .25, .25}}, layer(double.tensor {{5}, {7}}, w):to_table())
    assert.same({9, .5, .25, .25}, layer(double.full({2, 2, 3, 1}, 9), w)[2][2][3]:to_table())
    layer = nn.label_concat {3, features = 2, rng = double.rng(1)}
    local row = layer(double.ones(2, 1), w)[2]:to_table()
    local v = layer.embedding.weight:to_table()
    assert.is_true(math.abs(row[3] - (.5 * v[1][2] + .25 * v[2][2] + .25 * v[3][2])) < 1e-12)
    assert(double.gradcheck(function(a, m) return layer(a, m):tanh() end, {double.rng(2):normal {2, 2, 1, 2}, w,
      layer.embedding.weight}, {order = 2}))
  end)

  it("mix what heads add", function()
    local head = nn.projection_head {3, 2, bias = false}
    head:load {
      ["psi.weight"] = double.tensor {{.5}, {.1}, {.2}},
      ["classes.weight"] = double.tensor {{0, 0, 0}, {.3, -.4, 1}},
    }
    local x = double.tensor {{1, 2, -1}, {1, 2, -1}}
    golden.near({-.625, .5}, head(x, double.tensor {{.25, .75}, {1, 0}}))
    local product = nn.label_product {2, 3, features = 2}
    double.no_grad(function()
      product.linear.weight:copy_(double.tensor {{1, 2}, {0, -1}})
      product.classes.weight:copy_(double.tensor {{1, 0}, {0, 1}, {2, 3}})
    end)
    golden.near({5, 2}, product(double.tensor {{1, 1}, {1, 1}}, w))
    local y = double.tensor {{.25, .75}, {.5, -1}}
    assert(double.gradcheck(function(a, m) return head(a, m):tanh() end, {x, y, table.unpack(head:params())},
      {order = 2}))
    assert(double.gradcheck(function(a, m) return product(a, m):tanh() end, {double.ones(2, 2), w,
      table.unpack(product:params())}, {order = 2}))
    nn.spectral(head):eval()
    assert(double.gradcheck(function(a, m) return head(a, m):tanh() end, {x, y, table.unpack(head:params())},
      {order = 2}))
  end)

  it("are what every conditional net takes: a 1 among zeros draws what its label draws", function()
    local one, label = gan.tensor {{0, 0, 1}, {0, 1, 0}}, gan.tensor({2, 1}, "i32")
    for _, case in ipairs {
      {"mlp", {size = 8, width = 8}}, {"dcgan", {size = 16, ngf = 2, conditioning = "concat"}},
      {"dcgan", {size = 16, ngf = 2, conditioning = "projection"}}, {"sndcgan", {size = 16, ngf = 2}},
      {"sngan_resnet", {size = 32, ngf = 2}}, {"r3gan", {size = 16, ngf = 16}},
    } do
      local name, opt = table.unpack(case)
      opt.channels, opt.z, opt.classes, opt.rng = 1, 4, 3, gan.rng(3)
      local G, z = gan.model[name].generator(opt), gan.rng(1):normal {2, 4}
      gan.no_grad(function() -- classes are alike at first
        for _, t in ipairs(G:params()) do t:add_(gan.rng(2):normal(t:shape(), 0, .1)) end
      end)
      local drawn = gan.nn.evaluate(G, z, label)
      assert.is_true((gan.nn.evaluate(G, z, one) - drawn):abs():max():item() < 1e-5, name)
      local mixed = gan.nn.evaluate(G, z, gan.tensor {{.5, 0, .5}, {1 / 3, 1 / 3, 1 / 3}})
      assert.is_true((mixed - drawn):abs():max():item() > 1e-4, name)
    end
  end)

  it("are refused where they are not one for each class, or not finite", function()
    local net = nn.chain {name = "G", nn.label_concat {3}}
    assert.matches("label_concat %(layer G.1%): bad argument #2 'y' %(expected i32 labels %(2%), or real weights of "
      .. "classes %(2,3%), got real tensor %(2,2%)%)", message(net, double.zeros(2, 1), double.zeros(2, 2)))
    assert.matches("got real tensor %(1,3%)%)", message(net, double.zeros(2, 1), double.zeros(1, 3)))
    assert.matches("row 2 of the weights holds NaN or an infinity", message(net, double.zeros(2, 1),
      double.tensor {{1, 0, 0}, {0 / 0, 0, 1}}))
  end)
end)
