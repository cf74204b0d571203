--- Stochastic gradient descent, plain, with momentum, or with Nesterov's.
-- @module gan.optim.sgd
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local Sgd = {}
Sgd.__index = Sgd

local function lists(self) return self.m and {"m"} or {} end

--- One step; parameters are changed in place.
-- @tparam table grads list of tensors of the shapes of .params, in that order
-- @tparam[opt] table average optim.ema of the same parameters, updated after it
-- @raise naming the entry whose shape differs
function Sgd:step(grads, average)
  core.sgd_(self.params, grads, self.m, {
    lr = check.number("sgd", 1, "lr", self.lr, 0), momentum = self.momentum, weight_decay = self.weight_decay, nesterov = self.nesterov,
  })
  if average then average:update() end
  core.collect()
end

--- {["m.1"] = velocity, ...}; empty without momentum.
function Sgd:state() return base.state(self, lists(self), {}) end

--- Restores a state of the same parameters.
function Sgd:load(state) return base.load("sgd", self, state, lists(self), {}) end

--- SGD over a list of tensors; `lr` and `momentum` may be set between steps (momentum only where it was not 0).
-- m <- momentum m + g, p <- p - lr m; with nesterov p <- p - lr (g + momentum m). weight_decay is added to the gradient.
-- Source: Sutskever et al. 2013, with lr multiplying the velocity.
-- @tparam table params
-- @tparam[opt] table opt lr = 0.01, momentum = 0, nesterov = false, weight_decay = 0
return function(params, opt)
  opt = check.options("sgd", opt, {lr = 0.01, momentum = 0, nesterov = false, weight_decay = 0})
  base.numbers("sgd", opt, {lr = {0}, momentum = {0, 1}, weight_decay = {0}})
  if type(opt.nesterov) ~= "boolean" then return check.expected("sgd", 2, "nesterov", "a boolean", opt.nesterov) end
  if opt.nesterov and opt.momentum == 0 then return check.fail("sgd", "nesterov needs a momentum above 0") end
  params = base.params("sgd", params)
  opt.params, opt.m = params, opt.momentum > 0 and base.zeros(params) or nil
  return setmetatable(opt, Sgd)
end
