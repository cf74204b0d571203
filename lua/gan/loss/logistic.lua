--- The logistic (cross entropy) adversarial loss of the original GAN, on logits.
-- @module gan.loss.logistic
local core = require "gan.core"
local check = require "gan.check"
local random = require "gan.random"
local base = require "gan.loss.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

local option = check.option

--- Makes the logistic loss of both players.
--
--     critic(real, fake) = mean BCE(real, smooth) + mean BCE(fake, 0)
--     generator(fake) = mean BCE(fake, 1), or saturating: mean log(1 - sigmoid(fake))
--
-- At the equilibrium of an unsmoothed game the critic's is 2 ln 2. The saturating form is the minimax game's, and
-- vanishes where D is sure. `real` and `fake` are the critic's two terms, so that one graph at a time need be held.
-- With `flip` an element's target in the critic's terms is, by that probability, the other kind's, drawn at every call.
-- Source: Goodfellow et al. 2014, arXiv:1406.2661, sec. 3; smoothing: Salimans et al. 2016, arXiv:1606.03498, sec. 3.4.
-- @function gan.loss.logistic
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.saturating  G's loss is the minimax game's
-- @tparam[opt=1] number opt.smooth  target of real images, in [0,1]
-- @tparam[opt=0] number opt.flip  probability of a wrong label, in [0,1]
-- @tparam[opt] Stream opt.rng  the flips' stream; default: gan's default stream
-- @treturn table  `critic`, `real`, `fake`, `generator`: functions of logits of any shape -> scalar, nats
-- @raise if an option is unknown or out of range
return function(opt)
  opt = check.options("loss.logistic", opt, {
    saturating = option.boolean {default = false}, smooth = option.number {default = 1, lo = 0, hi = 1},
    flip = option.number {default = 0, lo = 0, hi = 1}, rng = option.stream {},
  })
  local smooth, flip = opt.smooth, opt.flip
  -- BCE against `target`, and `other` where a label is flipped.
  local function bce(logits, target, other)
    if flip == 0 then return loss.bce_with_logits(logits, target) end
    local flipped = core.lt((opt.rng or random.default()):uniform(core.shape(logits)), flip)
    return loss.bce_with_logits(logits, core.where(flipped, other, target))
  end
  return base.separable("loss.logistic",
    function(logits) return bce(logits, smooth, 0) end,
    function(logits) return bce(logits, 0, smooth) end,
    function(fake)
      if opt.saturating then return pointwise.neg(loss.bce_with_logits(fake, 0)) end
      return loss.bce_with_logits(fake, 1)
    end)
end
