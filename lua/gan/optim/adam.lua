--- Adam: steps scaled by running averages of the gradient and of its square.
-- @module gan.optim.adam
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local option = check.option
local NAME = "optim.adam"

local known = {
  lr = option.number {default = 2e-4, lo = 0}:varying(),
  beta1 = option.number {default = 0.5, lo = 0, below = 1}:varying(),
  beta2 = option.number {default = 0.999, lo = 0, below = 1}:varying(), eps = option.number {default = 1e-8, lo = 0},
  weight_decay = option.number {default = 0, lo = 0}:varying(),
}

local Adam = base.class(NAME, known)

--- Steps the parameters once, in place. A NaN in a gradient stays visible in the parameter.
-- @tparam table grads  list of tensors, in the order and of the shapes of `params`
-- @tparam[opt] EMA average  gan.optim.ema of the same parameters: updated in the same pass, to the same bytes as by
--   average:update() after it
-- @raise naming the entry whose shape differs, or if average is of other parameters
function Adam:step(grads, average)
  local t, shadow, rate = self.t + 1, nil, nil
  if average then
    if type(average) ~= "table" or not average.shadow then
      return check.expected(NAME, 2, "average", "an optim.ema", average)
    end
    for i, p in ipairs(self.params) do
      if average.params[i] ~= p then
        return check.fail(NAME, "average: its entry %d is not the parameter that is stepped", i)
      end
    end
    shadow, rate = average.shadow, average:rate()
  end
  core.adam_(self.params, grads, self.m, self.v, {
    lr = self:field "lr", beta1 = self:field "beta1", beta2 = self:field "beta2", eps = self.eps,
    weight_decay = self.weight_decay, t = t,
  }, shadow, rate)
  if average then average:update_statistics() end
  self.t = t
  core.collect_step()
end

--- Returns what steps have changed: {t = steps so far, ["m.1"] = tensor, ["v.1"] = tensor, ...}.
-- Options (lr, ...) are not in it. Cannot fail.
-- @treturn table
function Adam:state() return base.state(self, {"m", "v"}, {"t"}) end

--- Restores a state of the same parameters.
-- @tparam table state  what state() gave
-- @raise naming the entry that is missing, unknown, or of another shape
function Adam:load(state) return base.load(NAME, self, state, {"m", "v"}, {"t"}) end

--- Makes Adam over a list of tensors.
-- The defaults are DCGAN's (Radford et al. 2015, arXiv:1511.06434).
-- A mean is corrected for its start by 1 - beta^t with the beta of the step, also where beta varies: PyTorch does so.
-- Source: Kingma & Ba 2015, arXiv:1412.6980, alg. 1; eps outside the root.
-- @function gan.optim.adam
-- @tparam table params  list of real tensors
-- @tparam[opt] table opt
-- @tparam[opt=2e-4] number|function opt.lr  step size, >= 0; a field, which may be set between steps; or f(step) -> one
-- (gan.schedule), which sets it
-- @tparam[opt=0.5] number|function opt.beta1  decay of the mean gradient, in [0,1), likewise
-- @tparam[opt=0.999] number|function opt.beta2  decay of the mean square, in [0,1), likewise
-- @tparam[opt=1e-8] number opt.eps  added to the root, >= 0
-- @tparam[opt=0] number|function opt.weight_decay  times the parameter, added to the gradient (L2), >= 0
-- @treturn table  an optimiser: `params`, `step`, `at`, `state`, `load`
-- @raise if an option is unknown or out of range, or an entry of params is no contiguous real tensor
return function(params, opt)
  opt = check.options(NAME, opt, known)
  params = base.params(NAME, params)
  opt.params, opt.m, opt.v, opt.t = params, base.zeros(params), base.zeros(params), 0
  return base.new(Adam, NAME, opt, known)
end
