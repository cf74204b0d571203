--- Mean and covariance of features, summed in doubles as they come.
-- @module gan.metric.moments
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"

local moments = {}
moments.__index = moments

local M = {}

local CHUNK = 256 -- rows that are merged at a time: what is summed with what does not depend on the batches

--- Tells whether v is a moments object. Cannot fail.
-- @param v  anything
-- @treturn boolean
function M.is(v) return getmetatable(v) == moments end

local function new(dim) return setmetatable({dim = dim, n = 0, seen = 0}, moments) end

local function open(self, dim)
  self.dim = dim
  self.mu, self.scatter = core.full({dim}, 0, "f64"), core.full({dim, dim}, 0, "f64")
  self.rows = core.full({CHUNK, dim}, 0)
end

--- Adds rows. The same rows in the same order give the same bytes, in whatever batches and with any number of threads.
-- @tparam Tensor features  real (N,D), finite
-- @treturn table  the object
-- @raise naming a row that holds NaN or an infinity
function moments:add(features)
  input.rows("metric.moments.add", 1, "features", features, self.dim)
  if self.n == nil then
    return check.fail("metric.moments.add",
      "these moments were loaded without their number of rows: nothing can be added")
  end
  if not self.rows then open(self, core.size(features, 2)) end
  self.sigma = nil
  local n, at = core.size(features, 1), 0
  while at < n do
    local waiting = self.n - self.seen
    local take = math.min(n - at, CHUNK - waiting)
    core.copy_(core.narrow(self.rows, 1, waiting + 1, take), core.narrow(features, 1, at + 1, take))
    self.n, at = self.n + take, at + take
    if waiting + take == CHUNK then
      core.moments_add_(self.mu, self.scatter, self.seen, self.rows)
      self.seen = self.n
    end
  end
  return self
end

-- Mean and scatter of all rows, those that wait for their chunk's end included.
local function sums(self)
  local waiting = self.n - self.seen
  if waiting == 0 then return self.mu, self.scatter end
  local mu, scatter = core.clone(self.mu), core.clone(self.scatter)
  core.moments_add_(mu, scatter, self.seen, core.narrow(self.rows, 1, 1, waiting))
  return mu, scatter
end

--- Returns the mean.
-- @treturn Tensor  f64 (D)
-- @raise if there are no rows
function moments:mean()
  if self.n then input.enough("metric.moments.mean", "features", self.n, 1, "a mean") end
  return core.clone(self.n and sums(self) or self.mu)
end

--- Returns the covariance, divided by n-1. It must not be written to.
-- @treturn Tensor  f64 (D,D)
-- @raise if there are fewer than two rows
function moments:covariance()
  if self.sigma then return self.sigma end
  input.enough("metric.moments.covariance", "features", self.n, 2, "a covariance")
  local _, scatter = sums(self)
  if core.bad_row(scatter) then
    return check.fail("metric.moments.covariance", "the features are too large: their products overflow")
  end
  self.sigma = core.covariance(scatter, self.n - 1)
  return self.sigma
end

--- Returns what is saved, as the field's npz files have it.
-- @treturn table  mu f64 (D), sigma f64 (D,D), and n f64 (), which others do not write
-- @raise if there are fewer than two rows
function moments:state()
  return {mu = self:mean(), sigma = self:covariance(), n = self.n and core.full({}, self.n, "f64")}
end

local function array(state, key, shape)
  local t = state[key]
  local kind = core.is_tensor(t) and core.dtype(t)
  local want = "f64 or real " .. shape
  if kind ~= "f64" and kind ~= "real" or check.shape_string(core.shape(t)) ~= shape then
    return nil, ("'%s': expected %s, got %s"):format(key, want, check.found(t))
  end
  local bad = #core.shape(t) > 0 and core.bad_row(t)
  if bad then return nil, ("'%s': row %d holds NaN or an infinity"):format(key, bad) end
  return core.to(t, "f64")
end

local function count(n)
  if core.is_tensor(n) and core.numel(n) == 1 then n = core.item(n) end
  n = type(n) == "number" and math.tointeger(n)
  return n and n >= 2 and n <= 1 << 50 and n
end

--- Makes moments from what was saved, by us or by others.
-- Without n nothing can be added, and ranks are taken to be full.
-- @tparam table state  mu (D) and sigma (D,D), f64 or real; n (a number or a tensor of one), or nil where it is
--   not known
-- @treturn table  moments
-- @error if a shape does not fit, a number is NaN, or sigma is asymmetric
function M.from_state(state)
  if type(state) ~= "table" then return nil, "expected a table with 'mu' and 'sigma', got " .. check.found(state) end
  local dim = core.is_tensor(state.mu) and core.dim(state.mu) == 1 and core.size(state.mu, 1) or 0
  if dim < 1 then return nil, ("'mu': expected f64 or real (D), got %s"):format(check.found(state.mu)) end
  local mu, sigma, message
  mu, message = array(state, "mu", ("(%d)"):format(dim))
  if not mu then return nil, message end
  sigma, message = array(state, "sigma", ("(%d,%d)"):format(dim, dim))
  if not sigma then return nil, message end
  local i, j = core.asymmetry(sigma, 1e-6)
  if i then return nil, ("'sigma': not a covariance at (%d,%d)"):format(i, j) end
  local self = new(dim)
  if state.n == nil then
    self.n, self.mu, self.sigma = nil, mu, sigma
    return self
  end
  local n = count(state.n)
  if not n then return nil, ("'n': expected a whole number >= 2, got %s"):format(check.found(state.n)) end
  open(self, dim)
  self.n, self.seen, self.mu, self.sigma = n, n, mu, sigma
  self.scatter = core.covariance(sigma, 1 / (n - 1)) -- the inverse scaling
  return self
end

--- Makes an empty object that sums features.
-- @function gan.metric.moments
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.dim  D; default: that of the first batch
-- @treturn table  `n` (nil where a file did not say), `dim`, `add`, `mean`, `covariance`, `state`
-- @raise if an option is unknown or out of range
local function make(opt)
  local dim, self = check.options("metric.moments", opt, {dim = check.option.integer {lo = 1}}).dim, new()
  if dim then open(self, dim) end
  return self
end

return setmetatable(M, {__call = function(_, opt) return make(opt) end})
