--- Makes the schedules that go from one number to another.
-- @internal gan.schedule.base
local check = require "gan.check"

local option = check.option

local M = {}

local ends = setmetatable({}, {__mode = "k"}) -- schedule -> {step =, name =}

--- Notes from which step on a schedule stays where it is: gan.schedule.ending. Cannot fail.
function M.ending(f, step, name)
  ends[f] = step and {step = step, name = name}
  return f
end

--- Returns what `ending` noted: the step, and the name of the option that sets it. Cannot fail.
-- @tparam number|function f  a schedule; a number stays from the start
-- @treturn number  nil where nothing was noted
-- @treturn string  or nil
function M.ends(f)
  if type(f) == "number" then return 0 end
  local e = ends[f]
  if e then return e.step, e.name end
end

--- Makes a schedule that goes from `from` to `to` between step `start` and step start + steps, and stays there.
-- @tparam string op  public name
-- @tparam table opt  the user's options
-- @tparam function shape  maps the way done, in [0,1], to the share of `to`
-- @treturn function  f(step) -> number
-- @raise naming what is wrong in opt
function M.between(op, opt, shape)
  opt = check.options(op, opt, {
    from = option.number {required = true}, to = option.number {default = 0},
    steps = option.integer {required = true, lo = 1}, start = option.number {default = 0}, name = option.string {},
  })
  return M.ending(function(step)
    local s = shape(math.min(1, math.max(0, (step - opt.start) / opt.steps)))
    return (1 - s) * opt.from + s * opt.to
  end, opt.start + opt.steps, opt.name)
end

return M
