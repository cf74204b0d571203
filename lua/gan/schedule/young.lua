--- The decay of a moving average that begins as a mean of what it has seen.
-- @module gan.schedule.young
local check = require "gan.check"

local WARM_UP = 9 -- at step s the average weighs like s + 9 values, until the decay asked for weighs more

--- Makes the schedule min(decay, step / (step + 9)), for the field `decay` of gan.optim.ema.
-- A young average forgets its start sooner.
-- Source: TensorFlow's ExponentialMovingAverage, num_updates: (1 + n) / (10 + n), n = step - 1.  Differs: none.
-- @function gan.schedule.young
-- @tparam table opt
-- @tparam number opt.decay  in [0,1]: where it ends
-- @treturn function  f(step) -> number
-- @raise if an option is unknown, missing or out of range
return function(opt)
  local decay = check.options("schedule.young", opt, {
    decay = check.option.number {required = true, lo = 0, hi = 1},
  }).decay
  return function(step) return math.min(decay, step / (step + WARM_UP)) end
end
