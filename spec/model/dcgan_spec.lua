-- DCGAN: shapes, exact parameter counts, starting values, the printout, a few steps of training.
local gan = require "gan"
local core = require "gan.core"
local model = require "spec.support.model"
local dcgan = gan.model.dcgan

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("dcgan", function()
  it("has the parameters of the paper's net at 64 pixels, counted by hand", function()
    -- 4x4 kernels without bias, two numbers per channel of each batch norm
    local g = 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * (512 + 256 + 128 + 64)
    local d = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1) + 2 * (128 + 256 + 512)
    assert.equal(3576704, g)
    assert.equal(2765568, d)
    assert.equal(g, dcgan.generator {}:count())
    assert.equal(d, dcgan.discriminator {}:count())
  end)

  for _, size in ipairs {16, 32, 64, 128} do
    it("makes and judges images of " .. size, function()
      for _, channels in ipairs {1, 3} do
        local G = dcgan.generator {size = size, channels = channels, z = 5, ngf = 2}
        local D = dcgan.discriminator {size = size, channels = channels, ndf = 2}
        local x = G(gan.randn(2, 5))
        assert.same({2, size, size, channels}, x:shape())
        assert.same({2, size, size, channels}, G(gan.randn(2, 1, 1, 5)):shape())
        local logits = D(x)
        assert.same({2}, logits:shape())
        assert.same({size, size, channels}, G:shape {5})
        assert.same({}, D:shape {size, size, channels})
        -- levels: 4 -> size
        local levels = math.tointeger(math.log(size // 4, 2))
        assert.equal(levels + 1 + levels, #G:params() - levels) -- convolutions, and gamma, beta of all but the last
      end
    end)
  end

  it("has DCGAN's starting values, from one stream", function()
    local function pair(rng)
      return dcgan.generator {size = 32, ngf = 16, rng = rng}, dcgan.discriminator {size = 32, ndf = 16, rng = rng}
    end
    local G, D = pair(gan.rng(1, "init"))
    local function deviation(t)
      local square, list = 0, t:reshape {-1}:to_table()
      for _, v in ipairs(list) do square = square + v * v end
      return math.sqrt(square / #list)
    end
    assert.is_true(math.abs(deviation(G[5].weight) / 0.02 - 1) < 0.03)
    assert.is_true(math.abs(deviation(D[3].weight) / 0.02 - 1) < 0.03)
    local gamma = deviation(G[3].gamma - 1)
    assert.is_true(gamma > 0.01 and gamma < 0.03)
    assert.equal(0, deviation(G[3].beta))
    local H, E = pair(gan.rng(1, "init"))
    for name, t in pairs(G:state()) do assert.is_true(t:to_bytes() == H:state()[name]:to_bytes(), name) end
    for name, t in pairs(D:state()) do assert.is_true(t:to_bytes() == E:state()[name]:to_bytes(), name) end
  end)

  it("is conditional three ways", function()
    model.hold(dcgan, {
      {G = {size = 16, channels = 1, z = 5, ngf = 2}, D = {size = 16, channels = 1, ndf = 2}},
      {
        G = {size = 16, channels = 6, z = 5, ngf = 2}, D = {size = 16, channels = 6, ndf = 2, pack = 2, norm = "none"},
        conditioning = {"none", "concat"},
      },
    })
    local G = dcgan.generator {size = 16, ngf = 1, z = 5, classes = 2}
    assert.same({2, 16, 16, 3}, G(gan.randn(2, 1, 1, 5), gan.tensor({1, 0}, "i32")):shape())
  end)

  it("has norms, activations, minibatch layers, noise and dropout to choose from", function()
    local cases = {}
    for _, norm in ipairs {"layer", "instance", "none", "virtual"} do
      cases[#cases + 1] = {G = {norm = norm},
        D = {norm = norm, reference = norm == "virtual" and gan.rng(1):normal {3, 16, 16, 1} or nil}}
    end
    cases[#cases + 1] = {G = {activation = "leaky_relu", slope = 0.1, dropout = 0.5},
      D = {norm = "spectral", activation = "elu", minibatch = "stddev"}}
    cases[#cases + 1] = {G = {init = "orthogonal", activation = "selu"},
      D = {noise = 0.1, dropout = 0.2, minibatch = "discrimination", kernels = 4}}
    for _, case in ipairs(cases) do
      for _, opt in ipairs {case.G, case.D} do opt.size, opt.channels = 16, 1 end
      case.G.ngf, case.G.z, case.D.ndf, case.conditioning = 2, 3, 2, {"none"}
    end
    model.hold(dcgan, cases)
    model.hold(dcgan, {{G = {size = 16, channels = 1, z = 3, ngf = 1}, conditioning = {"projection", "acgan"},
      D = {size = 16, channels = 1, ndf = 1, minibatch = "discrimination", norm = "spectral"}}})
  end)

  it("draws with dropout on, and prints the net inside a virtual batch", function()
    local G = dcgan.generator {size = 16, z = 3, ngf = 4, dropout = 0.5}:eval()
    local z = gan.randn(2, 3)
    assert.is_false(G(z):to_bytes() == G(z):to_bytes())
    assert.matches("3  virtual_batch_norm 4", tostring(dcgan.generator {size = 16, ngf = 2, norm = "virtual"}))
    local labelled = dcgan.generator {size = 16, ngf = 2, norm = "virtual", classes = 4}
    assert.same({64}, labelled.labels:shape())
    assert.same({2, 16, 16, 3}, labelled(gan.randn(2, 100), gan.tensor({1, 3}, "i32")):shape())
  end)

  it("prints its layers", function()
    assert.equal([[
   layer                                              output    parameters
1  conv2d 1 -> 8, 4x4, stride 2, padding 1, no bias   (8,8,8)          128
2  leaky_relu 0.2                                     (8,8,8)            0
3  conv2d 8 -> 16, 4x4, stride 2, padding 1, no bias  (4,4,16)       2,048
4  batch_norm 16                                      (4,4,16)          32
5  leaky_relu 0.2                                     (4,4,16)           0
6  conv2d 16 -> 1, 4x4, no bias                       (1,1,1)          256
7  view ()                                            ()                 0
   total                                                             2,464]],
      tostring(dcgan.discriminator {size = 16, channels = 1, ndf = 8}))
    local g = tostring(dcgan.generator {})
    assert.matches("2   conv_transpose2d 100 %-> 512, 4x4, no bias +%(4,4,512%) +819,200\n", g)
    assert.matches("15  tanh +%(64,64,3%) +0\n    total +3,576,704$", g)
  end)

  it("names the sizes and channels that it can make", function()
    assert.matches("dcgan_spec.lua:%d+: model.dcgan.generator: option 'size': expected 16, 32, 64 or 128, got 48",
      message(dcgan.generator, {size = 48}))
    assert.matches("model.dcgan.discriminator: option 'size': expected 16, 32, 64 or 128, got string '64'",
      message(dcgan.discriminator, {size = "64"}))
    assert.matches("option 'channels': expected an integer in 1..65536, got 0",
      message(dcgan.generator, {channels = 0}))
    assert.matches("option 'pack': expected an integer in 1..65536, got 0", message(dcgan.discriminator, {pack = 0}))
    assert.matches("unknown option 'pack'", message(dcgan.generator, {pack = 2}))
    assert.matches("option 'ngf': expected an integer in 1..65536, got 0", message(dcgan.generator, {ngf = 0}))
    assert.matches("option 'z': expected an integer in 1..65536, got 1.5", message(dcgan.generator, {z = 1.5}))
    assert.matches("option 'norm': expected 'batch', 'layer', 'instance', 'virtual' or 'none', got string 'spectral'",
      message(dcgan.generator, {norm = "spectral"}))
    assert.matches("option 'norm': 'virtual' needs the option 'reference', a batch of real images",
      message(dcgan.discriminator, {norm = "virtual"}))
    assert.matches("option 'minibatch': expected 'discrimination' or 'stddev', got true",
      message(dcgan.discriminator, {minibatch = true}))
    assert.matches("option 'conditioning': expected 'concat', 'projection' or 'acgan'",
      message(dcgan.discriminator, {classes = 2, conditioning = "x"}))
    assert.matches("option 'init': expected 'default', .* or 'orthogonal', or a function, got 3",
      message(dcgan.discriminator, {init = 3}))
    assert.matches("model.dcgan.generator: option 'conditioning': 'acgan' needs the option 'classes'",
      message(dcgan.generator, {conditioning = "acgan"}))
    assert.matches("option 'classes': expected an integer in 1..65536, got 0",
      message(dcgan.discriminator, {classes = 0}))
    assert.matches("option 'dropout': expected a number in %[0,1%], got 2", message(dcgan.generator, {dropout = 2}))
    assert.matches("unknown option 'nfd' %(did you mean 'ndf'%?%)", message(dcgan.discriminator, {nfd = 3}))
    assert.matches("option 'rng': expected a random stream", message(dcgan.discriminator, {rng = 3}))
    assert.matches(
      "nn.conv2d %(layer D.1%): bad argument #1 'x' %(expected real %(N,H,W,3%), got real tensor %(2,64,64,1%)%)",
      message(dcgan.discriminator {ndf = 2}, gan.zeros(2, 64, 64, 1)))
  end)

  it("learns: a few steps lower the discriminator's loss, and the same ones with one thread or two", function()
    local function run(threads)
      gan.threads(threads)
      local rng = gan.rng(1, "all")
      local G = dcgan.generator {size = 16, channels = 1, z = 4, ngf = 4, rng = rng}
      local D = dcgan.discriminator {size = 16, channels = 1, ndf = 4, rng = rng}
      local function step(net, loss, lr)
        local params = net:params()
        local grads = gan.grad(loss, params)
        for i, p in ipairs(params) do core.sub_(p, core.mul(grads[i], lr)) end
        return loss:item()
      end
      local losses = {}
      for i = 1, 8 do
        local real = rng:uniform({8, 16, 16, 1}, 0, 1)
        local fake = G(rng:normal {8, 4})
        losses[i] = step(D, D(real):neg():softplus():mean() + D(fake:detach()):softplus():mean(), 0.01)
        step(G, D(fake):neg():softplus():mean(), 0.001)
      end
      return losses
    end
    local before = gan.threads()
    local one, two = run(1), run(2)
    gan.threads(before)
    assert.same(one, two)
    assert.is_true(math.abs(one[1] - 2 * math.log(2)) < 0.1) -- knows nothing yet
    assert.is_true(one[8] < one[1] - 0.1, ("%g, then %g"):format(one[1], one[8]))
  end)
end)

describe("gan.model", function()
  it("has no model of another name", function()
    for _, name in ipairs {"parts", "nothing", "../nn", 1} do
      assert.error_matches(function() return gan.model[name] end, "gan.model: there is no '" .. name .. "'", 1, true)
    end
  end)
end)
