--- The schedule that stays.
-- @module gan.schedule.constant
local check = require "gan.check"

--- constant(v)(step) = v.
return function(v)
  check.number("constant", 1, "v", v)
  return function() return v end
end
