--- The decay of a moving average that begins as a mean of what it has seen.
local check = require "gan.check"

local WARM_UP = 9 -- at step s the average weighs like s + 9 values, until the decay asked for weighs more

--- Returns the schedule min(decay, step / (step + 9)), for the field `decay` of optim.ema: a young average forgets its start sooner.
-- @tparam table opt
-- @tparam number opt.decay  in [0,1]: where it ends
-- @treturn function f(step) -> number
-- @raise if decay is no number in [0,1]
-- Source: TensorFlow's ExponentialMovingAverage, num_updates: (1 + n) / (10 + n), n = step - 1. Differs: none.
return function(opt)
  opt = check.options("young", opt, {decay = check.none})
  local decay = check.number("young", 1, "decay", opt.decay, 0, 1)
  return function(step) return math.min(decay, step / (step + WARM_UP)) end
end
