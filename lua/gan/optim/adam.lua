--- Adam: steps scaled by running averages of the gradient and of its square.
-- @module gan.optim.adam
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local Adam = {}
Adam.__index = Adam

--- One step. Parameters are changed in place; a NaN in a gradient stays visible in the parameter.
-- @tparam table grads list of tensors of the shapes of .params, in that order
-- @tparam[opt] table average optim.ema of the same parameters: updated in the same pass, to the same bytes as by average:update() after it
-- @raise naming the entry whose shape differs, or if average is of other parameters
function Adam:step(grads, average)
  local t, shadow, rate = self.t + 1, nil, nil
  if average then
    if type(average) ~= "table" or not average.shadow then return check.expected("adam", 2, "average", "an optim.ema", average) end
    for i, p in ipairs(self.params) do
      if average.params[i] ~= p then return check.fail("adam", "average: its entry %d is not the parameter that is stepped", i) end
    end
    shadow, rate = average.shadow, 1 - check.number("ema", 1, "decay", average.decay, 0, 1)
  end
  core.adam_(self.params, grads, self.m, self.v, {
    lr = check.number("adam", 1, "lr", self.lr, 0), beta1 = self.beta1, beta2 = self.beta2, eps = self.eps, weight_decay = self.weight_decay, t = t,
  }, shadow, rate)
  self.t = t
  core.collect()
end

--- What steps have changed: {t = steps so far, ["m.1"] = tensor, ["v.1"] = tensor, ...}. Options (lr, ...) are not in it.
function Adam:state() return base.state(self, {"m", "v"}, {"t"}) end

--- Restores a state of the same parameters.
function Adam:load(state) return base.load("adam", self, state, {"m", "v"}, {"t"}) end

--- Adam over a list of tensors; `lr` may be set between steps.
-- The defaults are DCGAN's (Radford et al. 2015, arXiv:1511.06434). weight_decay is added to the gradient (L2).
-- Source: Kingma & Ba 2015, arXiv:1412.6980, alg. 1; eps outside the root.
-- @tparam table params
-- @tparam[opt] table opt lr = 2e-4, beta1 = 0.5, beta2 = 0.999, eps = 1e-8, weight_decay = 0
return function(params, opt)
  opt = check.options("adam", opt, {lr = 2e-4, beta1 = 0.5, beta2 = 0.999, eps = 1e-8, weight_decay = 0})
  base.numbers("adam", opt, {lr = {0}, beta1 = {0, 1}, beta2 = {0, 1}, eps = {0}, weight_decay = {0}})
  params = base.params("adam", params)
  opt.params, opt.m, opt.v, opt.t = params, base.zeros(params), base.zeros(params), 0
  return setmetatable(opt, Adam)
end
