--- Schedules: constructors of f(step) -> number, for step sizes, weights of penalties, decays, noise, numbers of steps. Steps count from 1,
-- as run:steps() does; 0 is the state before the first. Any function of the step is one, too: schedule.check makes sure of its numbers.
-- @module gan.schedule
local check = require "gan.check"

local files = {"constant", "linear", "cosine", "step", "warmup", "piecewise", "half_life", "young"}

local M = {}

--- A schedule of anything: of a number the constant, of a function one whose results are checked.
-- @param f a number, or a function (step) -> number
-- @tparam[opt="schedule"] string name what error messages call it, e.g. "--lr"
-- @treturn function step -> number; raises, naming it and the step, if f returns anything else or NaN
function M.check(f, name)
  name = name or "schedule"
  if type(f) == "number" then return M.constant(f) end
  local mt = type(f) == "table" and getmetatable(f)
  if type(f) ~= "function" and not (type(mt) == "table" and mt.__call) then
    return check.fail("schedule.check", "%s: expected a number or a function (step) -> number, got %s", name, check.found(f))
  end
  return function(step)
    local v = f(step)
    if type(v) ~= "number" or v ~= v then
      return check.fail("schedule", "%s must return a number, returned %s at step %s", name, check.found(v), tostring(step))
    end
    return v
  end
end

--- What sets fields of an object by schedules: `local set = bind(optD, {lr = linear {...}})`, then `set(step)` before each step. For
-- optimisers (lr), averages (decay), penalties (weight, gamma).
-- @tparam table object its fields are assigned
-- @tparam table schedules field -> number or function; the fields must exist
-- @treturn function f(step)
function M.bind(object, schedules)
  if type(object) ~= "table" then return check.expected("schedule.bind", 1, "object", "an optimiser or another table", object) end
  if type(schedules) ~= "table" then return check.expected("schedule.bind", 2, "schedules", "a table: field -> schedule", schedules) end
  local checked = {}
  for field, f in pairs(schedules) do
    if type(object[field]) ~= "number" then
      return check.fail("schedule.bind", "the object has no number called '%s' (it is %s)", tostring(field), check.found(object[field]))
    end
    checked[field] = M.check(f, field)
  end
  return function(step)
    for field, f in pairs(checked) do object[field] = f(step) end
  end
end

return check.room("gan.schedule", M, files)
