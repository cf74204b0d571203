--- Checks what metrics are given, and what they answer.
-- @internal gan.metric.input
local core = require "gan.core"
local check = require "gan.check"

local M = {}

--- Checks that an argument is real (N,dim) of finite numbers.
-- @tparam string op
-- @tparam integer i  place of the argument
-- @tparam string name
-- @tparam Tensor x  real (N,D), finite
-- @tparam[opt] integer dim  D; default: any width of at least 1
-- @treturn Tensor  x, (N,D)
-- @raise naming the first row that holds NaN or an infinity
function M.rows(op, i, name, x, dim)
  check.real(op, i, name, x, 2)
  local width = core.size(x, 2)
  if dim and width ~= dim then return check.expected(op, i, name, ("(N,%d)"):format(dim), x) end
  if width < 1 then return check.expected(op, i, name, "(N,D) with D >= 1", x) end
  local bad = core.bad_row(x)
  if bad then
    return check.fail(op, "bad argument #%d '%s' (row %d of %s holds NaN or an infinity)", i, name, bad, check.found(x))
  end
  return x
end

--- Raises unless a set has enough rows.
-- @tparam string op  name of the metric
-- @tparam string name  of the option
-- @tparam integer n  rows that it has
-- @tparam integer least  rows that are needed
-- @tparam string why  what needs them
-- @raise if n < least
function M.enough(op, name, n, least, why)
  if n < least then
    return check.fail(op, "%s needs at least %s in '%s', got %d", why, check.count(least, "row"), name, n)
  end
end

--- Returns a metric's answer: its number, and the protocol with that number in it.
-- @tparam table protocol  with `metric` and `value`
-- @treturn number
-- @treturn table  protocol
-- @raise if value or deviation is not finite: features so large that their products overflow
function M.answer(protocol)
  for _, key in ipairs {"value", "deviation"} do
    local v = protocol[key]
    if v and (v ~= v or v == math.huge or v == -math.huge) then
      return check.fail("metric." .. protocol.metric, "the features are too large: their products overflow")
    end
  end
  return protocol.value, protocol
end

--- Makes a class of metrics that keep their fakes in a set, the field `fake`. Cannot fail.
-- @treturn table
function M.class()
  local class = {}
  class.__index = class

  --- Takes in what a feature network gave for generated images.
  -- @function Metric:add
  -- @tparam Tensor features  real (N,D), finite; D as in the first batch
  -- @treturn table  the metric
  -- @raise naming a row that holds NaN or an infinity
  function class:add(features)
    self.fake:add(features)
    return self
  end

  return class
end

--- Returns mean and population standard deviation of a list of numbers. Cannot fail.
-- @tparam table list  numbers, at least one
-- @treturn number  mean
-- @treturn number  deviation
function M.spread(list)
  local mean, square = 0, 0
  for _, v in ipairs(list) do mean = mean + v / #list end
  for _, v in ipairs(list) do square = square + (v - mean) ^ 2 / #list end
  return mean, math.sqrt(square)
end

return M
