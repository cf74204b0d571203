--- What optimisers share: checked parameter lists, state tensors, saving and loading (gan.state).
-- @internal gan.optim.base
local core = require "gan.core"
local check = require "gan.check"
local state = require "gan.state"

local M = {}

--- Checks a list of real, contiguous tensors; returns a copy of the list.
function M.params(op, params)
  if type(params) ~= "table" then return check.expected(op, 1, "params", "a list of tensors", params) end
  local out = {}
  for i, p in ipairs(params) do
    check.real(op, 1, ("params[%d]"):format(i), p)
    if not core.is_contiguous(p) then return check.fail(op, "params[%d] %s is not contiguous", i, check.shape_string(core.shape(p))) end
    out[i] = p
  end
  if #out == 0 then return check.fail(op, "params is an empty list") end
  return out
end

--- Checks numeric options: ranges[name] = {lowest, highest}; {0, 1} excludes 1 (decay rates).
function M.numbers(op, opt, ranges)
  for name, range in pairs(ranges) do
    local v = check.number(op, 2, name, opt[name], range[1], range[2])
    if range[2] == 1 and v == 1 then return check.expected(op, 2, name, "a number in [0,1)", v) end
  end
end

--- Zeros of the shapes of params.
function M.zeros(params)
  local out = {}
  for i, p in ipairs(params) do out[i] = core.full(core.shape(p), 0) end
  return out
end

M.state, M.load = state.state, state.load

return M
