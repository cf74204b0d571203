--- The hinge adversarial loss.
-- @module gan.loss.hinge
local check = require "gan.check"
local base = require "gan.loss.base"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

--- Makes the hinge loss: D lifts real logits above 1 and brings fake ones below -1, G raises the fake ones.
--
--     critic(real, fake) = mean max(0, 1 - real) + mean max(0, 1 + fake)
--     generator(fake) = -mean fake
--
-- The gradient at the kink is 0.
-- Source: Miyato et al. 2018, arXiv:1802.05957, eqs. 16 and 17; Lim & Ye 2017, arXiv:1705.02894.
-- @function gan.loss.hinge
-- @tparam[opt] table opt  empty
-- @treturn table  `critic`, `real`, `fake`, `generator`: functions of logits of any shape -> scalar
-- @raise if an option is given
return function(opt)
  check.options("loss.hinge", opt, {})
  return base.separable("loss.hinge",
    function(x) return reduce.mean(pointwise.relu(pointwise.sub(1, x))) end,
    function(x) return reduce.mean(pointwise.relu(pointwise.add(x, 1))) end,
    function(x) return pointwise.neg(reduce.mean(x)) end)
end
