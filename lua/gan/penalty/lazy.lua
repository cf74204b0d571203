--- Lazy regularisation: a penalty every k-th step, with k times its weight.
-- @module gan.penalty.lazy
local check = require "gan.check"
local core = require "gan.core"
local pointwise = require "gan.ops.pointwise"
local base = require "gan.penalty.base"
local state = require "gan.state"

local option = check.option
local NAME = "penalty.lazy"

local Lazy = base.class(NAME)

local function stateful(p) return type(p) == "table" and p.state ~= nil end

--- Tells whether the next call runs the penalty. Cannot fail.
-- @treturn boolean
function Lazy:due() return self.t % self.every == 0 end

--- Tells the penalty the step, if it wants to know. Cannot fail.
-- @tparam integer step  from 1
function Lazy:at(step)
  if type(self.penalty) == "table" and self.penalty.at then self.penalty:at(step) end
end

--- Checks that D can be penalised, if the penalty does.
-- @tparam Module|function D  a net; a function passes
-- @raise what the penalty raises
function Lazy:check_net(D)
  if type(self.penalty) == "table" and self.penalty.check_net then self.penalty:check_net(D) end
end

--- Counts a call, for a loop that runs the penalty itself, maybe in parts. Cannot fail.
-- @treturn function  the penalty, which then weighs `every` times as much; nil where it is not due
function Lazy:turn()
  local due = self:due()
  self.t = self.t + 1
  return due and self.penalty or nil
end

function Lazy:term(...)
  local penalty = self:turn()
  return penalty and pointwise.mul(penalty(...), self.every) or core.full({}, 0)
end

local beta, any = option.number {lo = 0, hi = 1}:varying(), option.any {} -- any: Adam's to check
local adam = {lr = option.number {lo = 0}:varying(), beta1 = beta, beta2 = beta, eps = any, weight_decay = any}

--- Returns Adam's options for the player that is regularised lazily.
-- They are lr k/(k+1), and both betas to the power of k/(k+1), as if the penalty were a step of its own among k + 1.
-- @tparam table opt  options of gan.optim.adam; not changed
-- @treturn table  a copy with lr, beta1 and beta2, as far as they are given, replaced; functions of the step by such
-- @raise if an option is unknown, or one of the three out of range
function Lazy:adam(opt)
  local c, out = self.every / (self.every + 1), check.options("Lazy:adam", opt, adam)
  local function replace(name, f)
    local v = out[name]
    if check.callable(v) then out[name] = function(step) return f(v(step)) end elseif v then out[name] = f(v) end
  end
  replace("lr", function(v) return v * c end)
  for _, name in ipairs {"beta1", "beta2"} do replace(name, function(v) return v ^ c end) end
  return out
end

--- Returns what calls have changed: {t = calls so far, penalty = its state, if it has one}. Cannot fail.
-- @treturn table
function Lazy:state()
  local out = state.state(self, {}, {"t"})
  if stateful(self.penalty) then out.penalty = self.penalty:state() end
  return out
end

--- Restores a state.
-- @tparam table saved  what state() gave
-- @raise naming the entry that is missing, unknown, or of another shape
function Lazy:load(saved)
  if type(saved) ~= "table" then return check.expected(NAME, 1, "state", "a table", saved) end
  if stateful(self.penalty) then self.penalty:load(saved.penalty) end
  return state.load(NAME, self, {t = saved.t}, {}, {"t"})
end

--- Makes a penalty lazy: k * p(D, real, fake, y) at the first call and at every k-th after it, else 0.
-- A plain 0 can be added to a loss, but has no graph to be given to grad: ask due() first where it stands alone.
-- Source: Karras et al. 2020, arXiv:1912.04958, app. B (k = 16 for R1).
-- @function gan.penalty.lazy
-- @tparam function p  a penalty, or any f(D, real, fake, y) -> scalar
-- @tparam integer k  >= 1
-- @treturn function  f(D, real, fake, y) -> scalar, with `due`, `turn`, `adam`, `state` and `load`;
--   fields `penalty` and `every`
-- @raise if p cannot be called, or k is no integer >= 1
return function(p, k)
  if not check.callable(p) then return check.expected(NAME, 1, "p", "a penalty or a function", p) end
  return setmetatable({penalty = p, every = check.int(NAME, 2, "k", k, 1), t = 0}, Lazy)
end
