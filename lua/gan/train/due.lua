--- What is due after a step: the checkpoint, its other names, a picture, a snapshot, the status line, in this order. A
-- process may be killed between any two of them; the one that goes on from the checkpoint makes what is missing.
-- @internal gan.train.due
local checkpoint = require "gan.model.checkpoint"
local core = require "gan.core"
local pictures = require "gan.show.pictures"
local rescue = require "gan.train.rescue"

local M = {}

local SAVE_SECONDS = 300 -- a checkpoint at least this often
local EARLY = {[10] = true, [50] = true, [200] = true} -- steps with a picture, besides every --snap

-- Tells whether a step is one of those of --snap.
local function snaps(run) return run.options.snap > 0 and run.step % run.options.snap == 0 end

--- Tells what a step asks for, before it is done.
-- @tparam Run run  between two steps
-- @tparam boolean best  the run as it stands is the best so far
-- @tparam boolean ending  no step follows in this process
-- @treturn table  `save`, `good`, `best`: booleans
function M.after(run, best, ending)
  local good = rescue.good(run)
  return {good = good, best = best,
    save = snaps(run) or ending or good or best or core.clock() - run.saved_at > SAVE_SECONDS}
end

-- Makes what follows the checkpoint. past: only files that are not there; others may be of before a --change, and stay.
local function follow(run, what, past)
  local opt, step, recorder = run.options, run.step, run.recorder
  local function lacks(name) return not (past and recorder:has(name)) end
  if what.good and lacks(checkpoint.GOOD) then rescue.mark_good(run) end
  if what.best and lacks(checkpoint.BEST) then recorder:link(checkpoint.BEST) end
  local early, name = EARLY[step] and (opt.snap == 0 or step < opt.snap), ("fakes_%06d.png"):format(step)
  local drawn = snaps(run) or early or step == run.total or step == (run.place.stored or {}).total_steps
  if drawn and lacks(name) then pictures.write(run, name) end
  if snaps(run) and opt.snapshots > 0 and lacks(checkpoint.SNAPSHOT:format(step)) then
    local path = recorder:snapshot(step, opt.snapshots)
    if path and run.hooks.on_snapshot and not past then run.hooks.on_snapshot(run, step, path) end
  end
end

--- Does what a step asks for.
-- @tparam Run run  between two steps
-- @tparam table what  of `after`
-- @tparam[opt] table record  for the status line
-- @treturn boolean  true if the run went back instead
function M.make(run, what, record)
  if what.save and rescue.save_or_cure(run) then return true end
  follow(run, what)
  if record then run.recorder:status(record) end -- saved first, then told
end

--- Makes what is missing where a run goes on. Where the step's line is in the log, all is there but what was removed.
function M.catch_up(run)
  local recorder, step = run.recorder, run.step
  if rescue.tell(run) then return end -- all that the step asked for was made before the run went back to it
  local told = recorder:told(step)
  follow(run, {good = rescue.good(run), best = run.measure:is_best()}, told)
  if snaps(run) and run.options.snapshots > 0 then recorder:prune(run.options.snapshots) end
  local record = not told and recorder:recorded(step)
  if record then recorder:status(record) end
end

return M
