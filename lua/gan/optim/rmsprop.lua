--- RMSProp: steps scaled by a running average of the squared gradient.
-- @module gan.optim.rmsprop
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local option = check.option
local NAME = "optim.rmsprop"

local known = {
  lr = option.number {default = 5e-5, lo = 0}:varying(),
  alpha = option.number {default = 0.99, lo = 0, below = 1}:varying(), eps = option.number {default = 1e-8, lo = 0},
  weight_decay = option.number {default = 0, lo = 0}:varying(),
}

local Rmsprop = base.class(NAME, known)

--- Steps the parameters once, in place.
-- @tparam table grads  list of tensors, in the order and of the shapes of `params`
-- @tparam[opt] EMA average  gan.optim.ema of the same parameters, updated after it
-- @raise naming the entry whose shape differs
function Rmsprop:step(grads, average)
  core.rmsprop_(self.params, grads, self.v, {
    lr = self:field "lr", alpha = self.alpha, eps = self.eps, weight_decay = self.weight_decay,
  })
  if average then average:update() end
  core.collect_step()
end

--- Returns what steps have changed: {["v.1"] = tensor, ...}. Cannot fail.
-- @treturn table
function Rmsprop:state() return base.state(self, {"v"}, {}) end

--- Restores a state of the same parameters.
-- @tparam table state  what state() gave
-- @raise naming the entry that is missing, unknown, or of another shape
function Rmsprop:load(state) return base.load(NAME, self, state, {"v"}, {}) end

--- Makes RMSProp over a list of tensors.
--
--     v <- alpha v + (1-alpha) g^2,  p <- p - lr g / (sqrt(v) + eps)
--
-- The default lr is that of WGAN (Arjovsky et al. 2017, arXiv:1701.07875).
-- Source: Tieleman & Hinton 2012, lecture 6.5.
-- @function gan.optim.rmsprop
-- @tparam table params  list of real tensors
-- @tparam[opt] table opt
-- @tparam[opt=5e-5] number|function opt.lr  step size, >= 0; a field, which may be set between steps; or f(step) -> one
-- (gan.schedule), which sets it
-- @tparam[opt=0.99] number|function opt.alpha  decay of the mean square, in [0,1), likewise
-- @tparam[opt=1e-8] number opt.eps  added to the root, >= 0
-- @tparam[opt=0] number|function opt.weight_decay  times the parameter, added to the gradient (L2), >= 0
-- @treturn table  an optimiser: `params`, `step`, `at`, `state`, `load`
-- @raise if an option is unknown or out of range, or an entry of params is no contiguous real tensor
return function(params, opt)
  opt = check.options(NAME, opt, known)
  params = base.params(NAME, params)
  opt.params, opt.v = params, base.zeros(params)
  return base.new(Rmsprop, NAME, opt, known)
end
