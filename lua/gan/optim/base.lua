--- Provides what optimisers share: checked parameter lists, state tensors, saving and loading (gan.state).
-- @internal gan.optim.base
local core = require "gan.core"
local check = require "gan.check"
local state = require "gan.state"

local M = {}

--- Checks a list of real, contiguous tensors, argument 1.
-- @tparam string op
-- @tparam table params
-- @treturn table  a copy of the list
-- @raise naming the entry that is none, or if there is none
function M.params(op, params)
  if type(params) ~= "table" or params.params then
    return check.expected(op, 1, "params", "a list of tensors, such as net:params()", params)
  end
  local out = {}
  for i, p in ipairs(params) do
    check.real(op, 1, ("params[%d]"):format(i), p)
    if not core.is_contiguous(p) then
      return check.fail(op, "params[%d] %s is not contiguous", i, check.shape_string(core.shape(p)))
    end
    out[i] = p
  end
  if #out == 0 then return check.fail(op, "params is an empty list") end
  return out
end

--- Returns zeros of the shapes of params.
-- @tparam table params  list of tensors
-- @treturn table  list of new tensors. Cannot fail.
function M.zeros(params)
  local out = {}
  for i, p in ipairs(params) do out[i] = core.full(core.shape(p), 0) end
  return out
end

--- Returns a class of optimisers, without methods yet. Cannot fail.
-- @tparam string op  name of its constructor
-- @treturn table
function M.class(op)
  local class = check.class("optimiser", op)
  class.__index = class
  return class
end

M.state, M.load = state.state, state.load

return M
