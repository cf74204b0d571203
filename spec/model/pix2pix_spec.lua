-- pix2pix: parameter counts, skips, receptive field of the patch critic, losses, threads and states, options.
local double = require "spec.support.double"
local gan = require "gan"
local golden = require "spec.support.golden"
local paired = require "spec.support.paired"
local pix2pix = gan.model.pix2pix

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local quick = function() end

describe("pix2pix", function()
  it("has the parameters counted by hand, and the authors'", function()
    assert.equal(4171107, pix2pix.generator {size = 32, inputs = 9, init = quick}:count())
    assert.equal(7317859, pix2pix.generator {size = 64, inputs = 9, init = quick}:count())
    assert.equal(672193, pix2pix.discriminator {size = 32, inputs = 9, norm = "spectral", init = quick}:count())
    assert.equal(2768705, pix2pix.discriminator {size = 256, layers = 3, init = quick}:count())
  end)

  it("has the authors' net at 256 pixels", function()
    assert.equal(54414019, pix2pix.generator {size = 256, ngf = 64, init = quick}:count())
  end)

  it("makes images of images, and of maps", function()
    local function make(seed)
      return pix2pix.generator {size = 16, inputs = 3, channels = 2, ngf = 3, rng = gan.rng(seed, "G")},
        pix2pix.discriminator {size = 16, inputs = 3, channels = 2, ndf = 3, rng = gan.rng(seed, "D")}
    end
    local rng = gan.rng(5)
    local map = rng:integer({3, 16, 16}, 0, 2)
    local G = paired.hold(make, {real = rng:uniform({3, 16, 16, 2}, -1, 1), condition = map,
      draw = function(net, _, condition) return net(condition) end})
    assert.is_true(G(map):to_bytes() == G(gan.one_hot(map, 3)):to_bytes())
    assert.same({16, 16, 2}, G:shape {16, 16, 3})
    assert.matches("unet 3 %-> 2, 4 levels", tostring(G))
    local _, D = make(3)
    assert.is_true(paired.minds(D, rng:uniform({3, 16, 16, 2}, -1, 1), map, rng:integer({3, 16, 16}, 0, 2)) > 0.1)
  end)

  it("has dropout in the two innermost levels, and skips beside each level", function()
    local G = pix2pix.generator {size = 32, inputs = 1, ngf = 2}
    assert.equal(2, #G.dropout)
    local x = gan.rng(1):normal {2, 32, 32, 1}
    G:eval()
    assert.is_false(G(x):to_bytes() == G(x):to_bytes())
    G = pix2pix.generator {size = 32, inputs = 1, ngf = 2, dropout = 0}:eval()
    assert.is_true(G(x):to_bytes() == G(x):to_bytes())
    for _, norm in ipairs(G.up_norm) do gan.nn.initial.zeros(norm.gamma) gan.nn.initial.zeros(norm.beta) end
    local skip = G.down[1](x) -- all that is left, as what comes up is 0
    local y = G.up[1](gan.cat({skip, gan.zeros(2, 16, 16, 2)}, 4):relu()):tanh()
    golden.near(y:reshape {-1}:to_table(), G(x), 1e-5)
  end)

  it("judges patches of 34 pixels", function()
    local D = double.model.pix2pix.discriminator {size = 64, inputs = 1, channels = 1, ndf = 2, norm = "none",
      rng = double.rng(1)}
    local x = double.rng(2):normal {1, 64, 64, 1}:requires_grad_()
    local logits = D(x, double.zeros(1, 64, 64, 1))
    assert.same({1, 14, 14, 1}, logits:shape())
    local g = double.grad(logits[1][7][7]:sum(), {x})[1]:abs():reshape {64, 64}
    local rows, columns = g:sum(2):to_table(), g:sum(1):to_table()
    local function count(list)
      local n = 0
      for _, v in ipairs(list) do if v > 0 then n = n + 1 end end
      return n
    end
    assert.equal(34, count(rows))
    assert.equal(34, count(columns))
    local n = count(g:reshape {-1}:to_table())
    assert.equal(34 * 34, n)
  end)

  it("has the worked losses", function()
    local fake, real = double.tensor {.5, -1, 2, 0}, double.tensor {1, 2, -.5, .3}
    local logistic, squares = double.loss.logistic(), double.loss.least_squares()
    golden.near({3.6518534658}, logistic.generator(fake) + 100 * .03)
    golden.near({.7595044738}, logistic.critic(real, fake) * 0.5)
    golden.near({1.5625}, squares.generator(fake) * 2)
    golden.near({1.12375}, squares.critic(real, fake))
  end)

  it("has gradients to order two", function()
    local D = double.model.pix2pix.discriminator {size = 16, inputs = 1, channels = 1, ndf = 1, layers = 1,
      norm = "spectral", rng = double.rng(1)}:eval()
    local x, condition = double.rng(2):normal {1, 16, 16, 1}, double.rng(3):normal {1, 16, 16, 1}
    assert(double.gradcheck(function(scale) return D(x * scale, condition):tanh() end,
      {double.full({1}, 0.3), D[2].weight}, {order = 2}))
  end)

  it("names what is wrong", function()
    local G = pix2pix.generator {size = 16, inputs = 3, ngf = 2}
    assert.matches(" unet: bad argument #1 'x' %(expected a map of classes, u8 or i32 %(2,H,W%), or real %(2,16,16,3%)"
      .. ", got real tensor %(2,16,16,1%)%)", message(G, gan.zeros(2, 16, 16, 1)))
    assert.matches("#1 'x' .* got nil", message(G))
    assert.matches("option 'size': expected 16, 32, 64, 128 or 256", message(pix2pix.generator, {size = 512}))
    assert.matches("option 'layers': 3 of them need images of at least 24 pixels, got 16",
      message(pix2pix.discriminator, {size = 16, layers = 3}))
  end)
end)
