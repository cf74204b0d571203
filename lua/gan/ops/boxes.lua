--- Provides boxes in images: what they cover, and what they hold.
--
-- A box is x0, y0, x1, y1, in pixels from the upper left corner; x1 and y1 are the first behind it.
-- @module gan.ops.boxes
local core = require "gan.core"
local check = require "gan.check"
local op = require("gan.autograd").op

local M = {}

-- ---- what boxes cover ----

-- How much of each of n pixels lies between a and b (N,K), in pixels of these: (N,K,n).
local function cover(a, b, n)
  local s, steps = core.shape(a), {}
  for i = 1, n do steps[i] = i - 1 end
  local at = core.reshape(core.tensor(steps), {1, 1, n})
  local function column(t) return core.reshape(core.contiguous(t), {s[1], s[2], 1}) end
  return core.clamp(core.sub(core.minimum(column(b), core.add(at, 1)), core.maximum(column(a), at)), 0, 1)
end

--- Returns how much of each pixel a box covers: the mean over the pixel of the box's mask. Has no gradient.
-- The sum over all pixels is the box's area in pixels of the map. An object of class -1 is none: its map is 0.
-- @function gan.box_coverage
-- @tparam Tensor objects  (N,K,5): class, x0, y0, x1, y1 of each, in pixels of the image
-- @tparam table image  {H, W}, the size of the image
-- @tparam table size  {Ho, Wo}, that of the maps
-- @treturn Tensor  (N,Ho,Wo,K), in [0,1]
-- @raise if objects is no such tensor, or a size is no pair of integers >= 1
M.box_coverage = op {name = "box_coverage", method = false, nondiff = true,
  forward = function(objects, image, size)
    check.real("box_coverage", 1, "objects", objects, 3)
    if core.size(objects, 3) ~= 5 then
      return check.expected("box_coverage", 1, "objects", "(N,K,5): class, x0, y0, x1, y1", objects)
    end
    local function pair(i, name, v)
      if type(v) ~= "table" or #v ~= 2 then return check.expected("box_coverage", i, name, "{H, W}", v) end
      return check.int("box_coverage", i, name, v[1], 1, 1 << 15), check.int("box_coverage", i, name, v[2], 1, 1 << 15)
    end
    local h, w = pair(2, "image", image)
    local ho, wo = pair(3, "size", size)
    local s = core.shape(objects)
    local function field(i, scale) return core.mul(core.reshape(core.narrow(objects, 3, i, 1), {s[1], s[2]}), scale) end
    local columns = cover(field(2, wo / w), field(4, wo / w), wo)
    local rows = core.mul(cover(field(3, ho / h), field(5, ho / h), ho),
      core.reshape(core.ge(field(1, 1), 0), {s[1], s[2], 1}))
    local function axis(t, shape) return core.reshape(core.contiguous(core.permute(t, {1, 3, 2})), shape) end
    return core.mul(axis(rows, {s[1], ho, 1, s[2]}), axis(columns, {s[1], 1, wo, s[2]}))
  end,
  cases = function(s) return {
    {core.cat({s:integer(-1, 2, 2, 3, 1):to(), s:uniform(0, 4, 2, 3, 2), s:uniform(4, 8, 2, 3, 2)}, 3), {8, 8}, {4, 2}},
    {s:randn(2, 0, 5), {8, 6}, {4, 3}},
  } end,
  bad = function(s) return {
    {s:randn(2, 5), {8, 8}, {4, 4}, match = "#1 'objects' (expected 3 dimensions"},
    {s:randn(2, 3, 4), {8, 8}, {4, 4}, match = "'objects' (expected (N,K,5): class, x0, y0, x1, y1"},
    {s:randn(2, 3, 5), 8, {4, 4}, match = "#2 'image' (expected {H, W}, got 8)"},
    {s:randn(2, 3, 5), {8, 8}, {4, 0}, match = "#3 'size' (expected an integer in 1..32768, got 0)"},
    {nil, {8, 8}, {4, 4}, match = "real tensor"},
  } end}

-- ---- what boxes hold ----

local function cases(s, first)
  local boxes = core.tensor {{0.7, 0.4, 3.1, 2.8}, {-2, 0, 2, 4}, {1, 1, 1, 1}, {2, 1, 9, 3}}
  local rows = core.tensor({0, 1, 1, 0}, "i32")
  return {
    {first(s, 4, 2, 2), boxes, rows, {size = 2}, {2, 4, 5}, wrt = {1}},
    {first(s, 4, 3, 1), boxes, rows, {size = {3, 1}, samples = 1, scale = 0.5}, {2, 4, 5}, wrt = {1}},
    {first(s, 0, 2, 2), core.full({0, 4}, 0), core.full({0}, 0, "i32"), {size = 2}, {2, 4, 5}, wrt = {1}},
  }
end

--- Cuts boxes out of images, each at so many bins: the mean of bilinear samples in each. It is linear in x; boxes have
-- no gradient. A sample more than a pixel outside of the image is 0, others see its border repeated.
-- Source: He et al. 2017, arXiv:1703.06870, sec. 3.  Differs: with the half pixel of torchvision's `aligned = True`.
-- @function gan.roi_align
-- @tparam Tensor x  (N,H,W,C)
-- @tparam Tensor boxes  (M,4): x0, y0, x1, y1 of each
-- @tparam Tensor rows  i32 (M), the image of each, 0..N-1 (COUNTED FROM 0)
-- @tparam table options
-- @tparam integer|table options.size  bins, {Ph, Pw}
-- @tparam[opt=2] integer options.samples  along each axis of a bin, in 1..64
-- @tparam[opt=1] number options.scale  pixels of x to one that the boxes are given in
-- @treturn Tensor  (M,Ph,Pw,C)
-- @raise naming the first box that ends before it begins or is not finite, or whose row is no image
M.roi_align = op {name = "roi_align", method = false, forward = core.roi_align, reads = {{2, 3}},
  grad = {
    function(g, ctx, _, boxes, rows, options)
      local s = ctx.shapes[1]
      return M.roi_align_dx(g, boxes, rows, options, {s[1], s[2], s[3]})
    end,
    false,
  },
  cases = function(s)
    local list = cases(s, function(t) return t:randn(2, 4, 5, 3) end)
    for _, c in ipairs(list) do c[5] = nil end
    return list
  end,
  bad = function(s)
    local box, row = s:uniform(0, 1, 1, 4), core.full({1}, 0, "i32")
    local function at(...) return core.tensor {{...}} end
    return {
      {s:randn(4, 5, 3), box, row, {size = 2}, match = "#1 'x'"},
      {s:randn(1, 0, 5, 3), box, row, {size = 2}, match = "H, W >= 1"},
      {s:randn(1, 4, 5, 3), s:randn(1, 5), row, {size = 2}, match = "#2 'boxes' (expected (M,4)"},
      {s:randn(1, 4, 5, 3), at(0, 0, 2, 2), core.full({2}, 0, "i32"), {size = 2}, match = "#3 'rows' (expected (1)"},
      {s:randn(1, 4, 5, 3), at(0, 0, 2, 2), core.full({1}, 1, "i32"), {size = 2},
        match = "expected images in 0..0, got 1 at element 1"},
      {s:randn(1, 4, 5, 3), at(2, 0, 1, 2), row, {size = 2}, match = "x0 <= x1 and y0 <= y1, got 2.0, 0.0, 1.0, 2.0"},
      {s:randn(1, 4, 5, 3), at(0, 0, 1, 1 / 0), row, {size = 2}, match = "expected finite"},
      {s:randn(1, 4, 5, 3), at(0, 0 / 0, 1, 1), row, {size = 2}, match = "expected finite"},
      {s:randn(1, 4, 5, 3), at(0, 0, 1, 1), row, {}, match = "'size'"},
      {s:randn(1, 4, 5, 3), at(0, 0, 1, 1), row, {size = 2, samples = 0}, match = "'samples'"},
      {s:randn(1, 4, 5, 3), at(0, 0, 1, 1), row, {size = 2, scale = 0}, match = "'scale': expected a number > 0"},
      {s:randn(1, 4, 5, 3), at(0, 0, 1, 1), row, {size = 2, aligned = true}, match = "unknown option 'aligned'"},
    }
  end}

--- Returns the gradient of sum(roi_align(x) dy) in x: its adjoint.
-- @function gan.roi_align_dx
-- @tparam Tensor dy  (M,Ph,Pw,C)
-- @tparam Tensor boxes  (M,4)
-- @tparam Tensor rows  i32 (M)
-- @tparam table options
-- @tparam integer|table options.size  {Ph, Pw}
-- @tparam[opt=2] integer options.samples  as for roi_align
-- @tparam[opt=1] number options.scale  as for roi_align
-- @tparam table size  {N, H, W}
-- @treturn Tensor  (N,H,W,C)
-- @raise as roi_align, or if dy is of another shape
M.roi_align_dx = op {name = "roi_align_dx", method = false, forward = core.roi_align_dx, reads = {{2, 3}},
  grad = {function(g, _, _, boxes, rows, options) return M.roi_align(g, boxes, rows, options) end, false},
  cases = function(s) return cases(s, function(t, m, ph, pw) return t:randn(m, ph, pw, 3) end) end,
  bad = function(s)
    local box, row = core.tensor {{0, 0, 1, 1}}, core.full({1}, 0, "i32")
    return {
      {s:randn(1, 2, 3, 3), box, row, {size = 2}, {1, 4, 5}, match = "#1 'dy' (expected (1,2,2,3)"},
      {s:randn(1, 2, 2, 3), box, row, {size = 2}, {4, 5}, match = "#5 'size' (expected {N, H, W} with H, W >= 1"},
      {s:randn(1, 2, 2, 3), box, row, {size = 2}, {0, 4, 5}, match = "got 0 at element 1"},
    }
  end}

return M
