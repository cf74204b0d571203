--- What varies from step to step in a game: fields of optimisers, penalties and augmentations that follow schedules.
--
-- An object that varies has `schedules`, field -> f(step), and `at(step, scale)`, which sets these fields to their
-- numbers of a step (gan.check.vary makes it so).
-- @internal gan.game.varying
local check = require "gan.check"
local schedule = require "gan.schedule"

local M = {}

--- Tells objects the step that comes. What does not want to know is left alone.
-- @tparam table objects  name -> anything
-- @tparam integer step  from 1
-- @tparam[opt=1] number scale  a factor on step sizes
-- @raise naming a field whose function returned what it must not be
function M.at(objects, step, scale)
  for _, o in pairs(objects) do
    if type(o) == "table" and check.callable(o.at) then o:at(step, scale) end
  end
end

--- Adds what varies to a step's numbers: `beta1_D`, `gamma_r1`. Step sizes are gan.game.health's. Cannot fail.
-- @tparam table numbers  name -> number; changed, but for names that are there
-- @tparam table objects  owner -> object: "D" -> its optimiser
-- @treturn table  numbers
function M.numbers(numbers, objects)
  for owner, o in pairs(objects) do
    local fields = type(o) == "table" and type(o.schedules) == "table" and o.schedules or {}
    for field in pairs(fields) do
      local name, v = ("%s_%s"):format(field, owner), o[field]
      if field ~= "lr" and numbers[name] == nil and type(v) == "number" then numbers[name] = v end
    end
  end
  return numbers
end

--- Says which step sizes fall to 0 before a game is over: nothing is learnt from there on. Cannot fail.
-- Schedules are asked (gan.schedule.ends); a function of one's own is not called.
-- @tparam table rates  D, G -> schedule or nil
-- @tparam integer total  steps of the game
-- @treturn table  list of lines, such as "--decay: the step size of D and G is 0 from step 101 on, ..."
function M.closed(rates, total)
  local seen, out = {}, {}
  for _, who in ipairs {"D", "G"} do
    local f = rates[who]
    local step, name = schedule.ends(f)
    if step and step <= total and f(step) == 0 then
      local at = math.max(1, math.ceil(step))
      local key = ("%d %s"):format(at, name or "")
      if not seen[key] then
        seen[key] = {at = at, option = name and name .. ": " or ""}
        out[#out + 1] = seen[key]
      end
      table.insert(seen[key], who)
    end
  end
  for i, e in ipairs(out) do
    out[i] = ("%sthe step size of %s is 0 from step %d on, the last %d of %s change nothing"):format(e.option,
      table.concat(e, " and "), e.at, total - e.at + 1, check.count(total, "step"))
  end
  return out
end

--- Sets optimisers' step sizes to a part of what they were at first. Cannot fail.
-- @tparam table parts  name -> anything; those with a step size and `step` are optimisers
-- @tparam table base  optimiser -> its step size at first; filled in
-- @tparam number scale  the part
function M.rescale(parts, base, scale)
  for _, o in pairs(parts) do
    if type(o.lr) == "number" and o.step then
      base[o] = base[o] or o.lr
      o.lr = base[o] * scale
    end
  end
end

-- ---- a game that is written out in a script, of which only the parts of a run are known ----

--- Sets what varies to its numbers of a step; a loop does so by itself.
-- @tparam table run  `parts`, `options`, perhaps `game`, a loop, and `scale`
-- @tparam integer step  from 1
-- @raise as `at`
function M.before(run, step)
  if run.game then return end
  for _, o in pairs(run.parts) do
    if type(o.schedules) == "table" then M.at({o}, step, run.scale) end
  end
end

--- Returns what schedules have set for the last step, but the step sizes; and the half-life of the average of G. Cannot
-- fail.
-- @tparam table run  as for `before`
-- @treturn table  name -> number
function M.settings(run)
  local out = run.game and run.game:settings() or M.numbers({}, {D = run.parts.optD, G = run.parts.optG})
  local decay = type(run.parts.ema) == "table" and run.parts.ema.decay
  if type(decay) == "number" and decay < 1 then -- the half-life, in thousands of images
    out.ema_kimg = decay > 0 and run.options.batch / 1000 * math.log(0.5) / math.log(decay) or 0
  end
  return out
end

--- Says which step sizes fall to 0 before a run is over. Cannot fail.
-- @tparam table run  as for `before`, and `total`
-- @treturn table  as `closed`
function M.closed_of(run)
  if run.game then return run.game:closed(run.total) end
  local rates = {}
  for _, who in ipairs {"D", "G"} do
    local o = run.parts["opt" .. who]
    rates[who] = o and o.schedules and o.schedules.lr
  end
  return M.closed(rates, run.total)
end

return M
