--- A schedule along a straight line.
-- @module gan.schedule.linear
local base = require "gan.schedule.base"

--- linear {from = 2e-4, to = 0, steps = 100000, start = 0}: `from` up to step `start`, then in a straight line to `to`, reached at step
-- start + steps. SNGAN and WGAN-GP's residual nets let the step size fall to 0 over all of training.
-- @tparam table opt from; to = 0; steps, >= 1; start = 0
return function(opt) return base.between("linear", opt, function(way) return way end) end
