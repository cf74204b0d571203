--- Optimisers: objects with `.params` (a list of tensors, order fixed), `:step(grads[, ema])`, `:state()` and `:load(state)`; ema; and what is done to
-- gradients before a step: norm, clip, accumulate.
local names = {adam = true, sgd = true, rmsprop = true, ema = true, norm = true, clip = true, accumulate = true}

return setmetatable({}, {
  __index = function(t, key)
    local f = names[key] and require("gan.optim." .. key) or nil
    t[key] = f
    return f
  end,
})
