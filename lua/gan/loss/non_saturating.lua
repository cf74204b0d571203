--- The non-saturating logistic loss: G raises log D(G(z)). See logistic.
-- @module gan.loss.non_saturating
local check = require "gan.check"
local logistic = require "gan.loss.logistic"

--- logistic {saturating = false}. Source: Goodfellow et al. 2014, arXiv:1406.2661, sec. 3.
-- @tparam[opt] table opt smooth, flip, rng: as for logistic
return function(opt)
  opt = check.options("non_saturating", opt, {smooth = 1, flip = 0, rng = check.none})
  return logistic {saturating = false, smooth = opt.smooth, flip = opt.flip, rng = opt.rng}
end
