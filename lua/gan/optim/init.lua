--- Optimisers, the moving average of parameters, and what is done to gradients before a step.
--
-- An optimiser has `.params` (a list of tensors, order fixed), `:step(grads[, average])`, `:state()` and
-- `:load(state)`.
-- @module gan.optim
local check = require "gan.check"

local files = {"adam", "sgd", "rmsprop", "ema", "norm", "clip", "accumulate"}

return check.room("gan.optim", {}, files)
