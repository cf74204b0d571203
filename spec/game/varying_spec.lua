-- What varies in a game that is written out: fields are set before each step, rollbacks count, and all is told.
local gan = require "gan"
local varying = require "gan.game.varying"

describe("game.varying", function()
  local function adam(opt) return gan.optim.adam({gan.ones(2)}, opt) end
  local function run_of(optD, optG, more)
    local parts = {optD = optD, optG = optG, D = {}, ema = {decay = 0.5 ^ 0.125}}
    local run = {parts = parts, options = {batch = 4}, scale = 1}
    for k, v in pairs(more or {}) do run[k] = v end
    return run
  end

  it("sets what follows schedules before each step, the step size times the run's scale", function()
    local fall = gan.schedule.linear {from = 8, to = 0, steps = 4, name = "--lr"}
    local optD, optG = adam {lr = fall, beta1 = function(step) return step / 10 end}, adam {lr = 3}
    local run = run_of(optD, optG)
    varying.before(run, 2)
    assert.same({4, 0.2, 0.999, 3}, {optD.lr, optD.beta1, optD.beta2, optG.lr})
    local told = varying.settings(run)
    assert.is_true(math.abs(told.ema_kimg - 0.032) < 1e-15)
    told.ema_kimg = nil
    assert.same({beta1_D = 0.2}, told)
    local base = {}
    varying.rescale(run.parts, base, 0.5) -- a rollback
    run.scale = 0.5
    varying.before(run, 3)
    assert.same({1, 0.3, 1.5}, {optD.lr, optD.beta1, optG.lr})
    varying.rescale(run.parts, base, 0.25)
    run.scale = 0.25
    varying.before(run, 3)
    assert.same({0.5, 0.75}, {optD.lr, optG.lr})
    assert.same({"--lr: the step size of D is 0 from step 4 on, the last 3 of 6 steps change nothing"},
      varying.closed_of(run_of(optD, optG, {total = 6})))
    assert.same({}, varying.closed_of(run_of(optD, optG, {total = 3})))
    assert.same({}, varying.closed_of {parts = {}, total = 3})
  end)

  it("leaves a game to its loop, and the script's own parts alone", function()
    local optD = adam {lr = function(step) return step end}
    varying.before(run_of(optD, nil, {game = {}}), 5)
    assert.equal(1, optD.lr)
    local own = {at = function() error "told" end}
    local run = run_of(optD, nil)
    run.parts.own = own
    varying.before(run, 5)
    assert.equal(5, optD.lr)
    run.parts.ema.decay = 1 -- no half-life
    assert.same({}, varying.settings(run))
    run.parts.ema.decay = 0
    assert.same({ema_kimg = 0}, varying.settings(run))
  end)
end)
