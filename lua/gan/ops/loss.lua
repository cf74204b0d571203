--- Provides the losses that are one number: the mean over all elements, or over the rows of logits.
--
-- They are in nats where there is a logarithm.
-- @module gan.ops.loss
local core = require "gan.core"
local autograd = require "gan.autograd"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local op = autograd.op
local M = {}

-- f(x, target): target is a tensor of exactly x's shape (no broadcasting: (N) against (N,1) is a mistake), or a number.
local function elementwise(name, compose)
  local forward, backward = core[name], core[name .. "_grad"]
  M[name] = op {name = name, forward = forward, compose = compose,
    grad = function(g, _, need, x, target) return backward(g, x, target, need[1], need[2]) end,
    cases = function(s)
      return {{s:randn(2, 3), s:randn(2, 3)}, {s:randn(5), 0.9}, {s:randn(3, 1), 0}, {s:randn(), s:randn()}}
    end,
    bad = function(s)
      return {
        {s:randn(4), s:randn(4, 1), match = "#2 'target' (expected (4) to match x, got (4,1))"},
        {s:randn(2), match = "a real tensor or a number"},
        {s:randn(2), s:integer(0, 1, 2), match = "a real tensor or a number"},
        {s:randn(0), 1, match = "at least one element"}, {nil, 1, match = "real tensor"},
      }
    end}
end

--- Returns the binary cross entropy of logits against probabilities.
--
--     mean of max(x,0) - x t + log(1 + e^-|x|)
--
-- @function gan.bce_with_logits
-- @tparam Tensor x  any shape
-- @tparam Tensor|number target  exactly x's shape, in [0,1]: nothing broadcasts
-- @treturn Tensor  scalar, nats
-- @raise if the shapes differ, or x is empty
elementwise("bce_with_logits", function(x, t)
  return reduce.mean(pointwise.sub(pointwise.softplus(x), pointwise.mul(x, t)))
end)

--- Returns the mean absolute difference.
-- Its derivative is 0 where the difference is 0.
-- @function gan.l1_loss
-- @tparam Tensor x  any shape
-- @tparam Tensor|number target  exactly x's shape: nothing broadcasts
-- @treturn Tensor  scalar
-- @raise if the shapes differ, or x is empty
elementwise("l1_loss", function(x, t) return reduce.mean(pointwise.abs(pointwise.sub(x, t))) end)

--- Returns the mean squared difference.
-- @function gan.mse_loss
-- @tparam Tensor x  any shape
-- @tparam Tensor|number target  exactly x's shape: nothing broadcasts
-- @treturn Tensor  scalar
-- @raise if the shapes differ, or x is empty
elementwise("mse_loss", function(x, t) return reduce.mean(pointwise.square(pointwise.sub(x, t))) end)

--- Returns the cross entropy of class logits: the mean over rows of -log softmax(logits)[label].
-- @function gan.softmax_cross_entropy
-- @tparam Tensor logits  (N,Y), at least one row
-- @tparam Tensor labels  i32 (N), each 0..Y-1
-- @treturn Tensor  scalar, nats
-- @raise naming the first label that is not in 0..Y-1, or if the shapes do not fit
M.softmax_cross_entropy = op {name = "softmax_cross_entropy", forward = core.softmax_cross_entropy,
  compose = function(x, labels)
    local hot = core.one_hot(labels, core.size(x, 2))
    return pointwise.mul(reduce.sum(pointwise.mul(reduce.log_softmax(x), hot)), -1 / core.size(x, 1))
  end,
  grad = function(g, _, _, x, labels) return core.softmax_cross_entropy_grad(g, x, labels) end,
  cases = function(s) return {{s:randn(3, 4), s:integer(0, 3, 3)}, {s:randn(1, 2), s:integer(1, 1, 1)}} end,
  bad = function(s)
    return {
      {s:randn(3, 4), s:integer(4, 4, 3), match = "entry 1 is 4, expected a class in 0..3"},
      {s:randn(3, 4), s:integer(-1, -1, 3), match = "is -1"},
      {s:randn(3, 4), s:integer(0, 3, 2), match = "'labels' (expected (3) to match logits"},
      {s:randn(3), s:integer(0, 3, 3), match = "(N,Y)"},
      {s:randn(3, 4), s:randn(3), match = "i32"}, {s:randn(0, 4), s:integer(0, 3, 0), match = "(N,Y)"},
    }
  end}

return M
