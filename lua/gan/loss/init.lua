--- Adversarial losses: constructors of {critic = f(real, fake), generator = f(fake)} on logits.
local names = {logistic = true}

return setmetatable({}, {
  __index = function(t, key)
    local f = names[key] and require("gan.loss." .. key) or nil
    t[key] = f
    return f
  end,
})
