--- Starting values of weights: nn.initial.dcgan(net), nn.initial.orthogonal(net, {gain = 1}), nn.initial.zeros(tensor).
--
-- Each takes a tensor, or a layer: then the weights of all linear, convolution and embedding layers below it are drawn and their
-- biases set to 0. fan_in = Ci Kh Kw and fan_out = Co Kh Kw by the layer's own input and output channels; a tensor is read as
-- (Di,Do) or (Kh,Kw,Ci,Co). Option `rng` is the random stream (default: gan's default stream). All write in place and return
-- their first argument.
-- @module gan.nn.initial
local core = require "gan.core"
local check = require "gan.check"
local checks = require "gan.nn.checks"
local module = require "gan.nn.module"

local M = {}

-- The layer's weight as (Di,Do) or (Kh,Kw,Ci,Co), or nil if it has none to draw.
local function weight_of(layer)
  if type(layer.kernel) == "function" then return layer:kernel() end
end

-- To be called when a layer's weight was drawn: its bias becomes 0, and its normaliser, if it has one, begins anew.
local function drawn(layer)
  if core.is_tensor(layer.bias) then core.copy_(layer.bias, core.full({}, 0)) end
  if layer.norm then layer.norm:start(layer.weight) end
end

local function fans(op, w)
  local s = core.shape(w)
  if #s == 2 then return s[1], s[2] end
  if #s == 4 then return s[1] * s[2] * s[3], s[1] * s[2] * s[4] end
  return check.expected(op, 1, "target", "a weight (Di,Do) or (Kh,Kw,Ci,Co)", w)
end

-- Defines M[name](target, opt): draw(op, weight, opt, rng) returns the values, which are copied into each weight.
local function define(name, known, draw)
  local op = "nn.initial." .. name
  known.rng = check.none
  M[name] = function(target, opt)
    opt = check.options(op, opt, known)
    local rng = checks.stream(op, opt.rng)
    local function fill(w) core.copy_(w, draw(op, w, opt, rng)) end
    if core.is_tensor(target) then
      check.real(op, 1, "target", target)
      fill(target)
    elseif module.is_module(target) then
      target:apply(function(layer)
        local w = weight_of(layer)
        if not w then return end
        fill(w)
        drawn(layer)
      end)
    else
      return check.expected(op, 1, "target", "a tensor or a layer", target)
    end
    return target
  end
end

local function uniform(w, bound, rng) return rng:uniform(core.shape(w), -bound, bound) end
local function normal(w, std, rng) return rng:normal(core.shape(w), 0, std) end

--- zeros(target).
-- @function gan.nn.initial.zeros
define("zeros", {}, function() return core.full({}, 0) end)

--- constant(target, {value = 0}).
-- @function gan.nn.initial.constant
define("constant", {value = 0}, function(op, _, opt) return core.full({}, checks.number(op, "value", opt.value)) end)

--- normal(target, {mean = 0, std = 1}).
-- @function gan.nn.initial.normal
define("normal", {mean = 0, std = 1}, function(op, w, opt, rng)
  return rng:normal(core.shape(w), checks.number(op, "mean", opt.mean), checks.number(op, "std", opt.std, 0))
end)

--- uniform(target, {lo = -1, hi = 1}).
-- @function gan.nn.initial.uniform
define("uniform", {lo = -1, hi = 1}, function(op, w, opt, rng)
  return rng:uniform(core.shape(w), checks.number(op, "lo", opt.lo), checks.number(op, "hi", opt.hi))
end)

--- xavier_uniform(target, {gain = 1}): U(-b, b), b = gain sqrt(6 / (fan_in + fan_out)). Glorot & Bengio 2010, eq. 16.
-- @function gan.nn.initial.xavier_uniform
define("xavier_uniform", {gain = 1}, function(op, w, opt, rng)
  local fi, fo = fans(op, w)
  return uniform(w, checks.number(op, "gain", opt.gain, 0) * math.sqrt(6 / (fi + fo)), rng)
end)

--- xavier_normal(target, {gain = 1}): N(0, 2 gain^2 / (fan_in + fan_out)).
-- @function gan.nn.initial.xavier_normal
define("xavier_normal", {gain = 1}, function(op, w, opt, rng)
  local fi, fo = fans(op, w)
  return normal(w, checks.number(op, "gain", opt.gain, 0) * math.sqrt(2 / (fi + fo)), rng)
end)

--- he_uniform(target, {slope = 0}): variance 2 / ((1 + slope^2) fan_in); slope is that of the leaky_relu behind the weight.
-- Source: He et al. 2015, arXiv:1502.01852, eq. 15.
-- @function gan.nn.initial.he_uniform
define("he_uniform", {slope = 0}, function(op, w, opt, rng)
  local slope = checks.number(op, "slope", opt.slope, 0)
  return uniform(w, math.sqrt(6 / ((1 + slope ^ 2) * fans(op, w))), rng)
end)

--- he_normal(target, {slope = 0}): N(0, 2 / ((1 + slope^2) fan_in)).
-- @function gan.nn.initial.he_normal
define("he_normal", {slope = 0}, function(op, w, opt, rng)
  local slope = checks.number(op, "slope", opt.slope, 0)
  return normal(w, math.sqrt(2 / ((1 + slope ^ 2) * fans(op, w))), rng)
end)

-- Takes from `rows` (a view, in place) their components along the orthonormal `before`; twice, for accuracy.
local function take_off(rows, before)
  for _ = 1, 2 do
    core.sub_(rows, core.matmul(core.matmul(rows, core.permute(before, {2, 1})), before))
  end
end

-- Orthonormal rows (n,m), n <= m, from rows of normal numbers: Gram-Schmidt in blocks. Its triangular factor has a positive
-- diagonal, which is the sign rule that makes the result uniformly distributed.
local BLOCK = 16
local function orthonormal_rows(n, m, rng)
  local q = rng:normal({n, m})
  for first = 1, n, BLOCK do
    local count = math.min(BLOCK, n - first + 1)
    local block = core.narrow(q, 1, first, count)
    if first > 1 then take_off(block, core.narrow(q, 1, 1, first - 1)) end
    for i = 1, count do
      local row = core.narrow(block, 1, i, 1)
      if i > 1 then take_off(row, core.narrow(block, 1, 1, i - 1)) end
      core.div_(row, math.sqrt(core.item(core.matmul(row, core.permute(row, {2, 1})))))
    end
  end
  return q
end

--- orthogonal(target, {gain = 1}): the matrix (Ci Kh Kw, Co) has orthonormal rows or columns, whichever are fewer, times gain.
-- Source: Saxe et al. 2014, arXiv:1312.6120.
-- @function gan.nn.initial.orthogonal
define("orthogonal", {gain = 1}, function(op, w, opt, rng)
  local gain = checks.number(op, "gain", opt.gain)
  local s, rows = core.shape(w), fans(op, w)
  local cols = s[#s]
  if rows * cols == 0 then return core.full(s, 0) end
  local q = orthonormal_rows(math.min(rows, cols), math.max(rows, cols), rng)
  if rows > cols then q = core.permute(q, {2, 1}) end
  core.mul_(q, gain)
  return core.reshape(q, s)
end)

--- dcgan(target): weights N(0, 0.02^2); for layers also batch-norm gamma N(1, 0.02^2), beta 0, and biases 0.
-- Source: Radford et al. 2015, arXiv:1511.06434, sec. 4; gamma as in the authors' code.
-- @function gan.nn.initial.dcgan
define("dcgan", {}, function(_, w, _, rng) return normal(w, 0.02, rng) end)

local weights = M.dcgan
function M.dcgan(target, opt)
  if not module.is_module(target) then return weights(target, opt) end
  opt = check.options("nn.initial.dcgan", opt, {rng = check.none})
  local rng = checks.stream("nn.initial.dcgan", opt.rng)
  return target:apply(function(layer)
    local w = weight_of(layer)
    if w then
      core.copy_(w, normal(w, 0.02, rng))
      drawn(layer)
    elseif (layer.kind == "batch_norm" or layer.kind == "virtual_batch_norm") and layer.gamma then
      core.copy_(layer.gamma, rng:normal(core.shape(layer.gamma), 1, 0.02))
      core.copy_(layer.beta, core.full({}, 0))
    end
  end)
end

--- default(target): what constructors of layers do: weight and bias U(-b, b), b = 1 / sqrt(fan_in), as PyTorch's convolution.
-- @function gan.nn.initial.default
define("default", {}, function(op, w, _, rng)
  return uniform(w, 1 / math.sqrt(math.max(1, (fans(op, w)))), rng)
end)

local plain = M.default
function M.default(target, opt)
  plain(target, opt)
  if module.is_module(target) then
    local rng = checks.stream("nn.initial.default", opt and opt.rng)
    target:apply(function(layer)
      local w = weight_of(layer)
      if w and core.is_tensor(layer.bias) then
        local fan_in = fans("nn.initial.default", w)
        core.copy_(layer.bias, uniform(layer.bias, 1 / math.sqrt(fan_in), rng))
      end
    end)
  end
  return target
end

return M
