--- Provides recurrent nets over sequences of several lengths.
-- @module gan.ops.recurrent
local core = require "gan.core"
local autograd = require "gan.autograd"
local index = require "gan.ops.index"
local matmul = require("gan.ops.matmul").matmul
local pointwise = require "gan.ops.pointwise"
local shape_ops = require "gan.ops.shape"

local M = {}

local add, mul = pointwise.add, pointwise.mul

-- x (N,L,C) as a list of L tensors (N,C).
local function steps(x)
  local s, list = core.shape(x), {}
  for t = 1, s[2] do list[t] = shape_ops.reshape(shape_ops.narrow(x, 2, t, 1), {s[1], s[3]}) end
  return list
end

--- Runs gated recurrent units over sequences whose inputs were multiplied by their weights already. Columns are in the
-- order r, z, n; h is the state before, p = h u + c.
--
--     r = sigmoid(a_r + p_r), z = sigmoid(a_z + p_z), n = tanh(a_n + r p_n), y = (1 - z) n + z h
--
-- Steps behind a sequence's length leave the state as it is, and get no gradient.
-- Source: Cho et al. 2014, arXiv:1406.1078, eqs. 5 to 8.  Differs: c_n is inside r (...), as in PyTorch.
-- @function gan.gru
-- @tparam Tensor a  (N,L,3H), x W + b of each step
-- @tparam Tensor u  (H,3H)
-- @tparam Tensor c  (3H)
-- @tparam[opt] Tensor h0  (N,H), the first state; default: zeros
-- @tparam[opt] Tensor lengths  i32 (N), each 0..L; default: L
-- @treturn Tensor  (N,L,H), the states
-- @treturn Tensor  (N,L,5H), r, z, n, p_n and h of each step, without a gradient
-- @raise if the shapes do not fit together, or a length is not in 0..L
M.gru = autograd.op {name = "gru", method = false, forward = core.gru,
  compose = function(a, u, c, h0, lengths)
    local s, h = core.shape(a), core.size(u, 1)
    local state, list = h0 or core.full({s[1], h}, 0), {}
    local length = lengths and core.reshape(core.to(lengths, "real"), {s[1], 1})
    for t, at in ipairs(steps(a)) do
      local ar, az, an = table.unpack(index.split(at, 3, 2))
      local pr, pz, pn = table.unpack(index.split(add(matmul(state, u), c), 3, 2))
      local r, z = pointwise.sigmoid(add(ar, pr)), pointwise.sigmoid(add(az, pz))
      local n = pointwise.tanh(add(an, mul(r, pn)))
      local y = add(n, mul(z, pointwise.sub(state, n)))
      state = length and pointwise.where(core.ge(length, t), y, state) or y
      list[t] = state
    end
    return #list > 0 and index.stack(list, 2) or shape_ops.narrow(a, 3, 1, h)
  end,
  grad = function(dy, ctx, need, _, u, _, _, lengths)
    local gates, s = ctx.aux[1], ctx.yshape
    local n, l, h = s[1], s[2], s[3]
    local da, dp, dh0 = core.gru_grad(dy, gates, u, lengths)
    local function rows(t) return core.reshape(core.contiguous(t), {n * l, core.size(t, 3)}) end
    local before = need[2] and rows(core.narrow(gates, 3, 4 * h + 1, h))
    return da, before and core.matmul(core.permute(before, {2, 1}), rows(dp)), need[3] and core.sum(dp, {1, 2}), dh0
  end,
  cases = function(s) return {
    {s:randn(2, 3, 6), s:randn(2, 6), s:randn(6), s:randn(2, 2), core.tensor({2, 3}, "i32")},
    {s:randn(3, 2, 3), s:randn(1, 3), s:randn(3), nil, core.tensor({1, 0, 2}, "i32"), wrt = {1, 2, 3}},
    {s:randn(1, 3, 6), s:randn(2, 6), s:randn(6)},
    {s:randn(2, 1, 6), s:randn(2, 6), s:randn(6), s:randn(2, 2)},
  } end,
  bad = function(s) return {
    {s:randn(2, 6), s:randn(2, 6), s:randn(6), match = "#1 'a' (expected"},
    {s:randn(2, 3, 6), s:randn(2, 5), s:randn(6), match = "#2 'u' (expected (H,3H) with H >= 1, got (2,5))"},
    {s:randn(2, 3, 6), s:randn(0, 0), s:randn(0), match = "#2 'u'"},
    {s:randn(2, 3, 9), s:randn(2, 6), s:randn(6), match = "#1 'a' (expected (2,3,6) to match a and u, got (2,3,9))"},
    {s:randn(2, 3, 6), s:randn(2, 6), s:randn(3), match = "#3 'c'"},
    {s:randn(2, 3, 6), s:randn(2, 6), s:randn(6), s:randn(3, 2), match = "#4 'h0' (expected (2,2)"},
    {s:randn(2, 3, 6), s:randn(2, 6), s:randn(6), nil, core.tensor({3}, "i32"), match = "#5 'lengths' (expected (2)"},
    {s:randn(2, 3, 6), s:randn(2, 6), s:randn(6), nil, s:randn(2), match = "i32"},
    {s:randn(2, 3, 6), s:randn(2, 6), s:randn(6), nil, core.tensor({3, 4}, "i32"),
      match = "expected lengths in 0..3, got 4 at element 2"},
    {s:randn(2, 3, 6), s:randn(2, 6), s:randn(6), nil, core.tensor({-1, 0}, "i32"), match = "got -1 at element 1"},
    {nil, s:randn(2, 6), s:randn(6), match = "real tensor"},
  } end}

return M
