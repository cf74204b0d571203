--- A schedule along half a cosine.
-- @module gan.schedule.cosine
local base = require "gan.schedule.base"

--- Makes a schedule along half a cosine.
--
--     to + (from - to) (1 + cos(pi way)) / 2, way = (step - start) / steps, brought into [0,1]
--
-- Source: Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, one period.
-- @function gan.schedule.cosine
-- @tparam table opt
-- @tparam number opt.from  its value up to step `start`
-- @tparam[opt=0] number opt.to  its value from step start + steps on
-- @tparam[opt] integer opt.steps  >= 1; or
-- @tparam[opt] number opt.images  real images shown over which it goes, > 0, with
-- @tparam[opt] number opt.batch  images shown in a step, > 0: steps = images / batch, not always whole
-- @tparam[opt=0] number opt.start  a step; 1: the first step of all, before which no image was shown
-- @tparam[opt] string opt.name  of the option that sets `steps`, such as "--decay", for runs that are longer
-- @treturn function  f(step) -> number
-- @raise if an option is unknown, missing or out of range
return function(opt)
  return base.between("schedule.cosine", opt, function(way) return (1 - math.cos(math.pi * way)) / 2 end)
end
