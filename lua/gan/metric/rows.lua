--- A feature set that is kept row by row, for metrics of neighbours and of pairs.
-- @module gan.metric.rows
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"

local option = check.option

local Rows = {}
Rows.__index = Rows

local M = {}

--- Tells whether v is a set of rows. Cannot fail.
-- @param v  anything
-- @treturn boolean
function M.is(v) return getmetatable(v) == Rows end

-- The set of an option's value: itself, or one made of a real tensor (N,D); or nil and what was expected.
local function of(v)
  if M.is(v) then return v end
  if not core.is_tensor(v) then return nil end
  if core.dtype(v) ~= "real" or core.dim(v) ~= 2 or core.size(v, 2) < 1 then return nil, "real (N,D)" end
  local bad = core.bad_row(v)
  if bad then return nil, ("finite numbers, but row %d holds NaN or an infinity"):format(bad) end
  local n = core.size(v, 1)
  return setmetatable({rows = v, n = n, dim = core.size(v, 2), capacity = n, near = {}}, Rows)
end

--- Makes the kind of an option that is a set of rows, or a real tensor (N,D), which becomes one. Cannot fail.
-- @tparam table o  as for check.option
-- @treturn table  a kind, for check.options
function M.option(o)
  return option.where {
    required = o.required, expected = "rows (gan.metric.rows) or a real tensor (N,D)", accept = of,
  }
end

--- Returns the width of two sets.
-- @tparam string op  for whom, in errors
-- @tparam table real  a set
-- @tparam table fake  a set
-- @treturn integer  D, or nil where both are empty
-- @raise if they have two widths
function M.same_dim(op, real, fake)
  if real.dim and fake.dim and real.dim ~= fake.dim then
    return check.fail(op, "features of one network are wanted: 'real' has %s, 'fake' %d",
      check.count(real.dim, "column"), fake.dim)
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
-- @tparam Tensor features  real (N,D), finite; D as in the first batch
-- @treturn table  the set
-- @raise naming a row that holds NaN or an infinity
function Rows:add(features)
  input.rows("metric.rows.add", 1, "features", features, self.dim)
  self.dim = core.size(features, 2)
  local n = core.size(features, 1)
  reserve(self, self.n + n)
  if n > 0 then core.copy_(core.narrow(self.rows, 1, self.n + 1, n), features) end
  self.n, self.near = self.n + n, {}
  return self
end

--- Returns the rows added so far. Cannot fail.
-- @treturn Tensor  real (n,D), a view
function Rows:features()
  if not self.rows then return core.full({0, self.dim or 0}, 0) end
  return core.narrow(self.rows, 1, 1, self.n)
end

--- Returns the squared distance of every row to its k-th nearest other row.
-- It is kept until rows are added, as metrics ask again.
-- @tparam string op  for whom, in errors
-- @tparam string name  which set, in errors
-- @tparam integer k  1..n-1
-- @treturn Tensor  f64 (n)
-- @raise if there are no more than k rows
function Rows:radii(op, name, k)
  input.enough(op, name, self.n, k + 1, ("k = %d"):format(k))
  if not self.near[k] then
    local squared = core.nearest(self:features(), nil, k)
    self.near[k] = core.reshape(core.narrow(squared, 2, k, 1), {self.n})
  end
  return self.near[k]
end

--- Makes a feature set that keeps its rows, empty at first.
-- @function gan.metric.rows
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.dim  D; default: that of the first batch
-- @tparam[opt=0] integer opt.capacity  rows to be expected, so that memory is allocated once
-- @treturn table  `n`, `dim`, `add`, `features`
-- @raise if an option is unknown or out of range
local function new(opt)
  opt = check.options("metric.rows", opt, {
    dim = option.integer {lo = 1}, capacity = option.integer {default = 0, lo = 0},
  })
  return setmetatable({dim = opt.dim, capacity = opt.capacity, n = 0, near = {}}, Rows)
end

return setmetatable(M, {__call = function(_, opt) return new(opt) end})
