--- A schedule that falls in steps of one size.
-- @module gan.schedule.step
local base = require "gan.schedule.base"
local check = require "gan.check"

local option = check.option

--- Makes the schedule from * factor^floor(step / every).
-- @function gan.schedule.step
-- @tparam table opt
-- @tparam number opt.from  its first value
-- @tparam[opt=0.5] number opt.factor  of each fall, >= 0
-- @tparam integer opt.every  steps between two falls, >= 1
-- @treturn function  f(step) -> number
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options("schedule.step", opt, {
    from = option.number {required = true}, factor = option.number {default = 0.5, lo = 0},
    every = option.integer {required = true, lo = 1},
  })
  return base.ending(function(step) return opt.from * opt.factor ^ math.max(0, step // opt.every) end,
    opt.factor == 0 and opt.every or opt.factor == 1 and 0 or nil)
end
