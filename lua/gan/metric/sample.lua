--- A feature set that is kept row by row, for metrics of neighbours and of pairs.
-- @module gan.metric.sample
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"

local sample = {}
sample.__index = sample

local M = {}

--- Whether v is a sample.
function M.is(v) return getmetatable(v) == sample end

--- A sample itself, or one made of a real tensor (N,D); for options that take either.
function M.of(op, name, v)
  if M.is(v) then return v end
  if not core.is_tensor(v) then return check.expected(op, 1, name, "a sample (gan.metric.sample) or real (N,D)", v) end
  input.rows(op, 1, name, v)
  return setmetatable({rows = v, n = core.size(v, 1), dim = core.size(v, 2), capacity = core.size(v, 1), near = {}}, sample)
end

--- The two sets of a metric from its options: `fake` is a new sample where none is given.
function M.pair(op, opt)
  local real = M.of(op, "real", opt.real)
  local fake = opt.fake == nil and M {dim = real.dim} or M.of(op, "fake", opt.fake)
  return real, fake
end

--- The widths of two sets, which must be one.
function M.same_dim(op, real, fake)
  if real.dim and fake.dim and real.dim ~= fake.dim then
    return check.fail(op, "features of one network are wanted: 'real' has %d columns, 'fake' %d", real.dim, fake.dim)
  end
  return real.dim or fake.dim
end

-- Room for n rows. Doubled, unless the capacity was said: then memory is that of the rows alone.
local function reserve(self, n)
  if self.rows and n <= self.capacity then return end
  local capacity = math.max(n, self.rows and 2 * self.capacity or self.capacity)
  local rows = core.full({capacity, self.dim}, 0)
  if self.n > 0 then core.copy_(core.narrow(rows, 1, 1, self.n), core.narrow(self.rows, 1, 1, self.n)) end
  self.rows, self.capacity = rows, capacity
end

--- Appends rows; they are copied.
-- @tparam Tensor features real (N,D), finite; D as in the first batch
-- @treturn table the sample
-- @raise names a row that holds NaN or an infinity
function sample:add(features)
  input.rows("sample.add", 1, "features", features, self.dim)
  self.dim = core.size(features, 2)
  local n = core.size(features, 1)
  reserve(self, self.n + n)
  if n > 0 then core.copy_(core.narrow(self.rows, 1, self.n + 1, n), features) end
  self.n, self.near = self.n + n, {}
  return self
end

--- The rows added so far, a view (n,D).
function sample:features()
  if not self.rows then return core.full({0, self.dim or 0}, 0) end
  return core.narrow(self.rows, 1, 1, self.n)
end

--- Squared distance of every row to its k-th nearest other row, f64 (n). Kept until rows are added, as metrics ask again.
-- @tparam string op for whom, in errors
-- @tparam string name which set, in errors
-- @tparam integer k 1..n-1
function sample:radii(op, name, k)
  input.enough(op, name, self.n, k + 1, ("k = %d"):format(k))
  if not self.near[k] then
    local squared = core.nearest(self:features(), nil, k)
    self.near[k] = core.reshape(core.narrow(squared, 2, k, 1), {self.n})
  end
  return self.near[k]
end

--- A feature set that keeps its rows.
-- @tparam[opt] table opt dim: D (default: that of the first batch); capacity: rows to be expected, so that memory is allocated once
-- @treturn table with n, dim, add(features), features()
return setmetatable(M, {__call = function(_, opt)
  opt = check.options("sample", opt, {dim = check.none, capacity = 0})
  local dim = opt.dim and check.int("sample", 1, "dim", opt.dim, 1)
  return setmetatable({dim = dim, capacity = check.int("sample", 1, "capacity", opt.capacity, 0), n = 0, near = {}}, sample)
end})
