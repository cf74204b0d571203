-- R3GAN: parameter counts, starting values, conditional nets, packs, widths, options.
local gan = require "gan"
local model = require "spec.support.model"
local r3gan = gan.model.r3gan

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

-- Numbers in the blocks of one width, without biases counted twice.
local function block(c) return c * 2 * c + 2 * c + 9 * 16 * 2 * c + 2 * c + 2 * c * c end

describe("r3gan", function()
  it("has the parameters of the paper's net for CIFAR-10, counted by hand", function()
    local g = 64 * 768 + 16 * 768 + 8 * block(768) + 768 * 3
    local d = 3 * 768 + 8 * block(768) + 16 * 768 + 768
    assert.equal(20732160, g)
    local wide = {size = 32, widths = {768, 768, 768, 768}, blocks = 2, init = function() end}
    assert.equal(g, r3gan.generator(wide):count())
    assert.equal(d, r3gan.discriminator(wide):count())
  end)

  it("has widths from ngf and ndf, and changes them by 1x1 convolutions", function()
    for size, widths in pairs {
      [16] = {16, 8, 8}, [32] = {32, 16, 8, 8}, [64] = {64, 32, 16, 8, 8}, [128] = {64, 64, 32, 16, 8, 8},
    } do
      local G = r3gan.generator {size = size, ngf = 8, z = 3, channels = 1}
      local D = r3gan.discriminator {size = size, ndf = 8, channels = 1}
      local n, g, d = #widths, 3 * widths[1] + 16 * widths[1] + 8, 8 + 16 * widths[1] + widths[1]
      for i = 1, n do
        g, d = g + block(widths[i]), d + block(widths[i])
        if i > 1 and widths[i] ~= widths[i - 1] then
          g, d = g + widths[i] * widths[i - 1], d + widths[i] * widths[i - 1]
        end
      end
      assert.equal(g, G:count())
      assert.equal(d, D:count())
      assert.same({size, size, 1}, G:shape {3})
      assert.same({}, D:shape {size, size, 1})
    end
    local G = tostring(r3gan.generator {size = 16, widths = {24, 16, 8}, group = 8, z = 5})
    assert.matches("1 +learned_basis 5 %-> 4x4 of 24 +%(4,4,24%)", G)
    assert.matches("4 +resample up 2, 4 taps +%(8,8,16%)", G)
    assert.matches("conv2d 8 %-> 3, 1x1, no bias +%(16,16,3%)", G)
  end)

  it("makes and judges images, conditional or not, packed or not", function()
    model.hold(r3gan, {
      {
        G = {size = 16, channels = 2, z = 5, ngf = 8}, D = {size = 16, channels = 2, ndf = 8, init = "he_normal"},
        conditioning = {"none", "projection", "acgan"},
      },
      {
        G = {size = 32, channels = 1, z = 5, widths = {8, 4, 4, 4}, group = 4, blocks = 2},
        D = {size = 32, channels = 1, widths = {4, 4, 4, 8}, group = 4, pack = 2, minibatch = "stddev"},
        conditioning = {"none"},
      },
    })
  end)

  it("starts as its shortcuts alone, of variance near 1", function()
    local G = r3gan.generator {rng = gan.rng(1, "G")}
    local D = r3gan.discriminator {rng = gan.rng(1, "D")}
    local z = gan.rng(2):normal {64, 64}
    local x, straight = G(z), z
    for i = 1, #G do if G[i].kind ~= "bottleneck" then straight = G[i](straight) end end
    assert.is_true(x:to_bytes() == straight:to_bytes())
    local deviation = x:var():sqrt():item()
    assert.is_true(deviation > 0.3 and deviation < 1.2, deviation)
    local function std(t) return t:detach():var():sqrt():item() end
    assert.near(1 / 4, std(D[#D - 3].weight), 0.02) -- depthwise, 4x4
    -- all layers of D but the blocks are linear: doubling the picture doubles the logit
    local real = gan.rng(3):normal {4, 32, 32, 3}
    assert.near(0, (D(real * 2) - D(real) * 2):abs():max():item(), 1e-4)
  end)

  it("starts a conditional D's classes at the paper's gain", function()
    local D = r3gan.discriminator {classes = 10, rng = gan.rng(1, "D")}
    local head = D[#D]
    assert.equal("label_product 128 -> 128, 10 classes", head:describe())
    local deviation = head.classes.weight:detach():var():sqrt():item()
    assert.near(1 / math.sqrt(10 * 128), deviation, 0.05 / math.sqrt(10 * 128))
  end)

  it("names what is wrong", function()
    assert.matches("model.r3gan.generator: option 'size': expected 16, 32, 64 or 128, got 24",
      message(r3gan.generator, {size = 24}))
    assert.matches("model.r3gan.generator: option 'group': 16 does not divide 2 x 12, the channels inside a block of "
      .. "8 x 8 pixels; widths must be multiples of 8", message(r3gan.generator, {widths = {16, 12, 16, 16}}))
    assert.matches("model.r3gan.discriminator: option 'group': 16 does not divide 2 x 20, .* 16 x 16 pixels",
      message(r3gan.discriminator, {ndf = 20, group = 16, size = 32}))
    assert.matches("option 'widths': expected 4 integers, from 4 x 4 pixels up to 32 x 32, got nil at entry 4",
      message(r3gan.generator, {widths = {16, 16, 16}}))
    assert.matches("option 'widths': expected 3 integers, .* got 16 at entry 4",
      message(r3gan.generator, {size = 16, widths = {16, 16, 16, 16}}))
    assert.matches("got string 'x' at entry 2", message(r3gan.discriminator, {widths = {16, "x", 16, 16}}))
    assert.matches("option 'conditioning': expected 'projection' or 'acgan', got string 'concat'",
      message(r3gan.generator, {classes = 3, conditioning = "concat"}))
    assert.matches("option 'norm': expected 'none', got string 'batch'",
      message(r3gan.discriminator, {norm = "batch"}))
    assert.matches("option 'blocks': expected an integer", message(r3gan.generator, {blocks = 0}))
  end)
end)
