-- adapted: a frozen generator with a scale and a shift behind its batch norms; norms: which layers normalise.
local float = require "gan"
local double = require "spec.support.double"
local near = require "spec.support.near"
local same_with_two_threads = require "spec.support.threads"

-- A generator whose batch norms have seen something, and whose gamma and beta are not 1 and 0.
local function trained(gan, architecture, opt)
  local G = gan.model[architecture].generator(opt)
  local rng = gan.rng(7, "trained")
  local y = opt.classes and rng:integer({32}, 0, opt.classes - 1)
  for _ = 1, 3 do gan.no_grad(function() G(rng:normal {32, opt.z}, y) end) end
  for _, n in ipairs(gan.nn.norms(G)) do
    gan.no_grad(function()
      n.layer.gamma:copy_(rng:normal(n.layer.gamma:shape(), 1, 0.2))
      n.layer.beta:copy_(rng:normal(n.layer.beta:shape(), 0, 0.2))
    end)
  end
  return G:eval()
end

local function dcgan(gan, more)
  local opt = {size = 16, channels = 1, z = 4, ngf = 3, rng = gan.rng(1)}
  for k, v in pairs(more or {}) do opt[k] = v end
  return trained(gan, "dcgan", opt)
end

local function bytes(state)
  local out = {}
  for name, t in pairs(state) do out[name] = t:to_bytes() end
  return out
end

-- Steps Adam on some parameters of mean |G(z) - target|, + weight of the distance; returns the last values of both.
local function fit(gan, G, z, target, steps, weight)
  local optimiser = gan.optim.adam(G:params(), {lr = function(step) return 0.03 * 0.2 ^ (5 * step // steps) end,
    beta1 = 0.9})
  local l1, distance
  for step = 1, steps do
    optimiser:at(step)
    l1, distance = (G(z) - target):abs():mean(), G:distance()
    optimiser:step(gan.grad(l1 + weight * distance, optimiser.params))
  end
  return l1:item(), distance:item()
end

describe("nn.adapted", function()
  it("draws as the generator did, bit for bit, before anything is learnt", function()
    local z = float.zeros(3, 4)
    for _, architecture in ipairs {"dcgan", "sndcgan"} do
      local G = trained(float, architecture, {size = 16, channels = 3, z = 4, ngf = 4, rng = float.rng(1)})
      local before = float.nn.evaluate(G, z)
      assert.is_true(before:to_bytes() == float.nn.adapted {G}(z):to_bytes(), architecture)
    end
    local G = trained(float, "sngan_resnet", {size = 32, channels = 3, z = 4, ngf = 4, rng = float.rng(1)})
    local before = float.nn.evaluate(G, z)
    assert.is_true(before:to_bytes() == float.nn.adapted {G}(z):to_bytes())
  end)

  it("draws one class of a generator that sees labels, with that one's gamma and beta", function()
    local z = double.rng(3):normal {3, 4}
    for _, opt in ipairs {{classes = 3}, {classes = 3, conditioning = "projection"}} do
      for class = 0, 2 do
        local G = dcgan(double, opt)
        local want = double.nn.evaluate(G, z, double.full({3}, class, "i32"))
        local got = double.nn.adapted {G, class = class}(z)
        near(0, (want - got):abs():max():item(), 1e-12)
      end
    end
  end)

  it("learns nothing but a scale and a shift for each channel of each batch norm", function()
    local G = float.nn.adapted {dcgan(float)}
    assert.same({"net.3.scale", "net.3.shift", "net.6.scale", "net.6.shift"}, G:names())
    assert.same({6, 6, 3, 3}, {G:params()[1]:numel(), G:params()[2]:numel(), G:params()[3]:numel(),
      G:params()[4]:numel()})
    assert.equal(18, G:count())
    local before = bytes(G:state())
    local l1 = fit(float, G, float.zeros(2, 4), float.full({2, 16, 16, 1}, 0.5), 20, 0.02)
    assert.equal(l1, l1)
    for name, t in pairs(G:state()) do
      assert.equal(name:find "scale$" ~= nil or name:find "shift$" ~= nil, t:to_bytes() ~= before[name], name)
    end
  end)

  it("stays in evaluation mode", function()
    local G = float.nn.adapted {dcgan(float)}
    local mean = G.net[3].norm.running_mean
    local z, before = float.randn(4, 4), mean:to_bytes()
    local y = float.nn.evaluate(G, z) -- leaves other nets in training mode
    assert.is_true(y:to_bytes() == G(z):to_bytes())
    G:train()
    assert.is_false(G.net[3].training)
    assert.is_true(y:to_bytes() == G(z):to_bytes() and before == mean:to_bytes())
  end)

  it("has the gradients of the formula: sum dy x', sum dy, where x' is what the norm made", function()
    local G = double.nn.adapted {dcgan(double)}
    local layer, rng = G.net[3], double.rng(5)
    local x, dy = rng:normal {4, 3, 3, 6}, rng:normal {4, 3, 3, 6}
    local made = layer.norm:forward(x)
    local d = double.grad((layer(x) * dy):sum(), {layer.scale, layer.shift})
    near((dy * made):sum {1, 2, 3}:to_table(), d[1], 1e-10)
    near(dy:sum {1, 2, 3}:to_table(), d[2], 1e-10)
    local z = rng:normal {2, 4}
    assert(double.gradcheck(function() return G(z) end, G:params(), {order = 2}))
    assert(double.gradcheck(function() return G:distance() end, G:params(), {order = 2}))
    assert(double.gradcheck(function(v) return G(v) end, {z}))
  end)

  it("measures how far scales and shifts are from where they began", function()
    local G = double.nn.adapted {dcgan(double)}
    near(0, G:distance())
    double.no_grad(function()
      G.net[3].scale:copy_(double.tensor {2, 1, 1, 1, 1, 0})
      G.net[6].shift:copy_(double.tensor {0, 3, 0})
    end)
    near(2 / 6 + 9 / 3, G:distance())
  end)

  it("finds the scales and shifts that drew a picture", function()
    local target = double.nn.adapted {dcgan(double, {init = "he_normal", activation = "elu"})}
    local rng, z = double.rng(11), double.zeros(1, 4)
    double.no_grad(function()
      for _, p in ipairs(target:params()) do p:copy_(p + rng:normal(p:shape(), 0, 0.3)) end
    end)
    local picture = target(z):detach()
    local G = double.nn.adapted {dcgan(double, {init = "he_normal", activation = "elu"})}
    local begun = (G(z) - picture):abs():mean():item()
    local l1 = fit(double, G, z, picture, 600, 0)
    assert.is_true(begun > 0.05 and l1 < 1e-4, ("%g -> %g"):format(begun, l1))
  end)

  it("stays where it began under a large weight of the distance", function()
    local G, picture = double.nn.adapted {dcgan(double)}, double.full({1, 16, 16, 1}, 0.7)
    local _, free = fit(double, G, double.zeros(1, 4), picture, 100, 0)
    local _, bound = fit(double, G, double.zeros(1, 4), picture, 300, 1000)
    assert.is_true(free > 0.1 and bound < 1e-5, ("%g, %g"):format(free, bound))
  end)

  it("has the same bytes with one thread and two", function()
    assert.is_true(same_with_two_threads(function(threads)
      float.threads(threads)
      local G = float.nn.adapted {dcgan(float)}
      fit(float, G, float.rng(2):normal {8, 4}, float.full({8, 16, 16, 1}, 0.5), 3, 0.02)
      return G:state()["net.3.scale"]:to_bytes()
    end))
  end)

  it("says what is in it", function()
    local text = tostring(float.nn.adapted {dcgan(float)})
    assert.truthy(text:find("scale and shift of batch_norm 6", 1, true), text)
  end)

  it("names what is wrong", function()
    local nn = float.nn
    assert.error_matches(function() nn.adapted {float.model.r3gan.generator {size = 16, z = 4, ngf = 8}} end,
      "nn.adapted: the net has no batch norm, behind whose stored statistics a scale and a shift are learnt "
      .. "%(its norms: none%)")
    assert.error_matches(function() nn.adapted {float.model.dcgan.generator {size = 16, ngf = 2, norm = "layer"}} end,
      "%(its norms: layer_norm%)")
    local conditional = dcgan(float, {classes = 3, conditioning = "projection"})
    assert.error_matches(function() nn.adapted {conditional, class = 3} end,
      "nn.adapted: option 'class': expected 0 to 2, got 3")
    assert.error_matches(function() nn.adapted {print} end, "nn.adapted: expected a net as first entry, got function")
    assert.error_matches(function() nn.adapted(dcgan) end, "nn.adapted: expected a table of options, got function")
    assert.error_matches(function() nn.adapted {dcgan(float), clas = 3} end,
      "unknown option 'clas' %(did you mean 'class'%?%)")
    assert.error_matches(function() nn.adapted {dcgan(float), class = -1} end,
      "option 'class': expected an integer >= 0, got %-1")
  end)
end)

describe("nn.norms", function()
  local nn = float.nn

  it("lists the layers that normalise, with their names", function()
    local net = nn.chain {
      nn.linear {4, 4}, nn.batch_norm {4}, nn.chain {nn.layer_norm {4}, nn.relu {}}, nn.conditional_batch_norm {4, 2},
      nn.pixel_norm {}, nn.weight_norm(nn.linear {4, 4}),
    }
    local names, kinds = {}, {}
    for i, n in ipairs(nn.norms(net)) do names[i], kinds[i] = n.name, n.layer.kind end
    assert.same({"2", "3.1", "4", "5"}, names)
    assert.same({"batch_norm", "layer_norm", "conditional_batch_norm", "pixel_norm"}, kinds)
    assert.same({}, nn.norms(nn.linear {2, 3}))
    assert.equal(9, #nn.norms(float.model.sngan_resnet.generator {size = 64, ngf = 1, z = 2}))
  end)

  it("wants a net", function()
    assert.error_matches(function() nn.norms {} end, "nn.norms: bad argument #1 'net' %(expected a net, got table")
  end)
end)
