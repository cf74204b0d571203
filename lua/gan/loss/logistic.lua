--- The logistic (cross entropy) adversarial loss of the original GAN, on logits.
local check = require "gan.check"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

--- The loss of both players as functions of D's logits, of any shape; every element counts once in a mean.
--   critic(real, fake) = mean BCE(real, smooth) + mean BCE(fake, 0): at the equilibrium of an unsmoothed game 2 ln 2
--   real(logits), fake(logits): its two terms, for those who take one gradient after the other to hold one graph at a time
--   generator(fake) = mean BCE(fake, 1), non-saturating; or mean log(1 - sigmoid(fake)), the minimax game's, which vanishes
--     where D is sure
-- Source: Goodfellow et al. 2014, arXiv:1406.2661, sec. 3; smoothing: Salimans et al. 2016, arXiv:1606.03498, sec. 3.4.
-- @tparam[opt] table opt saturating = false; smooth = 1, the target of real samples, in [0,1]
-- @treturn table critic, real, fake, generator: functions -> scalar, nats
return function(opt)
  opt = check.options("logistic", opt, {saturating = false, smooth = 1})
  local smooth = check.number("logistic", 1, "smooth", opt.smooth, 0, 1)
  if type(opt.saturating) ~= "boolean" then return check.expected("logistic", 1, "saturating", "a boolean", opt.saturating) end
  local function on_real(logits) return loss.bce_with_logits(logits, smooth) end
  local function on_fake(logits) return loss.bce_with_logits(logits, 0) end
  return {
    real = on_real, fake = on_fake,
    critic = function(real, fake) return pointwise.add(on_real(real), on_fake(fake)) end,
    generator = function(fake)
      if opt.saturating then return pointwise.neg(on_fake(fake)) end
      return loss.bce_with_logits(fake, 1)
    end,
  }
end
