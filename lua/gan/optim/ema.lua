--- The exponential moving average of a net: smoother weights to draw pictures from.
-- @module gan.optim.ema
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.optim.base"

local NAME = "optim.ema"
local LISTS = {"shadow", "shadow_statistics"}

local known = {decay = check.option.number {default = 0.999, lo = 0, hi = 1}}

local Ema = {}
Ema.__index = Ema

local function copies(list)
  local out = {}
  for i, t in ipairs(list) do out[i] = core.clone(t) end
  return out
end

--- Returns the share that the parameters have in an update: 1 - decay.
-- @treturn number
-- @raise if the field `decay` was set to no number in [0,1]
function Ema:rate() return 1 - known.decay:check(NAME, "decay", self.decay) end

--- Updates the average: shadow <- decay * shadow + (1 - decay) * params, and the net's statistics likewise.
-- @tparam[opt] table params  list of tensors; default: those given to ema
-- @raise naming the entry whose shape differs
function Ema:update(params)
  core.ema_(self.shadow, params or self.params, self:rate())
  self:update_statistics()
end

--- Updates the averages of the net's statistics alone, for optimisers that update those of its parameters in their own
-- pass.
-- @raise if the field `decay` was set to no number in [0,1]
function Ema:update_statistics()
  if self.statistics[1] then core.ema_(self.shadow_statistics, self.statistics, self:rate()) end
end

--- Returns the average: {["shadow.1"] = tensor, ["shadow_statistics.1"] = tensor, ...}. Cannot fail.
-- @treturn table
function Ema:state() return base.state(self, LISTS, {}) end

--- Restores a state of the same net or parameters. Where it has no statistics, being that of an average of parameters
-- alone, these begin as copies of what the net has now.
-- @tparam table state  what state() gave
-- @raise naming the entry that is missing, unknown, or of another shape
function Ema:load(state)
  if type(state) == "table" and self.statistics[1] and state["shadow_statistics.1"] == nil then
    local own = {}
    for name, v in pairs(state) do own[name] = v end
    for i, t in ipairs(self.statistics) do own["shadow_statistics." .. i] = t end
    state = own
  end
  return base.load(NAME, self, state, LISTS, {})
end

--- Makes an average of a net, which starts as a copy: of its parameters (`shadow`, a list in the order of `params`) and
-- of the running statistics of its batch norms (`shadow_statistics`, in the order of `statistics`), by the same decay.
-- All else of the net is not averaged: weights that are drawn with take spectral norm's vectors u and v as the net has
-- them now, so that sigma = u' W v is taken of the averaged W. A list of tensors is averaged without statistics.
-- Source: Karras et al. 2018, arXiv:1710.10196, sec. 4 (decay 0.999).
-- @function gan.optim.ema
-- @tparam Module|table net  a net, or a list of real tensors
-- @tparam[opt] table opt
-- @tparam[opt=0.999] number opt.decay  in [0,1]; a field, which may be set between updates (gan.schedule.half_life)
-- @treturn EMA  `params`, `shadow`, `statistics`, `shadow_statistics`, `update`, `rate`, `state`, `load`
-- @raise if an option is unknown or out of range, the net has no parameters, or an entry of a list is no contiguous
--   real tensor
return function(net, opt)
  opt = check.options(NAME, opt, known)
  local is_net = type(net) == "table" and check.callable(net.params) and check.callable(net.statistics)
  opt.params, opt.statistics = base.params(NAME, is_net and net:params() or net), is_net and net:statistics() or {}
  opt.shadow, opt.shadow_statistics = copies(opt.params), copies(opt.statistics)
  return setmetatable(opt, Ema)
end
