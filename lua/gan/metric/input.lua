--- What metrics check of their input and of their results.
-- @internal gan.metric.input
local core = require "gan.core"
local check = require "gan.check"

local M = {}

--- Checks that x is real (N,dim) of finite numbers (dim nil: any width of at least 1).
-- @raise names the first row that holds NaN or an infinity
function M.rows(op, i, name, x, dim)
  check.real(op, i, name, x, 2)
  local width = core.size(x, 2)
  if dim and width ~= dim then return check.expected(op, i, name, ("(N,%d)"):format(dim), x) end
  if width < 1 then return check.expected(op, i, name, "(N,D) with D >= 1", x) end
  local bad = core.bad_row(x)
  if bad then return check.fail(op, "bad argument #%d '%s' (row %d of %s holds NaN or an infinity)", i, name, bad, check.found(x)) end
  return x
end

--- Raises unless a set has enough rows.
-- @tparam string op name of the metric
-- @tparam string name of the option
-- @tparam integer n rows that it has
-- @tparam integer least rows that are needed
-- @tparam string why what needs them
function M.enough(op, name, n, least, why)
  if n < least then return check.fail(op, "%s needs at least %d rows in '%s', got %d", why, least, name, n) end
end

--- A metric's answer: its number, and the protocol with that number in it. Numbers must be finite: features so large that
-- their products overflow are an error.
function M.answer(protocol)
  for _, key in ipairs {"value", "deviation"} do
    local v = protocol[key]
    if v and (v ~= v or v == math.huge or v == -math.huge) then
      return check.fail(protocol.metric, "the features are too large: their products overflow")
    end
  end
  return protocol.value, protocol
end

--- A class of metrics that keep their fakes in a set, `fake`, with the method
--   add(features): appends what a feature network gave for generated images, real (N,D); returns the metric
function M.class()
  local class = {}
  class.__index = class
  function class:add(features)
    self.fake:add(features)
    return self
  end
  return class
end

--- Mean and population standard deviation of a list of numbers.
function M.spread(list)
  local mean, square = 0, 0
  for _, v in ipairs(list) do mean = mean + v / #list end
  for _, v in ipairs(list) do square = square + (v - mean) ^ 2 / #list end
  return mean, math.sqrt(square)
end

return M
