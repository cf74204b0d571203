--- Provides random numbers: gan's default stream, and named streams of one's own.
--
-- A stream counts what it has drawn: the same seed and name give the same numbers, on any machine and for any number of
-- threads. Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox).
--
--     local rng = gan.rng(1, "noise")
--     local z = rng:normal({64, 100})
--
-- @module gan.random
local core = require "gan.core"

local M = {}

local default = core.rng(0, "default")

--- Makes a named stream, which depends on no other.
-- @function gan.rng
-- @tparam integer seed  any
-- @tparam[opt] string name  streams of other names are independent of it
-- @treturn Stream
-- @raise if the seed is no integer, or the name no string
function M.rng(seed, name) return core.rng(seed, name) end

--- Draws uniform numbers in [lo, hi).
-- @function Stream:uniform
-- @tparam table shape  sizes
-- @tparam[opt=0] number lo  lower end
-- @tparam[opt=1] number hi  upper end
-- @treturn Tensor  real (shape)
-- @raise if a size is no integer >= 0, or an end no number

--- Draws normal numbers.
-- @function Stream:normal
-- @tparam table shape  sizes
-- @tparam[opt=0] number mean  their mean
-- @tparam[opt=1] number std  their standard deviation
-- @treturn Tensor  real (shape)
-- @raise if a size is no integer >= 0, or a number is none

--- Draws integers in lo..hi, both ends among them.
-- @function Stream:integer
-- @tparam table shape  sizes
-- @tparam integer lo  the smallest
-- @tparam integer hi  the largest, >= lo
-- @treturn Tensor  i32 (shape)
-- @raise if a size is no integer >= 0, or hi is less than lo

--- Draws an order of 0..n-1.
-- @function Stream:permutation
-- @tparam integer n  >= 0
-- @treturn Tensor  i32 (n)
-- @raise if n is no integer >= 0

--- Chooses one of several things for each of some rows. The choice is a pure function of the stream's seed and name, of
-- `sub` and the row: it neither depends on the stream's place nor moves it.
-- @function Stream:choose
-- @tparam integer sub  which of many sequences, >= 0: the epoch
-- @tparam Tensor rows  i32 (n)
-- @tparam Tensor counts  i32 (n): of how many things
-- @treturn Tensor  i32 (n), from 0; -1 where there is none
-- @raise if rows and counts are not as long as each other

--- Returns where the stream is, to be saved.
-- @function Stream:state
-- @treturn integer  key, by seed and name
-- @treturn integer  counter, by what was drawn
-- @raise if this is no stream

--- Goes where a stream was.
-- @function Stream:load
-- @tparam integer key  of `state`
-- @tparam integer counter  of `state`
-- @treturn Stream  the same
-- @raise if one of them is no integer

--- Returns true if v is a random stream, as gan.rng makes them. Cannot fail.
-- @param v  any value
-- @treturn boolean
function M.is_stream(v) return core.is_rng(v) end

--- Restarts gan's default stream.
-- @function gan.seed
-- @tparam integer n  its seed
-- @raise if n is no integer
function M.seed(n) default = core.rng(n, "default") end

--- Returns gan's default stream itself. Cannot fail.
-- @treturn Stream
function M.default() return default end

local function sizes(...)
  if type((...)) == "table" then return ... end
  return {...}
end

--- Draws standard normal numbers from gan's default stream: `gan.randn(64, 100)` or `gan.randn({64, 100})`.
-- @function gan.randn
-- @tparam integer ...  sizes, or one table of them
-- @treturn Tensor  real (sizes)
-- @raise if a size is no integer >= 0
function M.randn(...) return default:normal(sizes(...)) end

--- Draws uniform numbers in [0,1) from gan's default stream: `gan.rand(64, 100)` or `gan.rand({64, 100})`.
-- @function gan.rand
-- @tparam integer ...  sizes, or one table of them
-- @treturn Tensor  real (sizes)
-- @raise if a size is no integer >= 0
function M.rand(...) return default:uniform(sizes(...)) end

return M
