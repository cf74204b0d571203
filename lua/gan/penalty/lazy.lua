--- Lazy regularisation: a penalty every k-th step, with k times its weight.
-- @module gan.penalty.lazy
local check = require "gan.check"
local core = require "gan.core"
local pointwise = require "gan.ops.pointwise"
local base = require "gan.penalty.base"
local state = require "gan.state"

local Lazy = base.class "lazy"

local function stateful(p) return type(p) == "table" and p.state ~= nil end

--- Whether the next call runs the penalty.
function Lazy:due() return self.t % self.every == 0 end

--- Counts a call, for a loop that runs the penalty itself, maybe in parts: the penalty, which then weighs `every` times as much, or nil if
-- it is not due.
function Lazy:turn()
  local due = self:due()
  self.t = self.t + 1
  return due and self.penalty or nil
end

function Lazy:term(...)
  local penalty = self:turn()
  return penalty and pointwise.mul(penalty(...), self.every) or core.full({}, 0)
end

--- Adam's options for the player that is regularised lazily: lr k/(k+1), and both betas to the power of k/(k+1), as if the penalty were a
-- step of its own among k + 1.
-- @tparam table opt options of optim.adam; not changed
-- @treturn table a copy with lr, beta1 and beta2, as far as they are given, replaced
function Lazy:adam(opt)
  if type(opt) ~= "table" then return check.expected("lazy", 1, "opt", "a table of Adam's options", opt) end
  local c, out = self.every / (self.every + 1), {}
  for k, v in pairs(opt) do out[k] = v end
  if out.lr then out.lr = check.number("lazy", 1, "lr", out.lr, 0) * c end
  for _, name in ipairs {"beta1", "beta2"} do
    if out[name] then out[name] = check.number("lazy", 1, name, out[name], 0, 1) ^ c end
  end
  return out
end

--- {t = calls so far, penalty = its state, if it has one}.
function Lazy:state()
  local out = state.state(self, {}, {"t"})
  if stateful(self.penalty) then out.penalty = self.penalty:state() end
  return out
end

--- Restores a state.
function Lazy:load(saved)
  if type(saved) ~= "table" then return check.expected("lazy", 1, "state", "a table", saved) end
  if stateful(self.penalty) then self.penalty:load(saved.penalty) end
  return state.load("lazy", self, {t = saved.t}, {}, {"t"})
end

--- lazy(p, k)(D, real, fake, y): k * p(D, real, fake, y) at the first call and every k-th after it, else a plain 0, which can be added to a loss
-- but, having no graph, not be given to grad: ask due() before the call where it stands alone.
-- Source: Karras et al. 2020, arXiv:1912.04958, app. B (k = 16 for R1).
-- @tparam table p a penalty, or a function f(D, real, fake, y) -> scalar
-- @tparam integer k >= 1
-- @treturn table callable, with due, turn, adam, state and load
return function(p, k)
  if not check.callable(p) then return check.expected("lazy", 1, "penalty", "a penalty or a function", p) end
  return setmetatable({penalty = p, every = check.int("lazy", 2, "k", k, 1), t = 0}, Lazy)
end
