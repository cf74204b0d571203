--- Provides convolution as a closed triple: the derivatives of each op are the other two.
--
-- The transposed convolution is one of them. Images are (N,H,W,C), kernels (Kh,Kw,Ci,Co). An option that is a pair is
-- {height, width}; an integer stands for both. With `groups`, channel o of y belongs to group (o-1) // (Co/groups), and
-- sees Ci/groups channels of x, that group's. `engine` names how an op is computed, for tests and benchmarks.
-- Source: Dumoulin & Visin 2016, arXiv:1603.07285; Lavin & Gray 2015, arXiv:1509.09308, for Winograd's engines.
-- @module gan.ops.conv
local core = require "gan.core"
local autograd = require "gan.autograd"

local op = autograd.op
local M = {}

-- The options that all three share, and the size that one of them needs besides.
local function with(o, name, height, width)
  o = o or {}
  local out = {stride = o.stride, padding = o.padding, dilation = o.dilation, groups = o.groups, engine = o.engine}
  if name then out[name] = {height, width} end
  return out
end

local function dx(g, w, o, xshape) return M.conv2d_dx(g, w, with(o, "size", xshape[2], xshape[3])) end
local function dw(x, g, o, wshape) return M.conv2d_dw(x, g, with(o, "kernel", wshape[1], wshape[2])) end

--- Convolves images with a kernel (cross-correlation).
--
--     y[n,i,j,o] = sum over a, b, c of x[n, i*stride - padding + a*dilation, ..., c] * w[a,b,c,o]
--     Ho = floor((H + 2*padding - dilation*(Kh-1) - 1) / stride) + 1
--
-- @function gan.conv2d
-- @tparam Tensor x  (N,H,W,Ci)
-- @tparam Tensor w  (Kh,Kw,Ci/groups,Co)
-- @tparam[opt] table options
-- @tparam[opt=1] integer|table options.stride  pixels from one window to the next
-- @tparam[opt=0] integer|table options.padding  zeros at each side
-- @tparam[opt=1] integer|table options.dilation  pixels from one tap of the kernel to the next
-- @tparam[opt=1] integer options.groups  of channels, each with a kernel of its own; Ci of them: depthwise
-- @tparam[opt=auto] string options.engine  auto (the fastest), direct, winograd2 or winograd4 (3x3 and 4x4 kernels:
--   see gan.winograd)
-- @treturn Tensor  (N,Ho,Wo,Co)
-- @raise if the channels differ, groups do not divide them, the kernel is larger than the padded input, or an option is
-- unknown
M.conv2d = op {name = "conv2d", forward = core.conv2d, reads = {{2}, {1}},
  cases = function(s) return {
    {s:randn(2, 4, 3, 2), s:randn(3, 2, 2, 3), {padding = 1}},
    {s:randn(1, 5, 4, 1), s:randn(2, 3, 1, 2), {stride = {2, 1}, padding = {0, 2}, dilation = {2, 1}}},
    {s:randn(2, 2, 2, 3), s:randn(2, 2, 3, 1)},
    {s:randn(2, 2, 2, 3), s:randn(1, 1, 3, 2)},
    {s:randn(1, 5, 4, 2), s:randn(4, 4, 2, 2), {stride = 2, padding = 1, engine = "winograd2"}},
    {s:randn(1, 5, 3, 2), s:randn(4, 4, 2, 1), {stride = 2, padding = 2, engine = "winograd4"}},
    {s:randn(1, 3, 4, 2), s:randn(3, 3, 2, 2), {padding = 1, engine = "winograd2"}},
    {s:randn(1, 5, 3, 1), s:randn(3, 3, 1, 2), {engine = "winograd4"}},
    {s:randn(1, 3, 3, 4), s:randn(3, 3, 2, 6), {padding = 1, groups = 2}},
    {s:randn(2, 4, 3, 3), s:randn(2, 3, 1, 3), {stride = {2, 1}, padding = 1, groups = 3}},
  } end,
  bad = function(s) return {
    {s:randn(2, 4, 4, 3), s:randn(3, 3, 2, 5),
      match = "#2 'w' (expected (*,*,3,*) to match x (2,4,4,3), got (3,3,2,5))"},
    {s:randn(4, 4, 3), s:randn(3, 3, 3, 5), match = "#1 'x' (expected (N,H,W,Ci), got (4,4,3))"},
    {s:randn(1, 2, 2, 1), s:randn(3, 3, 1, 1), match = "larger than the padded input (2,2)"},
    {s:randn(1, 2, 2, 1), s:randn(1, 1, 1, 1), {stride = 0}, match = "'stride'"},
    {s:randn(1, 2, 2, 1), s:randn(1, 1, 1, 1), {stride = {1, 2, 3}}, match = "got a table of 3"},
    {s:randn(1, 2, 2, 1), s:randn(1, 1, 1, 1), {padding = -1}, match = "'padding'"},
    {s:randn(1, 2, 2, 1), s:randn(1, 1, 1, 1), {pad = 1}, match = "unknown option 'pad'"},
    {s:randn(1, 2, 2, 1), s:randn(1, 1, 1, 1), 2, match = "'options'"},
    {s:randn(1, 2, 2, 6), s:randn(1, 1, 2, 8), {groups = 3},
      match = "option 'groups': expected a number that divides Ci = 6 and Co = 8, got 3"},
    {s:randn(1, 2, 2, 6), s:randn(1, 1, 6, 4), {groups = 2},
      match = "#2 'w' (expected (*,*,3,*) to match x (1,2,2,6) in 2 groups, got (1,1,6,4))"},
    {s:randn(1, 2, 2, 6), s:randn(1, 1, 6, 4), {groups = 0}, match = "option 'groups': expected an integer"},
    {s:randn(1, 6, 6, 2), s:randn(4, 4, 1, 2), {groups = 2, stride = 2, engine = "winograd2"},
      match = "option 'engine': winograd2 does 3x3 kernels of stride 1, without dilation; got 4x4, stride 2,2"},
  } end,
  grad = {
    function(g, ctx, _, w, o) return dx(g, w, o, ctx.shapes[1]) end,
    function(g, ctx, x, _, o) return dw(x, g, o, ctx.shapes[2]) end,
  }}

--- Returns the gradient of sum(conv2d(x, w) * dy) in x: the adjoint of conv2d in x.
-- @function gan.conv2d_dx
-- @tparam Tensor dy  (N,Ho,Wo,Co)
-- @tparam Tensor w  (Kh,Kw,Ci/groups,Co)
-- @tparam table options
-- @tparam integer|table options.size  {H, W} of the result
-- @tparam[opt=1] integer|table options.stride  pixels from one window to the next
-- @tparam[opt=0] integer|table options.padding  zeros at each side
-- @tparam[opt=1] integer|table options.dilation  pixels from one tap of the kernel to the next
-- @tparam[opt=1] integer options.groups  of channels, each with a kernel of its own; Ci of them: depthwise
-- @tparam[opt=auto] string options.engine  auto (the fastest), direct, winograd2 or winograd4 (3x3 and 4x4 kernels:
--   see gan.winograd)
-- @treturn Tensor  (N,H,W,Ci)
-- @raise if a convolution of `size` would not give (Ho,Wo), groups do not divide the channels, or an option is unknown
M.conv2d_dx = op {name = "conv2d_dx", forward = core.conv2d_dx, reads = {{2}, {1}},
  cases = function(s) return {
    {s:randn(2, 4, 4, 3), s:randn(3, 2, 2, 3), {size = {4, 3}, padding = 1}},
    {s:randn(1, 2, 2, 2), s:randn(4, 4, 2, 2), {size = {5, 4}, stride = 2, padding = 1, engine = "winograd4"}},
    {s:randn(1, 3, 4, 2), s:randn(3, 3, 2, 2), {size = {3, 4}, padding = 1, engine = "winograd2"}},
    {s:randn(1, 2, 3, 2), s:randn(2, 3, 1, 2), {size = {6, 4}, stride = {2, 2}, padding = {0, 2}, dilation = {2, 1}}},
    {s:randn(2, 1, 1, 2), s:randn(2, 2, 3, 2), {size = 2}},
    {s:randn(1, 2, 2, 6), s:randn(3, 2, 2, 6), {size = {4, 3}, stride = 2, padding = 1, groups = 3}},
  } end,
  bad = function(s) return {
    {s:randn(1, 2, 2, 3), s:randn(3, 3, 2, 4), {size = 4},
      match = "#2 'w' (expected (*,*,*,3) to match dy (1,2,2,3), got (3,3,2,4))"},
    {s:randn(1, 2, 2, 3), s:randn(3, 3, 2, 3),
      match = "option 'size': expected an integer >= 0 or a pair {height, width} of them, got nil"},
    {s:randn(1, 2, 2, 3), s:randn(3, 3, 2, 3), {size = 5}, match = "gives (3,3), not (2,2)"},
    {s:randn(1, 2, 2, 3), s:randn(3, 3, 2, 3), {size = 4, groups = 2},
      match = "option 'groups': expected a number that divides Ci = 4 and Co = 3, got 2"},
  } end,
  grad = {
    function(h, _, _, w, o) return M.conv2d(h, w, with(o)) end,
    function(h, ctx, dy, _, o) return dw(h, dy, o, ctx.shapes[2]) end,
  }}

--- Returns the gradient of sum(conv2d(x, w) * dy) in w: the adjoint of conv2d in w.
-- @function gan.conv2d_dw
-- @tparam Tensor x  (N,H,W,Ci)
-- @tparam Tensor dy  (N,Ho,Wo,Co)
-- @tparam table options
-- @tparam integer|table options.kernel  {Kh, Kw} of the result
-- @tparam[opt=1] integer|table options.stride  pixels from one window to the next
-- @tparam[opt=0] integer|table options.padding  zeros at each side
-- @tparam[opt=1] integer|table options.dilation  pixels from one tap of the kernel to the next
-- @tparam[opt=1] integer options.groups  of channels, each with a kernel of its own; Ci of them: depthwise
-- @tparam[opt=auto] string options.engine  auto (the fastest), direct, winograd2 or winograd4 (3x3 and 4x4 kernels:
--   see gan.winograd)
-- @treturn Tensor  (Kh,Kw,Ci/groups,Co)
-- @raise if a convolution of x with such a kernel would not give (Ho,Wo), groups do not divide the channels, or an
-- option is unknown
M.conv2d_dw = op {name = "conv2d_dw", forward = core.conv2d_dw, reads = {{2}, {1}},
  cases = function(s) return {
    {s:randn(2, 4, 3, 2), s:randn(2, 4, 4, 3), {kernel = {3, 2}, padding = 1}},
    {s:randn(1, 6, 4, 1), s:randn(1, 2, 3, 2), {kernel = {2, 3}, stride = 2, padding = {0, 2}, dilation = {2, 1}}},
    {s:randn(2, 2, 2, 3), s:randn(2, 1, 1, 2), {kernel = 2}},
    {s:randn(2, 3, 2, 4), s:randn(2, 3, 2, 6), {kernel = 3, padding = 1, groups = 2}},
  } end,
  bad = function(s) return {
    {s:randn(2, 3, 3, 1), s:randn(1, 2, 2, 1), {kernel = 2},
      match = "#2 'dy' (expected (2,*,*,*) to match x (2,3,3,1), got (1,2,2,1))"},
    {s:randn(2, 3, 3, 1), s:randn(2, 2, 2, 1),
      match = "option 'kernel': expected an integer >= 1 or a pair {height, width} of them, got nil"},
    {s:randn(2, 3, 3, 1), s:randn(2, 2, 2, 1), {kernel = 3}, match = "gives (1,1), not (2,2)"},
    {s:randn(2, 3, 3, 4), s:randn(2, 2, 2, 6), {kernel = 2, groups = 4},
      match = "option 'groups': expected a number that divides Ci = 4 and Co = 6, got 4"},
  } end,
  grad = {
    function(h, ctx, _, dy, o) return dx(dy, h, o, ctx.shapes[1]) end,
    function(h, _, x, _, o) return M.conv2d(x, h, with(o)) end,
  }}

--- Convolves backwards, as generators enlarge: the adjoint of a convolution from y to x.
-- It is conv2d_dx, so its kernel is laid out as that convolution's, with Co the channels of the result.
--
--     Ho = (H-1)*stride - 2*padding + dilation*(Kh-1) + 1 + output_padding
--
-- @function gan.conv_transpose2d
-- @tparam Tensor x  (N,H,W,Ci)
-- @tparam Tensor w  (Kh,Kw,Co/groups,Ci)
-- @tparam[opt] table options
-- @tparam[opt=1] integer|table options.stride  pixels from one window to the next
-- @tparam[opt=0] integer|table options.padding  of that convolution: rows and columns taken off each side
-- @tparam[opt=1] integer|table options.dilation  pixels from one tap of the kernel to the next
-- @tparam[opt=1] integer options.groups  of channels, each with a kernel of its own; Ci of them: depthwise
-- @tparam[opt=auto] string options.engine  auto (the fastest), direct, winograd2 or winograd4 (3x3 and 4x4 kernels:
--   see gan.winograd)
-- @tparam[opt=0] integer|table options.output_padding  rows and columns more at the end, fewer than `stride`
-- @treturn Tensor  (N,Ho,Wo,Co)
-- @raise if the channels differ, groups do not divide them, the result would be empty, or an option is unknown
M.conv_transpose2d = op {name = "conv_transpose2d", forward = core.conv_transpose2d, reads = {{2}, {1}},
  cases = function(s) return {
    {s:randn(2, 2, 3, 3), s:randn(4, 4, 2, 3), {stride = 2, padding = 1}},
    {s:randn(1, 2, 2, 2), s:randn(3, 2, 1, 2), {stride = {3, 2}, output_padding = {2, 1}, dilation = {1, 2}}},
    {s:randn(2, 1, 1, 3), s:randn(2, 2, 2, 3)},
    {s:randn(1, 2, 3, 4), s:randn(4, 4, 3, 4), {stride = 2, padding = 1, groups = 2}},
  } end,
  bad = function(s) return {
    {s:randn(1, 2, 2, 3), s:randn(3, 3, 3, 2),
      match = "#2 'w' (expected (*,*,*,3) to match x (1,2,2,3), got (3,3,3,2))"},
    {s:randn(1, 2, 2, 3), s:randn(3, 3, 3, 3), {stride = 2, output_padding = 2},
      match = "option 'output_padding': expected less than the stride 2"},
    {s:randn(1, 1, 1, 1), s:randn(2, 2, 1, 1), {padding = 1},
      match = "option 'padding': the result would have size (0,0)"},
    {s:randn(1, 1, 1, 1), s:randn(2, 2, 1, 1), {size = 1}, match = "unknown option 'size'"},
    {s:randn(1, 2, 2, 4), s:randn(3, 3, 2, 4), {groups = 3},
      match = "option 'groups': expected a number that divides Co = 6 and Ci = 4, got 3"},
  } end,
  grad = {
    function(h, _, _, w, o) return M.conv2d(h, w, with(o)) end,
    function(h, ctx, x, _, o) return dw(h, x, o, ctx.shapes[2]) end,
  }}

return M
