--- The hinge adversarial loss.
-- @module gan.loss.hinge
local check = require "gan.check"
local base = require "gan.loss.base"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

--- Logits of real samples are to be above 1, of fake ones below -1; G raises the logits of its samples.
--   critic(real, fake) = mean max(0, 1 - real) + mean max(0, 1 + fake); the gradient at the kink is 0
--   generator(fake) = -mean fake
-- Source: Miyato et al. 2018, arXiv:1802.05957, eqs. 16 and 17; Lim & Ye 2017, arXiv:1705.02894.
-- @treturn table critic, real, fake, generator: functions -> scalar
return function(opt)
  check.options("hinge", opt, {})
  return base.separable("hinge",
    function(x) return reduce.mean(pointwise.relu(pointwise.sub(1, x))) end,
    function(x) return reduce.mean(pointwise.relu(pointwise.add(x, 1))) end,
    function(x) return pointwise.neg(reduce.mean(x)) end)
end
