--- Optimisers: objects with `.params` (a list of tensors, order fixed), `:step(grads)`, `:state()` and `:load(state)`; and ema.
local names = {adam = true, sgd = true, rmsprop = true, ema = true}

return setmetatable({}, {
  __index = function(t, key)
    local f = names[key] and require("gan.optim." .. key) or nil
    t[key] = f
    return f
  end,
})
