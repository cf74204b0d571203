--- The gradient penalty of WGAN-GP: between real and fake samples D's slope is to be 1.
-- @module gan.penalty.gradient
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local random = require "gan.random"

local Gradient = base.class "gradient"

function Gradient:term(D, real, fake, y)
  local weight = base.number("gradient", self, "weight")
  base.batches("gradient", real, fake)
  local eps = base.one_each("gradient", self, real)
  local x = core.add(core.mul(eps, real), core.mul(core.sub(1, eps), fake))
  return base.distance(base.gradient("gradient", D, x, y), self.target, self.one_sided) * weight
end

--- gradient {weight = 10}(D, real, fake, y): weight * mean over samples of (||d D(x) / d x|| - target)^2 at x = e real + (1 - e) fake,
-- e from U(0,1), one for each sample; one-sided: max(0, ...)^2. The norm runs over all axes but the first. No batch norm in D:
-- it couples the samples.
-- Source: Gulrajani et al. 2017, arXiv:1704.00028, alg. 1.
-- @tparam[opt] table opt weight = 10; target = 1; one_sided = false; rng: stream of e (default: gan's default stream)
return function(opt)
  local self = setmetatable(check.options("gradient", opt, {weight = 10, target = 1, one_sided = false, rng = check.none}), Gradient)
  base.number("gradient", self, "weight")
  base.number("gradient", self, "target")
  random.stream("gradient", self.rng)
  if type(self.one_sided) ~= "boolean" then return check.expected("gradient", 1, "one_sided", "a boolean", self.one_sided) end
  return self
end
