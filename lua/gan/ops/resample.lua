--- Pooling, resizing, padding and cropping of images (N,H,W,C).
--
-- Each linear map and its adjoint (`_dx`) are each other's derivative, so gradients of any order need no more kernels.
-- Pairs are {height, width}; a single integer stands for both.
-- @module gan.ops.resample
local core = require "gan.core"
local check = require "gan.check"
local op = require("gan.autograd").op
local pointwise = require "gan.ops.pointwise"
local shape = require "gan.ops.shape"
local index = require "gan.ops.index"

local M = {}

local function height_width(s) return {s[2], s[3]} end

-- ---- pooling ----

local pools = {
  {kernel = 2},
  {kernel = {3, 2}, stride = {2, 1}, padding = {1, 0}},
  {kernel = 3, stride = 2, padding = 2, count_include_pad = false},
}

--- Mean over windows: (N,H,W,C) -> (N,Ho,Wo,C), Ho = (H + 2 padding - kernel) // stride + 1.
-- @tparam Tensor x
-- @tparam table options kernel: window; stride (default kernel); padding (default 0): zeros at each side, fewer than
--   kernel; count_include_pad (default true): divide by all of the window, false: by its pixels inside the image
-- @raise if the kernel is larger than the padded image, or an option is unknown
M.avg_pool2d = op {
  name = "avg_pool2d",
  forward = core.avg_pool2d,
  grad = {function(g, ctx, _, options) return M.avg_pool2d_dx(g, height_width(ctx.shapes[1]), options) end},
  reads = {{}},
  sample = function(s)
    local cases = {}
    for i, o in ipairs(pools) do cases[i] = {s:randn(2, 5, 4, 3), o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(2, 5, 4), {kernel = 2}, match = "bad argument #1 'x'"},
    {s:randn(1, 5, 4, 3), {kernel = 6}, match = "(6,6) is larger than the padded image (5,4)"},
    {s:randn(1, 5, 4, 3), {kernel = 2, padding = 2}, match = "smaller than the kernel"},
    {s:randn(1, 5, 4, 3), {}, match = "'kernel'"},
    {s:randn(1, 5, 4, 3), {kernal = 2}, match = "unknown option 'kernal'"},
    {s:randn(1, 5, 4, 3), {kernel = 0}, match = "'kernel'"},
    {s:randn(1, 5, 4, 3), {kernel = 2, stride = 0}, match = "'stride'"},
    {s:randn(1, 0, 4, 3), {kernel = 2}, match = "H, W >= 1"},
  } end,
}

--- Adjoint of avg_pool2d: (N,Ho,Wo,C) -> (N,H,W,C).
-- @tparam Tensor dy
-- @tparam table size {H, W}
-- @tparam table options as for avg_pool2d
M.avg_pool2d_dx = op {
  name = "avg_pool2d_dx",
  forward = core.avg_pool2d_dx,
  grad = {function(g, _, _, _, options) return M.avg_pool2d(g, options) end},
  reads = {{}},
  sample = function(s) return {
    {s:randn(2, 2, 2, 3), {5, 4}, pools[1]},
    {s:randn(2, 3, 3, 3), {5, 4}, pools[2]},
    {s:randn(2, 4, 3, 3), {5, 4}, pools[3]},
  } end,
  bad = function(s) return {
    {s:randn(2, 3, 2, 3), {5, 4}, {kernel = 2}, match = "bad argument #1 'dy' (expected (*,2,2,*)"},
    {s:randn(2, 2, 2, 3), {5}, {kernel = 2}, match = "'size'"},
  } end,
}

--- Largest of each window: (N,H,W,C) -> (N,Ho,Wo,C). Padding never wins, NaN always does, the first one of equals.
-- The gradient goes to the pixel that won.
-- @tparam Tensor x
-- @tparam table options kernel, stride (default kernel), padding (default 0, less than kernel)
-- @treturn Tensor the maxima
-- @treturn Tensor i32, of the same shape: where they were, h*W + w, counted from 0
M.max_pool2d = op {
  name = "max_pool2d",
  forward = core.max_pool2d,
  grad = {function(g, ctx)
    local s, q = ctx.shapes[1], ctx.yshape[2] * ctx.yshape[3]
    local flat = {s[1], q, s[4]}
    local dx = index.put_along(shape.reshape(g, flat), core.reshape(ctx.aux[1], flat), 2, s[2] * s[3])
    return shape.reshape(dx, s)
  end},
  reads = {{}},
  sample = function(s) return {
    {s:randn(2, 5, 4, 3), {kernel = 2}},
    {s:randn(2, 5, 4, 3), {kernel = {3, 2}, stride = {2, 1}, padding = {1, 0}}},
    {s:randn(1, 4, 4, 2), {kernel = 3, stride = 1, padding = 2}},
  } end,
  bad = function(s) return {
    {s:randn(1, 5, 4, 3), {kernel = 2, count_include_pad = true}, match = "unknown option 'count_include_pad'"},
    {s:randn(1, 5, 4, 3), {kernel = 9}, match = "larger than the padded image"},
    {s:randn(1, 5, 4, 3), 2, match = "'options' (expected a table"},
  } end,
}

-- The whole image as one window.
local function global(name, pool, x)
  local s = core.shape(check.real(name, 1, "x", x, 4))
  if s[2] < 1 or s[3] < 1 then return check.expected(name, 1, "x", "(N,H,W,C) with H, W >= 1", x) end
  return shape.reshape((pool(x, {kernel = {s[2], s[3]}})), {s[1], s[4]}), s[2] * s[3]
end

--- Mean over height and width: (N,H,W,C) -> (N,C).
function M.global_avg_pool2d(x) return (global("global_avg_pool2d", M.avg_pool2d, x)) end

--- Sum over height and width: (N,H,W,C) -> (N,C).
function M.global_sum_pool2d(x)
  local mean, count = global("global_sum_pool2d", M.avg_pool2d, x)
  return pointwise.mul(mean, count)
end

--- Largest over height and width: (N,H,W,C) -> (N,C).
function M.global_max_pool2d(x) return (global("global_max_pool2d", M.max_pool2d, x)) end

-- ---- resizing ----

local sizes = {
  {size = {7, 6}},
  {size = {2, 9}},
  {size = {7, 6}, mode = "bilinear"},
  {size = {3, 9}, mode = "bilinear", align_corners = true},
  {size = {2, 5}, mode = "bilinear", legacy = true},
}

--- Images at another size: (N,H,W,C) -> (N,Ho,Wo,C).
-- nearest: y[i] = x[floor(i H/Ho)]. bilinear: pixel centres, x at (i + 1/2) H/Ho - 1/2, the edge repeated, no smoothing
-- when made smaller (use avg_pool2d for that); both as PyTorch's interpolate.
-- @tparam Tensor x
-- @tparam table options size: {Ho, Wo}; mode: "nearest" (default) or "bilinear"; for bilinear only, align_corners:
--   corner pixels coincide, x at i (H-1)/(Ho-1); legacy: x at i H/Ho, as TensorFlow 1 (Inception's input)
-- @raise if an option is unknown or does not fit the others
M.resize = op {
  name = "resize",
  forward = core.resize,
  grad = {function(g, ctx, _, options) return M.resize_dx(g, height_width(ctx.shapes[1]), options) end},
  reads = {{}},
  sample = function(s)
    local cases = {}
    for i, o in ipairs(sizes) do cases[i] = {s:randn(2, 3, 5, 2), o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(3, 5, 2), {size = 4}, match = "bad argument #1 'x'"},
    {s:randn(1, 3, 5, 2), {}, match = "'size'"},
    {s:randn(1, 3, 5, 2), {size = {4, 0}}, match = "'size'"},
    {s:randn(1, 3, 5, 2), {size = 4, mode = "cubic"}, match = "'mode' (expected one of nearest, bilinear, got cubic)"},
    {s:randn(1, 3, 5, 2), {size = 4, align_corners = true}, match = "needs mode = \"bilinear\""},
    {s:randn(1, 0, 5, 2), {size = 4}, match = "H, W >= 1"},
  } end,
}

--- Adjoint of resize: (N,Ho,Wo,C) -> (N,H,W,C).
-- @tparam Tensor dy
-- @tparam table size {H, W}
-- @tparam table options as for resize; its size is that of dy
M.resize_dx = op {
  name = "resize_dx",
  forward = core.resize_dx,
  grad = {function(g, _, _, _, options) return M.resize(g, options) end},
  reads = {{}},
  sample = function(s)
    local cases = {}
    for i, o in ipairs(sizes) do cases[i] = {s:randn(2, o.size[1], o.size[2], 2), {3, 5}, o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(2, 3, 4, 2), {3, 5}, {size = {3, 5}}, match = "bad argument #1 'dy'"},
  } end,
}

--- Images made larger by an integer factor: (N,H,W,C) -> (N,factor H,factor W,C).
-- @tparam Tensor x
-- @tparam[opt=2] integer|table factor
-- @tparam[opt="nearest"] string mode "nearest" or "bilinear"
function M.upsample(x, factor, mode)
  local s = core.shape(check.real("upsample", 1, "x", x, 4))
  if factor == nil then factor = 2 end
  local f = type(factor) == "table" and factor or {factor, factor}
  local limit = 2 ^ 31 - 1
  local h = check.int("upsample", 2, "factor", f[1], 1, math.max(1, limit // math.max(s[2], 1)))
  local w = check.int("upsample", 2, "factor", f[2], 1, math.max(1, limit // math.max(s[3], 1)))
  return M.resize(x, {size = {h * s[2], w * s[3]}, mode = mode})
end

-- ---- padding and cropping ----

local pads = {
  {top = 1, bottom = 2, left = 3, right = 0},
  {top = 2, bottom = 1, left = 1, right = 3, mode = "reflect"},
  {top = 4, bottom = 1, left = 0, right = 6, mode = "replicate"},
}

--- Images with a border: (N,H,W,C) -> (N,top+H+bottom,left+W+right,C).
-- @tparam Tensor x
-- @tparam table options top, bottom, left, right (default 0): pixels added; mode: "constant" (default), "reflect" (the
--   edge pixel is not repeated; fewer pixels than the image has), "replicate" (it is); value: of a constant border
--   (default 0)
-- @raise if an option is unknown or negative, or the image is too small for the mode
M.pad2d = op {
  name = "pad2d",
  forward = core.pad2d,
  grad = {function(g, _, _, options) return M.pad2d_dx(g, options) end},
  reads = {{}},
  sample = function(s)
    local cases = {{s:randn(2, 3, 4, 2), {left = 2, value = 1.5}}}
    for _, o in ipairs(pads) do cases[#cases + 1] = {s:randn(2, 3, 4, 2), o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(2, 3, 4, 2), {top = -1}, match = "'top' (expected an integer in 0..2147483647, got -1)"},
    {s:randn(2, 3, 4, 2), {top = 3, mode = "reflect"}, match = "needs an image larger than the padding, got 3 x 4"},
    {s:randn(2, 0, 4, 2), {top = 3, mode = "replicate"}, match = "replicate needs at least one pixel"},
    {s:randn(2, 3, 4, 2), {top = 1, mode = "wrap"}, match = "'mode'"},
    {s:randn(2, 3, 4, 2), {value = "1"}, match = "'value'"},
    {s:randn(3, 4, 2), {top = 1}, match = "bad argument #1 'x'"},
  } end,
}

--- Adjoint of pad2d with value 0: (N,top+H+bottom,left+W+right,C) -> (N,H,W,C).
-- @tparam Tensor dy
-- @tparam table options as for pad2d
M.pad2d_dx = op {
  name = "pad2d_dx",
  forward = core.pad2d_dx,
  grad = {function(g, _, _, o)
    return M.pad2d(g, o and {top = o.top, bottom = o.bottom, left = o.left, right = o.right, mode = o.mode})
  end},
  reads = {{}},
  sample = function(s)
    local cases = {{s:randn(2, 3, 6, 2), {left = 2, value = 1.5}}}
    for _, o in ipairs(pads) do cases[#cases + 1] = {s:randn(2, 3 + o.top + o.bottom, 4 + o.left + o.right, 2), o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(2, 3, 4, 2), {top = 4}, match = "bad argument #1 'dy'"},
  } end,
}

--- Images without their border: (N,H,W,C) -> (N,H-top-bottom,W-left-right,C), a view of x, of any dtype.
-- @tparam Tensor x
-- @tparam table options top, bottom, left, right (default 0): pixels taken away
-- @raise if that is more than there is
M.crop2d = op {
  name = "crop2d",
  forward = core.crop2d,
  grad = {function(g, _, _, options) return M.pad2d(g, options) end},
  reads = {{}},
  sample = function(s) return {
    {s:randn(2, 5, 6, 2), {top = 1, bottom = 2, left = 3}},
    {s:randn(2, 5, 6, 2), {right = 6}},
  } end,
  bad = function(s) return {
    {s:randn(2, 3, 4, 2), {top = 2, bottom = 2}, match = "cannot crop 4 rows and 0 columns"},
    {s:randn(2, 3, 4, 2), {top = 1.5}, match = "'top'"},
  } end,
}

return M
