--- Provides the ops that move elements without computing: views and copies.
--
-- Axes and positions count from 1, negative axes from the end. A view shares its elements with x.
-- @module gan.ops.shape
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"

local op = autograd.op
local M = {}

-- f(x, list) as a function that takes a list or its integers, x:reshape(2, 4) for x:reshape {2, 4}.
local function spread(f)
  return function(x, list, ...)
    if math.type(list) == "integer" then return f(x, {list, ...}) end
    return f(x, list, ...)
  end
end

--- Gives x another shape of as many elements. A view, or a copy where the strides allow none.
-- @function gan.reshape
-- @tparam Tensor x  any shape and dtype
-- @tparam table|integer shape  sizes, in a table or one after the other; one may be -1, and is found out
-- @tparam[opt] integer ...  the others, where they stand one after the other
-- @treturn Tensor  (shape)
-- @raise if the shape has not as many elements
M.reshape = op {name = "reshape", forward = spread(core.reshape), reads = {},
  cases = function(s) return {
    {s:randn(2, 3), {3, 2}}, {s:randn(2, 3, 2), {2, -1}}, {s:randn(1), {}}, {s:randn(2, 6), 3, -1},
  } end,
  bad = function(s)
    return {
      {s:randn(2, 3), {4}, match = "as many elements"}, {s:randn(2), {-1, -1}, match = "size 2"},
      {s:randn(2), 3, match = "as many elements"}, {s:randn(2), "2", match = "table"},
      {s:randn(2), 2, "1", match = "integer"},
    }
  end,
  grad = {function(g, ctx) return M.reshape(g, ctx.shapes[1]) end}}

local function inverse(axes, nd)
  local out = {}
  for i, a in ipairs(axes) do out[a > 0 and a or nd + 1 + a] = i end
  return out
end

--- Puts the axes in another order. A view.
-- @function gan.permute
-- @tparam Tensor x  any shape and dtype
-- @tparam table|integer axes  a permutation of x's axes, in a table or one after the other: result axis i is x's axis
--   `axes[i]`
-- @tparam[opt] integer ...  the others, where they stand one after the other
-- @treturn Tensor  (sizes in that order)
-- @raise if `axes` is no permutation
M.permute = op {name = "permute", forward = spread(core.permute), reads = {},
  cases = function(s) return {{s:randn(2, 3, 4), {3, 1, 2}}, {s:randn(2, 3), {-1, 1}}, {s:randn(2, 3), 2, 1}} end,
  bad = function(s) return {{s:randn(2, 3), {1, 1}, match = "twice"}, {s:randn(2, 3), {1}, match = "permutation"},
    {s:randn(2, 3), {1, 3}, match = "#2 'axes' (entry 2: expected an axis in 1..2 or -2..-1, got 3)"},
    {s:randn(2, 3), match = "got nil"}} end,
  grad = {function(g, ctx, _, axes, ...)
    return M.permute(g, inverse(type(axes) == "table" and axes or {axes, ...}, #ctx.shapes[1]))
  end}}

--- Exchanges two axes. A view.
-- @function gan.transpose
-- @tparam Tensor x  any shape and dtype
-- @tparam[opt=-2] integer a  one axis
-- @tparam[opt=-1] integer b  the other
-- @treturn Tensor  x's shape with two sizes exchanged
-- @raise if an axis is out of range
function M.transpose(x, a, b)
  local nd = core.dim(x)
  if nd < 2 and not a or nd == 0 then
    return check.fail("transpose", "expected at least 2 dimensions, got %s", check.found(x))
  end
  a, b = a or nd - 1, b or nd
  check.axis("transpose", 2, "axis", a, nd)
  check.axis("transpose", 3, "axis", b, nd)
  a, b = a > 0 and a or nd + 1 + a, b > 0 and b or nd + 1 + b
  local axes = {}
  for i = 1, nd do axes[i] = i end
  axes[a], axes[b] = axes[b], axes[a]
  return M.permute(x, axes)
end

--- Stretches sizes 1, and missing leading ones, to a shape. A view; its gradient sums them up again.
-- @function gan.expand
-- @tparam Tensor x  any shape and dtype
-- @tparam table|integer shape  sizes, in a table or one after the other
-- @tparam[opt] integer ...  the others, where they stand one after the other
-- @treturn Tensor  (shape)
-- @raise if x does not broadcast to the shape
M.expand = op {name = "expand", forward = spread(core.expand), reads = {},
  cases = function(s) return {{s:randn(3), {2, 3}}, {s:randn(2, 1), {2, 4}}, {s:randn(), {2}}, {s:randn(3), 2, 3}} end,
  bad = function(s) return {{s:randn(2, 3), {3, 2}, match = "broadcasts to"}} end,
  grad = {function(g) return g end}}

--- Takes elements start, start + step, ... along an axis. A view.
-- @function gan.narrow
-- @tparam Tensor x  any shape and dtype
-- @tparam integer axis  along which
-- @tparam integer start  the first position, from 1
-- @tparam integer length  how many
-- @tparam[opt=1] integer step  >= 1
-- @treturn Tensor  x's shape, `length` along the axis
-- @raise if that is more than there is
M.narrow = op {name = "narrow", forward = core.narrow, reads = {},
  cases = function(s) return {{s:randn(4, 3), 1, 2, 2}, {s:randn(2, 5), -1, 1, 3, 2}} end,
  bad = function(s)
    return {
      {s:randn(4), 2, 1, 1, match = "axis"}, {s:randn(4), match = "an axis in 1..1 or -1..-1, got nil"},
      {s:randn(), 1, 1, 1, match = "a tensor without dimensions has no axis"}, {s:randn(4), 1, 3, 3, match = "length"},
      {s:randn(4), 1, 0, 1, match = "start"},
    }
  end,
  grad = {function(g, ctx, _, axis, start, length, step)
    return M.narrow_dx(g, ctx.shapes[1], axis, start, length, step)
  end}}

--- Puts g into a tensor of zeros. The adjoint of narrow.
-- @function gan.narrow_dx
-- @tparam Tensor g  what `narrow` gives of the result, any shape
-- @tparam table shape  sizes of the result
-- @tparam integer axis  along which
-- @tparam integer start  the first position, from 1
-- @tparam integer length  how many
-- @tparam[opt=1] integer step  >= 1
-- @treturn Tensor  (shape)
-- @raise if g does not fit there
M.narrow_dx = op {name = "narrow_dx", forward = core.narrow_dx, reads = {}, method = false,
  cases = function(s) return {{s:randn(2, 3), {4, 3}, 1, 2, 2}, {s:randn(2, 3), {2, 5}, -1, 1, 3, 2}} end,
  bad = function(s)
    return {
      {s:randn(2, 3), {4, 3}, 1, 4, 2, match = "#5 'length'"}, {s:randn(2, 3), {4, 3}, match = "#3 'axis'"},
      {s:randn(3), {4, 3}, 1, 2, 2, match = "#1 'g' (expected (2,3) to match what is taken, got (3))"},
      {s:randn(2, 3), 4, 1, 2, 2, match = "#2 'shape'"}, {nil, {4, 3}, 1, 2, 2, match = "real tensor"},
    }
  end,
  grad = {function(h, _, _, _, axis, start, length, step) return M.narrow(h, axis, start, length, step) end}}

--- Takes the i-th slice along an axis, without that axis. A view. Also `x[i]`, along the first.
-- @function gan.select
-- @tparam Tensor x  any shape and dtype
-- @tparam integer i  from 1
-- @tparam[opt=1] integer axis  along which
-- @treturn Tensor  x's shape without the axis
-- @raise if there is no such slice
function M.select(x, i, axis)
  axis = axis or 1
  if core.is_tensor(x) and check.axis("select", 3, "axis", axis, core.dim(x)) then
    check.int("select", 2, "i", i, 1, core.size(x, axis))
  end
  return M.squeeze(M.narrow(x, axis, i, 1), axis)
end

--- Leaves out an axis of size 1, or all of them. A view.
-- @function gan.squeeze
-- @tparam Tensor x  any shape and dtype
-- @tparam[opt] integer axis  default: every axis of size 1
-- @treturn Tensor  x's shape without these
-- @raise if the axis has another size
function M.squeeze(x, axis)
  local shape, out = core.shape(x), {}
  if axis and core.size(x, axis) ~= 1 then
    return check.fail("squeeze", "axis %d of %s has not size 1", axis, check.found(x))
  end
  if axis and axis < 0 then axis = #shape + 1 + axis end
  for i, n in ipairs(shape) do
    if axis and i ~= axis or not axis and n ~= 1 then out[#out + 1] = n end
  end
  return M.reshape(x, out)
end

--- Adds an axis of size 1. A view.
-- @function gan.unsqueeze
-- @tparam Tensor x  any shape and dtype
-- @tparam integer axis  its place in the result
-- @treturn Tensor  x's shape with a 1 there
-- @raise if there is no such place
function M.unsqueeze(x, axis)
  local shape = core.shape(x)
  axis = check.int("unsqueeze", 2, "axis", axis, -#shape - 1, #shape + 1)
  if axis == 0 then return check.expected("unsqueeze", 2, "axis", "an axis, not 0", axis) end
  table.insert(shape, axis > 0 and axis or #shape + 2 + axis, 1)
  return M.reshape(x, shape)
end

--- Makes rows of samples: all axes but the first become one. A view, or a copy where the strides allow none.
-- @function gan.flatten
-- @tparam Tensor x  (N,...)
-- @treturn Tensor  (N,D), D the product of the other sizes; (1) of a scalar
-- @raise if x is no tensor
function M.flatten(x)
  local shape = core.shape(x)
  if #shape == 0 then return M.reshape(x, {1}) end
  local n = 1
  for i = 2, #shape do n = n * shape[i] end
  return M.reshape(x, {shape[1], n})
end

-- Takes m out of an axis of x, the first (samples, for pack) or the last (channels, for unpack), and moves that new
-- axis to where the other one is to take it up: (N,...,m,C), or (N,m,...,C).
local function apart(name, x, m, axis, what, form)
  check.int(name, 2, "m", m, 1)
  local shape = core.is_tensor(x) and core.shape(x) or {}
  local nd = #shape
  if nd < 2 then return check.expected(name, 1, "x", form, x) end
  axis = axis or nd
  if shape[axis] % m ~= 0 then
    return check.fail(name, "m = %d does not divide the %s of %s", m, check.count(shape[axis], what), check.found(x))
  end
  shape[axis] = shape[axis] // m
  local from, to, axes = axis == 1 and 2 or nd, axis == 1 and nd or 2, {}
  table.insert(shape, from, m)
  for k = 1, nd + 1 do axes[k] = k end
  table.insert(axes, to, table.remove(axes, from))
  return core.permute(core.reshape(x, shape), axes)
end

--- Packs samples, m neighbours at a time, along the channels (PacGAN): pack i has the samples m i .. m i + m - 1,
-- counted from 0, and channel c of its part j is its channel j C + c. A view where m is 1 or x has two axes, else a
-- copy.
-- Source: Lin et al. 2018, arXiv:1712.04086.  Differs: the authors' code joins whole batches, so that pack i has the
-- samples i, i + N, ...; of independent samples either is right.
-- @function gan.pack
-- @tparam Tensor x  (N m,...,C), any dtype
-- @tparam integer m  samples in a pack, >= 1
-- @treturn Tensor  (N,...,m C)
-- @raise if m does not divide the samples
M.pack = op {name = "pack", reads = {},
  forward = function(x, m)
    x = apart("pack", x, m, 1, "sample", "samples (N m,...,C)")
    local shape = core.shape(x)
    local c = table.remove(shape)
    shape[#shape] = m * c
    return core.reshape(x, shape)
  end,
  cases = function(s)
    return {{s:randn(4, 1, 2, 2), 2}, {s:randn(6, 2), 3}, {s:randn(4, 3, 1), 4}, {s:randn(3, 2, 2, 1), 1}}
  end,
  bad = function(s)
    return {
      {s:randn(4, 1, 2, 2), 3, match = "m = 3 does not divide the 4 samples of real tensor (4,1,2,2)"},
      {s:randn(4, 2), 0, match = "#2 'm' (expected an integer >= 1, got 0)"}, {s:randn(4, 2), match = "#2 'm'"},
      {s:randn(4), 2, match = "#1 'x' (expected samples (N m,...,C)"}, {nil, 2, match = "#1 'x'"},
    }
  end,
  grad = {function(g, _, _, m) return M.unpack(g, m) end}}

--- Takes packs apart again: the inverse of pack, and its adjoint.
-- @function gan.unpack
-- @tparam Tensor x  (N,...,m C), any dtype
-- @tparam integer m  samples in a pack, >= 1
-- @treturn Tensor  (N m,...,C)
-- @raise if m does not divide the channels
M.unpack = op {name = "unpack", reads = {},
  forward = function(x, m)
    x = apart("unpack", x, m, nil, "channel", "packs (N,...,m C)")
    local shape = core.shape(x)
    local n = table.remove(shape, 1)
    shape[1] = n * m
    return core.reshape(x, shape)
  end,
  cases = function(s)
    return {{s:randn(2, 1, 2, 4), 2}, {s:randn(2, 6), 3}, {s:randn(1, 3, 4), 4}, {s:randn(3, 2, 2, 1), 1}}
  end,
  bad = function(s)
    return {
      {s:randn(2, 1, 2, 3), 2, match = "m = 2 does not divide the 3 channels of real tensor (2,1,2,3)"},
      {s:randn(4, 2), 0, match = "#2 'm' (expected an integer >= 1, got 0)"}, {s:randn(4, 2), match = "#2 'm'"},
      {s:randn(4), 2, match = "#1 'x' (expected packs (N,...,m C)"}, {nil, 2, match = "#1 'x'"},
    }
  end,
  grad = {function(g, _, _, m) return M.pack(g, m) end}}

--- Copies x into row-major order; a view if it is so already.
-- @function gan.contiguous
-- @tparam Tensor x  any shape and dtype
-- @treturn Tensor  x's shape
-- @raise if x is no tensor
M.contiguous = op {name = "contiguous", forward = core.contiguous, reads = {},
  cases = function(s) return {{s:randn(2, 3)}} end, bad = function() return {{nil, match = "a tensor"}} end,
  grad = {function(g) return g end}}

--- Copies x, into row-major order.
-- @function gan.clone
-- @tparam Tensor x  any shape and dtype
-- @treturn Tensor  x's shape
-- @raise if x is no tensor
M.clone = op {name = "clone", forward = core.clone, reads = {},
  cases = function(s) return {{s:randn(2, 3)}} end, bad = function() return {{nil, match = "a tensor"}} end,
  grad = {function(g) return g end}}

--- Returns a view of all of x.
-- @function gan.alias
-- @tparam Tensor x  any shape and dtype
-- @treturn Tensor  x's shape
-- @raise if x is no tensor
M.alias = op {name = "alias", forward = core.alias, reads = {},
  cases = function(s) return {{s:randn(2, 3)}} end, bad = function() return {{nil, match = "a tensor"}} end,
  grad = {function(g) return g end}}

M.detach = autograd.detach

return M
