--- A schedule that begins softly.
-- @module gan.schedule.warmup
local base = require "gan.schedule.base"
local check = require "gan.check"
local schedule = require "gan.schedule"

local option = check.option

local function number_or_function(v) return (type(v) == "number" or check.callable(v)) and v or nil end

--- Makes the schedule of * min(1, step / steps).
-- @function gan.schedule.warmup
-- @tparam table opt
-- @tparam number|function opt.of  a number, or another schedule, whose own steps are not shifted
-- @tparam integer opt.steps  >= 1
-- @treturn function  f(step) -> number
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options("schedule.warmup", opt, {
    of = option.where {
      required = true, expected = "a number or a function (step) -> number", accept = number_or_function,
    },
    steps = option.integer {required = true, lo = 1},
  })
  local of = schedule.check(opt.of, "schedule.warmup: option 'of'")
  local last, name = base.ends(of)
  return base.ending(function(step) return of(step) * math.max(0, math.min(1, step / opt.steps)) end,
    last and math.max(last, opt.steps), name)
end
