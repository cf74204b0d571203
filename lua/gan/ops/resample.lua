--- Provides pooling, resizing, filtering, padding and cropping of images (N,H,W,C).
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

--- Returns the mean over windows.
--
--     Ho = (H + 2*padding - kernel) // stride + 1
--
-- @function gan.avg_pool2d
-- @tparam Tensor x  (N,H,W,C)
-- @tparam table options
-- @tparam integer|table options.kernel  the window
-- @tparam[opt] integer|table options.stride  pixels from one window to the next; default: the kernel
-- @tparam[opt=0] integer|table options.padding  pixels at each side, fewer than the kernel has
-- @tparam[opt=true] boolean options.count_include_pad  divides by all of the window; false: by its pixels in the image
-- @treturn Tensor  (N,Ho,Wo,C)
-- @raise if the kernel is larger than the padded image, or an option is unknown
M.avg_pool2d = op {
  name = "avg_pool2d",
  forward = core.avg_pool2d,
  grad = {function(g, ctx, _, options) return M.avg_pool2d_dx(g, height_width(ctx.shapes[1]), options) end},
  reads = {{}},
  cases = function(s)
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

--- Spreads each mean over its window: the adjoint of avg_pool2d.
-- @function gan.avg_pool2d_dx
-- @tparam Tensor dy  (N,Ho,Wo,C)
-- @tparam table size  {H, W}
-- @tparam table options
-- @tparam integer|table options.kernel  the window
-- @tparam[opt] integer|table options.stride  pixels from one window to the next; default: the kernel
-- @tparam[opt=0] integer|table options.padding  pixels at each side, fewer than the kernel has
-- @tparam[opt=true] boolean options.count_include_pad  divides by all of the window; false: by its pixels in the image
-- @treturn Tensor  (N,H,W,C)
-- @raise if pooling of `size` would not give (Ho,Wo), or an option is unknown
M.avg_pool2d_dx = op {
  name = "avg_pool2d_dx",
  forward = core.avg_pool2d_dx,
  grad = {function(g, _, _, _, options) return M.avg_pool2d(g, options) end},
  reads = {{}},
  cases = function(s) return {
    {s:randn(2, 2, 2, 3), {5, 4}, pools[1]},
    {s:randn(2, 3, 3, 3), {5, 4}, pools[2]},
    {s:randn(2, 4, 3, 3), {5, 4}, pools[3]},
  } end,
  bad = function(s) return {
    {s:randn(2, 3, 2, 3), {5, 4}, {kernel = 2}, match = "bad argument #1 'dy' (expected (*,2,2,*)"},
    {s:randn(2, 2, 2, 3), {5}, {kernel = 2}, match = "'size'"},
  } end,
}

--- Returns the largest of each window, and where it was.
-- Padding never wins, NaN always does, and the first of equal ones. The gradient goes to the pixel that won.
-- @function gan.max_pool2d
-- @tparam Tensor x  (N,H,W,C)
-- @tparam table options
-- @tparam integer|table options.kernel  the window
-- @tparam[opt] integer|table options.stride  pixels from one window to the next; default: the kernel
-- @tparam[opt=0] integer|table options.padding  pixels at each side, fewer than the kernel has
-- @treturn Tensor  (N,Ho,Wo,C), the maxima
-- @treturn Tensor  i32 (N,Ho,Wo,C), where they were: h*W + w, counted from 0
-- @raise if the kernel is larger than the padded image, or an option is unknown
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
  cases = function(s) return {
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

--- Returns the mean over height and width.
-- @function gan.global_avg_pool2d
-- @tparam Tensor x  (N,H,W,C), H and W at least 1
-- @treturn Tensor  (N,C)
-- @raise if x is no such tensor
function M.global_avg_pool2d(x) return (global("global_avg_pool2d", M.avg_pool2d, x)) end

--- Returns the sum over height and width.
-- @function gan.global_sum_pool2d
-- @tparam Tensor x  (N,H,W,C), H and W at least 1
-- @treturn Tensor  (N,C)
-- @raise if x is no such tensor
function M.global_sum_pool2d(x)
  local mean, count = global("global_sum_pool2d", M.avg_pool2d, x)
  return pointwise.mul(mean, count)
end

--- Returns the largest over height and width.
-- @function gan.global_max_pool2d
-- @tparam Tensor x  (N,H,W,C), H and W at least 1
-- @treturn Tensor  (N,C)
-- @raise if x is no such tensor
function M.global_max_pool2d(x) return (global("global_max_pool2d", M.max_pool2d, x)) end

-- ---- resizing ----

local sizes = {
  {size = {7, 6}},
  {size = {2, 9}},
  {size = {7, 6}, mode = "bilinear"},
  {size = {3, 9}, mode = "bilinear", align_corners = true},
  {size = {2, 5}, mode = "bilinear", legacy = true},
}

--- Resizes images, as PyTorch's `interpolate`.
-- nearest: y[i] = x[floor(i H/Ho)]. bilinear: pixel centres, x at (i + 1/2) H/Ho - 1/2, the edge repeated. Neither
-- smooths when it makes images smaller: avg_pool2d is for that.
-- @function gan.resize
-- @tparam Tensor x  (N,H,W,C)
-- @tparam table options
-- @tparam integer|table options.size  {Ho, Wo}
-- @tparam[opt=nearest] string options.mode  "nearest" or "bilinear"
-- @tparam[opt=false] boolean options.align_corners  of bilinear: corner pixels coincide, x at i (H-1)/(Ho-1)
-- @tparam[opt=false] boolean options.legacy  of bilinear: x at i H/Ho, as TensorFlow 1 (Inception's input)
-- @treturn Tensor  (N,Ho,Wo,C)
-- @raise if an option is unknown or does not fit the others
M.resize = op {
  name = "resize",
  forward = core.resize,
  grad = {function(g, ctx, _, options) return M.resize_dx(g, height_width(ctx.shapes[1]), options) end},
  reads = {{}},
  cases = function(s)
    local cases = {}
    for i, o in ipairs(sizes) do cases[i] = {s:randn(2, 3, 5, 2), o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(3, 5, 2), {size = 4}, match = "bad argument #1 'x'"},
    {s:randn(1, 3, 5, 2), {}, match = "'size'"},
    {s:randn(1, 3, 5, 2), {size = {4, 0}}, match = "'size'"},
    {s:randn(1, 3, 5, 2), {size = 4, mode = "cubic"},
      match = "option 'mode': expected 'nearest' or 'bilinear', got string 'cubic'"},
    {s:randn(1, 3, 5, 2), {size = 4, align_corners = true}, match = "needs mode = \"bilinear\""},
    {s:randn(1, 0, 5, 2), {size = 4}, match = "H, W >= 1"},
  } end,
}

--- Returns the gradient of resize in its images: its adjoint.
-- @function gan.resize_dx
-- @tparam Tensor dy  (N,Ho,Wo,C)
-- @tparam table size  {H, W}
-- @tparam table options
-- @tparam integer|table options.size  {Ho, Wo}
-- @tparam[opt=nearest] string options.mode  "nearest" or "bilinear"
-- @tparam[opt=false] boolean options.align_corners  of bilinear: corner pixels coincide, x at i (H-1)/(Ho-1)
-- @tparam[opt=false] boolean options.legacy  of bilinear: x at i H/Ho, as TensorFlow 1 (Inception's input)
-- @treturn Tensor  (N,H,W,C)
-- @raise if dy is not of `options.size`, or an option is unknown
M.resize_dx = op {
  name = "resize_dx",
  forward = core.resize_dx,
  grad = {function(g, _, _, _, options) return M.resize(g, options) end},
  reads = {{}},
  cases = function(s)
    local cases = {}
    for i, o in ipairs(sizes) do cases[i] = {s:randn(2, o.size[1], o.size[2], 2), {3, 5}, o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(2, 3, 4, 2), {3, 5}, {size = {3, 5}}, match = "bad argument #1 'dy'"},
  } end,
}

--- Makes images larger by an integer factor.
-- @function gan.upsample
-- @tparam Tensor x  (N,H,W,C)
-- @tparam[opt=2] integer|table factor  for height and width
-- @tparam[opt=nearest] string mode  "nearest" or "bilinear"
-- @treturn Tensor  (N,factor*H,factor*W,C)
-- @raise if the factor is no integer >= 1, or the mode is unknown
function M.upsample(x, factor, mode)
  local s = core.shape(check.real("upsample", 1, "x", x, 4))
  if factor == nil then factor = 2 end
  local f = type(factor) == "table" and factor or {factor, factor}
  local limit = 2 ^ 31 - 1
  local h = check.int("upsample", 2, "factor", f[1], 1, math.max(1, limit // math.max(s[2], 1)))
  local w = check.int("upsample", 2, "factor", f[2], 1, math.max(1, limit // math.max(s[3], 1)))
  return M.resize(x, {size = {h * s[2], w * s[3]}, mode = mode})
end

-- ---- filters ----

-- A filter as C takes it, from a list of numbers, too.
local function taps(f)
  if type(f) ~= "table" then return f end
  for i = 1, math.max(#f, 1) do
    if type(f[i]) ~= "number" then
      return check.fail("upfirdn2d", "bad argument #2 'f' (expected a list of numbers or a tensor, got %s at entry %d)",
        check.found(f[i]), i)
    end
  end
  return core.tensor(f)
end

-- {vertical, horizontal} of an option that may be one integer for both.
local function both(v) return type(v) == "table" and v or {v or 1, v or 1} end

-- How many zeros the adjoint has at both ends of an axis of n pixels that became m.
local function adjoint_margins(n, m, up, down, before, k)
  return k - 1 - before, n * up - m * down + before - up + 1
end

local filters = {
  {{1, 3, 3, 1}, {up = 2, top = 2, bottom = 1, left = 2, right = 1, gain = 1 / 16}},
  {{1, 3, 3, 1}, {down = 2, top = 1, bottom = 1, left = 1, right = 1, gain = 1 / 64}},
  {{1, -2, 0.5, 3, 2}, {up = {1, 3}, down = {2, 1}, top = 5, bottom = -1, left = -2, right = 7, flip = true}},
  {{0.5, 2}, {up = {3, 2}, down = {2, 3}, bottom = 3}},
}

--- Puts up-1 zeros behind each pixel, adds a border of zeros, filters both axes, and takes every down-th pixel.
-- One pass does the work of all four. The filter is used as it is: gain makes its sum what it should be. Of a pixel the
-- filter is the impulse's answer, as in a convolution. All sizes of a border may be negative: it is taken off.
--
--     Ho = (H up + top + bottom - K) // down + 1
--
-- Source: the upfirdn2d of Karras et al. 2019, arXiv:1912.04958, sec. 4.
-- @function gan.upfirdn2d
-- @tparam Tensor x  (N,H,W,C)
-- @tparam Tensor|table f  (K), or (N,K), one for each image, or a list of numbers; without a gradient
-- @tparam[opt] table options
-- @tparam[opt=1] integer|table options.up  times as many pixels
-- @tparam[opt=1] integer|table options.down  every so many-th of them
-- @tparam[opt=0] integer options.top  rows to be added
-- @tparam[opt=0] integer options.bottom  rows to be added
-- @tparam[opt=0] integer options.left  columns to be added
-- @tparam[opt=0] integer options.right  columns to be added
-- @tparam[opt=1] number options.gain  factor of the result
-- @tparam[opt=false] boolean options.flip  turns the filter round: a correlation
-- @treturn Tensor  (N,Ho,Wo,C)
-- @raise if the filter has more taps than the padded image has pixels, or an option is unknown
-- @usage local half = gan.upfirdn2d(x, {1, 2, 1}, {down = 2, top = 1, left = 1, gain = 1 / 16})
M.upfirdn2d = op {
  name = "upfirdn2d",
  forward = function(x, f, options) return core.upfirdn2d(x, taps(f), options) end,
  grad = {function(g, ctx, _, f, o)
    o = o or {}
    local s, t, up, down = ctx.shapes[1], ctx.yshape, both(o.up), both(o.down)
    local k = core.is_tensor(f) and core.size(f, -1) or #f
    local top, bottom = adjoint_margins(s[2], t[2], up[1], down[1], o.top or 0, k)
    local left, right = adjoint_margins(s[3], t[3], up[2], down[2], o.left or 0, k)
    return M.upfirdn2d(g, f, {up = down, down = up, top = top, bottom = bottom, left = left, right = right,
      gain = o.gain, flip = not o.flip})
  end},
  reads = {{2}},
  cases = function(s)
    local cases = {
      {s:randn(2, 3, 4, 2), s:randn(3), wrt = {1}},
      {s:randn(2, 3, 4, 2), s:randn(2, 3), {up = 2, left = 1}, wrt = {1}},
    }
    for _, c in ipairs(filters) do cases[#cases + 1] = {s:randn(2, 3, 4, 3), c[1], c[2]} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(3, 4, 2), {1, 2}, match = "bad argument #1 'x'"},
    {s:randn(2, 3, 4, 2), 1, match = "bad argument #2 'f' (expected"},
    {s:randn(2, 3, 4, 2), {}, match = "'f' (expected a list of numbers or a tensor, got nil at entry 1)"},
    {s:randn(2, 3, 4, 2), {1, "2"}, match = "got string '2' at entry 2"},
    {s:randn(2, 3, 4, 2), s:randn(3, 2), match = "'f' (expected (K) or (2,K) one filter, or one an image, got (3,2))"},
    {s:randn(2, 3, 4, 2), {1, 2, 3, 4}, match = "'f' (the padded image (3,4) is smaller than the filter of 4 taps)"},
    {s:randn(2, 3, 4, 2), {1}, {up = 0}, match = "option 'up': expected an integer >= 1"},
    {s:randn(2, 3, 4, 2), {1}, {down = {1, 0}}, match = "'down'"},
    {s:randn(2, 3, 4, 2), {1}, {padding = 1}, match = "unknown option 'padding'"},
    {s:randn(2, 3, 4, 2), {1}, {top = -3}, match = "the padded image (0,4) is smaller than the filter of 1 tap"},
    {s:randn(2, 3, 4, 2), {1}, {up = 2 ^ 31 - 1}, match = "option 'up': the image would be"},
    {s:randn(2, 3, 4, 2), {1}, {gain = "2"}, match = "'gain'"},
  } end,
}

-- ---- padding and cropping ----

local pads = {
  {top = 1, bottom = 2, left = 3, right = 0},
  {top = 2, bottom = 1, left = 1, right = 3, mode = "reflect"},
  {top = 4, bottom = 1, left = 0, right = 6, mode = "replicate"},
}

--- Adds a border to images.
-- @function gan.pad2d
-- @tparam Tensor x  (N,H,W,C)
-- @tparam table options
-- @tparam[opt=0] integer options.top  rows to be added
-- @tparam[opt=0] integer options.bottom  rows to be added
-- @tparam[opt=0] integer options.left  columns to be added
-- @tparam[opt=0] integer options.right  columns to be added
-- @tparam[opt=constant] string options.mode  "constant"; "reflect", the edge not repeated; "replicate", it is
-- @tparam[opt=0] number options.value  of a constant border
-- @treturn Tensor  (N,top+H+bottom,left+W+right,C)
-- @raise if an option is unknown or negative, or the image is too small for the mode
M.pad2d = op {
  name = "pad2d",
  forward = core.pad2d,
  grad = {function(g, _, _, options) return M.pad2d_dx(g, options) end},
  reads = {{}},
  cases = function(s)
    local cases = {{s:randn(2, 3, 4, 2), {left = 2, value = 1.5}}}
    for _, o in ipairs(pads) do cases[#cases + 1] = {s:randn(2, 3, 4, 2), o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(2, 3, 4, 2), {top = -1}, match = "option 'top': expected an integer >= 0, got -1"},
    {s:randn(2, 3, 4, 2), {top = 3, mode = "reflect"}, match = "needs an image larger than the padding, got 3 x 4"},
    {s:randn(2, 0, 4, 2), {top = 3, mode = "replicate"}, match = "replicate needs at least one pixel"},
    {s:randn(2, 3, 4, 2), {top = 1, mode = "wrap"}, match = "'mode'"},
    {s:randn(2, 3, 4, 2), {value = "1"}, match = "'value'"},
    {s:randn(3, 4, 2), {top = 1}, match = "bad argument #1 'x'"},
  } end,
}

--- Folds a border back onto images: the adjoint of pad2d with value 0.
-- @function gan.pad2d_dx
-- @tparam Tensor dy  (N,top+H+bottom,left+W+right,C)
-- @tparam table options
-- @tparam[opt=0] integer options.top  rows of the border
-- @tparam[opt=0] integer options.bottom  rows of the border
-- @tparam[opt=0] integer options.left  columns of the border
-- @tparam[opt=0] integer options.right  columns of the border
-- @tparam[opt=constant] string options.mode  "constant"; "reflect", the edge not repeated; "replicate", it is
-- @tparam[opt=0] number options.value  takes no part
-- @treturn Tensor  (N,H,W,C)
-- @raise if dy is smaller than the border, or an option is unknown
M.pad2d_dx = op {
  name = "pad2d_dx",
  forward = core.pad2d_dx,
  grad = {function(g, _, _, o)
    return M.pad2d(g, o and {top = o.top, bottom = o.bottom, left = o.left, right = o.right, mode = o.mode})
  end},
  reads = {{}},
  cases = function(s)
    local cases = {{s:randn(2, 3, 6, 2), {left = 2, value = 1.5}}}
    for _, o in ipairs(pads) do cases[#cases + 1] = {s:randn(2, 3 + o.top + o.bottom, 4 + o.left + o.right, 2), o} end
    return cases
  end,
  bad = function(s) return {
    {s:randn(2, 3, 4, 2), {top = 4}, match = "bad argument #1 'dy'"},
  } end,
}

--- Takes a border off images. A view.
-- @function gan.crop2d
-- @tparam Tensor x  (N,H,W,C), any dtype
-- @tparam table options
-- @tparam[opt=0] integer options.top  rows to be taken away
-- @tparam[opt=0] integer options.bottom  rows to be taken away
-- @tparam[opt=0] integer options.left  columns to be taken away
-- @tparam[opt=0] integer options.right  columns to be taken away
-- @treturn Tensor  (N,H-top-bottom,W-left-right,C)
-- @raise if that is more than there is, or an option is unknown
M.crop2d = op {
  name = "crop2d",
  forward = core.crop2d,
  grad = {function(g, _, _, options) return M.pad2d(g, options) end},
  reads = {{}},
  cases = function(s) return {
    {s:randn(2, 5, 6, 2), {top = 1, bottom = 2, left = 3}},
    {s:randn(2, 5, 6, 2), {right = 6}},
  } end,
  bad = function(s) return {
    {s:randn(2, 3, 4, 2), {top = 2, bottom = 2}, match = "cannot crop 4 rows and 0 columns"},
    {s:randn(2, 3, 4, 2), {top = 1.5}, match = "'top'"},
  } end,
}

return M
