--- learned_basis: from vectors to small images, R3GAN's first layer.
-- @module gan.nn.basis
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local random = require "gan.random"
local module = require "gan.nn.module"
local linear = require("gan.nn.linear").linear

local option = check.option

local learned_basis = module.class "nn.learned_basis"

--- Makes a layer that weighs learnt images, one a channel, by a linear function of its input.
-- Fields basis (S,S,C), from N(0, 1), which initialisers leave alone, and linear, without a bias.
-- Source: Huang et al. 2024, arXiv:2501.05441, sec. 4.
-- @function gan.nn.learned_basis
-- @tparam table opt
-- @tparam integer opt.1  Di
-- @tparam integer opt.2  C
-- @tparam[opt=4] integer opt.size  S, of the images
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,Di) -> (N,S,S,C)
-- @raise if an option is unknown or out of range
function learned_basis:init(opt)
  opt = check.options(self.label, opt, {
    size = option.integer {default = 4, lo = 1, hi = 256}, rng = option.stream {},
  }, {"Di", "C"})
  local rng = opt.rng or random.default()
  self.linear = linear {opt[1], opt[2], bias = false, rng = rng}
  self.basis = module.parameter(rng:normal(module.counted {opt.size, opt.size, opt[2]}))
end

function learned_basis:forward(x)
  self:check_input(x, 2, core.size(self.linear.weight, 1))
  local weights = ops.reshape(self.linear(x), {core.size(x, 1), 1, 1, core.size(self.basis, 3)})
  return ops.mul(weights, self.basis)
end

function learned_basis:shape(s)
  self:check_shape(s, 2, core.size(self.linear.weight, 1))
  return core.shape(self.basis)
end

function learned_basis:describe()
  local s = core.shape(self.basis)
  return ("learned_basis %d -> %dx%d of %d%s"):format(core.size(self.linear.weight, 1), s[1], s[2], s[3],
    self.linear:describe_norm())
end

return {learned_basis = learned_basis}
