--- LeCam regularisation: D's logits of either kind are drawn to the running mean of the other kind.
-- @module gan.penalty.lecam
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local state = require "gan.state"

local option = check.option
local NAME = "penalty.lecam"

local Lecam = base.class(NAME, {
  weight = option.number {default = 0.3, lo = 0}, decay = option.number {default = 0.99, lo = 0, hi = 1},
  form = option.word {"square", "relu", default = "square"}, start = option.integer {default = 0, lo = 0},
})
Lecam.kind, Lecam.untracked = "both", true

local function square_above_0(x) return reduce.mean(pointwise.square(pointwise.relu(x))) end

local forms = {
  square = function(on_real, on_fake, self)
    return pointwise.add(loss.mse_loss(on_real, self.fake), loss.mse_loss(on_fake, self.real))
  end,
  relu = function(on_real, on_fake, self)
    return pointwise.add(square_above_0(pointwise.sub(on_real, self.fake)),
      square_above_0(pointwise.sub(self.real, on_fake)))
  end,
}

--- Takes the logits of two passes of D that were made already into the means, and returns the penalty.
-- @tparam Tensor on_real  (N,...), D's logits of real images
-- @tparam any real  is not used
-- @tparam Tensor on_fake  (M,...), D's logits of generated images
-- @treturn Tensor  scalar
-- @raise if a tensor is none, or `start` is set and no step was told
function Lecam:of(on_real, real, on_fake) -- luacheck: no unused args
  check.real(NAME, 1, "on_real", on_real)
  check.real(NAME, 3, "on_fake", on_fake)
  local form, start, weight, decay = self:field "form", self:field "start", self:field "weight", self:field "decay"
  local begun = start == 0 or self:step "start" >= start
  if self.t == 0 or not begun then decay = 0 end
  local r, f = core.item(core.mean(on_real)), core.item(core.mean(on_fake))
  self.t = self.t + 1
  self.real, self.fake = decay * self.real + (1 - decay) * r, decay * self.fake + (1 - decay) * f
  return begun and pointwise.mul(forms[form](on_real, on_fake, self), weight) or core.full({}, 0)
end

function Lecam:term(D, real, fake, y)
  local on_real = base.logits(NAME, D, base.batch(NAME, 2, "real", real), y)
  return self:of(on_real, nil, base.logits(NAME, D, core.alias(base.batch(NAME, 3, "fake", fake)), y))
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
--     form "square", the paper's: weight * (mean (D(real) - fake_mean)^2 + mean (D(fake) - real_mean)^2)
--     form "relu", the program's: weight * (mean relu(D(real) - fake_mean)^2 + mean relu(real_mean - D(fake))^2)
--
-- The second lets go of logits that are beyond the other kind's mean. The means run over all calls, this one included,
-- and count as constants; the first call sets them. Before step `start` the penalty is 0, and the means are those of
-- the last call. f:of(D(real), real, D(fake), fake) is the same of passes that were made: gan.game.loop takes it from
-- its loss's own. It helps where data are few, and is not meant for the Wasserstein loss.
-- Source: Tseng et al. 2021, arXiv:2104.03310; weight and decay as for its BigGAN.  Differs: the authors' program
-- (google/lecam-gan) has its means from 0 and decay 0 before step 1000.
-- @function gan.penalty.lecam
-- @tparam[opt] table opt
-- @tparam[opt=0.3] number opt.weight  >= 0; a field
-- @tparam[opt=0.99] number opt.decay  of the means, in [0,1]; a field
-- @tparam[opt="square"] string opt.form  "square" or "relu"; a field
-- @tparam[opt=0] integer opt.start  the step from which on it counts, told by f:at(step); a field
-- @treturn function  f(D, real, fake, y) -> scalar, with `state` and `load`
-- @raise if an option is unknown or out of range
return function(opt)
  local self = base.new(Lecam, opt)
  self.t, self.real, self.fake = 0, 0.0, 0.0
  return self
end
