-- SNGAN's residual nets: shapes, parameter counts, starting values, conditional nets, options.
local gan = require "gan"
local model = require "spec.support.model"
local resnet = gan.model.sngan_resnet

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("sngan_resnet", function()
  it("has the parameters of the nets at 32 pixels, counted by hand", function()
    local function conv(k, ci, co) return k * k * ci * co + co end
    local up = 4 * 256 + conv(3, 256, 256) * 2 + conv(1, 256, 256)
    assert.equal(128 * 4096 + 4096 + 3 * up + 2 * 256 + conv(3, 256, 3), resnet.generator {init = "default"}:count())
    assert.equal(4276739, resnet.generator {init = "default"}:count()) -- as published implementations have it
    local same = 2 * conv(3, 128, 128)
    assert.equal(conv(3, 3, 128) + conv(3, 128, 128) + conv(1, 3, 128) + 3 * same + conv(1, 128, 128) + 129,
      resnet.discriminator {}:count())
  end)

  it("makes and judges images of both sizes, conditional or not", function()
    model.hold(resnet, {
      {G = {size = 32, channels = 1, z = 4, ngf = 2}, D = {size = 32, channels = 1, ndf = 2}, batch = 2},
      {
        G = {size = 64, channels = 3, z = 4, ngf = 1, attention = 8, spectral = true},
        D = {size = 64, channels = 3, ndf = 1, attention = 32, pool = "mean"},
        batch = 2, conditioning = {"none"},
      },
      {
        G = {size = 32, channels = 1, z = 4, ngf = 2},
        D = {size = 32, channels = 1, ndf = 2, norm = "none", minibatch = "discrimination", pack = 2},
        batch = 2, conditioning = {"projection"},
      },
    })
    assert.same({4}, resnet.discriminator {ndf = 1, minibatch = "stddev"}(gan.randn(4, 32, 32, 3)):shape())
  end)

  it("doubles its widths at 64 pixels", function()
    local G = tostring(resnet.generator {size = 64, ngf = 2, z = 3})
    local D = tostring(resnet.discriminator {size = 64, ndf = 2})
    assert.matches("residual_up 32 %-> 16 +%(8,8,16%)", G)
    assert.matches("residual_up 4 %-> 2 +%(64,64,2%)", G)
    assert.matches("residual_down 3 %-> 2, spectral norm +%(32,32,2%)", D)
    assert.matches("residual_down 16 %-> 32, spectral norm +%(2,2,32%)", D)
  end)

  it("starts with a gain of sqrt 2 inside blocks", function()
    local D = resnet.discriminator {ndf = 64, rng = gan.rng(1)}
    local function most(t) return t:abs():max():item() end
    local bound = math.sqrt(6 / (9 * 128))
    assert.near(math.sqrt(2) * bound, most(D[2].main[2].weight), 0.02 * bound)
    assert.near(math.sqrt(6 / 128), most(D[2].shortcut.weight), 0.02 * math.sqrt(6 / 128))
  end)

  it("names what is wrong", function()
    assert.matches("model.sngan_resnet.generator: option 'size': expected 32 or 64, got 28",
      message(resnet.generator, {size = 28}))
    assert.matches("option 'attention': expected 8, 16 or 32 pixels, less than the size, got 12",
      message(resnet.generator, {attention = 12}))
    assert.matches("option 'attention': .* got 32", message(resnet.discriminator, {attention = 32}))
    assert.matches("option 'norm': expected 'spectral' or 'none', got string 'batch'",
      message(resnet.discriminator, {norm = "batch"}))
    assert.matches("option 'pool': expected 'sum' or 'mean'", message(resnet.discriminator, {pool = "max"}))
  end)
end)
