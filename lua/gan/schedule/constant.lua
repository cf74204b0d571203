--- The schedule that stays.
-- @module gan.schedule.constant
local base = require "gan.schedule.base"
local check = require "gan.check"

--- Makes the schedule that is v at every step.
-- @function gan.schedule.constant
-- @tparam number v  its value
-- @treturn function  f(step) -> number
-- @raise if v is no number
return function(v)
  check.number("schedule.constant", 1, "v", v)
  return base.ending(function() return v end, 0)
end
