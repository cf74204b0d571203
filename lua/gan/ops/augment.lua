--- Transforms the pictures of a batch, each by a map or filter of its own, differentiably to any order.
-- @module gan.ops.augment
local core = require "gan.core"
local autograd = require "gan.autograd"

local M = {}
local op = autograd.op

-- ---- places ----

local function turn(degrees, scale, x, y)
  local a = math.rad(degrees)
  local c, s = scale * math.cos(a), scale * math.sin(a)
  return {{c, -s, x}, {s, c, y}}
end

local maps = { -- of two pictures each
  {turn(30, 1, 0, 0), turn(-100, 0.8, 0.7, -1.3)},
  {{{1, 0, 1}, {0, 1, -2}}, {{0, -1, 0}, {1, 0, 0}}},
  {{{-1, 0, 0.25}, {0, 1, 0}}, {{0.5, 0.25, 9}, {0, 0, 0}}},
}

local function warp_cases(s)
  local cases = {}
  for _, m in ipairs(maps) do
    cases[#cases + 1] = {s:randn(2, 5, 5, 1), m}
    cases[#cases + 1] = {s:randn(2, 4, 6, 3), core.tensor(m, "f64"), {fill = "zero"}}
  end
  return cases
end

--- Looks for each output pixel at another place of the picture: shifts, turns, scales, shears, mirrors.
-- A map goes from the output's place to the input's, (x, y) from the centre of the picture in pixels, x to the right
-- and y down: row 1 gives x, row 2 gives y, so {{1, 0, 2}, {0, 1, 0}} moves what is seen two pixels to the left. A map
-- that takes pixels to pixels (entries 0 and 1 or -1, and a whole shift) moves them, bit for bit. Any other samples the
-- picture at twice its size, between the low-pass filters of a wavelet: that blurs little, and a shift can be undone.
-- A picture's result does not depend on those beside it.
--
-- Mirrored pixels go as far as the picture is wide (high), less one; beyond are zeros.
-- Source: Karras et al. 2020, arXiv:2006.06676, app. B.  Differs: pixels are moved where they can be; a picture is
-- padded as far as its own map looks.
-- @function gan.warp
-- @tparam Tensor x  (N,H,W,C)
-- @tparam Tensor|table maps  (N,2,3), real or f64, or nested lists; without a gradient
-- @tparam[opt] table options
-- @tparam[opt=reflect] string options.fill  what lies beyond the border: "reflect", the edge not repeated, or "zero"
-- @treturn Tensor  (N,H,W,C)
-- @raise if there is not one map a picture, a number is not finite, or an option is unknown
-- @usage local mirrored = gan.warp(x, {{{-1, 0, 0}, {0, 1, 0}}})
M.warp = op {
  name = "warp",
  forward = core.warp,
  grad = {function(g, _, _, m, options) return M.warp_dx(g, m, options) end},
  reads = {{2}},
  cases = warp_cases,
  bad = function(s) return {
    {s:randn(3, 4, 2), {}, match = "bad argument #1 'x' (expected"},
    {s:randn(1, 0, 4, 2), {}, match = "with H, W >= 1"},
    {s:randn(2, 3, 3, 1), 1, match = "'maps' (expected nested tables or a real or f64 tensor (2,2,3), got "},
    {s:randn(2, 3, 3, 1), maps[1][1], match = "(expected (2,2,3) one map a picture, got a table of 3 at maps[1]"},
    {s:randn(1, 3, 3, 1), maps[1], match = "'maps' (expected (1,2,3) one map a picture, got a table of 2 at maps)"},
    {s:randn(1, 3, 3, 1), {{{1, 0, 0}, 0}}, match = "one map a picture, got 0 at maps[1][2])"},
    {s:randn(1, 3, 3, 1), {{{1, 0, 0}, {0, "1", 0}}}, match = "expected a number, got string '1' at maps[1][2][2])"},
    {s:randn(1, 3, 3, 1), {{{1, 0, 0}, {0, 0 / 0, 0}}}, match = "'maps' (expected a finite number, got"},
    {s:randn(1, 3, 3, 1), core.tensor {{{1, math.huge, 0}, {0, 1, 0}}}, match = "number, got inf at maps[1][1][2])"},
    {s:randn(2, 3, 3, 1), core.tensor(maps[1][1]), match = "'maps' (expected (2,2,3) one map a picture, got (2,3))"},
    {s:randn(2, 3, 3, 1), maps[1], {fill = "wrap"}, match = "option 'fill': expected 'reflect' or 'zero', got"},
    {s:randn(2, 3, 3, 1), maps[1], {mode = "zero"}, match = "unknown option 'mode'"},
  } end,
}

--- Returns the gradient of warp in its pictures: its adjoint.
-- @function gan.warp_dx
-- @tparam Tensor dy  (N,H,W,C)
-- @tparam Tensor|table maps  (N,2,3), real or f64, or nested lists; without a gradient
-- @tparam[opt] table options
-- @tparam[opt=reflect] string options.fill  what lies beyond the border: "reflect" or "zero"
-- @treturn Tensor  (N,H,W,C)
-- @raise if there is not one map a picture, a number is not finite, or an option is unknown
M.warp_dx = op {
  name = "warp_dx",
  forward = core.warp_dx,
  grad = {function(g, _, _, m, options) return M.warp(g, m, options) end},
  reads = {{2}},
  cases = warp_cases,
  bad = function(s) return {
    {s:randn(3, 4, 2), {}, match = "bad argument #1 'dy' (expected"},
  } end,
}

-- ---- colours ----

local function recolour_cases(s) return {
  {s:randn(2, 3, 2, 1), {{{2, 0.5}}, {{-1, 0}}}},
  {s:randn(2, 2, 3, 3), s:randn(2, 3, 4), wrt = {1}},
  {s:randn(1, 2, 2, 5), core.tensor({{{1, 2, 3, 4, 5, 6}, {0, 1, 0, 0, 0, 0}, {0, 0, 1, 0, 0, -1}, {1, 0, 0, 0, 0, 0},
    {0, 0, 0, 0.5, 0, 1}}}, "f64")},
} end

-- The adjoint's maps, as nested lists: matrices exchange rows and columns, and shift nothing.
local function transposed(m)
  local out = {}
  for n, map in ipairs(core.is_tensor(m) and core.to_table(m) or m) do
    local rows = {}
    for i = 1, #map do
      local row = {}
      for j = 1, #map do row[j] = map[j][i] end
      row[#map + 1] = 0
      rows[i] = row
    end
    out[n] = rows
  end
  return out
end

--- Maps the colour of each pixel: y = M x + c, M being the first C columns of the picture's map, c the last.
-- @function gan.recolour
-- @tparam Tensor x  (N,H,W,C)
-- @tparam Tensor|table m  (N,C,C+1), real or f64, or nested lists; without a gradient
-- @treturn Tensor  (N,H,W,C)
-- @raise if there is not one map a picture, or a number is not finite
-- @usage local brighter = gan.recolour(grey, {{{1, 0.2}}})
M.recolour = op {
  name = "recolour",
  forward = core.recolour,
  grad = {function(g, _, _, m) return M.recolour(g, transposed(m)) end},
  reads = {{2}},
  cases = recolour_cases,
  bad = function(s) return {
    {s:randn(3, 4, 2), {}, match = "bad argument #1 'x' (expected"},
    {s:randn(1, 2, 2, 3), {{{1, 0}}}, match = "'m' (expected (1,3,4) one map a picture, got a table of 1 at m[1])"},
    {s:randn(1, 2, 2, 1), s:randn(1, 3, 4), match = "'m' (expected (1,1,2) one map a picture, got (1,3,4))"},
    {s:randn(1, 2, 2, 1), {{{0 / 0, 1}}}, match = "'m' (expected a finite number, got"},
    {s:randn(1, 2, 2, 1), "grey", match = "'m' (expected nested tables or a real or f64 tensor (1,1,2), got"},
  } end,
}

-- ---- filters ----

local function filter_cases(s) return {
  {s:randn(2, 3, 4, 1), {{0.5, 1, -2}, {0, 1, 0}}},
  {s:randn(2, 4, 3, 3), s:randn(2, 5), wrt = {1}},
  {s:randn(1, 1, 1, 2), core.tensor({{0.5}}, "f64")},
} end

--- Filters each picture with taps of its own, along W and then along H.
-- A place's result is the sum of taps times pixels, the middle tap at the place itself: a correlation. What lies beyond
-- the border is mirrored, the edge not repeated.
-- @function gan.filter
-- @tparam Tensor x  (N,H,W,C)
-- @tparam Tensor|table taps  (N,K) with an odd K, real or f64, or lists; without a gradient
-- @treturn Tensor  (N,H,W,C)
-- @raise if H or W is not greater than K // 2, K is even, there is not one filter a picture, or a number is not finite
-- @usage local soft = gan.filter(x, {{0.25, 0.5, 0.25}})
M.filter = op {
  name = "filter",
  forward = core.filter,
  grad = {function(g, _, _, taps) return M.filter_dx(g, taps) end},
  reads = {{2}},
  cases = filter_cases,
  bad = function(s) return {
    {s:randn(3, 4, 2), {}, match = "bad argument #1 'x' (expected"},
    {s:randn(2, 3, 4, 2), 1, match = "'taps' (expected nested tables or a real or f64 tensor (2,K), got "},
    {s:randn(1, 3, 4, 2), {{1, 2}}, match = "bad argument #2 'taps' (expected an odd number of taps, got 2)"},
    {s:randn(1, 3, 4, 2), {{}}, match = "expected an odd number of taps, got 0"},
    {s:randn(2, 3, 4, 2), {{1, 2, 3}, {1}}, match = "(expected (2,3) one filter a picture, got a table of 1 at"},
    {s:randn(2, 3, 4, 2), s:randn(3, 3), match = "'taps' (expected (2,K) one filter a picture, got (3,3))"},
    {s:randn(1, 3, 4, 2), s:randn(1, 7),
      match = "'taps' (pictures of 3 x 4 are too small for 7 taps: both sides must be larger than 3)"},
    {s:randn(1, 3, 4, 2), {{1, math.huge, 2}}, match = "expected a finite number, got inf at taps[1][2]"},
  } end,
}

--- Returns the gradient of filter in its pictures: its adjoint.
-- @function gan.filter_dx
-- @tparam Tensor dy  (N,H,W,C)
-- @tparam Tensor|table taps  (N,K) with an odd K, real or f64, or lists; without a gradient
-- @treturn Tensor  (N,H,W,C)
-- @raise if H or W is not greater than K // 2, K is even, there is not one filter a picture, or a number is not finite
M.filter_dx = op {
  name = "filter_dx",
  forward = core.filter_dx,
  grad = {function(g, _, _, taps) return M.filter(g, taps) end},
  reads = {{2}},
  cases = filter_cases,
  bad = function(s) return {
    {s:randn(3, 4, 2), {}, match = "bad argument #1 'dy' (expected"},
  } end,
}

return M
