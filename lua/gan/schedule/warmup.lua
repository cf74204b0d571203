--- A schedule that begins softly.
-- @module gan.schedule.warmup
local check = require "gan.check"
local schedule = require "gan.schedule"

--- warmup {of = 2e-4, steps = 1000}: of * min(1, step / steps).
-- @tparam table opt of: a number or another schedule, whose own steps are not shifted; steps, >= 1
return function(opt)
  opt = check.options("warmup", opt, {of = check.none, steps = check.none})
  local of = schedule.check(opt.of, "warmup of")
  check.int("warmup", 1, "steps", opt.steps, 1)
  return function(step) return of(step) * math.max(0, math.min(1, step / opt.steps)) end
end
