--- Provides minibatch discrimination: how near each element of a batch is to the others.
-- @module gan.ops.minibatch
local core = require "gan.core"
local autograd = require "gan.autograd"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local shape_ops = require "gan.ops.shape"

local M = {}

--- Sums up, for each element of a batch and each row of features, its nearness to the other elements.
--
--     o[i,b] = sum over j ~= i of exp(-sum over c of |m[i,b,c] - m[j,b,c]|)
--
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 3.2.  Differs: an element's nearness to itself, 1, is left out.
-- @function gan.minibatch_similarity
-- @tparam Tensor m  (N,B,C)
-- @treturn Tensor  (N,B)
-- @raise if m has not 3 dimensions
M.minibatch_similarity = autograd.op {name = "minibatch_similarity", method = false,
  forward = core.minibatch_similarity,
  compose = function(m)
    local s = core.shape(m)
    local d = pointwise.sub(shape_ops.reshape(m, {s[1], 1, s[2], s[3]}), shape_ops.reshape(m, {1, s[1], s[2], s[3]}))
    local near = pointwise.exp(pointwise.neg(reduce.sum(pointwise.abs(d), 4)))
    return pointwise.sub(reduce.sum(near, 2), 1)
  end,
  grad = function(g, _, _, m) return core.minibatch_similarity_grad(g, m) end,
  cases = function(s) return {{s:randn(4, 3, 2)}, {s:randn(2, 70, 1)}, {s:randn(1, 2, 3)}, {s:randn(3, 2, 0)}} end,
  bad = function(s) return {{s:randn(2, 3), match = "'m' (expected"}, {nil, match = "real tensor"}} end}

return M
