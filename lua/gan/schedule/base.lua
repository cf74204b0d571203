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

--- Lists the options of a length, name -> kind: `steps`, or `images` and `batch`; and where it begins.
M.length = {
  steps = option.integer {lo = 1}, images = option.number {above = 0}, batch = option.number {above = 0},
  start = option.number {default = 0},
}

--- Returns a length in steps, not always whole.
-- @tparam string op  public name
-- @tparam table opt  options that were checked as `length` says
-- @treturn number
-- @raise if none is given, or two, or batch is missing
function M.span(op, opt)
  if not opt.images then
    if opt.batch then return check.fail(op, "option 'batch' goes with 'images'") end
    return M.length.steps:check(op, "steps", opt.steps)
  end
  if opt.steps then return check.fail(op, "options 'steps' and 'images': give one of them") end
  return opt.images / M.length.batch:check(op, "batch", opt.batch)
end

--- Makes a schedule that goes from `from` to `to` from step `start` on, over its length, and stays there.
-- @tparam string op  public name
-- @tparam table opt  the user's options
-- @tparam function shape  maps the way done, in [0,1], to the share of `to`
-- @treturn function  f(step) -> number
-- @raise naming what is wrong in opt
function M.between(op, opt, shape)
  local known = {from = option.number {required = true}, to = option.number {default = 0}, name = option.string {}}
  for name, kind in pairs(M.length) do known[name] = kind end
  opt = check.options(op, opt, known)
  local span = M.span(op, opt)
  return M.ending(function(step)
    local s = shape(math.min(1, math.max(0, (step - opt.start) / span)))
    return (1 - s) * opt.from + s * opt.to
  end, opt.start + span, opt.name)
end

return M
