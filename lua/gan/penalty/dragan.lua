--- The gradient penalty of DRAGAN: around the real images D's slope is to be 1.
-- @module gan.penalty.dragan
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"

local option = check.option
local NAME = "penalty.dragan"

local Dragan = base.class(NAME, {
  weight = option.number {default = 10, lo = 0}, target = option.number {default = 1, lo = 0},
  scale = option.number {default = 0.5, lo = 0}, rng = option.stream {},
})

function Dragan:term(D, real, _, y)
  local weight = self:field "weight"
  base.batch(NAME, 2, "real", real)
  local size = self:field "scale" * math.sqrt(core.item(core.var(real, nil, false, false)))
  local x = core.add(real, core.mul(self:stream():uniform(core.shape(real)), size))
  return base.distance(base.gradient(NAME, D, x, y), self:field "target") * weight
end

--- Makes the gradient penalty of DRAGAN, called f(D, real, nil, y).
--
--     weight * mean over images of (||d D(x) / d x|| - target)^2, x = real + scale std u
--
-- std is the standard deviation of all of the batch, u from U(0,1), one for each number.
-- Source: Kodali et al. 2017, arXiv:1705.07215, with the perturbation of chainer-gan-lib.
-- @function gan.penalty.dragan
-- @tparam[opt] table opt
-- @tparam[opt=10] number opt.weight  >= 0; a field
-- @tparam[opt=1] number opt.target  of the norm, >= 0; a field
-- @tparam[opt=0.5] number opt.scale  of the perturbation, in standard deviations, >= 0; a field
-- @tparam[opt] Stream opt.rng  the stream of u; default: gan's default stream
-- @treturn function  f(D, real, fake, y) -> scalar
-- @raise if an option is unknown or out of range
return function(opt) return base.new(Dragan, opt) end
