--- A schedule made of others, one after the other.
-- @module gan.schedule.piecewise
local base = require "gan.schedule.base"
local check = require "gan.check"
local schedule = require "gan.schedule"

local NAME = "schedule.piecewise"

--- Makes a schedule of pieces, each of which begins at its first step. Before the first of all, the first counts.
-- A schedule gets the step of the whole, not of its piece.
-- @function gan.schedule.piecewise
-- @tparam table pieces  list of {first step, number or schedule}, steps rising
-- @treturn function  f(step) -> number
-- @raise naming the piece that is none, or does not begin after the one before it
-- @usage gan.schedule.piecewise {{0, 2e-4}, {5000, 1e-4}, {9000, f}}
return function(pieces)
  if type(pieces) ~= "table" or #pieces == 0 then
    return check.expected(NAME, 1, "pieces", "a list of {step, schedule}", pieces)
  end
  local starts, parts = {}, {}
  for i, piece in ipairs(pieces) do
    local name = ("pieces[%d]"):format(i)
    if type(piece) ~= "table" or #piece ~= 2 then return check.expected(NAME, 1, name, "{step, schedule}", piece) end
    starts[i] = check.number(NAME, 1, name .. "[1]", piece[1])
    if i > 1 and starts[i] <= starts[i - 1] then
      return check.fail(NAME, "%s begins at step %g, not after %g", name, starts[i], starts[i - 1])
    end
    parts[i] = schedule.check(piece[2], name)
  end
  local last, name = base.ends(parts[#parts])
  return base.ending(function(step)
    local i = 1
    while starts[i + 1] and step >= starts[i + 1] do i = i + 1 end
    return parts[i](step)
  end, last and math.max(last, starts[#starts]), name)
end
