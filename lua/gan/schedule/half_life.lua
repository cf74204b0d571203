--- The decay of a moving average that is given by its half-life in images, and may begin with a short one.
-- @module gan.schedule.half_life
local check = require "gan.check"

--- half_life {images = 500000, batch = 64, ramp = 0.05}: 0.5^(batch / h), h = min(images, ramp * images seen), images seen = step * batch:
-- for the field `decay` of optim.ema. At step 0 it is 0 with a ramp: the average is a copy. Without a ramp it does not depend on the step.
-- Source: Karras et al. 2020, arXiv:2006.06676 (StyleGAN2-ADA: ramp 0.05).
-- @tparam table opt images: after so many an entry counts half, > 0; batch: images of an update; ramp: > 0, or nil
return function(opt)
  opt = check.options("half_life", opt, {images = check.none, batch = check.none, ramp = check.none})
  for _, name in ipairs {"images", "batch", "ramp"} do
    if name ~= "ramp" or opt.ramp ~= nil then
      if check.number("half_life", 1, name, opt[name], 0) == 0 then return check.expected("half_life", 1, name, "a number > 0", 0) end
    end
  end
  return function(step)
    local h = opt.ramp and math.min(opt.images, opt.ramp * step * opt.batch) or opt.images
    return h > 0 and 0.5 ^ (opt.batch / h) or 0
  end
end
