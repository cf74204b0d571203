--- LeCam regularisation: D's logits of either kind are drawn to the running mean of the other kind.
-- @module gan.penalty.lecam
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"
local state = require "gan.state"

local Lecam = base.class "lecam"

function Lecam:term(D, real, fake, y)
  local weight = base.number("lecam", self, "weight")
  local decay = check.number("lecam", 1, "decay", self.decay, 0, 1)
  local on_real = base.logits("lecam", D, base.batch("lecam", 2, "real", real), y)
  local on_fake = base.logits("lecam", D, core.alias(base.batch("lecam", 3, "fake", fake)), y)
  local r, f = core.item(core.mean(on_real)), core.item(core.mean(on_fake))
  if self.t == 0 then decay = 0 end
  self.t = self.t + 1
  self.real, self.fake = decay * self.real + (1 - decay) * r, decay * self.fake + (1 - decay) * f
  return pointwise.mul(pointwise.add(loss.mse_loss(on_real, self.fake), loss.mse_loss(on_fake, self.real)), weight)
end

local fields = {"t", "real", "fake"}

--- {t = calls so far, real, fake = the running means}.
function Lecam:state() return state.state(self, {}, fields) end

--- Restores a state.
function Lecam:load(saved) return state.load("lecam", self, saved, {}, fields) end

--- lecam {weight = 0.3}(D, real, fake, y): weight * (mean (D(real) - fake_mean)^2 + mean (D(fake) - real_mean)^2). The means run over all calls,
-- this one included, and count as constants; the first call sets them. Helps where data are few; not meant for the Wasserstein loss.
-- Source: Tseng et al. 2021, arXiv:2104.03310; weight and decay as for its BigGAN.
-- @tparam[opt] table opt weight = 0.3; decay = 0.99, in [0,1]
return function(opt)
  local self = setmetatable(check.options("lecam", opt, {weight = 0.3, decay = 0.99}), Lecam)
  base.number("lecam", self, "weight")
  check.number("lecam", 1, "decay", self.decay, 0, 1)
  self.t, self.real, self.fake = 0, 0.0, 0.0
  return self
end
