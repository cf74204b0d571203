--- Spectral normalisation: weights divided by their largest singular value, so that a layer stretches no difference by more than 1.
-- @module gan.nn.spectral
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local ops = require "gan.ops"
local checks = require "gan.nn.checks"
local module = require "gan.nn.module"

local M = {}

-- The normaliser, which lies in the layer's field `norm`. Buffers u (output channels) and v (everything else).
local class = module.class "nn.spectral_norm"

function class:init(layer, opt)
  local weight = layer.weight
  self.axis, self.iterations = layer.output_axis, opt.iterations
  local rows = core.size(weight, self.axis)
  local u = opt.stream:normal {rows}
  self.u = core.mul(u, 1 / math.max(core.item(core.norm(u)), 1e-12))
  self.v = core.full({core.numel(weight) // rows}, 0)
end

-- v to go with u and a weight that is new: a sigma as good as u allows, should the net be evaluated before it is trained.
function class:start(weight)
  local _, v = core.power_iteration(weight, self.u, self.axis)
  core.copy_(self.v, v)
end

-- Without a graph and in evaluation the quotient is kept until weight, u or v change, so that convolutions can keep its transform.
local function kept(self, weight)
  local c, w, u, v = self._kept, core.version(weight), core.version(self.u), core.version(self.v)
  if not (c and c.weight == weight and c.w == w and c.u == u and c.v == v) then
    c = {weight = weight, w = w, u = u, v = v, result = ops.spectral_divide(weight, self.u, self.v, self.axis)}
    self._kept = c
  end
  return c.result
end

function class:forward(weight)
  if not self.training then
    if not autograd.is_recording() then return kept(self, weight) end
    return (ops.spectral_divide(weight, core.clone(self.u), core.clone(self.v), self.axis)) -- copies: these stay what they are
  end
  self._kept = nil
  local u, v, sigma = self.u, nil, nil
  for _ = 1, self.iterations do u, v, sigma = core.power_iteration(weight, u, self.axis) end
  core.copy_(self.u, u)
  core.copy_(self.v, v)
  return (ops.spectral_divide(weight, u, v, self.axis, sigma))
end

function class.describe() return "spectral norm" end

local function options(op, opt)
  opt = check.options(op, opt, {iterations = 1, rng = check.none})
  opt.iterations = checks.integer(op, "iterations", opt.iterations, 1, 1000)
  opt.stream = checks.stream(op, opt.rng)
  return opt
end

--- nn.spectral_norm(layer, {iterations = 1}): from now on the layer computes with weight / sigma, sigma being the largest singular value of the
-- weight as a matrix: output channels by everything else (for embeddings: classes by features). Its estimate is u' W v: each call in training
-- improves u and v by so many power iterations, evaluation leaves them as they are. They are buffers (norm.u, norm.v), and constants
-- to gradients of any order. Starting values may be drawn before or after.
-- Source: Miyato et al. 2018, arXiv:1802.05957, alg. 1.  Differs: none; u starts with length 1.
-- @tparam Module layer conv2d, conv_transpose2d, linear or embedding
-- @tparam[opt] table opt iterations; rng: stream of u's starting value (default: gan's default stream)
-- @treturn Module the layer
-- @raise if the layer has no weight, or has a normaliser already
function M.spectral_norm(layer, opt)
  opt = options("nn.spectral_norm", opt)
  return module.normalise("nn.spectral_norm", layer, function(l) return class(l, opt) end)
end

--- nn.spectral(net, opt): spectral_norm for every layer of a net that has a weight, except those that have a normaliser.
-- @tparam Module net
-- @tparam[opt] table opt as for spectral_norm
-- @treturn Module the net
function M.spectral(net, opt)
  opt = options("nn.spectral", opt)
  if not module.is_module(net) then return check.expected("nn.spectral", 1, "net", "a layer", net) end
  local found = false
  net:apply(function(layer)
    if not layer.output_axis then return end
    found = true
    if not layer.norm then module.normalise("nn.spectral", layer, function(l) return class(l, opt) end) end
  end)
  if not found then return check.fail("nn.spectral", "the net has no layer with a weight") end
  return net
end

return M
