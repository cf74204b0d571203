--- The gradient penalty of WGAN-GP: between real and generated images D's slope is to be 1.
-- @module gan.penalty.gradient
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"

local option = check.option
local NAME = "penalty.gradient"

local Gradient = base.class(NAME, {
  weight = option.number {default = 10, lo = 0}, target = option.number {default = 1, lo = 0},
  one_sided = option.boolean {default = false}, rng = option.stream {},
})

function Gradient:term(D, real, fake, y)
  local weight = self:field "weight"
  base.batches(NAME, real, fake)
  local eps = base.one_each(self:stream(), real)
  local x = core.add(core.mul(eps, real), core.mul(core.sub(1, eps), fake))
  return base.distance(base.gradient(NAME, D, x, y), self:field "target", self.one_sided) * weight
end

--- Makes the gradient penalty of WGAN-GP, called f(D, real, fake, y).
--
--     weight * mean over images of (||d D(x) / d x|| - target)^2, x = e real + (1 - e) fake
--
-- e is from U(0,1), one for each image. One-sided it is max(0, ||...|| - target)^2. The norm runs over all axes but the
-- first. D must have no batch norm, which couples the images.
-- Source: Gulrajani et al. 2017, arXiv:1704.00028, alg. 1.
-- @function gan.penalty.gradient
-- @tparam[opt] table opt
-- @tparam[opt=10] number opt.weight  >= 0; a field
-- @tparam[opt=1] number opt.target  of the norm, >= 0; a field
-- @tparam[opt=false] boolean opt.one_sided  leaves norms below the target alone
-- @tparam[opt] Stream opt.rng  the stream of e; default: gan's default stream
-- @treturn function  f(D, real, fake, y) -> scalar
-- @raise if an option is unknown or out of range
return function(opt) return base.new(Gradient, opt) end
