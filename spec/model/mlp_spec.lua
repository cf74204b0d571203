-- Fully connected nets: the first GAN paper's for images, small ones for points; options.
local gan = require "gan"
local model = require "spec.support.model"
local mlp = gan.model.mlp

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("mlp", function()
  it("has the first GAN's nets for images", function()
    local G, D = mlp.generator {size = 28, rng = gan.rng(1)}, mlp.discriminator {size = 28, rng = gan.rng(1)}
    assert.equal(100 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 784 + 784, G:count())
    assert.equal(784 * 1200 + 1200 + 240 * 1200 + 1200 + 240 + 1, D:count())
    assert.near(0.05, G[3].weight:abs():max():item(), 1e-4)
    assert.near(0.005, D[3].weight:abs():max():item(), 1e-5)
    assert.equal(0, D[3].bias:abs():max():item())
    assert.matches("2 +dropout 0.2 +%(784%) +0\n3 +linear 784 %-> 1200 +%(1200%) +942,000\n4 +maxout 5 +%(240%)",
      tostring(D))
    assert.is_true(G(gan.randn(2, 100)):abs():max():item() < 1)
  end)

  it("makes and judges images and points, conditional or not", function()
    model.hold(mlp, {
      {G = {size = 8, channels = 1, z = 3, width = 6}, D = {size = 8, channels = 1, width = 4, pieces = 2, pack = 2}},
      {
        G = {size = 5, channels = 3, z = 3, ngf = 6, depth = 1, dropout = 0.5},
        D = {size = 5, channels = 3, ndf = 4, norm = "spectral", activation = "relu", noise = 0.1},
        conditioning = {"none"},
      },
      {
        G = {dim = 2, z = 3, width = 6, norm = "batch"},
        D = {dim = 2, width = 4, depth = 3, minibatch = "discrimination", kernels = 3, pack = 4},
      },
      {
        G = {dim = 3, z = 3, width = 6, activation = "tanh", init = "orthogonal", norm = "layer"},
        D = {dim = 3, width = 4, activation = "elu", slope = 0.5, minibatch = "stddev", norm = "batch",
          init = "he_normal"},
        conditioning = {"none"},
      },
    })
  end)

  it("takes the user's starting values", function()
    local G = mlp.generator {dim = 2, init = function(net, rng)
      gan.nn.initial.constant(net, {value = 3, rng = rng})
    end}
    assert.equal(3, G[1].weight:get(1, 1))
    assert.equal("linear 16 -> 128", G[1]:describe())
  end)

  it("names what is wrong", function()
    assert.matches("model.mlp.discriminator: unknown option 'units'", message(mlp.discriminator, {units = 3}))
    assert.matches("model.mlp.generator: option 'norm': expected 'none', 'batch' or 'layer', got string 'spectral'",
      message(mlp.generator, {norm = "spectral"}))
    assert.matches("option 'activation': expected 'relu', .* or 'tanh', got string 'maxout'",
      message(mlp.generator, {activation = "maxout"}))
    assert.matches("option 'size': expected an integer in 4..256, got 3", message(mlp.generator, {size = 3}))
    assert.matches("option 'dim': expected an integer in 1..65536", message(mlp.discriminator, {dim = 0}))
    assert.matches("option 'depth': expected an integer", message(mlp.discriminator, {depth = 1.5}))
    assert.matches("option 'input_dropout': expected a number in %[0,1%]",
      message(mlp.discriminator, {input_dropout = 2}))
    assert.matches("unknown option 'widht' %(did you mean 'width'%?%)", message(mlp.discriminator, {widht = 3}))
    assert.matches("option 'init': expected 'default', .* or 'gan2014', or a function",
      message(mlp.discriminator, {init = 3}))
  end)
end)
