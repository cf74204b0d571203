--- The auxiliary classifier's loss (AC-GAN): D also tells the class, and G makes samples whose class D can tell.
-- @module gan.loss.auxiliary_classifier
local check = require "gan.check"
local base = require "gan.loss.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

--- Weighted cross entropies of D's class logits (N,Y) against labels (i32 (N), from 0), to be added to an adversarial loss:
--   real(classes, y) and fake(classes, y): D's terms; critic(real, y, fake, fake_y): their sum
--   generator(classes, y): G's; it is lowered, not raised, as both players want the class to be told
-- Weight 0 of the fake term: D learns classes from real images only.
-- Source: Odena et al. 2017, arXiv:1610.09585, eqs. 2 and 3 (all weights 1); Gulrajani et al. 2017, arXiv:1704.00028, has 1, 0 and 0.1.
-- @tparam[opt] table opt weights of the three: real = 1, fake = 1, generator = 1
-- @treturn table real, fake, critic, generator: functions -> scalar, nats
return function(opt)
  opt = check.options("auxiliary_classifier", opt, {real = 1, fake = 1, generator = 1})
  local function term(name)
    local weight = check.number("auxiliary_classifier", 1, name, opt[name], 0)
    return function(classes, y)
      return pointwise.mul(loss.softmax_cross_entropy(base.logits("auxiliary_classifier", 1, "classes", classes), y), weight)
    end
  end
  local real, fake = term "real", term "fake"
  return {
    real = real, fake = fake, generator = term "generator",
    critic = function(on_real, y, on_fake, fake_y) return pointwise.add(real(on_real, y), fake(on_fake, fake_y)) end,
  }
end
