-- SNDCGAN: shapes, parameter counts, both plans of widths, variants, conditional nets, options.
local gan = require "gan"
local model = require "spec.support.model"
local sndcgan = gan.model.sndcgan

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("sndcgan", function()
  it("has the parameters of the nets at 32 pixels, counted by hand", function()
    local g = 128 * 8192 + 16 * (512 * 256 + 256 * 128 + 128 * 64) + 2 * (512 + 256 + 128 + 64) + 9 * 64 * 3 + 3
    assert.equal(g, sndcgan.generator {init = "default"}:count())
    local function d(widths)
      local n, before = 0, 3
      for i, w in ipairs(widths) do
        n = n + (i % 2 == 1 and 9 or 16) * before * w + w
        before = w
      end
      return n + 512 + 1
    end
    assert.equal(d {64, 64, 128, 128, 256, 256, 512}, sndcgan.discriminator {init = "default"}:count())
    assert.equal(d {64, 128, 128, 256, 256, 512, 512},
      sndcgan.discriminator {init = "default", plan = "compare_gan"}:count())
  end)

  it("makes and judges images of its sizes, conditional or not", function()
    model.hold(sndcgan, {
      {G = {size = 16, channels = 1, z = 5, ngf = 2}, D = {size = 16, channels = 1, ndf = 2}},
      {
        G = {size = 24, channels = 3, z = 5, ngf = 2, spectral = true},
        D = {size = 24, channels = 3, ndf = 2, plan = "compare_gan", norm = "none", pack = 3},
        conditioning = {"none", "projection"},
      },
    })
    assert.same({64, 64, 3}, sndcgan.generator {size = 64, ngf = 2, z = 3}:shape {3})
    assert.same({}, sndcgan.discriminator {size = 128, ndf = 1}:shape {128, 128, 3})
  end)

  it("has minibatch layers and other norms", function()
    for _, opt in ipairs {
      {minibatch = "discrimination", kernels = 7}, {minibatch = "stddev"}, {norm = "batch"}, {norm = "layer"},
    } do
      opt.size, opt.ndf = 16, 2
      local D = sndcgan.discriminator(opt)
      assert.same({4}, D(gan.randn(4, 16, 16, 3)):shape())
    end
    assert.matches("minibatch_discrimination 16, 7 kernels of 5 +%(2,2,23%)",
      tostring(sndcgan.discriminator {size = 16, ndf = 2, minibatch = "discrimination", kernels = 7}))
  end)

  it("has spectral norms on every weight, and orthogonal starting values", function()
    local D, n = sndcgan.discriminator {size = 16, ndf = 2, rng = gan.rng(1)}, 0
    D:apply(function(layer)
      if layer.output_axis then
        n = n + 1
        assert.equal("spectral norm", layer.norm:describe())
      end
    end)
    assert.equal(8, n)
    local w = D[3].weight:detach():reshape {32, 2}
    local product = gan.matmul(w:transpose(), w)
    assert.is_true((product - gan.tensor {{1, 0}, {0, 1}}):abs():max():item() < 1e-5)
  end)

  it("names what is wrong", function()
    assert.matches("model.sndcgan.generator: option 'size': expected a multiple of 8 in 16..256, got 28",
      message(sndcgan.generator, {size = 28}))
    assert.matches("option 'channels': expected an integer in 1..65536, got 0",
      message(sndcgan.discriminator, {channels = 0}))
    assert.matches("option 'plan': expected 'studiogan' or 'compare_gan', got string 'x'",
      message(sndcgan.discriminator, {plan = "x"}))
    assert.matches("option 'spectral': expected true or false, got 1", message(sndcgan.generator, {spectral = 1}))
    assert.matches(
      "option 'conditioning': 'projection' puts the labels into batch norms, it needs norm = 'batch', got 'none'",
      message(sndcgan.generator, {norm = "none", classes = 3}))
    assert.matches("option 'init': expected 'default', 'dcgan', .* or 'orthogonal', or a function, got string 'x'",
      message(sndcgan.discriminator, {init = "x"}))
    assert.matches("unknown option 'ngf'", message(sndcgan.discriminator, {ngf = 3}))
  end)
end)
