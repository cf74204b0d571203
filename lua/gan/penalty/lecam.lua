--- LeCam regularisation: D's logits of either kind are drawn to the running mean of the other kind.
-- @module gan.penalty.lecam
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"
local state = require "gan.state"

local option = check.option
local NAME = "penalty.lecam"

local Lecam = base.class(NAME, {
  weight = option.number {default = 0.3, lo = 0}, decay = option.number {default = 0.99, lo = 0, hi = 1},
})

function Lecam:term(D, real, fake, y)
  local weight, decay = self:field "weight", self:field "decay"
  local on_real = base.logits(NAME, D, base.batch(NAME, 2, "real", real), y)
  local on_fake = base.logits(NAME, D, core.alias(base.batch(NAME, 3, "fake", fake)), y)
  local r, f = core.item(core.mean(on_real)), core.item(core.mean(on_fake))
  if self.t == 0 then decay = 0 end
  self.t = self.t + 1
  self.real, self.fake = decay * self.real + (1 - decay) * r, decay * self.fake + (1 - decay) * f
  return pointwise.mul(pointwise.add(loss.mse_loss(on_real, self.fake), loss.mse_loss(on_fake, self.real)), weight)
end

local fields = {"t", "real", "fake"}

--- Returns what calls have changed: {t = calls so far, real, fake = the running means}. Cannot fail.
-- @treturn table
function Lecam:state() return state.state(self, {}, fields) end

--- Restores a state.
-- @tparam table saved  what state() gave
-- @raise naming the entry that is missing, unknown or no number
function Lecam:load(saved) return state.load(NAME, self, saved, {}, fields) end

--- Makes the LeCam regulariser, called f(D, real, fake, y).
--
--     weight * (mean (D(real) - fake_mean)^2 + mean (D(fake) - real_mean)^2)
--
-- The means run over all calls, this one included, and count as constants; the first call sets them. It helps where
-- data are few, and is not meant for the Wasserstein loss.
-- Source: Tseng et al. 2021, arXiv:2104.03310; weight and decay as for its BigGAN.  Differs: the authors'
-- program (google/lecam-gan) squares relu(D(real) - fake_mean) and relu(real_mean - D(fake)), which lets go of logits
-- that are beyond the other kind's mean; this is the formula of the paper.
-- @function gan.penalty.lecam
-- @tparam[opt] table opt
-- @tparam[opt=0.3] number opt.weight  >= 0; a field
-- @tparam[opt=0.99] number opt.decay  of the means, in [0,1]; a field
-- @treturn function  f(D, real, fake, y) -> scalar, with `state` and `load`
-- @raise if an option is unknown or out of range
return function(opt)
  local self = base.new(Lecam, opt)
  self.t, self.real, self.fake = 0, 0.0, 0.0
  return self
end
