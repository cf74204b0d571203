--- The gradient penalty of DRAGAN: around the real samples D's slope is to be 1.
-- @module gan.penalty.dragan
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local random = require "gan.random"

local Dragan = base.class "dragan"

function Dragan:term(D, real, _, y)
  local weight = base.number("dragan", self, "weight")
  base.batch("dragan", 2, "real", real)
  local size = base.number("dragan", self, "scale") * math.sqrt(core.item(core.var(real, nil, false, false)))
  local x = core.add(real, core.mul(random.stream("dragan", self.rng):uniform(core.shape(real)), size))
  return base.distance(base.gradient("dragan", D, x, y), self.target) * weight
end

--- dragan {weight = 10}(D, real, nil, y): weight * mean over samples of (||d D(x) / d x|| - target)^2 at x = real + scale std u, std being the
-- standard deviation of all of the batch and u from U(0,1), one for each number.
-- Source: Kodali et al. 2017, arXiv:1705.07215, with the perturbation of chainer-gan-lib.
-- @tparam[opt] table opt weight = 10; target = 1; scale = 0.5; rng: stream of u (default: gan's default stream)
return function(opt)
  local self = setmetatable(check.options("dragan", opt, {weight = 10, target = 1, scale = 0.5, rng = check.none}), Dragan)
  for _, name in ipairs {"weight", "target", "scale"} do base.number("dragan", self, name) end
  random.stream("dragan", self.rng)
  return self
end
