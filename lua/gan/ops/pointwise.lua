--- Provides the pointwise ops: value (a kernel of csrc/kernels/pointwise.def), rule and cases, side by side.
--
-- All of them broadcast: sizes 1 and missing leading axes are stretched.
-- @module gan.ops.pointwise
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"

local op = autograd.op
local M = {}

local function unary_cases(s) return {{s:randn(2, 3)}, {s:randn(2, 1, 3)}} end
local function positive_cases(s) return {{s:uniform(0.5, 2, 2, 3)}} end
local function binary_cases(s)
  return {
    {s:randn(2, 3), s:randn(2, 3)}, {s:randn(2, 3), s:randn(3)}, {s:randn(2, 1), s:randn(1, 3)},
    {s:randn(2, 3), 1.5}, {0.5, s:randn(3)},
  }
end
local function bad_unary() return {{nil, match = "real tensor"}, {"x", match = "got string"}} end
local function bad_binary(s)
  return {{s:randn(2, 3), s:randn(2), match = "broadcast"}, {s:randn(2), {}, match = "bad argument #2"}}
end

-- Fields every binary op shares.
local function binary(def)
  def.cases = def.cases or binary_cases
  def.bad = bad_binary
  M[def.name] = op(def)
end
local function unary(def)
  def.cases = def.cases or unary_cases
  def.bad = def.bad or bad_unary
  M[def.name] = op(def)
end

--- Adds. Also `a + b`.
-- @function gan.add
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "add", forward = core.add, reads = {}, grad = {function(g) return g end, function(g) return g end}}

--- Subtracts b from a. Also `a - b`.
-- @function gan.sub
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "sub", forward = core.sub, reads = {},
  grad = {function(g) return g end, function(g) return M.neg(g) end}}

--- Multiplies element by element. Also `a * b`.
-- @function gan.mul
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "mul", forward = core.mul, reads = {{2}, {1}},
  grad = {function(g, _, _, b) return M.mul(g, b) end, function(g, _, a) return M.mul(g, a) end}}

--- Divides a by b. Also `a / b`.
-- Division by 0 gives an infinity or NaN, as in C.
-- @function gan.div
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "div", forward = core.div, reads = {{2}, {0, 2}},
  cases = function(s)
    return {
      {s:randn(2, 3), s:uniform(0.5, 2, 2, 3)}, {s:randn(2, 3), s:uniform(0.5, 2, 3)}, {1, s:uniform(0.5, 2, 3)},
    }
  end,
  grad = {
    function(g, _, _, b) return M.div(g, b) end,
    function(g, ctx, _, b) return M.neg(M.div(M.mul(g, ctx.y), b)) end,
  }}

local function share(g, cmp, a, b) return M.mul(g, core.add(cmp(a, b), core.mul(core.eq(a, b), 0.5))) end

--- Returns the larger of a and b; NaN where one of them is NaN.
-- Where they are equal, each gets half of the gradient.
-- @function gan.maximum
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "maximum", forward = core.maximum, reads = {{1, 2}, {1, 2}},
  grad = {
    function(g, _, a, b) return share(g, core.gt, a, b) end,
    function(g, _, a, b) return share(g, core.lt, a, b) end,
  }}

--- Returns the smaller of a and b; NaN where one of them is NaN.
-- Where they are equal, each gets half of the gradient.
-- @function gan.minimum
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "minimum", forward = core.minimum, reads = {{1, 2}, {1, 2}},
  grad = {
    function(g, _, a, b) return share(g, core.lt, a, b) end,
    function(g, _, a, b) return share(g, core.gt, a, b) end,
  }}

--- Returns 1 where a equals b, 0 elsewhere. Has no gradient.
-- @function gan.eq
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "eq", forward = core.eq, nondiff = true}

--- Returns 1 where a differs from b, 0 elsewhere. Has no gradient.
-- @function gan.ne
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "ne", forward = core.ne, nondiff = true}

--- Returns 1 where a is less than b, 0 elsewhere. Has no gradient.
-- @function gan.lt
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "lt", forward = core.lt, nondiff = true}

--- Returns 1 where a is at most b, 0 elsewhere. Has no gradient.
-- @function gan.le
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "le", forward = core.le, nondiff = true}

--- Returns 1 where a is greater than b, 0 elsewhere. Has no gradient.
-- @function gan.gt
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "gt", forward = core.gt, nondiff = true}

--- Returns 1 where a is at least b, 0 elsewhere. Has no gradient.
-- @function gan.ge
-- @tparam Tensor|number a  any shape
-- @tparam Tensor|number b  a shape that broadcasts with a's
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast, or an argument is neither a real tensor nor a number
binary {name = "ge", forward = core.ge, nondiff = true}

--- Changes the sign. Also `-x`.
-- @function gan.neg
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "neg", forward = core.neg, reads = {}, grad = {function(g) return M.neg(g) end}}

--- Raises e to the power x.
-- @function gan.exp
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "exp", forward = core.exp, reads = {{0}}, grad = {function(g, ctx) return M.mul(g, ctx.y) end}}

--- Returns the natural logarithm: minus infinity at 0, NaN below.
-- @function gan.log
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "log", forward = core.log, reads = {{1}}, cases = positive_cases,
  grad = {function(g, _, x) return M.div(g, x) end}}

--- Returns the square root: NaN below 0, an infinite gradient at 0.
-- @function gan.sqrt
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "sqrt", forward = core.sqrt, reads = {{0}}, cases = positive_cases,
  grad = {function(g, ctx) return M.div(M.mul(g, 0.5), ctx.y) end}}

--- Returns -1, 0 or 1; 0 for NaN. Has no gradient.
-- @function gan.sign
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "sign", forward = core.sign, nondiff = true}

--- Returns 1 where x is a finite number, 0 where it is NaN or infinite. Has no gradient.
-- @function gan.isfinite
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "isfinite", forward = core.isfinite, nondiff = true}

--- Returns the absolute value. Its gradient at 0 is 0.
-- @function gan.abs
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "abs", forward = core.abs, reads = {{1}}, grad = {function(g, _, x) return M.mul(g, core.sign(x)) end}}

--- Returns the error function.
-- @function gan.erf
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "erf", forward = core.erf, reads = {{1}},
  grad = {function(g, _, x) return M.mul(g, M.mul(M.exp(M.neg(M.mul(x, x))), 2 / math.sqrt(math.pi))) end}}

--- Returns 1 - erf(x), to full precision where erf(x) is near 1.
-- @function gan.erfc
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "erfc", forward = core.erfc, reads = {{1}},
  grad = {function(g, _, x) return M.mul(g, M.mul(M.exp(M.neg(M.mul(x, x))), -2 / math.sqrt(math.pi))) end}}

--- Raises x to the power of a number. Also `x ^ p`.
-- Negative x with fractional p gives NaN, as in C.
-- @function gan.pow
-- @tparam Tensor|number x  any shape
-- @tparam number p  the exponent
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number, or p no number
unary {name = "pow", forward = core.pow, reads = {{1}},
  cases = function(s) return {{s:uniform(0.5, 2, 2, 3), 2.5}, {s:randn(3), 3}, {s:uniform(0.5, 2, 3), -1}} end,
  bad = function(s) return {{s:randn(2), nil, match = "parameter"}, {nil, 2, match = "real tensor"}} end,
  grad = {function(g, _, x, p) return M.mul(g, M.mul(M.pow(x, p - 1), p)) end}}

--- Squares x.
-- @function gan.square
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
function M.square(x) return M.mul(x, x) end

--- Limits x to [lo, hi]. The gradient is 0 outside.
-- @function gan.clamp
-- @tparam Tensor x  any shape
-- @tparam[opt] number lo  default: no lower limit
-- @tparam[opt] number hi  default: no upper limit
-- @treturn Tensor  x's shape
-- @raise if lo is above hi
unary {name = "clamp",
  forward = function(x, lo, hi)
    lo, hi = lo or -math.huge, hi or math.huge
    if type(lo) == "number" and type(hi) == "number" and lo > hi then
      return check.fail("clamp", "lo %g is above hi %g", lo, hi)
    end
    return core.clamp(x, lo, hi)
  end,
  reads = {{1}},
  cases = function(s) return {{s:randn(2, 3), -0.5, 0.7}, {s:randn(3), 0}, {s:randn(3), nil, 0}} end,
  bad = function(s) return {{s:randn(2), 1, 0, match = "above"}, {nil, 0, 1, match = "real tensor"}} end,
  grad = {function(g, _, x, lo, hi) return M.clamp_dx(g, x, lo or -math.huge, hi or math.huge) end}}

-- An activation f whose derivative is the pointwise kernel f_dx(g, v, parameters), v being the argument (1) or the
-- output (0); slope_rule is d f_dx / d v, nil where it is zero.
local function activation(name, def, v, slope_rule)
  def.name, def.forward = name, def.forward or core[name]
  def.reads = {{v}}
  local dx = name .. "_dx"
  def.grad = {function(g, ctx, x, ...) return M[dx](g, v == 0 and ctx.y or x, ...) end}
  unary(def)
  local cases = def.cases or unary_cases
  M[dx] = op {name = dx, forward = core[dx], reads = {{2}, {1, 2}}, method = false,
    cases = function(s)
      local out = {}
      for i, case in ipairs(cases(s)) do
        local x = case[1]
        -- any numbers do for outputs, and relu's own would all too often lie on the kink
        local shape = core.shape(x)
        out[i] = {s:randn(table.unpack(shape)), v == 0 and s:randn(table.unpack(shape)) or x, table.unpack(case, 2)}
      end
      return out
    end,
    bad = bad_binary,
    grad = {
      function(h, _, _, b, ...) return M[dx](h, b, ...) end,
      slope_rule and function(h, _, g, b, ...) return slope_rule(h, g, b, ...) end or false,
    }}
end

--- Returns the larger of x and 0.
-- The gradient at 0 is 0.
-- @function gan.relu
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
activation("relu", {}, 0)

--- Returns the logistic function 1 / (1 + e^-x), in (0,1).
-- @function gan.sigmoid
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
activation("sigmoid", {}, 1, function(h, g, x)
  return M.neg(M.mul(M.sigmoid_dx(M.mul(h, g), x), M.tanh(M.mul(x, 0.5)))) -- 1 - 2 sigmoid(x) = -tanh(x / 2)
end)

--- Returns the hyperbolic tangent, in (-1,1).
-- The slope is taken from the result, as 1 - tanh(x)^2, with an error of at most 1.2e-7: beyond |x| = 8 it is as large
-- as the slope itself.
-- @function gan.tanh
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
activation("tanh", {}, 0, function(h, g, y) return M.mul(M.mul(h, g), M.mul(y, -2)) end)

--- Returns the scaled exponential linear unit, which keeps mean 0 and variance 1 through layers.
-- Source: Klambauer et al. 2017, arXiv:1706.02515.
-- @function gan.selu
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
activation("selu", {}, 1, function(h, g, x) return M.mul(M.selu_dx(M.mul(h, g), x), core.le(x, 0)) end)

--- Returns log(1 + e^x), without overflow.
-- @function gan.softplus
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
activation("softplus", {}, 1, function(h, g, x) return M.sigmoid_dx(M.mul(h, g), x) end)

--- Returns x where it is positive, slope * x elsewhere.
-- The gradient at 0 is slope. Source: Radford et al. 2015, arXiv:1511.06434, for 0.2.
-- @function gan.leaky_relu
-- @tparam Tensor x  any shape
-- @tparam number slope  >= 0
-- @treturn Tensor  x's shape
-- @raise if x is no real tensor, or slope is negative
activation("leaky_relu", {
  forward = function(x, slope) return core.leaky_relu(x, check.number("leaky_relu", 2, "slope", slope, 0)) end,
  cases = function(s) return {{s:randn(2, 3), 0.2}, {s:randn(3), 0}} end,
  bad = function(s) return {{s:randn(2), -1, match = "slope"}, {nil, 0.2, match = "real tensor"}} end,
}, 0)

--- Computes leaky_relu(x + bias, slope) in place of x, for layers: one pass, and no second tensor as large.
-- x must be the only reference to the result of an op whose gradient does not read it (convolution, matmul).
-- @function gan.bias_leaky_relu_
-- @tparam Tensor x  any shape; changed
-- @tparam Tensor|number bias  a shape that broadcasts to x's
-- @tparam number slope  >= 0
-- @treturn Tensor  a view of x
-- @raise if bias does not broadcast to x, or slope is negative
M.bias_leaky_relu_ = op {name = "bias_leaky_relu_", private = true, builtin = true, reads = {{0}, {0}},
  forward = function(x, bias, slope)
    return core.bias_leaky_relu_(x, bias, check.number("bias_leaky_relu_", 3, "slope", slope, 0))
  end,
  grad = function(g, ctx, _, _, _, slope)
    local d = (ctx.own and core.leaky_relu_dx_ or M.leaky_relu_dx)(g, ctx.y, slope)
    return d, d -- as broadcast: grad sums it up for the bias
  end}

--- Returns x where it is positive, alpha (e^x - 1) elsewhere.
-- Source: Clevert et al. 2015, arXiv:1511.07289.
-- @function gan.elu
-- @tparam Tensor x  any shape
-- @tparam number alpha  >= 0
-- @treturn Tensor  x's shape
-- @raise if x is no real tensor, or alpha is negative
activation("elu", {
  forward = function(x, alpha) return core.elu(x, check.number("elu", 2, "alpha", alpha, 0)) end,
  cases = function(s) return {{s:randn(2, 3), 1}, {s:randn(3), 0.5}} end,
  bad = function(s) return {{s:randn(2), -1, match = "alpha"}, {nil, 1, match = "real tensor"}} end,
}, 1, function(h, g, x, alpha) return M.mul(M.elu_dx(M.mul(h, g), x, alpha), core.le(x, 0)) end)

--- Returns the gradient of relu in x: g times its derivative, given its result y.
-- @function gan.relu_dx
-- @tparam Tensor g  the gradient of relu's result, x's shape
-- @tparam Tensor y  relu's result, any shape
-- @treturn Tensor  x's shape
-- @raise if the shapes do not broadcast, or an argument is no real tensor

--- Returns the gradient of sigmoid in x: g times its derivative, given x.
-- @function gan.sigmoid_dx
-- @tparam Tensor g  the gradient of sigmoid's result, x's shape
-- @tparam Tensor x  sigmoid's argument, any shape
-- @treturn Tensor  x's shape
-- @raise if the shapes do not broadcast, or an argument is no real tensor

--- Returns the gradient of tanh in x: g times its derivative, given its result y.
-- @function gan.tanh_dx
-- @tparam Tensor g  the gradient of tanh's result, x's shape
-- @tparam Tensor y  tanh's result, any shape
-- @treturn Tensor  x's shape
-- @raise if the shapes do not broadcast, or an argument is no real tensor

--- Returns the gradient of selu in x: g times its derivative, given x.
-- @function gan.selu_dx
-- @tparam Tensor g  the gradient of selu's result, x's shape
-- @tparam Tensor x  selu's argument, any shape
-- @treturn Tensor  x's shape
-- @raise if the shapes do not broadcast, or an argument is no real tensor

--- Returns the gradient of softplus in x: g times its derivative, given x.
-- @function gan.softplus_dx
-- @tparam Tensor g  the gradient of softplus's result, x's shape
-- @tparam Tensor x  softplus's argument, any shape
-- @treturn Tensor  x's shape
-- @raise if the shapes do not broadcast, or an argument is no real tensor

--- Returns the gradient of leaky_relu in x: g times its derivative, given its result y.
-- @function gan.leaky_relu_dx
-- @tparam Tensor g  the gradient of leaky_relu's result, x's shape
-- @tparam Tensor y  leaky_relu's result, any shape
-- @tparam number slope  >= 0
-- @treturn Tensor  x's shape
-- @raise if the shapes do not broadcast, or an argument is no real tensor

--- Returns the gradient of elu in x: g times its derivative, given x.
-- @function gan.elu_dx
-- @tparam Tensor g  the gradient of elu's result, x's shape
-- @tparam Tensor x  elu's argument, any shape
-- @tparam number alpha  >= 0
-- @treturn Tensor  x's shape
-- @raise if the shapes do not broadcast, or an argument is no real tensor

--- Returns the gradient of clamp in x: g inside [lo, hi], 0 outside.
-- @function gan.clamp_dx
-- @tparam Tensor g  the gradient of clamp's result, x's shape
-- @tparam Tensor x  clamp's argument, any shape
-- @tparam number lo  lower limit
-- @tparam number hi  upper limit
-- @treturn Tensor  x's shape
-- @raise if the shapes do not broadcast, or an argument is no real tensor
M.clamp_dx = op {name = "clamp_dx", forward = core.clamp_dx, reads = {{2}, {}}, method = false,
  cases = function(s) return {{s:randn(2, 3), s:randn(2, 3), -0.5, 0.7}} end, bad = bad_binary,
  grad = {function(h, _, _, x, lo, hi) return M.clamp_dx(h, x, lo, hi) end, false}}

--- Returns x * sigmoid(x).
-- Source: Ramachandran et al. 2017, arXiv:1710.05941.
-- @function gan.swish
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "swish", forward = core.swish, compose = function(x) return M.mul(x, M.sigmoid(x)) end,
  grad = {function(g, _, x) return core.swish_dx(g, x) end}}

--- Returns x times the normal distribution function of x, in its exact form.
-- Source: Hendrycks & Gimpel 2016, arXiv:1606.08415.
-- @function gan.gelu
-- @tparam Tensor|number x  any shape
-- @treturn Tensor  x's shape
-- @raise if x is neither a real tensor nor a number
unary {name = "gelu", forward = core.gelu,
  compose = function(x) return M.mul(M.mul(x, 0.5), M.erfc(M.mul(x, -math.sqrt(0.5)))) end,
  grad = {function(g, _, x) return core.gelu_dx(g, x) end}}

--- Chooses a where cond is not 0, else b.
-- @function gan.where
-- @tparam Tensor cond  any shape; has no gradient
-- @tparam Tensor|number a  a shape that broadcasts
-- @tparam Tensor|number b  a shape that broadcasts
-- @treturn Tensor  (the broadcast shape)
-- @raise if the shapes do not broadcast
M.where = op {name = "where", forward = core.where, reads = {{}, {1}, {1}},
  cases = function(s)
    return {
      {core.gt(s:randn(2, 3), 0), s:randn(2, 3), s:randn(3), wrt = {2, 3}},
      {core.gt(s:randn(3), 0), s:randn(2, 3), 0, wrt = {2}},
    }
  end,
  bad = function(s) return {{s:randn(2), s:randn(3), s:randn(3), match = "broadcast"}} end,
  grad = {false, function(g, _, c) return M.where(c, g, 0) end, function(g, _, c) return M.where(c, 0, g) end}}

return M
