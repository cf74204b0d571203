--- A schedule that falls in steps of one size.
-- @module gan.schedule.step
local check = require "gan.check"

--- step {from = 2e-4, factor = 0.5, every = 1000}: from * factor^floor(step / every).
-- @tparam table opt from; factor >= 0; every, >= 1
return function(opt)
  opt = check.options("step", opt, {from = check.none, factor = 0.5, every = check.none})
  check.number("step", 1, "from", opt.from)
  check.number("step", 1, "factor", opt.factor, 0)
  check.int("step", 1, "every", opt.every, 1)
  return function(step) return opt.from * opt.factor ^ math.max(0, step // opt.every) end
end
