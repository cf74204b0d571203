--- A schedule made of others, one after the other.
-- @module gan.schedule.piecewise
local check = require "gan.check"
local schedule = require "gan.schedule"

--- piecewise {{0, 2e-4}, {5000, 1e-4}, {9000, f}}: from step 0 the first, from step 5000 the second, ...; before the first entry the first.
-- @tparam table pieces list of {first step, number or schedule}, steps rising. A schedule gets the step of the whole, not of its piece.
return function(pieces)
  if type(pieces) ~= "table" or #pieces == 0 then return check.expected("piecewise", 1, "pieces", "a list of {step, schedule}", pieces) end
  local starts, parts = {}, {}
  for i, piece in ipairs(pieces) do
    if type(piece) ~= "table" or #piece ~= 2 then return check.expected("piecewise", 1, ("pieces[%d]"):format(i), "{step, schedule}", piece) end
    starts[i] = check.number("piecewise", 1, ("pieces[%d][1]"):format(i), piece[1])
    if i > 1 and starts[i] <= starts[i - 1] then return check.fail("piecewise", "pieces[%d] begins at step %g, not after %g", i, starts[i], starts[i - 1]) end
    parts[i] = schedule.check(piece[2], ("pieces[%d]"):format(i))
  end
  return function(step)
    local i = 1
    while starts[i + 1] and step >= starts[i + 1] do i = i + 1 end
    return parts[i](step)
  end
end
