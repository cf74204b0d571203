--- A schedule along half a cosine.
-- @module gan.schedule.cosine
local base = require "gan.schedule.base"

--- cosine {from = 2e-4, to = 0, steps = 100000, start = 0}: to + (from - to) (1 + cos(pi way)) / 2, way = (step - start) / steps within [0,1].
-- Source: Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, one period.
-- @tparam table opt from; to = 0; steps, >= 1; start = 0
return function(opt) return base.between("cosine", opt, function(way) return (1 - math.cos(math.pi * way)) / 2 end) end
