--- RMSProp: steps scaled by a running average of the squared gradient.
-- @module gan.optim.rmsprop
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local Rmsprop = {}
Rmsprop.__index = Rmsprop

--- One step; parameters are changed in place.
-- @tparam table grads list of tensors of the shapes of .params, in that order
-- @tparam[opt] table average optim.ema of the same parameters, updated after it
-- @raise naming the entry whose shape differs
function Rmsprop:step(grads, average)
  core.rmsprop_(self.params, grads, self.v, {
    lr = check.number("rmsprop", 1, "lr", self.lr, 0), alpha = self.alpha, eps = self.eps, weight_decay = self.weight_decay,
  })
  if average then average:update() end
  core.collect()
end

--- {["v.1"] = tensor, ...}.
function Rmsprop:state() return base.state(self, {"v"}, {}) end

--- Restores a state of the same parameters.
function Rmsprop:load(state) return base.load("rmsprop", self, state, {"v"}, {}) end

--- RMSProp over a list of tensors; `lr` may be set between steps. v <- alpha v + (1-alpha) g^2, p <- p - lr g / (sqrt(v) + eps).
-- The default lr is that of WGAN (Arjovsky et al. 2017, arXiv:1701.07875). Source: Tieleman & Hinton 2012, lecture 6.5.
-- @tparam table params
-- @tparam[opt] table opt lr = 5e-5, alpha = 0.99, eps = 1e-8, weight_decay = 0
return function(params, opt)
  opt = check.options("rmsprop", opt, {lr = 5e-5, alpha = 0.99, eps = 1e-8, weight_decay = 0})
  base.numbers("rmsprop", opt, {lr = {0}, alpha = {0, 1}, eps = {0}, weight_decay = {0}})
  params = base.params("rmsprop", params)
  opt.params, opt.v = params, base.zeros(params)
  return setmetatable(opt, Rmsprop)
end
