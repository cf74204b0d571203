--- The default random stream, and named streams of one's own.
-- @module gan.random
local core = require "gan.core"

local M = {}

local default = core.rng(0, "default")

--- A named stream: the same seed and name give the same numbers, whatever other streams did.
-- Methods: uniform(shape, lo, hi), normal(shape, mean, std), integer(shape, lo, hi), permutation(n), state(), load(key, counter).
function M.rng(seed, name) return core.rng(seed, name) end

--- Tells whether v is a random stream, as gan.rng makes them.
function M.is_stream(v) return core.is_rng(v) end

--- Restarts the default stream.
function M.seed(n) default = core.rng(n, "default") end

--- The default stream itself.
function M.default() return default end

--- The stream that an option `rng` stands for: itself, or the default stream where it is nil.
-- @raise in the name of `op` if it is no stream
function M.stream(op, rng)
  if rng == nil then return default end
  if type(rng) == "userdata" or type(rng) == "table" then
    if rng.uniform then return rng end
  end
  return core.raise(op, ("option 'rng': expected a random stream (gan.rng), got %s"):format(type(rng)))
end

local function sizes(...)
  if type((...)) == "table" then return ... end
  return {...}
end

--- Standard normal numbers from the default stream: randn(64, 100) or randn({64, 100}).
function M.randn(...) return default:normal(sizes(...)) end

--- Uniform numbers in [0,1) from the default stream.
function M.rand(...) return default:uniform(sizes(...)) end

return M
