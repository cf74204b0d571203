--- Provides the ops of weight normalisers: division by the largest singular value, and by the length.
-- @module gan.ops.spectral
local core = require "gan.core"
local autograd = require "gan.autograd"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local shape_ops = require "gan.ops.shape"

local M = {}

local TINY = 1e-12 -- a weight of zeros has no direction: it stays zero

local function positive(axis, nd) return axis < 0 and nd + 1 + axis or axis end

--- Divides a weight by sigma = u' W v.
-- W is w as a matrix: rows along `axis`, everything else along the columns, in w's order.
-- u and v are constants, so that d/dw = (g - <g, y> u v') / sigma.
-- Source: Miyato et al. 2018, arXiv:1802.05957, eqs. 8 and 12.
-- @function gan.spectral_divide
-- @tparam Tensor w  any shape, at least one element
-- @tparam Tensor u  (R), R being w's size along the axis
-- @tparam Tensor v  (numel(w) / R)
-- @tparam integer axis  which counts the rows
-- @tparam[opt] number sigma  for who knows it already
-- @treturn Tensor  w's shape
-- @treturn number  sigma
-- @raise if u or v does not fit w
M.spectral_divide = autograd.op {name = "spectral_divide", method = false,
  forward = core.spectral_divide,
  compose = function(w, u, v, axis)
    local s, rows = core.shape(w), {}
    axis = positive(axis, #s)
    for i = 1, #s do rows[i] = i == axis and s[i] or 1 end
    local left = core.reshape(u, rows)
    rows, s[axis] = s, 1
    local outer = core.mul(left, core.reshape(v, rows))
    local sigma = reduce.sum(pointwise.mul(w, outer))
    if math.abs(core.item(sigma)) < TINY then sigma = core.full({}, TINY) end
    return pointwise.div(w, sigma)
  end,
  grad = function(g, ctx, _, w, u, v, axis) return core.spectral_grad(g, w, u, v, axis, ctx.aux[1]) end,
  cases = function(s) return {
    {s:randn(2, 3), s:randn(2), s:randn(3), 1, wrt = {1}},
    {s:randn(3, 2, 2, 4), s:randn(4), s:randn(12), -1, wrt = {1}},
    {s:randn(2, 2, 3, 2), s:randn(3), s:randn(8), 3, wrt = {1}},
  } end,
  bad = function(s) return {
    {s:randn(2, 3), s:randn(3), s:randn(3), 1, match = "'u' (expected (2) to match w along axis, got (3))"},
    {s:randn(2, 3), s:randn(2), s:randn(2), 1, match = "'v' (expected (3) to match w, got (2))"},
    {s:randn(2, 3), s:randn(2), s:randn(3), 3, match = "'axis'"},
    {s:randn(0, 3), s:randn(0), s:randn(3), 1, match = "at least one element"},
    {s:randn(2, 3), s:randn(2), s:randn(3), match = "#4 'axis' (expected an axis in 1..2 or -2..-1, got nil)"},
    {s:randn(2, 3), s:randn(2), s:randn(3), 1, "x", match = "#5 'sigma' (expected a number"},
    {nil, match = "real tensor"},
  } end}

--- Makes a weight of directions and lengths: g v / |v|, a length g for each index along the axis.
-- Source: Salimans & Kingma 2016, arXiv:1602.07868, eq. 2.
-- @function gan.weight_normalise
-- @tparam Tensor v  any shape
-- @tparam Tensor g  (R), R being v's size along the axis
-- @tparam integer axis  which counts the lengths
-- @treturn Tensor  v's shape
-- @raise if g does not fit v
function M.weight_normalise(v, g, axis)
  local s, axes = core.shape(v), {}
  axis = positive(axis, #s)
  for i = 1, #s do
    if i ~= axis then
      axes[#axes + 1] = i
      s[i] = 1
    end
  end
  local length = pointwise.maximum(reduce.norm(v, axes, {keepdim = true}), TINY)
  return pointwise.mul(v, pointwise.div(shape_ops.reshape(g, s), length))
end

return M
