--- Schedules: constructors of f(step) -> number, for step sizes, weights of penalties, decays, noise, numbers of steps.
--
-- Steps count from 1, as run:steps() does; 0 is the state before the first. Any function of the step is a schedule,
-- too: gan.schedule.check makes sure of its numbers.
-- @module gan.schedule
local base = require "gan.schedule.base"
local check = require "gan.check"
local text = require "gan.schedule.text"

local files = {"constant", "linear", "cosine", "halving", "step", "warmup", "piecewise", "half_life"}

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

--- Returns a schedule of another's numbers: of a function f(step) the function g(f(step)), which stays where f does.
-- @tparam number|function v  a number, of which g(v) is returned, or a schedule
-- @tparam function g  number -> number
-- @treturn number|function  as v is
-- @raise if v is neither, or g cannot be called
-- @usage gan.schedule.map(run:lr "D", function(lr) return lr / 2 end)
function M.map(v, g)
  if not check.callable(g) then return check.expected("schedule.map", 2, "g", "a function (number) -> number", g) end
  if type(v) == "number" then return g(v) end
  local f = M.check(v, "schedule.map")
  return base.ending(function(step) return g(f(step)) end, base.ends(f))
end

--- Makes the schedule that a text tells, as command lines have it, over real images shown to D.
--
--     cosine:FROM:TO[:KIMG]   along half a cosine, over KIMG thousand images (default: the whole game)
--     linear:FROM:TO[:KIMG]   along a straight line, likewise
--     half_life:FROM:KIMG     halved by every KIMG thousand images
--
-- The first step has FROM, for no image was shown before it.
-- @tparam string|number|function v  a text; a number or a function is returned as it is
-- @tparam table opt
-- @tparam integer opt.steps  of the whole game
-- @tparam number opt.batch  real images shown in a step
-- @tparam[opt] string opt.name  of the option, such as "--lr", for games that are longer
-- @treturn number|function  a number, or f(step) -> number
-- @raise if v is no schedule, naming the part that is wrong; or an option is unknown, missing or out of range
function M.open(v, opt) return text.open(v, opt) end

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
