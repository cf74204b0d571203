-- The game in the plane: the plain GAN's failure and a cure, reproducible; wrong use.
local gan = require "gan"
local core = require "gan.core"

local ring = gan.game.ring

-- Small and quick: what is shown by full runs is in experiments/RESULTS.md.
local function quick(more)
  local opt = {
    loss = "ns", penalty = "none", batch = 64, ngf = 32, ndf = 32, z = 4, lr = 2e-3, steps = 20, samples = 500,
  }
  for k, v in pairs(more or {}) do opt[k] = v end
  return ring.run(opt)
end

describe("game.ring", function()
  setup(function() core.threads(1) end)
  teardown(function() core.threads(core.cores()) end)

  it("is a function of its options", function()
    local scores = {}
    local a = quick {every = 8, on_score = function(step, s) scores[#scores + 1] = {step, s.modes} end}
    assert.same({8, 16, 20}, {scores[1][1], scores[2][1], scores[3][1]})
    assert.equal(3, #a.curve)
    assert.same({20, 8}, {a.steps, #a.counts})
    local b = quick()
    local c = quick {seed = 1}
    local function weights(r) return core.to_bytes(r.G:params()[1]) end
    assert.equal(weights(a), weights(b)) -- looking changes nothing
    assert.not_equal(weights(a), weights(c))
    core.threads(2)
    local d = quick()
    core.threads(1)
    assert.equal(weights(a), weights(d))
  end)

  it("takes every loss, penalty, norm and layer", function()
    for _, d in ipairs(ring.options) do
      for _, choice in ipairs(d.choices or {}) do
        local r = quick {[d[1]] = choice, steps = 2}
        assert.is_true(r.quality == r.quality and r.modes <= (d[1] == "modes" and choice or 8), d[1])
      end
    end
    quick {replay = 10, noise = 0.1, dsteps = 2, gsteps = 2, ema_kimg = 0, steps = 2}
    quick {simultaneous = true, steps = 2, gamma = 0.5, penalty = "r2", lazy = 2, lr = "linear:1e-3:0"}
    quick {pack = 2, penalty = "r1_r2", gamma = "cosine:1:0.1", steps = 2}
  end)

  -- A processor with other instructions rounds otherwise, and so plays another game: one plain game in six finds all
  -- modes, three hardly do.
  it("finds all modes with spectral norm and R1, where the plain game misses some", function()
    local function play(steps, more)
      local opt = {init = "orthogonal", slope = 0.1, samples = 1000}
      for k, v in pairs(ring.classic) do opt[k] = v end
      opt.steps, opt.decay = steps, steps
      for k, v in pairs(more) do opt[k] = v end
      return ring.run(opt)
    end
    local cured, modes, kl = play(1500, {norm = "spectral", penalty = "r1", gamma = 3}), 0, 0
    assert.equal(8, cured.modes)
    assert.is_true(cured.kl < 0.03, cured.kl)
    assert.is_true(cured.quality > 0.5, cured.quality)
    for seed = 0, 2 do
      local plain = play(1000, {seed = seed})
      modes, kl = modes + plain.modes / 3, kl + plain.kl / 3
    end
    assert.is_true(modes < 8, modes)
    assert.is_true(kl > 0.1, kl)
  end)

  it("finds all modes by its defaults, also in a tenth of their steps", function()
    local r = ring.run {steps = 1000, samples = 1000}
    assert.equal(8, r.modes)
    assert.is_true(r.kl < 0.1, r.kl)
    assert.is_true(r.quality > 0.6, r.quality)
  end)

  it("follows the texts of schedules", function()
    local seen = {}
    ring.run {steps = 4, batch = 4, ngf = 2, ndf = 2, lr = "linear:4e-3:0", on_score = function(_, s) seen[1] = s end}
    local a = ring.run {steps = 4, batch = 4, ngf = 2, ndf = 2, lr = "linear:4e-3:0", samples = 4}
    local b = ring.run {steps = 4, batch = 4, ngf = 2, ndf = 2, lr = 4e-3, decay = 4, samples = 4}
    local c = ring.run {steps = 4, batch = 4, ngf = 2, ndf = 2, lr = 4e-3, samples = 4}
    local function weights(r) return core.to_bytes(r.G:params()[1]) end
    assert.equal(weights(a), weights(b))
    assert.not_equal(weights(a), weights(c))
    assert.is_table(seen[1])
  end)

  it("gives D a step size of its own", function()
    local opt = {
      loss = "ns", penalty = "none", lazy = 1, pack = 1, lr = 1e-3, dlr = 4e-3, decay = 0, noise = 0, replay = 0,
    }
    local lr = ring.rules(opt).lr
    assert.same({4e-3, 1e-3}, {lr.D, lr.G})
    opt.decay = 10
    lr = ring.rules(opt).lr
    assert.same({4e-3, 1e-3, 2e-3, 5e-4}, {lr.D(1), lr.G(1), lr.D(6), lr.G(6)})
  end)

  it("refuses wrong use", function()
    for what, opt in pairs {
      ["did you mean 'penalty'?"] = {penalti = "r1"},
      ["option 'loss': expected 'ns', 'minimax', "] = {loss = "x"},
      ["option 'modes': expected 8 or 25, got 3"] = {modes = 3},
    } do
      local ok, message = pcall(ring.run, opt)
      assert.is_false(ok)
      assert.is_truthy(message:find(what, 1, true), message)
      assert.is_truthy(message:find("ring_spec.lua", 1, true), message)
    end
  end)
end)
