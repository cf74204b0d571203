--- The matching-aware loss (GAN-CLS): D also learns that a real image with another's text is no good.
-- @module gan.loss.matching_aware
local check = require "gan.check"
local base = require "gan.loss.base"
local logistic = require "gan.loss.logistic"
local pointwise = require "gan.ops.pointwise"

local option = check.option

local NAME = "loss.matching_aware"

--- Makes the loss of a conditional game whose D sees real images with their own condition, fakes, and real images with
-- a condition that is not theirs.
--
--     critic(real, fake, wrong) = real(real) + (1 - share) fake(fake) + share fake(wrong)
--     generator(fake, between) = generator(fake) + weight generator(between)
--
-- `between` are logits of images made of interpolated conditions (GAN-INT), and may be left out. With D at its best G
-- does not reach the data's p but 2 p - p_wrong: its images are more typical of their condition than the data's.
-- Source: Reed et al. 2016, arXiv:1605.05396, alg. 1 and eq. 5.  Differs: means of each kind, where the authors' code
-- has one mean over all fakes.
-- @function gan.loss.matching_aware
-- @tparam[opt] table opt
-- @tparam[opt] table opt.loss  one whose terms separate, of gan.loss (default: logistic)
-- @tparam[opt=0.5] number opt.share  of wrong conditions in D's second term, in [0,1]
-- @tparam[opt=1] number opt.weight  of G's term of interpolated conditions, >= 0
-- @treturn table  `critic`, `generator`: functions of logits of any shape -> scalar
-- @raise if an option is unknown or out of range, or the loss has no terms of its own
return function(opt)
  opt = check.options(NAME, opt, {
    loss = option.table {}, share = option.number {default = 0.5, lo = 0, hi = 1},
    weight = option.number {default = 1, lo = 0},
  })
  local loss = opt.loss or logistic()
  if not (check.callable(loss.real) and check.callable(loss.fake) and check.callable(loss.generator)) then
    return check.fail(NAME, "option 'loss': expected a loss with the functions real, fake and generator")
  end
  return {
    critic = function(real, fake, wrong)
      base.logits(NAME, 1, "real", real)
      base.logits(NAME, 2, "fake", fake)
      base.logits(NAME, 3, "wrong", wrong)
      local bad = pointwise.add(pointwise.mul(loss.fake(fake), 1 - opt.share),
        pointwise.mul(loss.fake(wrong), opt.share))
      return pointwise.add(loss.real(real), bad)
    end,
    generator = function(fake, between)
      local sum = loss.generator(base.logits(NAME, 1, "fake", fake))
      if between == nil then return sum end
      return pointwise.add(sum, pointwise.mul(loss.generator(base.logits(NAME, 2, "between", between)), opt.weight))
    end,
  }
end
