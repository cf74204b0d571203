--- Ops that reduce axes: sums, means, extremes, norms, softmax. Axes count from 1, negative ones from the end.
--
-- `axes` is nil (all), a number or a list. The reduced axes go, or stay with size 1 under {keepdim = true}.
-- @module gan.ops.reduce
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local pointwise = require "gan.ops.pointwise"
local shape_ops = require "gan.ops.shape"

local op = autograd.op
local M = {}

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

local function samples(s)
  return {{s:randn(2, 3)}, {s:randn(2, 3, 4), 2}, {s:randn(2, 3, 4), {1, -1}}, {s:randn(2, 3, 2, 2), {2, 3}, {keepdim = true}}, {s:randn()}, {s:randn(3), {}}}
end
local function bad(s)
  return {
    {nil, match = "real tensor"}, {s:randn(2, 3), 3, match = "'axes' (expected an axis in 1..2 or -2..-1, got 3)"},
    {s:randn(2, 3), {1, -2}, match = "axis 1 appears twice"}, {s:randn(2), "x", match = "a list of axes"},
    {s:randn(2), 1, {keepdims = true}, match = "did you mean 'keepdim'"}, {s:randn(2), {1.5}, match = "entry 1"},
    {s:randn(2), 1, {keepdim = 1}, match = "keepdim"},
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
    return f(x, axes, check.options(name, opt, {keepdim = false}).keepdim)
  end
  def.sample, def.bad = def.sample or samples, def.bad or bad_empty
  M[name] = op(def)
end

--- Sum. Runs in double over blocks fixed by the shape.
-- @function gan.sum
reduction {name = "sum", reads = {}, bad = bad, grad = {function(g, ctx, _, axes) return spread(g, ctx, axes) end}}

--- Mean.
-- @raise if there is nothing to take the mean of
-- @function gan.mean
reduction {name = "mean", reads = {}, grad = {function(g, ctx, _, axes)
  local _, n = kept(ctx.shapes[1], axes)
  return spread(pointwise.mul(g, 1 / n), ctx, axes)
end}}

--- Variance, biased (divided by n) unless {unbiased = true} (by n - 1). Also takes keepdim.
-- @function gan.var
reduction {name = "var",
  forward = function(x, axes, opt)
    opt = check.options("var", opt, {keepdim = false, unbiased = false})
    return core.var(x, axes, opt.keepdim, opt.unbiased)
  end,
  reads = {{1}},
  sample = function(s)
    local list = samples(s)
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
    return pointwise.mul(restore(pointwise.mul(g, 2 / n), ctx, axes), pointwise.sub(x, M.mean(x, axes, {keepdim = true})))
  end}}

-- Equal extremes share the gradient in equal parts.
local function extreme(name)
  reduction {name = name, reads = {{0, 1}}, grad = {function(g, ctx, x, axes)
    local is = core.eq(x, core.reshape(ctx.y, (kept(ctx.shapes[1], axes))))
    return pointwise.mul(restore(g, ctx, axes), core.div(is, core.sum(is, axes, true)))
  end}}
end

--- Largest value; NaN if there is one.
-- @function gan.max
extreme "max"
--- Smallest value; NaN if there is one.
-- @function gan.min
extreme "min"

--- Euclidean norm: the root of the sum of squares. Its gradient at 0 is taken to be 0.
-- @function gan.norm
reduction {name = "norm", reads = {{0, 1}}, bad = bad, grad = {function(g, ctx, x, axes)
  local zero = core.eq(ctx.y, 0)
  local scale = pointwise.where(zero, 0, pointwise.div(g, pointwise.where(zero, 1, ctx.y)))
  return pointwise.mul(restore(scale, ctx, axes), x)
end}}

local function position(name)
  local f = core[name]
  M[name] = op {name = name, nondiff = true,
    forward = function(x, axis, opt) return f(x, axis, check.options(name, opt, {keepdim = false}).keepdim) end,
    sample = function(s) return {{s:randn(2, 3)}, {s:randn(2, 3, 2), 2}, {s:randn(4, 3), -1, {keepdim = true}}} end,
    bad = function(s) return {{s:randn(2, 3), 3, match = "axis"}, {nil, match = "real tensor"}, {s:randn(2, 0), 2, match = "nothing to reduce"}} end}
end

--- Position of the largest value along one axis (nil: in row-major order of all), an i32 tensor that counts from 0, as class labels
-- do. The first of equal ones; a NaN counts as largest.
-- @function gan.argmax
position "argmax"
--- Position of the smallest value, likewise.
-- @function gan.argmin
position "argmin"

--- Undoes broadcasting: x summed over the axes along which `shape` was stretched to x's shape.
M.sum_to = op {name = "sum_to", forward = core.sum_to, reads = {},
  sample = function(s)
    return {{s:randn(2, 3), {3}}, {s:randn(2, 3, 4), {2, 1, 1}}, {s:randn(2, 3), {}}, {s:randn(2, 3), {2, 3}}, {s:randn(2, 3, 2), {1, 3, 1}}}
  end,
  bad = function(s)
    return {{s:randn(2, 3), {2}, match = "(2) broadcasts to"}, {s:randn(3), {2, 3}, match = "broadcasts to"}, {s:randn(3), 3, match = "table of sizes"}}
  end,
  grad = {function(g, ctx) return shape_ops.expand(g, ctx.shapes[1]) end}}

local function axis_samples(s) return {{s:randn(2, 3)}, {s:randn(2, 3, 4), 2}, {s:randn(3, 2), 1}} end
local function axis_bad(s) return {{s:randn(2, 3), 3, match = "axis"}, {nil, match = "real tensor"}, {s:randn(), match = "at least 1 dimension"}} end

--- e^x / sum of e^x along one axis (default: the last).
M.softmax = op {name = "softmax", forward = core.softmax, reads = {{0}}, sample = axis_samples, bad = axis_bad,
  grad = {function(g, ctx, _, axis)
    local gy = pointwise.mul(g, ctx.y)
    return pointwise.sub(gy, pointwise.mul(ctx.y, M.sum(gy, axis or -1, {keepdim = true})))
  end}}

--- log(softmax(x)), without ever forming the softmax.
M.log_softmax = op {name = "log_softmax", forward = core.log_softmax, reads = {{0}}, sample = axis_samples, bad = axis_bad,
  grad = {function(g, ctx, _, axis)
    return pointwise.sub(g, pointwise.mul(pointwise.exp(ctx.y), M.sum(g, axis or -1, {keepdim = true})))
  end}}

--- log(sum of e^x), around the largest x so that nothing overflows.
-- @function gan.logsumexp
reduction {name = "logsumexp", reads = {{0, 1}}, grad = {function(g, ctx, x, axes)
  return pointwise.mul(restore(g, ctx, axes), pointwise.exp(pointwise.sub(x, restore(ctx.y, ctx, axes))))
end}}

return M
