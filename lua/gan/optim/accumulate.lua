--- Gradient accumulation: several small batches make one step of a large one.
-- @module gan.optim.accumulate
local core = require "gan.core"
local check = require "gan.check"

local Accumulator = {}
Accumulator.__index = Accumulator

--- Takes in the gradients of one micro-batch's mean loss.
-- @tparam table grads list of tensors, the same shapes at every call
-- @tparam[opt=1] number weight its share, e.g. the number of its images, where they differ
-- @raise naming the entry that differs
function Accumulator:add(grads, weight)
  weight = check.number("accumulate", 2, "weight", weight or 1, 0)
  if type(grads) ~= "table" then return check.expected("accumulate", 1, "grads", "a list of tensors", grads) end
  local sums = self.sums
  if sums and #grads ~= #sums then return check.fail("accumulate", "expected a list of %d tensors as before, got %d", #sums, #grads) end
  for i, g in ipairs(grads) do
    check.real("accumulate", 1, ("grads[%d]"):format(i), g)
    local shape = check.shape_string(core.shape(g))
    local want = sums and check.shape_string(core.shape(sums[i])) or shape
    if shape ~= want then return check.expected("accumulate", 1, ("grads[%d]"):format(i), want .. " as before", g) end
  end
  if sums then
    for i, g in ipairs(grads) do core.add_(sums[i], weight == 1 and g or core.mul(g, weight)) end
  else
    self.sums = {}
    for i, g in ipairs(grads) do self.sums[i] = core.mul(g, weight) end
  end
  self.weight = self.weight + weight
end

--- The weighted mean of what was taken in, for one step of the optimiser; starts anew.
-- @treturn table list of tensors
-- @raise if nothing was added
function Accumulator:mean()
  if self.weight == 0 then return check.fail("accumulate", "nothing was added since the last mean") end
  local out = self.sums
  for _, g in ipairs(out) do core.div_(g, self.weight) end
  self.sums, self.weight = nil, 0
  return out
end

--- accumulate(): an object with :add(grads) for each micro-batch and :mean() for the step. Differs from a true large batch only where samples
-- of a batch meet: batch statistics, minibatch discrimination; spectral normalisation iterates once for each micro-batch.
return function() return setmetatable({weight = 0}, Accumulator) end
