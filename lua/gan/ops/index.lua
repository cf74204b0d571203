--- Provides joining, splitting, and picking by index.
--
-- AXES COUNT FROM 1, like all in Lua. INDICES IN i32 TENSORS (class labels, rows) COUNT FROM 0, as in data files:
-- a label tensor read from MNIST or CIFAR-10 is used as it is, and row 0 is the first row.
-- @module gan.ops.index
local core = require "gan.core"
local check = require "gan.check"
local op = require("gan.autograd").op
local shape = require "gan.ops.shape"

local M = {}

local function i32(values) return core.tensor(values, "i32") end

-- ---- joining and splitting ----

local function positive(axis, nd) return axis < 0 and nd + 1 + axis or axis end

-- The tensors come last, so that the tape sees each of them as an argument.
local join = op {
  name = "cat",
  method = false,
  forward = function(axis, ...) return core.cat({...}, axis) end,
  grad = function(g, ctx, need, axis, ...)
    local out, start = {}, 1
    for i = 2, 1 + select("#", ...) do
      local s = ctx.shapes[i]
      local n = s[positive(axis, #s)]
      if need[i] then out[i] = shape.narrow(g, axis, start, n) end
      start = start + n
    end
    return table.unpack(out, 1, 1 + select("#", ...))
  end,
  reads = {},
  cases = function(s) return {
    {1, s:randn(2, 3), s:randn(1, 3), s:randn(4, 3)},
    {-1, s:randn(2, 3, 2), s:randn(2, 3, 4)},
    {2, s:randn(2, 3, 2), s:randn(2, 0, 2)},
  } end,
  bad = function(s) return {
    {1, s:randn(2, 3), s:randn(2, 4), match = "'list[2]' ((2,4) does not join (2,3) along axis 1"},
    {3, s:randn(2, 3), match = "'axis'"},
    {1, match = "1..100000 tensors, got 0"},
    {1, s:randn(), match = "without dimensions"},
  } end,
}

--- Joins tensors of one dtype along an axis.
-- @function gan.cat
-- @tparam table list  tensors, at least one, equal in their other sizes
-- @tparam[opt=1] integer axis  along which
-- @treturn Tensor  (their sizes, added up along the axis)
-- @raise naming the first tensor that does not fit
function M.cat(list, axis)
  if axis == nil then axis = 1 end
  if type(list) ~= "table" then return core.cat(list, axis) end
  return join(axis, table.unpack(list))
end

--- Joins tensors of one shape and dtype along a new axis.
-- @function gan.stack
-- @tparam table list  tensors, at least one
-- @tparam[opt=1] integer axis  the place of the new axis in the result
-- @treturn Tensor  (their sizes, with #list at the axis)
-- @raise naming the first tensor that does not fit
function M.stack(list, axis)
  if axis == nil then axis = 1 end
  local first = type(list) == "table" and list[1]
  if not core.is_tensor(first) then
    return check.expected("stack", 1, "list", "a table of tensors", first or list)
  end
  local nd = core.dim(first)
  axis = check.int("stack", 2, "axis", axis, -nd - 1, nd + 1)
  if axis == 0 or nd == 8 then
    return check.fail("stack", "bad argument #2 'axis' (no new axis %d among those of %s)", axis, check.found(first))
  end
  axis = positive(axis, nd + 1)
  local parts = {}
  for i, t in ipairs(list) do
    if not core.is_tensor(t) then return check.expected("stack", 1, ("list[%d]"):format(i), "a tensor", t) end
    local s = core.shape(t)
    if check.shape_string(s) ~= check.shape_string(core.shape(first)) then
      return check.expected("stack", 1, ("list[%d]"):format(i), "the first one's shape", t)
    end
    table.insert(s, axis, 1)
    parts[i] = shape.reshape(t, s)
  end
  return join(axis, table.unpack(parts))
end

--- Cuts a tensor into consecutive parts along an axis. Views.
-- @function gan.split
-- @tparam Tensor x  any shape and dtype
-- @tparam integer|table parts  how many equal parts, or a list of sizes that add up to x's size
-- @tparam[opt=1] integer axis  along which
-- @treturn table  list of tensors
-- @raise if the parts do not add up to x's size
function M.split(x, parts, axis)
  if not core.is_tensor(x) then return check.expected("split", 1, "x", "a tensor", x) end
  if axis == nil then axis = 1 end
  local nd = core.dim(x)
  axis = check.axis("split", 3, "axis", axis, nd)
  local total, list = core.size(x, axis), parts
  if type(parts) ~= "table" then
    local n = check.int("split", 2, "parts", parts, 1, math.max(total, 1))
    if total % n ~= 0 then
      return check.fail("split", "bad argument #2 'parts' (%d does not divide size %d of axis %d)", n, total, axis)
    end
    list = {}
    for i = 1, n do list[i] = total // n end
  end
  local out, start = {}, 1
  for i = 1, #list do
    local n = check.int("split", 2, ("parts[%d]"):format(i), list[i], 0, total - start + 1)
    out[i] = shape.narrow(x, axis, start, n)
    start = start + n
  end
  if start ~= total + 1 then
    return check.fail("split", "bad argument #2 'parts' (sizes add up to %d, axis %d has %d)", start - 1, axis, total)
  end
  return out
end

-- ---- rows ----

--- Takes rows of x by index.
-- @function gan.gather_rows
-- @tparam Tensor x  (R,...), any dtype
-- @tparam Tensor idx  i32, any shape, each 0..R-1 (COUNTED FROM 0)
-- @treturn Tensor  (idx's shape, then a row's shape)
-- @raise naming the first index out of range
M.gather_rows = op {
  name = "gather_rows",
  forward = core.gather_rows,
  grad = {function(g, ctx, _, idx) return M.scatter_rows(g, idx, ctx.shapes[1][1]) end},
  reads = {{2}},
  cases = function(s) return {
    {s:randn(4, 3), i32 {2, 0, 2}},
    {s:randn(3, 2, 2), i32 {{0, 1}, {2, 2}}},
    {s:randn(5), i32 {4, 4, 0}},
    {s:randn(5, 2), i32(3)},
  } end,
  bad = function(s) return {
    {s:randn(4, 3), i32 {1, 4}, match = "'idx' (expected indices in 0..3, got 4 at element 2)"},
    {s:randn(4, 3), i32 {-1}, match = "got -1 at element 1"},
    {s:randn(4, 3), s:randn(2), match = "an i32 tensor"},
    {s:randn(), i32 {0}, match = "bad argument #1 'x'"},
  } end,
}

--- Adds the row y[i] to row idx[i] of zeros; rows named twice add up. The adjoint of gather_rows.
-- @function gan.scatter_rows
-- @tparam Tensor y  (idx's shape, then a row's shape)
-- @tparam Tensor idx  i32, any shape, each 0..rows-1 (COUNTED FROM 0)
-- @tparam integer rows  of the result
-- @treturn Tensor  (rows, then a row's shape)
-- @raise naming the first index out of range, or if y's shape does not begin with idx's
M.scatter_rows = op {
  name = "scatter_rows",
  forward = core.scatter_rows,
  grad = {function(g, _, _, idx) return M.gather_rows(g, idx) end},
  reads = {{2}},
  cases = function(s) return {
    {s:randn(3, 2), i32 {2, 0, 2}, 4},
    {s:randn(2, 2, 3), i32 {{0, 1}, {2, 2}}, 3},
    {s:randn(3), i32 {4, 4, 0}, 5},
  } end,
  bad = function(s) return {
    {s:randn(3, 2), i32 {0, 4, 1}, 4, match = "indices in 0..3, got 4 at element 2"},
    {s:randn(3, 2), i32 {0, 1}, 4, match = "'y' (expected idx's shape (2)"},
    {s:randn(3, 2), i32 {0, 1, 2}, -1, match = "'rows'"},
  } end,
}

--- Takes a row of the weight for each label.
-- @function gan.embedding
-- @tparam Tensor weight  (Y,D)
-- @tparam Tensor idx  i32 labels of any shape, each 0..Y-1 (COUNTED FROM 0)
-- @treturn Tensor  (idx's shape, then D)
-- @raise naming the first label out of range
function M.embedding(weight, idx) return M.gather_rows(weight, idx) end

-- ---- along an axis ----

--- Picks elements along an axis: y[..,j,..] = x[..,idx[..,j,..],..].
-- @function gan.take_along
-- @tparam Tensor x  any shape
-- @tparam Tensor idx  i32, x's shape except along the axis, each 0..size-1 (COUNTED FROM 0)
-- @tparam integer axis  along which
-- @treturn Tensor  idx's shape
-- @raise naming the first index out of range, or if the shapes do not fit
M.take_along = op {
  name = "take_along",
  forward = core.take_along,
  grad = {function(g, ctx, _, idx, axis)
    local s = ctx.shapes[1]
    return M.put_along(g, idx, axis, s[positive(axis, #s)])
  end},
  reads = {{2}},
  cases = function(s) return {
    {s:randn(2, 4), i32 {{3, 0, 3}, {1, 1, 2}}, 2},
    {s:randn(4, 2), i32 {{3, 0}}, 1},
    {s:randn(2, 3, 2), i32 {{{0, 2}}, {{1, 1}}}, -2},
  } end,
  bad = function(s) return {
    {s:randn(2, 4), i32 {{4}, {0}}, 2, match = "indices in 0..3, got 4 at element 1"},
    {s:randn(2, 4), i32 {{0}}, 2, match = "'x' (expected idx's shape (1,1) except along axis 2"},
    {s:randn(2, 4), i32 {{0}, {0}}, 3, match = "'axis'"},
  } end,
}

--- Adds y's elements to zeros along an axis: x[..,idx[..,j,..],..] += y[..,j,..]. The adjoint of take_along.
-- @function gan.put_along
-- @tparam Tensor y  any shape
-- @tparam Tensor idx  i32, y's shape, each 0..n-1 (COUNTED FROM 0)
-- @tparam integer axis  along which
-- @tparam integer n  the result's size along it
-- @treturn Tensor  y's shape, n along the axis
-- @raise naming the first index out of range, or if the shapes differ
M.put_along = op {
  name = "put_along",
  forward = core.put_along,
  grad = {function(g, _, _, idx, axis) return M.take_along(g, idx, axis) end},
  reads = {{2}},
  cases = function(s) return {
    {s:randn(2, 3), i32 {{3, 0, 3}, {1, 1, 2}}, 2, 4},
    {s:randn(1, 2), i32 {{3, 0}}, -2, 4},
  } end,
  bad = function(s) return {
    {s:randn(2, 3), i32 {{0, 0, 0}, {0, 0, 4}}, 2, 4, match = "got 4 at element 6"},
    {s:randn(2, 3), i32 {{0, 0, 0}}, 2, 4, match = "'y' (expected (1,3) to match idx"},
  } end,
}

--- Marks labels: 1 at the label, 0 elsewhere. Has no gradient.
-- @function gan.one_hot
-- @tparam Tensor idx  i32 labels of any shape, each 0..classes-1 (COUNTED FROM 0)
-- @tparam integer classes  >= 1
-- @treturn Tensor  (idx's shape, then classes)
-- @raise naming the first label out of range
M.one_hot = op {
  name = "one_hot",
  forward = core.one_hot,
  nondiff = true,
  cases = function() return {{i32 {2, 0, 1}, 3}} end,
  bad = function(s) return {
    {i32 {3}, 3, match = "indices in 0..2, got 3 at element 1"},
    {i32 {3}, 0, match = "'classes'"},
    {s:randn(2), 3, match = "an i32 tensor"},
  } end,
}

return M
