--- Pointwise ops: value (a kernel of csrc/kernels/pointwise.def), rule and sample, side by side. All broadcast.
-- @module gan.ops.pointwise
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"

local op = autograd.op
local M = {}

local function unary_samples(s) return {{s:randn(2, 3)}, {s:randn(2, 1, 3)}} end
local function positive_samples(s) return {{s:uniform(0.5, 2, 2, 3)}} end
local function binary_samples(s)
  return {{s:randn(2, 3), s:randn(2, 3)}, {s:randn(2, 3), s:randn(3)}, {s:randn(2, 1), s:randn(1, 3)}, {s:randn(2, 3), 1.5}, {0.5, s:randn(3)}}
end
local function bad_unary() return {{nil, match = "real tensor"}, {"x", match = "got string"}} end
local function bad_binary(s)
  return {{s:randn(2, 3), s:randn(2), match = "broadcast"}, {s:randn(2), {}, match = "bad argument #2"}}
end

-- Fields every binary op shares.
local function binary(def)
  def.sample = def.sample or binary_samples
  def.bad = bad_binary
  M[def.name] = op(def)
end
local function unary(def)
  def.sample = def.sample or unary_samples
  def.bad = def.bad or bad_unary
  M[def.name] = op(def)
end

binary {name = "add", forward = core.add, reads = {}, grad = {function(g) return g end, function(g) return g end}}
binary {name = "sub", forward = core.sub, reads = {}, grad = {function(g) return g end, function(g) return M.neg(g) end}}
binary {name = "mul", forward = core.mul, reads = {{2}, {1}},
  grad = {function(g, _, _, b) return M.mul(g, b) end, function(g, _, a) return M.mul(g, a) end}}
binary {name = "div", forward = core.div, reads = {{2}, {0, 2}},
  sample = function(s) return {{s:randn(2, 3), s:uniform(0.5, 2, 2, 3)}, {s:randn(2, 3), s:uniform(0.5, 2, 3)}, {1, s:uniform(0.5, 2, 3)}} end,
  grad = {function(g, _, _, b) return M.div(g, b) end, function(g, ctx, _, b) return M.neg(M.div(M.mul(g, ctx.y), b)) end}}

-- Ties give each side half of the gradient.
local function share(g, cmp, a, b) return M.mul(g, core.add(cmp(a, b), core.mul(core.eq(a, b), 0.5))) end
binary {name = "maximum", forward = core.maximum, reads = {{1, 2}, {1, 2}},
  grad = {function(g, _, a, b) return share(g, core.gt, a, b) end, function(g, _, a, b) return share(g, core.lt, a, b) end}}
binary {name = "minimum", forward = core.minimum, reads = {{1, 2}, {1, 2}},
  grad = {function(g, _, a, b) return share(g, core.lt, a, b) end, function(g, _, a, b) return share(g, core.gt, a, b) end}}

for _, name in ipairs {"eq", "ne", "lt", "le", "gt", "ge"} do
  binary {name = name, forward = core[name], nondiff = true}
end

unary {name = "neg", forward = core.neg, reads = {}, grad = {function(g) return M.neg(g) end}}
unary {name = "exp", forward = core.exp, reads = {{0}}, grad = {function(g, ctx) return M.mul(g, ctx.y) end}}
unary {name = "log", forward = core.log, reads = {{1}}, sample = positive_samples, grad = {function(g, _, x) return M.div(g, x) end}}
unary {name = "sqrt", forward = core.sqrt, reads = {{0}}, sample = positive_samples,
  grad = {function(g, ctx) return M.div(M.mul(g, 0.5), ctx.y) end}}
unary {name = "sign", forward = core.sign, nondiff = true}
unary {name = "isfinite", forward = core.isfinite, nondiff = true}
unary {name = "abs", forward = core.abs, reads = {{1}}, grad = {function(g, _, x) return M.mul(g, core.sign(x)) end}}
unary {name = "erf", forward = core.erf, reads = {{1}},
  grad = {function(g, _, x) return M.mul(g, M.mul(M.exp(M.neg(M.mul(x, x))), 2 / math.sqrt(math.pi))) end}}

--- x to the power of a number: pow(x, p). Negative x with fractional p gives NaN, as in C.
-- @function gan.pow
unary {name = "pow", forward = core.pow, reads = {{1}},
  sample = function(s) return {{s:uniform(0.5, 2, 2, 3), 2.5}, {s:randn(3), 3}, {s:uniform(0.5, 2, 3), -1}} end,
  bad = function(s) return {{s:randn(2), nil, match = "parameter"}, {nil, 2, match = "real tensor"}} end,
  grad = {function(g, _, x, p) return M.mul(g, M.mul(M.pow(x, p - 1), p)) end}}

--- Squares x.
function M.square(x) return M.mul(x, x) end

--- Limits x to [lo, hi]; the gradient is 0 outside.
-- @function gan.clamp
unary {name = "clamp",
  forward = function(x, lo, hi)
    lo, hi = lo or -math.huge, hi or math.huge
    if type(lo) == "number" and type(hi) == "number" and lo > hi then return check.fail("clamp", "lo %g is above hi %g", lo, hi) end
    return core.clamp(x, lo, hi)
  end,
  reads = {{1}},
  sample = function(s) return {{s:randn(2, 3), -0.5, 0.7}, {s:randn(3), 0}, {s:randn(3), nil, 0}} end,
  bad = function(s) return {{s:randn(2), 1, 0, match = "above"}, {nil, 0, 1, match = "real tensor"}} end,
  grad = {function(g, _, x, lo, hi) return M.clamp_dx(g, x, lo or -math.huge, hi or math.huge) end}}

-- An activation f whose derivative is the pointwise kernel f_dx(g, v, parameters), v being the argument (1) or the output (0);
-- slope_rule is d f_dx / d v, nil where it is zero.
local function activation(name, def, v, slope_rule)
  def.name, def.forward = name, def.forward or core[name]
  def.reads = {{v}}
  local dx = name .. "_dx"
  def.grad = {function(g, ctx, x, ...) return M[dx](g, v == 0 and ctx.y or x, ...) end}
  unary(def)
  local sample = def.sample or unary_samples
  M[dx] = op {name = dx, forward = core[dx], reads = {{2}, {1, 2}}, method = false,
    sample = function(s)
      local out = {}
      for i, case in ipairs(sample(s)) do
        local x = case[1]
        -- any numbers do for outputs, and relu's own would all too often lie on the kink
        out[i] = {s:randn(table.unpack(core.shape(x))), v == 0 and s:randn(table.unpack(core.shape(x))) or x, table.unpack(case, 2)}
      end
      return out
    end,
    bad = bad_binary,
    grad = {
      function(h, _, _, b, ...) return M[dx](h, b, ...) end,
      slope_rule and function(h, _, g, b, ...) return slope_rule(h, g, b, ...) end or false,
    }}
end

activation("relu", {}, 0)
activation("sigmoid", {}, 0, function(h, g, y) return M.mul(M.mul(h, g), M.sub(1, M.mul(y, 2))) end)
activation("tanh", {}, 0, function(h, g, y) return M.mul(M.mul(h, g), M.mul(y, -2)) end)
activation("selu", {}, 0, function(h, g, y) return M.mul(M.mul(h, g), core.le(y, 0)) end)
activation("softplus", {}, 1, function(h, g, x) return M.sigmoid_dx(M.mul(h, g), M.sigmoid(x)) end)
--- x where positive, slope * x elsewhere; slope >= 0 (default 0.2, Radford et al. 2015, arXiv:1511.06434).
-- @function gan.leaky_relu
activation("leaky_relu", {
  forward = function(x, slope) return core.leaky_relu(x, check.number("leaky_relu", 2, "slope", slope, 0)) end,
  sample = function(s) return {{s:randn(2, 3), 0.2}, {s:randn(3), 0}} end,
  bad = function(s) return {{s:randn(2), -1, match = "slope"}, {nil, 0.2, match = "real tensor"}} end,
}, 0)
--- leaky_relu(x + bias, slope) in place of x, for layers: one pass, and no second tensor as large. x must be the only reference to what
-- an op has made that does not read its own result for its gradient (convolution, matmul).
-- @tparam Tensor x changed
-- @param bias tensor that broadcasts to x, or a number
-- @tparam number slope >= 0
-- @treturn Tensor a view of x
M.bias_leaky_relu_ = op {name = "bias_leaky_relu_", private = true, builtin = true, reads = {{0}, {0}},
  forward = function(x, bias, slope) return core.bias_leaky_relu_(x, bias, check.number("bias_leaky_relu_", 3, "slope", slope, 0)) end,
  grad = function(g, ctx, _, _, _, slope)
    local d = (ctx.own and core.leaky_relu_dx_ or M.leaky_relu_dx)(g, ctx.y, slope)
    return d, d -- as broadcast: grad sums it up for the bias
  end}

--- x where positive, alpha (e^x - 1) elsewhere; alpha >= 0. Clevert et al. 2015, arXiv:1511.07289.
-- @function gan.elu
activation("elu", {
  forward = function(x, alpha) return core.elu(x, check.number("elu", 2, "alpha", alpha, 0)) end,
  sample = function(s) return {{s:randn(2, 3), 1}, {s:randn(3), 0.5}} end,
  bad = function(s) return {{s:randn(2), -1, match = "alpha"}, {nil, 1, match = "real tensor"}} end,
}, 0, function(h, g, y) return M.mul(M.mul(h, g), core.le(y, 0)) end)

M.clamp_dx = op {name = "clamp_dx", forward = core.clamp_dx, reads = {{2}, {}}, method = false,
  sample = function(s) return {{s:randn(2, 3), s:randn(2, 3), -0.5, 0.7}} end, bad = bad_binary,
  grad = {function(h, _, _, x, lo, hi) return M.clamp_dx(h, x, lo, hi) end, false}}

--- x * sigmoid(x). Ramachandran et al. 2017, arXiv:1710.05941.
-- @function gan.swish
unary {name = "swish", forward = core.swish, compose = function(x) return M.mul(x, M.sigmoid(x)) end,
  grad = {function(g, _, x) return core.swish_dx(g, x) end}}
--- x * Phi(x), exact form. Hendrycks & Gimpel 2016, arXiv:1606.08415.
-- @function gan.gelu
unary {name = "gelu", forward = core.gelu,
  compose = function(x) return M.mul(M.mul(x, 0.5), M.add(M.erf(M.mul(x, math.sqrt(0.5))), 1)) end,
  grad = {function(g, _, x) return core.gelu_dx(g, x) end}}

--- where(cond, a, b): a where cond is not 0, else b.
M.where = op {name = "where", forward = core.where, reads = {{}, {1}, {1}},
  sample = function(s)
    return {{core.gt(s:randn(2, 3), 0), s:randn(2, 3), s:randn(3), wrt = {2, 3}}, {core.gt(s:randn(3), 0), s:randn(2, 3), 0, wrt = {2}}}
  end,
  bad = function(s) return {{s:randn(2), s:randn(3), s:randn(3), match = "broadcast"}} end,
  grad = {false, function(g, _, c) return M.where(c, g, 0) end, function(g, _, c) return M.where(c, 0, g) end}}

return M
