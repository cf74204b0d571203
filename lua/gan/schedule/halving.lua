--- A schedule that halves again and again.
-- @module gan.schedule.halving
local base = require "gan.schedule.base"
local check = require "gan.check"

local NAME = "schedule.halving"

local known = {from = check.option.number {required = true}}
for name, kind in pairs(base.length) do known[name] = kind end

--- Makes the schedule from * 0.5^((step - start) / steps), and from before step `start`.
-- gan.schedule.step falls in steps, this one all the time; gan.schedule.half_life is the decay of an average.
-- @function gan.schedule.halving
-- @tparam table opt
-- @tparam number opt.from  its value up to step `start`
-- @tparam[opt] integer opt.steps  after so many it is half, >= 1; or
-- @tparam[opt] number opt.images  after so many real images shown, > 0, with
-- @tparam[opt] number opt.batch  images shown in a step, > 0
-- @tparam[opt=0] number opt.start  a step
-- @treturn function  f(step) -> number
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, known)
  local span = base.span(NAME, opt)
  return function(step) return opt.from * 0.5 ^ (math.max(0, step - opt.start) / span) end
end
