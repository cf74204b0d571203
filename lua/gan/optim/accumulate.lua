--- Gradient accumulation: the blocks of a large batch make one step.
-- @module gan.optim.accumulate
local core = require "gan.core"
local check = require "gan.check"
local tree = require "gan.optim.tree"

local NAME = "optim.accumulate"

local Accumulator = {}
Accumulator.__index = Accumulator

--- Takes in the gradients of one block's mean loss.
-- @tparam table grads  list of real tensors, of the same shapes at every call; they stay as they are
-- @tparam[opt] integer block  its number in 1..blocks (default: the next one)
-- @raise naming the entry that differs, or a block that is there already
function Accumulator:add(grads, block)
  block = check.int(NAME, 2, "block", block or self.count + 1, 1, self.blocks)
  if self.seen[block] then return check.fail(NAME, "block %d was added already", block) end
  if type(grads) ~= "table" then return check.expected(NAME, 1, "grads", "a list of tensors", grads) end
  local shapes = {}
  if self.shapes and #grads ~= #self.shapes then
    return check.fail(NAME, "expected a list of %s as before, got %d", check.count(#self.shapes, "tensor"), #grads)
  end
  for i, g in ipairs(grads) do
    check.real(NAME, 1, ("grads[%d]"):format(i), g)
    shapes[i] = check.shape_string(core.shape(g))
    local want = self.shapes and self.shapes[i] or shapes[i]
    if shapes[i] ~= want then
      return check.expected(NAME, 1, ("grads[%d]"):format(i), want .. " as before", g)
    end
  end
  self.shapes, self.seen[block], self.count = shapes, true, self.count + 1
  self.tree:add(block, grads)
end

local function restart(self)
  self.tree, self.seen, self.count, self.shapes = tree.new(self.blocks), {}, 0, nil
  return self
end

--- Returns the mean over all blocks, for one step of the optimiser, and starts anew.
-- @treturn table  list of tensors
-- @raise if a block is missing
function Accumulator:mean()
  if self.count < self.blocks then
    return check.fail(NAME, "%d of %s added since the last mean", self.count, check.count(self.blocks, "block"))
  end
  local out = self.tree:mean()
  restart(self)
  return out
end

--- Makes an accumulator: `add(grads)` for each block of a batch, `mean()` for the step.
-- Gradients are added up in a fixed binary tree, so the bytes do not depend on the order in which the blocks come. The
-- mean differs from a true large batch's gradient only where images of a batch meet: batch statistics, minibatch
-- layers.
-- @function gan.optim.accumulate
-- @tparam table opt
-- @tparam integer opt.blocks  how many blocks of equal size make a batch, a power of two
-- @treturn table
-- @raise if an option is unknown, or blocks is no power of two
-- @usage local sums = gan.optim.accumulate {blocks = 4}
--for _ = 1, 4 do sums:add(gan.grad(loss.real(D(next_real())), optD.params)) end
--optD:step(sums:mean())
return function(opt)
  local power = check.option.where {required = true, expected = "a power of two", accept = function(v)
    local n = type(v) == "number" and math.tointeger(v)
    return n and tree.is_power_of_two(n) and n or nil
  end}
  return restart(setmetatable({blocks = check.options(NAME, opt, {blocks = power}).blocks}, Accumulator))
end
