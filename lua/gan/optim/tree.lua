--- Sums over the blocks of a batch, in a fixed binary tree: the same bytes whatever order the blocks come in, and
-- wherever they were computed.
-- @internal gan.optim.tree
local core = require "gan.core"

local M = {}

local Tree = {}
Tree.__index = Tree

--- Tells whether n is a power of two, 1 included. Cannot fail.
-- @tparam integer n  any
-- @treturn boolean
function M.is_power_of_two(n) return n > 0 and n & n - 1 == 0 end

-- a + b for real tensors, floats, and tables of them; what else there is (integers, words) is the same in every block,
-- and stays. `own`: a's tensors are the tree's, and take the sum in.
local function add(a, b, own)
  if core.is_tensor(a) then
    if core.dtype(a) ~= "real" then return a end
    return own and core.add_(a, b) or core.add(a, b)
  elseif math.type(a) == "float" then
    return a + b
  elseif type(a) ~= "table" then
    return a
  end
  local out = own and a or {}
  for k, v in pairs(a) do out[k] = add(v, b[k], own) end
  return out
end

local function scale(a, factor)
  if core.is_tensor(a) then
    return core.dtype(a) == "real" and core.mul_(a, factor) or a
  elseif math.type(a) == "float" then
    return a * factor
  elseif type(a) == "table" then
    for k, v in pairs(a) do a[k] = scale(v, factor) end
  end
  return a
end

--- Makes a tree. Cannot fail.
-- @tparam integer count  how many leaves it has, a power of two
-- @treturn table  with `add` and `mean`
function M.new(count)
  local height = 0
  while 1 << height < count do height = height + 1 end
  return setmetatable({count = count, height = height, nodes = {}}, Tree)
end

--- Takes in leaf k in 1..count: real tensors, floats, and tables of them. They stay as they are.
-- Where the leaf's neighbour is there the two become their parent, and so on upwards: no more than one node a level
-- waits. Cannot fail.
-- @tparam integer k  the leaf's number
-- @tparam table|Tensor|number value  of any shape, the same in every leaf
function Tree:add(k, value)
  local at, level, own = k - 1, 0, false
  while level < self.height do
    local waiting = self.nodes[level] or {}
    self.nodes[level] = waiting
    local neighbour = waiting[at ~ 1]
    if not neighbour then
      waiting[at] = value
      return
    end
    waiting[at ~ 1] = nil
    value = add(neighbour, value, own) -- IEEE addition commutes: the order of the two does not matter
    at, level, own = at >> 1, level + 1, true
  end
  self.root = value
end

--- Returns the mean over the leaves. The tree is done with. Cannot fail.
-- @treturn table|Tensor|number  of the leaves' shape; nil before all of them are there
function Tree:mean() return self.root and scale(self.root, 1 / self.count) end

return M
