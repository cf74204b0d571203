-- SPADE: parameter counts, shapes, what its critics see, feature matching, threads and states, options.
local gan = require "gan"
local golden = require "spec.support.golden"
local paired = require "spec.support.paired"
local spade = gan.model.spade

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function small(seed)
  return spade.generator {classes = 3, size = 16, z = 4, ngf = 2, hidden = 2, channels = 2, rng = gan.rng(seed, "G")},
    spade.discriminator {classes = 3, size = 32, channels = 2, ndf = 3, scales = 2, rng = gan.rng(seed, "D")}
end

describe("spade", function()
  it("has the parameters counted by hand", function()
    local quick = function() end
    assert.equal(987299, spade.generator {classes = 9, init = quick}:count())
    assert.equal(1359331, spade.generator {classes = 9, size = 64, init = quick}:count())
    assert.equal(344514, spade.discriminator {classes = 9, init = quick}:count())
  end)

  it("makes images that its critics judge at every scale", function()
    local function make(seed)
      local G = spade.generator {classes = 3, z = 4, ngf = 2, hidden = 2, channels = 2, rng = gan.rng(seed, "G")}
      return G, (select(2, small(seed)))
    end
    local rng = gan.rng(5)
    local map = rng:integer({3, 32, 32}, 0, 2)
    local G, D = paired.hold(make, {z = rng:normal {3, 4}, real = rng:uniform({3, 32, 32, 2}, -1, 1), condition = map})
    assert.same({32, 32, 2}, G:shape {4})
    local logits = D(gan.zeros(3, 32, 32, 2), map)
    assert.same({3, 6 * 6 + 2 * 2}, logits:shape())
    assert.same({40}, D:shape {32, 32, 2})
    golden.near(D[1](gan.zeros(3, 32, 32, 2), map):reshape {-1}:to_table(), logits:narrow(2, 1, 36):reshape {-1})
    assert.same({3, 32, 32, 2}, G(rng:normal {3, 4}, map:to "u8"):shape())
    assert.same({2, 16, 16, 2}, (small(1))(gan.zeros(2, 4), rng:integer({2, 64, 64}, 0, 2)):shape())
  end)

  it("minds the map", function()
    local _, D = small(3)
    local rng = gan.rng(4)
    local map = rng:integer({4, 32, 32}, 0, 2)
    local other = map:narrow(1, 2, 3)
    assert.is_true(paired.minds(D, rng:uniform({3, 32, 32, 2}, -1, 1), map:narrow(1, 1, 3), other) > 0.1)
  end)

  it("matches features as the authors do", function()
    local fake = {gan.tensor {1, 2, 3, 4}, gan.tensor {0, 1}, gan.tensor {.2, .4}}
    local real = {gan.tensor {1.5, 2, 2, 4}, gan.tensor {1, -1}, gan.tensor {0, 1}}
    for _, t in ipairs(fake) do t:requires_grad_() end
    local loss = gan.loss.perceptual().generator(fake, real) * (10 / 2)
    golden.near({11.375}, loss, 1e-4)
    local g = gan.grad(loss, fake)
    golden.near({-1.25, 0, 1.25, 0}, g[1], 1e-4)
    golden.near({-2.5, 2.5}, g[2], 1e-4)
    golden.near({2.5, -2.5}, g[3], 1e-4)
    local _, D = small(1)
    local list = D:features(gan.zeros(2, 32, 32, 2), gan.full({2, 32, 32}, 1, "i32"))
    assert.equal(6, #list) -- three activations of each of two critics
    assert.same({2, 16, 16, 3}, list[1]:shape())
    assert.same({2, 8, 8, 3}, list[4]:shape())
  end)

  it("weighs its critics alike", function()
    local _, D = small(1)
    local hinge = gan.loss.hinge()
    local loss = D:loss(hinge)
    local real, fake = gan.rng(1):normal {2, 40}, gan.rng(2):normal {2, 40}
    local function parts(x) return x:narrow(2, 1, 36), x:narrow(2, 37, 4) end
    local a, b = parts(real)
    local c, d = parts(fake)
    golden.near({(hinge.critic(a, c) + hinge.critic(b, d)):item() / 2}, loss.critic(real, fake), 1e-6)
    golden.near({(hinge.real(a) + hinge.real(b)):item() / 2}, loss.real(real), 1e-6)
    golden.near({-(c:mean() + d:mean()):item() / 2}, loss.generator(fake), 1e-6)
    assert.matches("patch_critics: loss: expected a loss whose terms", message(D.loss, D, gan.loss.relativistic()))
  end)

  it("names what is wrong", function()
    assert.matches("model.spade.generator: option 'classes': expected an integer", message(spade.generator, {}))
    assert.matches("option 'size': expected 16, 32, 64 or 128, got 20",
      message(spade.generator, {classes = 2, size = 20}))
    assert.matches("model.spade.discriminator: option 'layers': 2 of them need images of at least 12 pixels, got 8",
      message(spade.discriminator, {classes = 2, size = 16}))
    local G, D = small(1)
    assert.matches("nn.spade.*bad argument #2 'y' %(expected a map of classes", message(G, gan.zeros(1, 4)))
    assert.matches("nn.map_concat.*bad argument #2 'y'", message(D, gan.zeros(1, 32, 32, 2)))
  end)
end)
