--- Provides the ops that reduce axes: sums, means, extremes, norms, softmax.
--
-- Axes count from 1, negative ones from the end.
-- @module gan.ops.reduce
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local pointwise = require "gan.ops.pointwise"
local shape_ops = require "gan.ops.shape"

local op = autograd.op
local M = {}

local flag = check.option.boolean {default = false}

-- The shape with the reduced axes set to 1, and how many elements went into each result.
local function kept(shape, axes)
  local out, n = table.move(shape, 1, #shape, 1, {}), 1
  local function reduce(a)
    if a < 0 then a = #shape + 1 + a end
    out[a], n = 1, n * shape[a]
  end
  if axes == nil then
    for a = 1, #shape do reduce(a) end
  elseif type(axes) == "number" then
    reduce(axes)
  else
    for _, a in ipairs(axes) do reduce(a) end
  end
  return out, n
end

-- A result's gradient with the reduced axes back as size 1, so that it broadcasts with the argument.
local function restore(g, ctx, axes) return shape_ops.reshape(g, (kept(ctx.shapes[1], axes))) end
local function spread(g, ctx, axes) return shape_ops.expand(restore(g, ctx, axes), ctx.shapes[1]) end

local function cases(s)
  return {
    {s:randn(2, 3)}, {s:randn(2, 3, 4), 2}, {s:randn(2, 3, 4), {1, -1}},
    {s:randn(2, 3, 2, 2), {2, 3}, {keepdim = true}}, {s:randn()}, {s:randn(3), {}},
  }
end
local function bad(s)
  return {
    {nil, match = "real tensor"}, {s:randn(2, 3), 3, match = "'axes' (expected an axis in 1..2 or -2..-1, got 3)"},
    {s:randn(2, 3), {1, -2}, match = "axis 1 appears twice"}, {s:randn(2), "x", match = "a list of axes"},
    {s:randn(2), 1, {keepdims = true}, match = "did you mean 'keepdim'"}, {s:randn(2), {1.5}, match = "entry 1"},
    {s:randn(2), 1, {keepdim = 1}, match = "keepdim"}, {s:randn(2), {keepdim = true}, match = "options come behind"},
  }
end
local function bad_empty(s)
  local list = bad(s)
  list[#list + 1] = {s:randn(2, 0), 2, match = "nothing to reduce"}
  return list
end

local function reduction(def)
  local name, f = def.name, core[def.name]
  def.forward = def.forward or function(x, axes, opt)
    if opt == nil then return f(x, axes) end
    return f(x, axes, check.options(name, opt, {keepdim = flag}).keepdim)
  end
  def.cases, def.bad = def.cases or cases, def.bad or bad_empty
  M[name] = op(def)
end

--- Adds elements up, in double, over blocks that the shape fixes: the same bytes for any number of threads.
-- @function gan.sum
-- @tparam Tensor x  any shape
-- @tparam[opt] integer|table axes  one axis or a list of them; default: all
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves reduced axes with size 1
-- @treturn Tensor  x's shape without the reduced axes
-- @raise if an axis is out of range or given twice, or an option is unknown
reduction {name = "sum", reads = {}, bad = bad, grad = {function(g, ctx, _, axes) return spread(g, ctx, axes) end}}

--- Returns the mean.
-- @function gan.mean
-- @tparam Tensor x  any shape
-- @tparam[opt] integer|table axes  one axis or a list of them; default: all
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves reduced axes with size 1
-- @treturn Tensor  x's shape without the reduced axes
-- @raise if an axis is out of range or given twice, if there is nothing to reduce, or an option is unknown
reduction {name = "mean", reads = {}, grad = {function(g, ctx, _, axes)
  local _, n = kept(ctx.shapes[1], axes)
  return spread(pointwise.mul(g, 1 / n), ctx, axes)
end}}

--- Returns the variance: the mean squared distance from the mean.
-- @function gan.var
-- @tparam Tensor x  any shape
-- @tparam[opt] integer|table axes  one axis or a list of them; default: all
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves reduced axes with size 1
-- @tparam[opt=false] boolean opt.unbiased  divides by n - 1 instead of n
-- @treturn Tensor  x's shape without the reduced axes
-- @raise if an axis is out of range or given twice, if there are too few elements, or an option is unknown
reduction {name = "var",
  forward = function(x, axes, opt)
    opt = check.options("var", opt, {keepdim = flag, unbiased = flag})
    return core.var(x, axes, opt.keepdim, opt.unbiased)
  end,
  reads = {{1}},
  cases = function(s)
    local list = cases(s)
    list[#list + 1] = {s:randn(4, 3), 1, {unbiased = true}}
    return list
  end,
  bad = function(s)
    local list = bad_empty(s)
    list[#list + 1] = {s:randn(1, 3), 1, {unbiased = true}, match = "at least 2 elements"}
    return list
  end,
  grad = {function(g, ctx, x, axes, opt)
    local _, n = kept(ctx.shapes[1], axes)
    if opt and opt.unbiased then n = n - 1 end
    local d = pointwise.sub(x, M.mean(x, axes, {keepdim = true}))
    return pointwise.mul(restore(pointwise.mul(g, 2 / n), ctx, axes), d)
  end}}

local function extreme(name)
  reduction {name = name, reads = {{0, 1}}, grad = {function(g, ctx, x, axes)
    local is = core.eq(x, core.reshape(ctx.y, (kept(ctx.shapes[1], axes))))
    return pointwise.mul(restore(g, ctx, axes), core.div(is, core.sum(is, axes, true)))
  end}}
end

--- Returns the largest value; NaN if there is one.
-- Equal ones share the gradient in equal parts.
-- @function gan.max
-- @tparam Tensor x  any shape
-- @tparam[opt] integer|table axes  one axis or a list of them; default: all
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves reduced axes with size 1
-- @treturn Tensor  x's shape without the reduced axes
-- @raise if an axis is out of range or given twice, if there is nothing to reduce, or an option is unknown
extreme "max"

--- Returns the smallest value; NaN if there is one.
-- Equal ones share the gradient in equal parts.
-- @function gan.min
-- @tparam Tensor x  any shape
-- @tparam[opt] integer|table axes  one axis or a list of them; default: all
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves reduced axes with size 1
-- @treturn Tensor  x's shape without the reduced axes
-- @raise if an axis is out of range or given twice, if there is nothing to reduce, or an option is unknown
extreme "min"

--- Returns the Euclidean norm: the root of the sum of squares.
-- Its gradient at 0 is taken to be 0.
-- @function gan.norm
-- @tparam Tensor x  any shape
-- @tparam[opt] integer|table axes  one axis or a list of them; default: all
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves reduced axes with size 1
-- @treturn Tensor  x's shape without the reduced axes
-- @raise if an axis is out of range or given twice, or an option is unknown
reduction {name = "norm", reads = {{0, 1}}, bad = bad, grad = {function(g, ctx, x, axes)
  local zero = core.eq(ctx.y, 0)
  local scale = pointwise.where(zero, 0, pointwise.div(g, pointwise.where(zero, 1, ctx.y)))
  return pointwise.mul(restore(scale, ctx, axes), x)
end}}

local function position(name)
  local f = core[name]
  M[name] = op {name = name, nondiff = true,
    forward = function(x, axis, opt) return f(x, axis, check.options(name, opt, {keepdim = flag}).keepdim) end,
    cases = function(s) return {{s:randn(2, 3)}, {s:randn(2, 3, 2), 2}, {s:randn(4, 3), -1, {keepdim = true}}} end,
    bad = function(s)
      return {
        {s:randn(2, 3), 3, match = "axis"}, {nil, match = "real tensor"},
        {s:randn(2, 0), 2, match = "nothing to reduce"},
      }
    end}
end

--- Returns the position of the largest value along one axis, or in row-major order of all. Has no gradient.
-- Positions count from 0, as class labels do. The first of equal ones wins, and a NaN before all numbers.
-- @function gan.argmax
-- @tparam Tensor x  any shape
-- @tparam[opt] integer axis  default: all axes
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves the axis with size 1
-- @treturn Tensor  i32, x's shape without the axis
-- @raise if the axis is out of range, or there is nothing to reduce
position "argmax"

--- Returns the position of the smallest value along one axis, or in row-major order of all. Has no gradient.
-- Positions count from 0, as class labels do. The first of equal ones wins, and a NaN before all numbers.
-- @function gan.argmin
-- @tparam Tensor x  any shape
-- @tparam[opt] integer axis  default: all axes
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves the axis with size 1
-- @treturn Tensor  i32, x's shape without the axis
-- @raise if the axis is out of range, or there is nothing to reduce
position "argmin"

--- Undoes broadcasting: sums x over the axes along which `shape` was stretched to x's shape.
-- @function gan.sum_to
-- @tparam Tensor x  any shape
-- @tparam table shape  sizes that broadcast to x's shape
-- @treturn Tensor  (shape)
-- @raise if `shape` does not broadcast to x's
M.sum_to = op {name = "sum_to", forward = core.sum_to, reads = {},
  cases = function(s)
    return {
      {s:randn(2, 3), {3}}, {s:randn(2, 3, 4), {2, 1, 1}}, {s:randn(2, 3), {}}, {s:randn(2, 3), {2, 3}},
      {s:randn(2, 3, 2), {1, 3, 1}},
    }
  end,
  bad = function(s)
    return {
      {s:randn(2, 3), {2}, match = "(2) broadcasts to"}, {s:randn(3), {2, 3}, match = "broadcasts to"},
      {s:randn(3), 3, match = "table of sizes"},
    }
  end,
  grad = {function(g, ctx) return shape_ops.expand(g, ctx.shapes[1]) end}}

local function axis_cases(s) return {{s:randn(2, 3)}, {s:randn(2, 3, 4), 2}, {s:randn(3, 2), 1}} end
local function axis_bad(s)
  return {{s:randn(2, 3), 3, match = "axis"}, {nil, match = "real tensor"}, {s:randn(), match = "at least 1 dimension"}}
end

--- Returns e^x / sum of e^x along one axis, without overflow.
-- @function gan.softmax
-- @tparam Tensor x  at least 1 dimension, any sizes
-- @tparam[opt=-1] integer axis  the axis whose elements belong together
-- @treturn Tensor  x's shape
-- @raise if the axis is out of range
M.softmax = op {name = "softmax", forward = core.softmax, reads = {{0}}, cases = axis_cases, bad = axis_bad,
  grad = {function(g, ctx, _, axis)
    local gy = pointwise.mul(g, ctx.y)
    return pointwise.sub(gy, pointwise.mul(ctx.y, M.sum(gy, axis or -1, {keepdim = true})))
  end}}

--- Returns log(softmax(x)), without ever forming the softmax.
-- @function gan.log_softmax
-- @tparam Tensor x  at least 1 dimension, any sizes
-- @tparam[opt=-1] integer axis  the axis whose elements belong together
-- @treturn Tensor  x's shape
-- @raise if the axis is out of range
M.log_softmax = op {name = "log_softmax", forward = core.log_softmax, reads = {{0}},
  cases = axis_cases, bad = axis_bad,
  grad = {function(g, ctx, _, axis)
    return pointwise.sub(g, pointwise.mul(pointwise.exp(ctx.y), M.sum(g, axis or -1, {keepdim = true})))
  end}}

--- Returns log(sum of e^x), around the largest x so that nothing overflows.
-- @function gan.logsumexp
-- @tparam Tensor x  any shape
-- @tparam[opt] integer|table axes  one axis or a list of them; default: all
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.keepdim  leaves reduced axes with size 1
-- @treturn Tensor  x's shape without the reduced axes
-- @raise if an axis is out of range or given twice, if there is nothing to reduce, or an option is unknown
reduction {name = "logsumexp", reads = {{0, 1}}, grad = {function(g, ctx, x, axes)
  return pointwise.mul(restore(g, ctx, axes), pointwise.exp(pointwise.sub(x, restore(ctx.y, ctx, axes))))
end}}

return M
