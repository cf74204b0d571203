--- What a run does when something is wrong: it says so, stops, or goes back to its last good checkpoint.
-- @internal gan.train.rescue
local checkpoint = require "gan.model.checkpoint"
local core = require "gan.core"
local directory = require "gan.train.directory"
local health = require "gan.game.health"
local pictures = require "gan.show.pictures"
local progress = require "gan.game.progress"
local random = require "gan.random"
local saved = require "gan.train.saved"

local M = {}

local GOOD = checkpoint.GOOD
local GOOD_STEPS = 500 -- between two of them where --snap is 0
local MAX_ROLLBACKS = 5

--- Makes ready for --on-collapse rollback, before the first step.
function M.begin(run)
  if run.options.on_collapse == "rollback" and not run.recorder:has(GOOD) then run.recorder:link(GOOD) end
end

--- Tells whether the run as it stands is one to go back to: it must be saved, and then marked.
function M.good(run)
  local every = run.options.snap > 0 and run.options.snap or GOOD_STEPS
  return run.options.on_collapse == "rollback" and run.step % every == 0 and run.health:well()
end

--- Makes the last checkpoint the one to go back to.
function M.mark_good(run) run.recorder:link(GOOD) end

--- Says and records that the run went back to where it stands; not again where it has been recorded. A checkpoint that
-- was written when a run went back has it, for the process may have ended right then.
-- @treturn boolean  true if the run went back to this step, and made none since
function M.tell(run)
  local r = run.rolled
  if not r or r.step ~= run.step then return false end
  if not run.recorder:has_record(r) then
    run.recorder:say("step %s: %s (%s): back to step %d with other random numbers and %g of the step size", r.from,
      r.health, r.why, run.step, run.scale)
    run.recorder:record(r)
  end
  return true
end

-- Goes back to the last good checkpoint, with fresh random streams and half the step size; the data come in the order
-- in which they came.
local function rollback(run, word, why)
  local from, rollbacks, recorder = run.step, run.rollbacks + 1, run.recorder
  if rollbacks > MAX_ROLLBACKS then
    recorder:stop("step %d: %s (%s); stopped after %d rollbacks, %s", from, word, why, MAX_ROLLBACKS, run:last_saved())
  end
  saved.restore(run, {recorder:path(GOOD)})
  saved.rescale(run, rollbacks)
  local function refresh(streams, what)
    for name, rng in pairs(streams) do
      local fresh = ("%s%s, rollback %d"):format(what, name, rollbacks)
      if name ~= "pictures" then rng:load(core.rng(run.options.seed, fresh):state()) end
    end
  end
  refresh(run.streams, "")
  refresh(saved.inner_streams(run), "inner ")
  refresh({random = random.default()}, "")
  run.broken, run.saved_step = nil, nil
  run.rolled = {step = run.step, rollback = rollbacks, from = from, health = word, why = why, scale = run.scale}
  recorder:must(saved.save(run))
  run.meter = progress.new(run.total, run.meter.images, run.step, nil, run.window)
  recorder:open(run.step)
  run.measure:rewind()
  M.tell(run)
end

--- Says what is wrong after a step. A new word of health is told.
-- @treturn string  word; nil where nothing is
-- @treturn string  the numbers that led to it
function M.trouble(run)
  if run.broken then return "diverged", run.broken end
  if not health.due(run.step) then return nil end
  local before = run.health.word
  local word, why = run.health:check(run.G and pictures.images(run, health.PICTURES) or nil)
  if run.step == health.EVERY and run.health:probabilities() then
    run.recorder:say("step %d: all of D's answers lie between 0 and 1: are they probabilities? Losses take logits, "
      .. "so D ends without a sigmoid", run.step)
  end
  if word ~= before then
    run.recorder:say("step %d: health: %s%s", run.step, word, why ~= "" and (" (%s)"):format(why) or "")
  end
  return health.severe[word] and word or nil, why
end

--- Does what --on-collapse says.
-- @treturn boolean  true if the run went back
function M.cured(run, word, why)
  local policy = run.options.on_collapse
  if policy == "rollback" then
    rollback(run, word, why)
    return true
  end
  if run.broken or policy == "stop" then
    run.recorder:record {step = run.step, health = word, why = why}
    run.recorder:stop("step %d: %s; stopped%s%s", run.step, run.broken or ("%s (%s)"):format(word, why),
      run.saved_step and (", %s keeps step %d"):format(directory.LAST, run.saved_step) or "",
      run.broken and " (a lower --lr may help)" or "")
  end
  return false
end

--- Saves where all is finite.
-- @treturn boolean  true if the run went back because it is not
function M.save_or_cure(run)
  local ok, what = saved.save(run)
  if ok then return false end
  run.broken = what
  return M.cured(run, "diverged", what)
end

return M
