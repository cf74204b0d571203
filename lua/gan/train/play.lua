--- A whole game in a run: what the options say is put together with what a script gives, and trained to the last step.
-- @internal gan.train.play
local core = require "gan.core"
local loop = require "gan.game.loop"
local loss = require "gan.loss"
local optim = require "gan.optim"
local schedule = require "gan.schedule"

-- D's loss where it can only guess; nil for a critic whose outputs have no zero.
local function even(of)
  local zeros = core.full({2}, 0)
  local v = core.item(of.critic(zeros, zeros))
  return v > 0 and v or nil
end

-- Copies what a script gives, its hooks apart: those of a step are the loop's, those that begin with on_ the run's.
local function apart(spec)
  local own, hooks, run_hooks = {}, {}, {}
  for k, v in pairs(spec) do own[k] = v end
  for name, f in pairs(spec.hooks or {}) do
    if type(name) == "string" and name:find "^on_" then run_hooks[name] = f else hooks[name] = f end
  end
  own.hooks = hooks
  return own, run_hooks
end

-- Fills in what the run's options say and the script does not.
local function complete(run, own, optimiser)
  local opt = run.options
  optimiser = optimiser or function(params, player)
    return optim.adam(params, {lr = run:lr(player), beta1 = opt.beta1, beta2 = opt.beta2})
  end
  own.loss = own.loss or loss.logistic()
  own.optG = own.optG or optimiser(own.G:params(), "G")
  own.optD = own.optD or optimiser(own.D:params(), "D")
  own.dsteps, own.gsteps = own.dsteps or opt.dsteps or 1, own.gsteps or opt.gsteps or 1
  if own.ema == nil and opt.ema > 0 then own.ema = optim.ema(own.G:params(), {decay = opt.ema}) end
  own.ema_decay = own.ema_decay or schedule.young {decay = opt.ema}
  if not own.latent then
    local z = run:stream "z"
    own.latent = function(n) return z:normal {n, opt.z} end
  end
  if run.classes then
    own.labels = own.labels or function(n) return run:labels(n) end
    own.wrong_labels = own.wrong_labels or function(y) return run:wrong_labels(y) end
  end
  if (own.noise or own.augment) and not own.rng then own.rng = run:stream(own.noise and "noise" or "augment") end
  own.blocks = own.blocks or opt.blocks
  own.streams = function() return run.streams end
  own.batch = function() return run:batch() end
  own.scale = function() return run.scale end
  own.watch = function(player, grads) return run:watch(player, grads) end
  own.last_saved = function() return run:kept() end
end

-- Trains a run to its end: Run:train.
return function(run, spec)
  local own, run_hooks = apart(spec)
  local keep, draw, optimiser = own.keep, own.draw, own.optimiser
  own.keep, own.draw, own.optimiser = nil, nil, nil
  complete(run, own, optimiser)
  local game = loop.new(own)
  local level = even(own.loss)
  run.health.even, run.health.absolute = level, level ~= nil
  run:keep {G = own.G, D = own.D, optG = own.optG, optD = own.optD, ema = own.ema}
  run:keep(game:parts())
  run:keep(keep or {})
  run:draw(own.G, own.ema, draw)
  run:on(run_hooks)
  for step in run:steps() do run:report(game:step(step)) end
  run:close()
end
