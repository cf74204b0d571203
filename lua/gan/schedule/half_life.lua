--- The decay of a moving average that is given by its half-life in images, and may begin with a short one.
-- @module gan.schedule.half_life
local check = require "gan.check"
local schedule = require "gan.schedule"

local option = check.option

--- Makes the schedule of an average's decay, for the field `decay` of gan.optim.ema.
--
--     0.5^(batch / h), h = min(images, ramp * images seen), images seen = step * batch
--
-- With a ramp it is 0 at step 0: the average is a copy. Without one it does not depend on the step, unless `images`
-- does.
-- Source: Karras et al. 2020, arXiv:2006.06676 (StyleGAN2-ADA: ramp 0.05).
-- @function gan.schedule.half_life
-- @tparam table opt
-- @tparam number|function opt.images  after so many an entry counts half, > 0; or a schedule of it, where a value that
--   is not > 0 makes the average a copy
-- @tparam number opt.batch  images of an update, > 0
-- @tparam[opt] number opt.ramp  > 0; default: none
-- @treturn function  f(step) -> number in [0,1)
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options("schedule.half_life", opt, {
    images = option.where {
      required = true, expected = "a number > 0 or a function (step) -> number",
      accept = function(v) return (check.callable(v) or type(v) == "number" and v > 0) and v or nil end,
    },
    batch = option.number {required = true, above = 0}, ramp = option.number {above = 0},
  })
  local images = schedule.check(opt.images, "schedule.half_life: option 'images'")
  return function(step)
    local h = images(step)
    if opt.ramp then h = math.min(h, opt.ramp * step * opt.batch) end
    return h > 0 and 0.5 ^ (opt.batch / h) or 0
  end
end
