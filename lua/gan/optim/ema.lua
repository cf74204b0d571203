--- The exponential moving average of parameters: smoother weights to draw pictures from.
-- @module gan.optim.ema
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local NAME = "optim.ema"

local known = {decay = check.option.number {default = 0.999, lo = 0, hi = 1}}

local Ema = {}
Ema.__index = Ema

--- Returns the share that the parameters have in an update: 1 - decay.
-- @treturn number
-- @raise if the field `decay` was set to no number in [0,1]
function Ema:rate() return 1 - known.decay:check(NAME, "decay", self.decay) end

--- Updates the average: shadow <- decay * shadow + (1 - decay) * params.
-- @tparam[opt] table params  list of tensors; default: those given to ema
-- @raise naming the entry whose shape differs
function Ema:update(params) core.ema_(self.shadow, params or self.params, self:rate()) end

--- Returns the average: {["shadow.1"] = tensor, ...}. Cannot fail.
-- @treturn table
function Ema:state() return base.state(self, {"shadow"}, {}) end

--- Restores a state of the same parameters.
-- @tparam table state  what state() gave
-- @raise naming the entry that is missing, unknown, or of another shape
function Ema:load(state) return base.load(NAME, self, state, {"shadow"}, {}) end

--- Makes an average of a list of tensors, which starts as a copy of them: `shadow`, a list in the same order.
-- Source: Karras et al. 2018, arXiv:1710.10196, sec. 4 (decay 0.999).
-- @function gan.optim.ema
-- @tparam table params  list of real tensors
-- @tparam[opt] table opt
-- @tparam[opt=0.999] number opt.decay  in [0,1]; a field, which may be set between updates (gan.schedule.half_life)
-- @treturn EMA  `params`, `shadow`, `update`, `rate`, `state`, `load`
-- @raise if an option is unknown or out of range, or an entry of params is no contiguous real tensor
return function(params, opt)
  opt = check.options(NAME, opt, known)
  opt.params, opt.shadow = base.params(NAME, params), {}
  for i, p in ipairs(opt.params) do opt.shadow[i] = core.clone(p) end
  return setmetatable(opt, Ema)
end
