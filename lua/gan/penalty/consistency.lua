--- Consistency regularisation (CR, bCR): D is to say the same of a sample and of its augmented self.
-- @module gan.penalty.consistency
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

local Consistency = base.class "consistency"

local function difference(self, D, x, y)
  return loss.mse_loss(base.logits("consistency", D, x, y), base.logits("consistency", D, self.augment(x, self.rng), y))
end

function Consistency:term(D, real, fake, y)
  local on_real, on_fake = base.number("consistency", self, "real"), base.number("consistency", self, "fake")
  local sum
  if on_real > 0 then sum = pointwise.mul(difference(self, D, base.batch("consistency", 2, "real", real), y), on_real) end
  if on_fake > 0 then
    local term = pointwise.mul(difference(self, D, core.alias(base.batch("consistency", 3, "fake", fake)), y), on_fake)
    sum = sum and pointwise.add(sum, term) or term
  end
  return sum or core.full({}, 0)
end

--- consistency {augment = f}(D, real, fake, y): real * mean (D(x) - D(f(x)))^2 over real samples + fake * the same over fakes.
-- CR is real = 10, fake = 0; balanced (bCR) is 10 and 10. D's own loss stays on samples that are not augmented, or on both.
-- Source: Zhang et al. 2020, arXiv:1910.12027; Zhao et al. 2020, arXiv:2002.04724, alg. 1.
-- @tparam table opt augment: function (x, rng) -> x of the same shape; weights real = 10, fake = 0; rng: what augment gets (may be nil)
return function(opt)
  local self = setmetatable(check.options("consistency", opt, {augment = check.none, real = 10, fake = 0, rng = check.none}), Consistency)
  for _, name in ipairs {"real", "fake"} do base.number("consistency", self, name) end
  if not check.callable(self.augment) then return check.expected("consistency", 1, "augment", "a function (x, rng) -> x", self.augment) end
  return self
end
