--- A whole game in a run: what the options say is put together with what a script gives, and trained to the last step.
-- @internal gan.train.play
local augmented = require "gan.game.augmented"
local check = require "gan.check"
local conditions = require "gan.data.conditions"
local loop = require "gan.game.loop"
local nn = require "gan.nn"
local progress = require "gan.game.progress"
local standard = require "gan.game.standard"

local option = check.option

-- What a script may give: what is the loop's, except what the run gives it; and what is the run's.
local known = {optimiser = option.callable {}, save_with = option.table {}, show = option.table {},
  condition = conditions.option}
for name, kind in pairs(loop.options) do known[name] = kind:optional() end
for name in ("batch scale watch streams last_saved"):gmatch "%S+" do known[name] = nil end
for name in ("G D"):gmatch "%S+" do
  known[name] = option.where {required = true, expected = "a net", accept = function(v)
    return nn.is_module(v) and v or nil
  end}
end

local known_hooks = {on_status = option.callable {}, on_snapshot = option.callable {}}
for _, name in ipairs(loop.hooks) do known_hooks[name] = option.callable {} end

-- Copies what a script gives, its hooks apart: those of a step are the loop's, those that begin with on_ the run's.
local function apart(spec)
  local own, hooks, run_hooks = check.options("Run:train", spec, known), {}, {}
  for name, f in pairs(check.options("Run:train: hooks", own.hooks, known_hooks)) do
    if name:find "^on_" then run_hooks[name] = f else hooks[name] = f end
  end
  own.hooks = hooks
  return own, run_hooks
end

-- Trains a run to its end: Run:train.
return function(run, spec)
  for old, new in pairs {keep = "save_with", draw = "show"} do
    if type(spec) == "table" and spec[old] ~= nil then
      return check.fail("Run:train", "option '%s' is called '%s' now", old, new)
    end
  end
  local own, run_hooks = apart(spec)
  local parts, show, optimiser = own.save_with, own.show, own.optimiser
  for name in pairs(parts or {}) do
    local owner = loop.owner(name)
    if owner then return check.fail("Run:train", "option 'save_with': the name '%s' is taken by %s", name, owner) end
  end
  own.save_with, own.show, own.optimiser = nil, nil, nil
  standard(own, run.varying, function(name) return run:stream(name) end, optimiser)
  if run.classes then
    own.labels = own.labels or function(n) return run:labels(n) end
    own.wrong_labels = own.wrong_labels or function(y) return run:wrong_labels(y) end
    if (own.mismatch or 0) > 0 then run:stream "mismatch" end -- blocks know the streams that there are before them
  end
  conditions.into(own, run)
  augmented.into(own, run, progress.images(run.options))
  if (own.noise or own.augment) and not own.rng then own.rng = run:stream(own.noise and "noise" or "augment") end
  own.blocks = own.blocks or run.options.blocks
  own.streams = function() return run.streams end
  own.batch = own.batch or function() return run:batch() end
  own.scale = function() return run.scale end
  own.watch = function(player, grads) return run:watch(player, grads) end
  own.last_saved = function() return run:last_saved() end
  local game = loop.new(own)
  run.game = game
  run.health:judge_by(own.loss)
  run:save_with {G = own.G, D = own.D, optG = own.optG, optD = own.optD, ema = own.ema, condition = run.condition}
  run:save_with(game:parts())
  run:save_with(parts or {})
  run:show(own.G, own.ema, show)
  run:on(run_hooks)
  for step in run:steps() do run:report(game:step(step)) end
  run:close()
end
