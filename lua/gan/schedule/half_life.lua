--- The decay of a moving average that is given by its half-life in images, and may begin with a short one.
-- @module gan.schedule.half_life
local check = require "gan.check"

local option = check.option

--- Makes the schedule of an average's decay, for the field `decay` of gan.optim.ema.
--
--     0.5^(batch / h), h = min(images, ramp * images seen), images seen = step * batch
--
-- With a ramp it is 0 at step 0: the average is a copy. Without one it does not depend on the step.
-- Source: Karras et al. 2020, arXiv:2006.06676 (StyleGAN2-ADA: ramp 0.05).
-- @function gan.schedule.half_life
-- @tparam table opt
-- @tparam number opt.images  after so many an entry counts half, > 0
-- @tparam number opt.batch  images of an update, > 0
-- @tparam[opt] number opt.ramp  > 0; default: none
-- @treturn function  f(step) -> number in [0,1)
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options("schedule.half_life", opt, {
    images = option.number {required = true, above = 0}, batch = option.number {required = true, above = 0},
    ramp = option.number {above = 0},
  })
  return function(step)
    local h = opt.ramp and math.min(opt.images, opt.ramp * step * opt.batch) or opt.images
    return h > 0 and 0.5 ^ (opt.batch / h) or 0
  end
end
