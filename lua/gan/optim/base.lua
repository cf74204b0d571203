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

--- Returns a class of optimisers, with a first method. Cannot fail.
-- @tparam string op  name of its constructor
-- @tparam table known  its options, as for check.options
-- @treturn table
function M.class(op, known)
  local class = check.class("optimiser", op)
  class.__index = class

  --- Sets the fields that were given as functions, f(step), to their numbers of a step. gan.game.loop and run:steps
  -- call it before each step; they begin with the number of step 1.
  -- @function Optimiser:at
  -- @tparam integer step  from 1
  -- @tparam[opt=1] number scale  a factor on the step size
  -- @raise naming the field whose function returned what it must not be
  function class:at(step, scale) check.at(op, self, known, step, scale) end

  --- Returns an option, which is a field and may have been set since the optimiser was made, checked again.
  -- @function Optimiser:field
  -- @tparam string name  of a number
  -- @treturn number
  -- @raise as the constructor
  function class:field(name) return known[name].number:check(op, name, self[name]) end

  return class
end

--- Makes an object of a class of optimisers.
-- @tparam table class  what M.class gave
-- @tparam string op  as for M.class
-- @tparam table opt  options that were checked, and what the object has besides
-- @tparam table known  as for M.class
-- @treturn table  opt, with the class's methods
-- @raise naming an option whose function returned what it must not be
function M.new(class, op, opt, known) return setmetatable(check.vary(op, opt, known), class) end

M.state, M.load = state.state, state.load

return M
