--- Gathers the library: `local gan = require "gan"`.
--
-- Rooms (`gan.nn`, `gan.data`, ...) are loaded on first use; ops are fields, too (`gan.relu`).
-- @module gan
require "gan.wait" -- before core: what its libraries need
local core = require "gan.core"
local check = require "gan.check"

if arg then warn "@on" end -- the lua interpreter, which leaves warnings off; other hosts decide for themselves

local source = debug.getinfo(1, "S").source
core.library((source:gsub("init%.lua$", "")))

local tensor = require "gan.tensor"
local autograd = require "gan.autograd"
local random = require "gan.random"

--- Returns true if v is a tensor. Cannot fail.
-- @function gan.is_tensor
-- @param v  any value
-- @treturn boolean

--- Returns how many threads kernels use, and sets it first where n is given; fewer where the system gives no more.
-- The results are the same bytes for any number. Each thread of a process that runs Lua states has a number of its own.
-- @function gan.threads
-- @tparam[opt] integer n  from 1
-- @treturn integer
-- @raise if n is out of range

--- Returns the largest tile of Winograd's convolutions that is chosen by itself, and sets it first where it is given.
-- It is 4 at first. Tiles of 4 are faster, and have three limits that tiles of 2, and 0, have not:
--
-- * They round by the largest number in a tile's window (of a 3x3 kernel 6x6 pixels, for 4x4 results): a pixel 1e4
--   times its neighbours costs these 1e-3 of their results, and 1e-2 if it is so in all channels.
-- * A NaN or an infinity spreads over all results of its window's tiles, not only to those that the kernel reaches.
-- * Numbers from 1e36 on may overflow, a hundredth of what floats hold.
--
-- Images in [-1,1] and normalised features are far from that: the error is 1e-5. 0 leaves convolutions exact to the
-- last bits. `engine` is the same choice for one layer or call: `nn.conv2d {3, 64, kernel = 3, engine = "direct"}`.
-- @function gan.winograd
-- @tparam[opt] integer tile  0 (none), 2 or 4
-- @treturn integer
-- @raise if it is another number

--- Returns what tensors occupy. Cannot fail.
-- @function gan.memory
-- @treturn table  in bytes: `live`, `cached` (free, kept for later), `peak`, `since` (handed out since the collector
--   ran); and `count`, buffers handed out

local gan = {
  _VERSION = core.version_string,
  tensor = tensor.tensor, zeros = tensor.zeros, ones = tensor.ones, full = tensor.full,
  rng = random.rng, seed = random.seed, randn = random.randn, rand = random.rand,
  grad = autograd.grad, sum_grads = autograd.sum_grads, no_grad = autograd.no_grad, gradcheck = autograd.gradcheck,
  op = autograd.op,
  is_tensor = core.is_tensor, threads = core.threads, winograd = core.winograd, memory = core.memory,
}

local rooms = {
  "ops", "nn", "latent", "quantities", "loss", "penalty", "augment", "schedule", "optim", "metric", "data", "file",
  "model", "game", "measure", "show", "command", "train", "autograd",
}

for name, op in pairs(require "gan.ops") do gan[name] = op end

return check.room("gan", gan, rooms)
