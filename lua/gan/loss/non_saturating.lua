--- The non-saturating logistic loss: G raises log D(G(z)).
-- @module gan.loss.non_saturating
local check = require "gan.check"
local logistic = require "gan.loss.logistic"

local option = check.option

--- Makes the non-saturating logistic loss: gan.loss.logistic with `saturating = false`.
-- Source: Goodfellow et al. 2014, arXiv:1406.2661, sec. 3.
-- @function gan.loss.non_saturating
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.smooth  target of real images, in [0,1]
-- @tparam[opt=0] number opt.flip  probability of a wrong label, in [0,1]
-- @tparam[opt] Stream opt.rng  the flips' stream; default: gan's default stream
-- @treturn table  `critic`, `real`, `fake`, `generator`: functions of logits of any shape -> scalar, nats
-- @raise if an option is unknown or out of range
return function(opt)
  opt = check.options("loss.non_saturating", opt, {
    smooth = option.number {default = 1, lo = 0, hi = 1}, flip = option.number {default = 0, lo = 0, hi = 1},
    rng = option.stream {},
  })
  return logistic {saturating = false, smooth = opt.smooth, flip = opt.flip, rng = opt.rng}
end
