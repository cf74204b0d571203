--- Historical averaging: the parameters are drawn to the mean of all that they were.
-- @module gan.penalty.historical
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local state = require "gan.state"

local Historical = base.class "historical"

function Historical:term()
  local weight = base.number("historical", self, "weight")
  self.t = self.t + 1
  local sum
  for i, p in ipairs(self.params) do
    core.ema_(self.mean[i], p, 1 / self.t)
    local term = reduce.sum(pointwise.square(pointwise.sub(p, core.clone(self.mean[i])))) -- the next call changes the mean in place
    sum = sum and pointwise.add(sum, term) or term
  end
  return pointwise.mul(sum, weight)
end

--- {t = calls so far, ["mean.1"] = tensor, ...}.
function Historical:state() return state.state(self, {"mean"}, {"t"}) end

--- Restores a state of the same parameters.
function Historical:load(saved) return state.load("historical", self, saved, {"mean"}, {"t"}) end

--- historical {params = D:params(), weight = 1}(): weight * sum over the parameters of ||p - mean||^2, mean being that of the values at all
-- calls up to this one, which counts as a constant. Either player's: call it once a step. The paper gives no weight.
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 3.3.
-- @tparam table opt params: list of tracked tensors; weight = 1
return function(opt)
  local self = setmetatable(check.options("historical", opt, {params = check.none, weight = 1}), Historical)
  base.number("historical", self, "weight")
  if type(self.params) ~= "table" or #self.params == 0 then return check.expected("historical", 1, "params", "a list of tensors", self.params) end
  self.t, self.mean = 0, {}
  for i, p in ipairs(self.params) do
    check.real("historical", 1, ("params[%d]"):format(i), p)
    if not core.node(p) then return check.fail("historical", "params[%d] is not tracked; give net:params()", i) end
    self.mean[i] = core.full(core.shape(p), 0)
  end
  return self
end
