--- The logistic (cross entropy) adversarial loss of the original GAN, on logits.
-- @module gan.loss.logistic
local core = require "gan.core"
local check = require "gan.check"
local random = require "gan.random"
local base = require "gan.loss.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

--- The loss of both players as functions of D's logits, of any shape; every element counts once in a mean.
--   critic(real, fake) = mean BCE(real, smooth) + mean BCE(fake, 0): at the equilibrium of an unsmoothed game 2 ln 2
--   real(logits), fake(logits): its two terms, for those who take one gradient after the other to hold one graph at a time
--   generator(fake) = mean BCE(fake, 1), non-saturating; or mean log(1 - sigmoid(fake)), the minimax game's, which vanishes
--     where D is sure
-- Noisy labels: in the critic's terms each element's target is, with probability `flip`, that of the other kind; drawn anew at every call.
-- Source: Goodfellow et al. 2014, arXiv:1406.2661, sec. 3; smoothing: Salimans et al. 2016, arXiv:1606.03498, sec. 3.4.
-- @tparam[opt] table opt saturating = false; smooth = 1, the target of real samples, in [0,1]; flip = 0: probability of a wrong label;
--   rng: stream of the flips (default: gan's default stream)
-- @treturn table critic, real, fake, generator: functions -> scalar, nats
return function(opt)
  opt = check.options("logistic", opt, {saturating = false, smooth = 1, flip = 0, rng = check.none})
  local smooth = check.number("logistic", 1, "smooth", opt.smooth, 0, 1)
  local flip = check.number("logistic", 1, "flip", opt.flip, 0, 1)
  if type(opt.saturating) ~= "boolean" then return check.expected("logistic", 1, "saturating", "a boolean", opt.saturating) end
  random.stream("logistic", opt.rng)
  -- BCE against `target`, and `other` where a label is flipped.
  local function bce(logits, target, other)
    if flip == 0 then return loss.bce_with_logits(logits, target) end
    local flipped = core.lt(random.stream("logistic", opt.rng):uniform(core.shape(logits)), flip)
    return loss.bce_with_logits(logits, core.where(flipped, other, target))
  end
  return base.separable("logistic",
    function(logits) return bce(logits, smooth, 0) end,
    function(logits) return bce(logits, 0, smooth) end,
    function(fake)
      if opt.saturating then return pointwise.neg(loss.bce_with_logits(fake, 0)) end
      return loss.bce_with_logits(fake, 1)
    end)
end
