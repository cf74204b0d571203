--- Consistency regularisation (CR, bCR): D is to say the same of an image and of its augmented self.
-- @module gan.penalty.consistency
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

local option = check.option
local NAME = "penalty.consistency"

local Consistency = base.class(NAME, {
  augment = option.callable {required = true, expected = "a function (x, rng) -> x"},
  real = option.number {default = 10, lo = 0}, fake = option.number {default = 0, lo = 0}, rng = option.stream {},
})

local function augmented(self, x)
  local out, want = self.augment(x, self:stream()), check.shape_string(core.shape(x))
  local real = core.is_tensor(out) and core.dtype(out) == "real"
  if real and check.shape_string(core.shape(out)) == want then return out end
  return check.fail(NAME, "option 'augment': expected a function that returns a real tensor %s, it returned %s", want,
    check.found(out))
end

local function difference(self, D, x, y)
  return loss.mse_loss(base.logits(NAME, D, x, y), base.logits(NAME, D, augmented(self, x), y))
end

function Consistency:term(D, real, fake, y)
  local on_real, on_fake = self:field "real", self:field "fake"
  local sum
  if on_real > 0 then sum = pointwise.mul(difference(self, D, base.batch(NAME, 2, "real", real), y), on_real) end
  if on_fake > 0 then
    local term = pointwise.mul(difference(self, D, core.alias(base.batch(NAME, 3, "fake", fake)), y), on_fake)
    sum = sum and pointwise.add(sum, term) or term
  end
  return sum or core.full({}, 0)
end

--- Makes the consistency penalty, called f(D, real, fake, y).
--
--     opt.real * mean (D(x) - D(augment(x)))^2 over real images + opt.fake * the same over generated ones
--
-- CR is 10 and 0; balanced (bCR) is 10 and 10. D's own loss stays on images that are not augmented, or on both.
-- Source: Zhang et al. 2020, arXiv:1910.12027; Zhao et al. 2020, arXiv:2002.04724, alg. 1.
-- @function gan.penalty.consistency
-- @tparam table opt
-- @tparam function opt.augment  (x, rng) -> x, of the same shape, differentiable
-- @tparam[opt=10] number opt.real  weight of real images, >= 0; a field
-- @tparam[opt=0] number opt.fake  weight of generated images, >= 0; a field
-- @tparam[opt] Stream opt.rng  what `augment` draws from; default: gan's default stream
-- @treturn function  f(D, real, fake, y) -> scalar, which raises if `augment` returns anything but images of x's shape
-- @raise if an option is unknown, missing or out of range
return function(opt) return base.new(Consistency, opt) end
