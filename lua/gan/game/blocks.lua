--- Cuts the batch of an update into blocks of equal size, so that the result does not depend on which block is computed
-- first, or where.
--
-- Each block starts from the same state: running statistics, spectral norm's vectors and penalties with a memory are
-- put back before it, and take the mean over the blocks after the last. Each block has random numbers of its own: block
-- k reads a stream (k - 1) * 2^32 positions further on, so a picture's numbers are those of its place in the batch.
-- Means over blocks are added up in a fixed binary tree. With one block nothing of this is done.
-- @internal gan.game.blocks
local core = require "gan.core"
local check = require "gan.check"
local tree = require "gan.optim.tree"

local M = {}

local STRIDE = 1 << 32 -- positions of a stream that are a block's own (four numbers each)

local Blocks = {}
Blocks.__index = Blocks

--- Checks the options of a run that cut a batch into blocks: a power of two that divides the batch.
-- @tparam table values  options, `batch` and perhaps `blocks`
-- @treturn boolean  true
-- @error if it is none
function M.fit(values)
  local count = values.blocks or 1
  if not tree.is_power_of_two(count) then return nil, ("--blocks: expected a power of two, got %d"):format(count) end
  if values.batch % count == 0 then return true end
  return nil, ("--blocks: %d does not divide --batch %d"):format(count, values.batch)
end

-- Copies a state: nested tables of tensors and plain values.
local function copy(v)
  if core.is_tensor(v) then return core.clone(v) end
  if type(v) ~= "table" then return v end
  local out = {}
  for k, x in pairs(v) do out[k] = copy(x) end
  return out
end

-- A net's buffers by name: running statistics and the like, which its forward pass changes.
local function buffers(net)
  local own = net:state()
  for _, name in ipairs(net:names()) do own[name] = nil end
  return own
end

local function take(self)
  local out = {nets = {}, objects = {}}
  for i, net in ipairs(self.nets) do out.nets[i] = copy(buffers(net)) end
  for i, object in ipairs(self.objects) do out.objects[i] = copy(object:state()) end
  return out
end

local function put(self, state)
  for i, net in ipairs(self.nets) do
    for name, t in pairs(buffers(net)) do core.copy_(t, state.nets[i][name]) end
  end
  for i, object in ipairs(self.objects) do object:load(copy(state.objects[i])) end
end

-- Where the streams stand: stream -> {key, counter}.
local function positions(self)
  local out = {}
  for _, rng in pairs(self.streams()) do out[rng] = {rng:state()} end
  return out
end

-- Returns the numbers 1..count, or a copy of the order asked for, which must have each of them once.
local function order_of(count, asked)
  local order, left = {}, {}
  for k = 1, count do order[k], left[k] = k, true end
  if not asked then return order end
  for i = 1, math.max(count, #asked) do
    local k = asked[i]
    if math.type(k) ~= "integer" or not left[k] then
      return check.fail("game.loop.new", "option 'block_order': expected the numbers 1..%d, each once", count)
    end
    order[i], left[k] = k, nil
  end
  return order
end

--- Makes the blocks of a game.
-- @tparam table opt
-- @tparam integer opt.count  K, a power of two
-- @tparam table opt.nets  list of modules whose buffers a block may change
-- @tparam table opt.objects  list of what has state() and load(), and may change in a block
-- @tparam function opt.streams  f() -> table of the random streams that a block may read
-- @tparam[opt] table opt.order  in which order the blocks are computed (default: 1..K); the result is the same
-- @treturn table
-- @raise if order is no permutation of 1..K
function M.new(opt)
  opt.order = order_of(opt.count, opt.order)
  return setmetatable(opt, Blocks)
end

--- Calls f for every block of a batch, and returns the mean of what it returned.
-- @tparam integer n  images in the batch
-- @tparam function f  f(first, size, k) -> a table of real tensors, floats and tables of them; k in 1..K
-- @treturn table
-- @raise if the blocks do not divide n
function Blocks:mean(n, f)
  if self.count == 1 then return f(1, n, 1) end
  if n % self.count ~= 0 then
    return check.fail("game.loop.new", "option 'blocks': %d blocks do not divide a batch of %d", self.count, n)
  end
  local size, start, from = n // self.count, take(self), positions(self)
  local sums, used = tree.new(self.count), {}
  for _, k in ipairs(self.order) do
    put(self, start)
    for rng, p in pairs(from) do rng:load(p[1], p[2] + (k - 1) * STRIDE) end
    local result = f((k - 1) * size + 1, size, k)
    for rng, p in pairs(from) do
      local _, at = rng:state()
      if at ~= p[2] + (k - 1) * STRIDE then used[rng] = true end
    end
    sums:add(k, {result = result, state = take(self)})
  end
  for rng, p in pairs(from) do rng:load(p[1], used[rng] and p[2] + self.count * STRIDE or p[2]) end
  local mean = sums:mean()
  put(self, mean.state)
  return mean.result
end

--- Calls f for every block of a batch that nobody learns from.
-- Nets, penalties and what else a pass changes stand as before; streams go on.
-- @tparam integer n  images in the batch
-- @tparam function f  f(first, size, k); returns nothing
-- @raise if the blocks do not divide n
function Blocks:aside(n, f)
  local before = take(self)
  self:mean(n, function(...)
    f(...)
    return {}
  end)
  put(self, before)
end

return M
