--- The auxiliary classifier's loss (AC-GAN): D also tells the class, and G makes images whose class D can tell.
-- @module gan.loss.auxiliary_classifier
local check = require "gan.check"
local base = require "gan.loss.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

local option = check.option

--- Makes the loss of an auxiliary classifier, to be added to an adversarial loss.
-- All terms are weighted cross entropies of D's class logits (N,Y) against labels i32 (N), each 0..Y-1.
--
--     critic(classes, y, fake_classes, fake_y) = real(classes, y) + fake(fake_classes, fake_y)
--     generator(classes, y): lowered, not raised, as both players want the class to be told
--
-- With weight 0 of the fake term D learns classes from real images only.
-- Source: Odena et al. 2017, arXiv:1610.09585, eqs. 2 and 3, where all weights are 1. Gulrajani et al. 2017,
-- arXiv:1704.00028, take 1, 0 and 0.1.
-- @function gan.loss.auxiliary_classifier
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.real  weight of D's term of real images, >= 0
-- @tparam[opt=1] number opt.fake  weight of D's term of generated images, >= 0
-- @tparam[opt=1] number opt.generator  weight of G's term, >= 0
-- @treturn table  `critic`, `real`, `fake`, `generator`: functions -> scalar, nats
-- @raise if an option is unknown or out of range
return function(opt)
  local weight = option.number {default = 1, lo = 0}
  opt = check.options("loss.auxiliary_classifier", opt, {real = weight, fake = weight, generator = weight})
  local function term(name)
    return function(classes, y)
      classes = base.logits("loss.auxiliary_classifier", 1, "classes", classes)
      return pointwise.mul(loss.softmax_cross_entropy(classes, y), opt[name])
    end
  end
  local real, fake = term "real", term "fake"
  return {
    real = real, fake = fake, generator = term "generator",
    critic = function(on_real, y, on_fake, fake_y) return pointwise.add(real(on_real, y), fake(on_fake, fake_y)) end,
  }
end
