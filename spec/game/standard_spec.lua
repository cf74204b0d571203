-- The parts that most games share: filled in where they lack, left alone where they do not.
local gan = require "gan"

local OPT = {z = 3, lr = 0.1, glr = 0.2, beta1 = 0.5, beta2 = 0.9, ema_kimg = 0.32, batch = 16, gsteps = 2}

describe("game.standard", function()
  local G, D
  before_each(function() G, D = gan.nn.linear {3, 2}, gan.nn.linear {2, 1} end)

  it("fills in what options say", function()
    local rng = gan.rng(1)
    local spec = gan.game.standard({G = G, D = D}, OPT, function(name) return name == "z" and rng end)
    assert.same({0.1, 0.2, 0.5, 0.9}, {spec.optD.lr, spec.optG.lr, spec.optG.beta1, spec.optD.beta2})
    assert.same({1, 2}, {spec.dsteps, spec.gsteps})
    -- a half-life of a twentieth of the images seen, up to 320: 16 at step 20, 320 from step 400 on
    for step, decay in pairs {[1] = 0.5 ^ 20, [20] = 0.5, [200] = 0.5 ^ 0.1, [400] = 0.5 ^ 0.05, [999] = 0.5 ^ 0.05} do
      assert.is_true(math.abs(spec.ema_decay(step) - decay) < 1e-12, step)
    end
    assert.same(gan.rng(1):normal({4, 3}):to_table(), spec.latent(4):to_table())
    assert.is_function(spec.loss.critic)
    assert.equal(G:params()[1], spec.ema.params[1])
  end)

  it("takes a half-life that changes, in thousands of images, and averages statistics", function()
    G = gan.nn.chain {G, gan.nn.batch_norm {2}}
    local opt = {z = 3, batch = 16, ema_kimg = function(step) return step < 500 and 0.4 or 0.1 end}
    local function stream(name) return gan.rng(1, name) end
    local spec = gan.game.standard({G = G, D = D}, opt, stream)
    assert.equal(0.5 ^ (16 / 320), spec.ema_decay(400)) -- a twentieth of 16 * 400 images
    assert.equal(0.5 ^ (16 / 100), spec.ema_decay(500))
    assert.equal(2, #spec.ema.statistics)
    assert.error_matches(function() gan.game.standard({G = G, D = D}, {z = 3, ema_kimg = -1}, stream) end,
      "option 'ema_kimg': expected a number >= 0, or a function %(step%) %-> one, got %-1")
  end)

  it("leaves what is there", function()
    local own = {
      G = G, D = D, latent = print, loss = {}, ema = false, dsteps = 5, optG = {}, optD = {}, ema_decay = 0.5,
    }
    local same = {}
    for k, v in pairs(own) do same[k] = v end
    local spec = gan.game.standard(own, OPT, error)
    assert.equal(own, spec)
    for k, v in pairs(same) do assert.equal(v, spec[k], k) end
    local players = {}
    gan.game.standard({G = G, D = D, latent = print}, OPT, error, function(params, player)
      players[player] = params[1]
      return {}
    end)
    assert.same({G = G:params()[1], D = D:params()[1]}, players)
    assert.is_nil(gan.game.standard({G = G, D = D, latent = print}, {z = 3, lr = 1, beta1 = 0, beta2 = 0, ema_kimg = 0},
      error).ema)
  end)

  it("asks for both nets", function()
    assert.error_matches(function() gan.game.standard({G = G}, OPT, error) end,
      "standard: option 'D': expected a net, got nil")
    assert.error_matches(function() gan.game.standard({G = G, D = D}, OPT, function() return io.stdout end) end,
      "game.standard: stream must return a random stream %(gan.rng%), returned userdata")
    assert.error_matches(function() gan.game.standard({G = G, D = D}, {lr = "x"}, error) end,
      "game.standard: option 'lr': expected a number >= 0, or a function %(step%) %-> one, got string 'x'")
  end)
end)
