--- Exponential moving average of parameters: smoother weights to sample from.
-- @module gan.optim.ema
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local Ema = {}
Ema.__index = Ema

--- shadow <- decay * shadow + (1 - decay) * params.
-- @tparam[opt] table params list of tensors; default: those given to ema
-- @raise naming the entry whose shape differs
function Ema:update(params)
  core.ema_(self.shadow, params or self.params, 1 - check.number("ema", 1, "decay", self.decay, 0, 1))
end

--- {["shadow.1"] = tensor, ...}.
function Ema:state() return base.state(self, {"shadow"}, {}) end

--- Restores a state of the same parameters.
function Ema:load(state) return base.load("ema", self, state, {"shadow"}, {}) end

--- Average over a list of tensors, which starts as a copy of them: `.shadow`, a list in the same order. `decay` may be set between
-- updates, also by schedule.half_life. Source: Karras et al. 2018, arXiv:1710.10196, sec. 4 (decay 0.999).
-- @tparam table params
-- @tparam[opt] table opt decay = 0.999
return function(params, opt)
  opt = check.options("ema", opt, {decay = 0.999})
  check.number("ema", 2, "decay", opt.decay, 0, 1)
  opt.params = base.params("ema", params)
  opt.shadow = {}
  for i, p in ipairs(opt.params) do opt.shadow[i] = core.clone(p) end
  return setmetatable(opt, Ema)
end
