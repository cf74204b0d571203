--- What schedules share: how far a step is between two.
-- @internal gan.schedule.base
local check = require "gan.check"

local M = {}

--- A schedule that goes from `from` to `to` between step `start` and step start + steps, and stays there; shape maps the way done, in [0,1], to
-- the share of `to`.
function M.between(op, opt, shape)
  opt = check.options(op, opt, {from = check.none, to = 0, steps = check.none, start = 0})
  for _, name in ipairs {"from", "to", "start"} do check.number(op, 1, name, opt[name]) end
  check.int(op, 1, "steps", opt.steps, 1)
  return function(step)
    local s = shape(math.min(1, math.max(0, (step - opt.start) / opt.steps)))
    return (1 - s) * opt.from + s * opt.to
  end
end

return M
