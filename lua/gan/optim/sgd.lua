--- Stochastic gradient descent: plain, with momentum, or with Nesterov's.
-- @module gan.optim.sgd
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local option = check.option
local NAME = "optim.sgd"

local known = {
  lr = option.number {default = 0.01, lo = 0}:varying(),
  momentum = option.number {default = 0, lo = 0, below = 1}:varying(), nesterov = option.boolean {default = false},
  weight_decay = option.number {default = 0, lo = 0}:varying(),
}

local Sgd = base.class(NAME, known)

local function lists(self) return self.m and {"m"} or {} end

--- Steps the parameters once, in place.
-- @tparam table grads  list of tensors, in the order and of the shapes of `params`
-- @tparam[opt] EMA average  gan.optim.ema of the same parameters, updated after it
-- @raise naming the entry whose shape differs
function Sgd:step(grads, average)
  core.sgd_(self.params, grads, self.m, {
    lr = self:field "lr", momentum = self.momentum, weight_decay = self.weight_decay,
    nesterov = self.nesterov,
  })
  if average then average:update() end
  core.collect_step()
end

--- Returns what steps have changed: {["m.1"] = velocity, ...}; empty without momentum. Cannot fail.
-- @treturn table
function Sgd:state() return base.state(self, lists(self), {}) end

--- Restores a state of the same parameters.
-- @tparam table state  what state() gave
-- @raise naming the entry that is missing, unknown, or of another shape
function Sgd:load(state) return base.load(NAME, self, state, lists(self), {}) end

--- Makes SGD over a list of tensors.
--
--     m <- momentum m + g,  p <- p - lr m;  with nesterov p <- p - lr (g + momentum m)
--
-- Source: Sutskever et al. 2013.  Differs: lr multiplies the velocity.
-- @function gan.optim.sgd
-- @tparam table params  list of real tensors
-- @tparam[opt] table opt
-- @tparam[opt=0.01] number|function opt.lr  step size, >= 0; a field, which may be set between steps; or f(step) -> one
-- (gan.schedule), which sets it
-- @tparam[opt=0] number|function opt.momentum  in [0,1), likewise, if it was not 0 at first
-- @tparam[opt=false] boolean opt.nesterov  needs a momentum
-- @tparam[opt=0] number|function opt.weight_decay  times the parameter, added to the gradient (L2), >= 0
-- @treturn table  an optimiser: `params`, `step`, `at`, `state`, `load`
-- @raise if an option is unknown or out of range, or an entry of params is no contiguous real tensor
return function(params, opt)
  opt = check.options(NAME, opt, known)
  if opt.nesterov and opt.momentum == 0 then return check.fail(NAME, "option 'nesterov' needs a momentum above 0") end
  params = base.params(NAME, params)
  opt.params, opt.m = params, opt.momentum ~= 0 and base.zeros(params) or nil
  return base.new(Sgd, NAME, opt, known)
end
