-- GAN-CLS: parameter counts, threads and states, that D minds the text, options.
local gan = require "gan"
local paired = require "spec.support.paired"
local gan_cls = gan.model.gan_cls

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function make(seed)
  local common = {size = 16, channels = 2, text = 5, features = 3}
  local function with(opt)
    for k, v in pairs(common) do opt[k] = v end
    return opt
  end
  return gan_cls.generator(with {z = 4, ngf = 4, rng = gan.rng(seed, "G")}),
    gan_cls.discriminator(with {ndf = 4, rng = gan.rng(seed, "D")})
end

describe("gan_cls", function()
  it("has the parameters counted by hand", function()
    local quick = function() end
    assert.equal(1609731, gan_cls.generator {init = quick}:count())
    assert.equal(778049, gan_cls.discriminator {init = quick}:count())
    assert.equal(4641795, gan_cls.generator {size = 64, init = quick}:count())
    assert.equal(3109441, gan_cls.discriminator {size = 64, init = quick}:count())
  end)

  it("makes and judges images", function()
    local rng = gan.rng(5)
    local e = rng:normal {4, 5}
    local real = rng:uniform({4, 16, 16, 2}, -1, 1)
    local G, D = paired.hold(make, {z = rng:normal {4, 4}, real = real, condition = e})
    assert.same({16, 16, 2}, G:shape {4})
    assert.same({}, D:shape {16, 16, 2})
    assert.same({2, 4}, D.sections)
    local _, other = make(3)
    assert.is_true(paired.minds(other, real, e, rng:normal {4, 5}) > 0.1)
  end)

  it("names what is wrong", function()
    local G, D = make(1)
    assert.matches("nn.text.concat %(layer G.1%): bad argument #2 'e' %(expected a text's vectors, real %(2,5%), got",
      message(G, gan.zeros(2, 4)))
    assert.matches("nn.text.concat %(layer D.%d%): bad argument #2 'e'", message(D, gan.zeros(2, 16, 16, 2)))
    assert.matches("model.gan_cls.generator: option 'size': expected 16, 32, 64 or 128",
      message(gan_cls.generator, {size = 8}))
    assert.matches("unknown option 'classes'", message(gan_cls.discriminator, {classes = 3}))
  end)
end)
