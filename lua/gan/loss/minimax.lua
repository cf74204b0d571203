--- The minimax (saturating) logistic loss: G lowers log(1 - D(G(z))). See logistic.
-- @module gan.loss.minimax
local check = require "gan.check"
local logistic = require "gan.loss.logistic"

--- logistic {saturating = true}. Source: Goodfellow et al. 2014, arXiv:1406.2661, sec. 3.
-- @tparam[opt] table opt smooth, flip, rng: as for logistic
return function(opt)
  opt = check.options("minimax", opt, {smooth = 1, flip = 0, rng = check.none})
  return logistic {saturating = true, smooth = opt.smooth, flip = opt.flip, rng = opt.rng}
end
