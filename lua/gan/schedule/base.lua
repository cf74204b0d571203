--- Makes the schedules that go from one number to another.
-- @internal gan.schedule.base
local check = require "gan.check"

local option = check.option

local M = {}

--- Makes a schedule that goes from `from` to `to` between step `start` and step start + steps, and stays there.
-- @tparam string op  public name
-- @tparam table opt  the user's options
-- @tparam function shape  maps the way done, in [0,1], to the share of `to`
-- @treturn function  f(step) -> number
-- @raise naming what is wrong in opt
function M.between(op, opt, shape)
  opt = check.options(op, opt, {
    from = option.number {required = true}, to = option.number {default = 0},
    steps = option.integer {required = true, lo = 1}, start = option.number {default = 0},
  })
  return function(step)
    local s = shape(math.min(1, math.max(0, (step - opt.start) / opt.steps)))
    return (1 - s) * opt.from + s * opt.to
  end
end

return M
