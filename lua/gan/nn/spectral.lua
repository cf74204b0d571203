--- Spectral normalisation: weights divided by their largest singular value, so that a layer stretches no difference.
-- @module gan.nn.spectral
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local ops = require "gan.ops"
local module = require "gan.nn.module"
local random = require "gan.random"

local option = check.option

local M = {}

-- The normaliser, which lies in the layer's field `norm`. Buffers u (output channels) and v (everything else).
local class = module.class "nn.spectral_norm"

function class:init(layer, opt)
  local weight = layer.weight
  self.axis, self.iterations = layer.output_axis, opt.iterations
  local rows = core.size(weight, self.axis)
  local u = opt.rng:normal {rows}
  self.u = core.mul(u, 1 / math.max(core.item(core.norm(u)), 1e-12))
  self.v = core.full({core.numel(weight) // rows}, 0)
end

-- Finds the v that goes with u and a new weight: sigma is as good as u allows, should the net be evaluated before it is
-- trained.
function class:start(weight)
  local _, v = core.power_iteration(weight, self.u, self.axis)
  core.copy_(self.v, v)
end

-- Keeps the quotient until weight, u or v change: without a graph, in evaluation, convolutions can then keep its
-- transform.
local function kept(self, weight)
  local c, w, u, v = self._kept, core.version(weight), core.version(self.u), core.version(self.v)
  if not (c and c.weight == weight and c.w == w and c.u == u and c.v == v) then
    c = {weight = weight, w = w, u = u, v = v, result = ops.spectral_divide(weight, self.u, self.v, self.axis)}
    self._kept = c
  end
  return c.result
end

function class:forward(weight)
  if not self.training or self.frozen then
    if not autograd.is_recording() then return kept(self, weight) end
    -- Copies, because the graph needs u and v as they are now.
    return (ops.spectral_divide(weight, core.clone(self.u), core.clone(self.v), self.axis))
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
  opt = check.options(op, opt, {iterations = option.integer {default = 1, lo = 1, hi = 1000}, rng = option.stream {}})
  opt.rng = opt.rng or random.default()
  return opt
end

--- Makes a layer compute with weight / sigma, sigma being the largest singular value of its weight as a matrix. The
-- matrix is output channels by everything else (for embeddings: classes by features), with groups, too: then sigma is
-- no smaller than that of any group. The estimate of sigma is u' W v: each call in training improves u and v by some
-- power iterations, evaluation leaves them as they are, and so does nn.freeze. They are buffers (norm.u, norm.v), and
-- constants to gradients of any order. Starting values may be drawn before or after.
-- Source: Miyato et al. 2018, arXiv:1802.05957, alg. 1.  Differs: none; u starts with length 1.
-- @function gan.nn.spectral_norm
-- @tparam Module layer  one with a weight of its own and `output_axis`, such as conv2d or linear
-- @tparam[opt] table opt
-- @tparam[opt=1] integer opt.iterations  in 1..1000, a call
-- @tparam[opt] Stream opt.rng  of u's starting value (default: gan's default stream)
-- @treturn Module  the layer
-- @raise if the layer has no weight of its own, names an axis that it lacks, or has a normaliser already
function M.spectral_norm(layer, opt)
  opt = options("nn.spectral_norm", opt)
  return module.normalise("nn.spectral_norm", layer, function(l) return class(l, opt) end,
    "; nn.spectral(net) does all weights of a net")
end

--- Gives spectral_norm to every layer of a net that has a weight, except those that have a normaliser.
-- @function gan.nn.spectral
-- @tparam Module net  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=1] integer opt.iterations  as for spectral_norm
-- @tparam[opt] Stream opt.rng  as for spectral_norm
-- @treturn Module  the net
-- @raise if net is no layer, or has no layer with a weight
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
