--- Historical averaging: the parameters are drawn to the mean of all that they were.
-- @module gan.penalty.historical
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local state = require "gan.state"

local option = check.option
local NAME = "penalty.historical"

-- A list of tracked real tensors, or nil and what is missing.
local function tracked_list(v)
  if type(v) ~= "table" or #v == 0 then return nil end
  for i, p in ipairs(v) do
    if not core.is_tensor(p) or core.dtype(p) ~= "real" or not core.node(p) then
      return nil, ("tracked real tensors (net:params()), which entry %d is not"):format(i)
    end
  end
  return v
end

local Historical = base.class(NAME, {
  params = option.where {required = true, expected = "a list of tensors (net:params())", accept = tracked_list},
  weight = option.number {default = 1, lo = 0},
})

function Historical:term()
  local weight = self:field "weight"
  self.t = self.t + 1
  local sum
  for i, p in ipairs(self.params) do
    core.ema_(self.mean[i], p, 1 / self.t)
    local mean = core.clone(self.mean[i]) -- the next call changes it in place
    local term = reduce.sum(pointwise.square(pointwise.sub(p, mean)))
    sum = sum and pointwise.add(sum, term) or term
  end
  return pointwise.mul(sum, weight)
end

--- Returns what calls have changed: {t = calls so far, ["mean.1"] = tensor, ...}. Cannot fail.
-- @treturn table
function Historical:state() return state.state(self, {"mean"}, {"t"}) end

--- Restores a state of the same parameters.
-- @tparam table saved  what state() gave
-- @raise naming the entry that is missing, unknown, or of another shape
function Historical:load(saved) return state.load(NAME, self, saved, {"mean"}, {"t"}) end

--- Makes the penalty of historical averaging, of either player, called f() once a step.
--
--     weight * sum over the parameters of ||p - mean||^2
--
-- The mean is that of the values at all calls up to this one, and counts as a constant. The paper gives no weight.
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 3.3.
-- @function gan.penalty.historical
-- @tparam table opt
-- @tparam table opt.params  list of tracked tensors: net:params()
-- @tparam[opt=1] number opt.weight  >= 0; a field
-- @treturn function  f(D, real, fake, y) -> scalar, with `state` and `load`
-- @raise if an option is unknown, missing or out of range, or an entry of params is not tracked
return function(opt)
  local self = base.new(Historical, opt)
  self.t, self.mean = 0, {}
  for i, p in ipairs(self.params) do self.mean[i] = core.full(core.shape(p), 0) end
  return self
end
