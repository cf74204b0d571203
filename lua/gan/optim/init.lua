--- Optimisers: objects with `.params` (a list of tensors, order fixed), `:step(grads[, ema])`, `:state()` and `:load(state)`; ema; and what is done to
-- gradients before a step: norm, clip, accumulate.
-- @module gan.optim
local check = require "gan.check"

local names = {adam = true, sgd = true, rmsprop = true, ema = true, norm = true, clip = true, accumulate = true}

return check.room("gan.optim", {}, names)
