-- The relativistic losses by their definitions.
local gan, near = require "spec.support.double", require "spec.support.near"

local function sp(x) return math.max(x, 0) + math.log(1 + math.exp(-math.abs(x))) end

describe("relativistic", function()
  local real, fake = gan.tensor {1.5, -0.3}, gan.tensor {-0.7, 0.4}

  it("compares with the mean of the other kind", function()
    local loss = gan.loss.relativistic()
    local mr, mf = 0.6, -0.15
    local d = (sp(-(1.5 - mf)) + sp(-(-0.3 - mf))) / 2 + (sp(-0.7 - mr) + sp(0.4 - mr)) / 2
    local g = (sp(-(-0.7 - mr)) + sp(-(0.4 - mr))) / 2 + (sp(1.5 - mf) + sp(-0.3 - mf)) / 2
    near(d, loss.critic(real, fake))
    near(g, loss.generator(fake, real))
    near(2 * math.log(2), loss.critic(real * 0, fake * 0))
    assert.is_nil(loss.real or loss.fake)
    near(loss.critic(real, fake):item(), loss.critic(real, gan.tensor {-0.7, 0.4, -0.7, 0.4})) -- batches may differ
  end)

  it("or pair by pair", function()
    local loss = gan.loss.relativistic {average = false}
    near((sp(-2.2) + sp(0.7)) / 2, loss.critic(real, fake))
    near((sp(2.2) + sp(-0.7)) / 2, loss.generator(fake, real))
    assert(gan.gradcheck(loss.critic, {real, fake}, {order = 2}))
    assert.error_matches(function() loss.critic(real, gan.zeros(3)) end,
      "relativistic: the real logits are %(2%), the fake ones %(3%): batches must have one size")
    assert.error_matches(function() loss.generator(gan.zeros(3), real) end, "are %(2%), the fake ones %(3%)")
  end)

  it("gives RpGAN's worked numbers", function()
    local loss = gan.loss.open "rp"
    local r, f = gan.tensor({1.5, -0.3}):requires_grad_(), gan.tensor({-0.7, 0.4}):requires_grad_()
    local function of(y, value, on_real)
      local g = gan.grad(y, {r, f})
      near(value, y, 1e-12)
      near(on_real, g[1], 1e-12)
      near({-on_real[1], -on_real[2]}, g[2], 1e-12)
    end
    of(loss.critic(r, f), 0.604134684327077, {-0.04987524455984257, -0.3340938860840831})
    of(loss.generator(f, r), 1.354134684327077, {0.45012475544015745, 0.16590611391591698})
    assert.is_nil(loss.real or loss.fake)
    assert.error_matches(function() gan.loss.open("rp", {average = false}) end, "unknown option 'average'")
  end)

  it("needs both kinds for G", function()
    assert.error_matches(function() gan.loss.relativistic().generator(fake) end,
      "relativistic: generator%(fake, real%) needs D's logits of real")
    assert.error_matches(function() gan.loss.relativistic {average = 1} end, "'average': expected true or false")
  end)
end)
