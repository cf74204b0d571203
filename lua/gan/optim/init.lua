--- Optimisers: objects with `.params` (a list of tensors, order fixed), `:step(grads[, ema])`, `:state()` and `:load(state)`; ema; and what is done to
-- gradients before a step: norm, clip, accumulate.
-- @module gan.optim
local check = require "gan.check"

local files = {"adam", "sgd", "rmsprop", "ema", "norm", "clip", "accumulate"}

return check.room("gan.optim", {}, files)
