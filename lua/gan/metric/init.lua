--- Metrics: what a generator is worth, each number with the protocol that it was measured by.
local names = {}

return setmetatable({}, {
  __index = function(t, key)
    local f = names[key] and require("gan.metric." .. key) or nil
    t[key] = f
    return f
  end,
})
