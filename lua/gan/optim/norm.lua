--- The global norm of gradients.
-- @module gan.optim.norm
local core = require "gan.core"
local check = require "gan.check"

--- Returns the root of the sum of squares over all tensors of a list, added up in double. NaN and infinity show.
-- @function gan.optim.norm
-- @tparam table grads  list of real tensors, as grad returns
-- @treturn number
-- @raise naming the entry that is no real tensor
return function(grads)
  if type(grads) ~= "table" then return check.expected("optim.norm", 1, "grads", "a list of tensors", grads) end
  local sum = 0
  for i, g in ipairs(grads) do
    sum = sum + core.item(core.norm(check.real("optim.norm", 1, ("grads[%d]"):format(i), g))) ^ 2
  end
  return math.sqrt(sum)
end
