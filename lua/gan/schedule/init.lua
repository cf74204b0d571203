--- Schedules: constructors of f(step) -> number, for step sizes, weights of penalties, decays, noise, numbers of steps.
--
-- Steps count from 1, as run:steps() does; 0 is the state before the first. Any function of the step is a schedule,
-- too: gan.schedule.check makes sure of its numbers.
-- @module gan.schedule
local base = require "gan.schedule.base"
local check = require "gan.check"

local files = {"constant", "linear", "cosine", "step", "warmup", "piecewise", "half_life"}

local M = {}

--- Makes a schedule of anything: of a number the constant, of a function one whose results are checked.
-- @tparam number|function f  a number, or a function (step) -> number
-- @tparam[opt="schedule"] string name  what error messages call it, such as "--lr"
-- @treturn function  step -> number; raises, naming it and the step, if f returns anything else or NaN
-- @raise if f is neither
function M.check(f, name)
  name = name or "schedule"
  if type(f) == "number" then return M.constant(f) end
  if not check.callable(f) then
    return check.fail("schedule.check", "%s: expected a number or a function (step) -> number, got %s", name,
      check.found(f))
  end
  return base.ending(function(step)
    local v = f(step)
    if type(v) ~= "number" or v ~= v then
      return check.fail("schedule", "%s must return a number, returned %s at step %s", name, check.found(v),
        tostring(step))
    end
    return v
  end, base.ends(f))
end

--- Notes from which step on a schedule of one's own stays where it is; those of this room tell it by themselves.
-- A run that is longer than a step size's schedule says so.
-- @tparam function f  step -> number
-- @tparam number step  the first step with the last value
-- @tparam[opt] string name  of the option that sets it, such as "--decay"
-- @treturn function  f
-- @raise if f cannot be called, or step is no number
function M.ending(f, step, name)
  if not check.callable(f) then return check.expected("schedule.ending", 1, "f", "a function (step) -> number", f) end
  return base.ending(f, check.number("schedule.ending", 2, "step", step), name)
end

--- Returns from which step on a schedule stays where it is. Cannot fail.
-- @tparam number|function f  a schedule; a number stays from the start
-- @treturn number  the first step with the last value; nil where it does not end, or does not tell
-- @treturn string  the name of the option that sets it; or nil
function M.ends(f) return base.ends(f) end

--- Makes a function that sets fields of an object by schedules, to be called before each step.
-- It serves optimisers (lr), averages (decay) and penalties (weight, gamma).
-- @tparam table object  its fields are assigned
-- @tparam table schedules  field -> number or function; the fields must exist
-- @treturn function  f(step)
-- @raise if the object has no number of such a name, or a schedule is none
-- @usage local set = gan.schedule.bind(optD, {lr = gan.schedule.linear {from = 2e-4, steps = 100000}})
-- for step in run:steps() do set(step) end
function M.bind(object, schedules)
  if type(object) ~= "table" then
    return check.expected("schedule.bind", 1, "object", "an optimiser or another table", object)
  end
  if type(schedules) ~= "table" then
    return check.expected("schedule.bind", 2, "schedules", "a table: field -> schedule", schedules)
  end
  local checked = {}
  for field, f in pairs(schedules) do
    if type(object[field]) ~= "number" then
      return check.fail("schedule.bind", "the object has no number called '%s' (it is %s)", tostring(field),
        check.found(object[field]))
    end
    checked[field] = M.check(f, field)
  end
  return function(step)
    for field, f in pairs(checked) do object[field] = f(step) end
  end
end

return check.room("gan.schedule", M, files)
