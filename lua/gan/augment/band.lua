--- Transforms of frequency bands: each makes one of four bands of a picture stronger or weaker, in both directions.
-- Neighbours in a pipeline are one filter. It has 43 taps, and needs pictures of 22x22 pixels or more; borders mirror.
-- Source: Karras et al. 2020, arXiv:2006.06676, appendix B.
-- @module gan.augment.band
local check = require "gan.check"
local draws = require "gan.augment.draws"
local kinds = require "gan.augment.kinds"
local pipeline = require "gan.augment.pipeline"

local M = {}

local function band(i)
  return pipeline.transform {
    name = "band" .. i, kind = kinds.band, numbers = 2, options = {std = check.option.number {default = 1, lo = 0}},
    fits = kinds.fits_filter,
    draw = function(self, u, k) return {i, draws.factor(u[k + 1], u[k + 2], self.std)} end,
  }
end

--- Makes a transform that multiplies the lowest band, [0,pi/8], by 2^n, n normal, and scales all so that the power of a
-- usual picture stays.
-- @function gan.augment.band1
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.std  of the factor's binary logarithm, >= 0
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.band1 = band(1)

--- Makes a transform of the second band, [pi/8,pi/4], as `band1`.
-- @function gan.augment.band2
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.std  of the factor's binary logarithm, >= 0
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.band2 = band(2)

--- Makes a transform of the third band, [pi/4,pi/2], as `band1`.
-- @function gan.augment.band3
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.std  of the factor's binary logarithm, >= 0
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.band3 = band(3)

--- Makes a transform of the highest band, [pi/2,pi], as `band1`.
-- @function gan.augment.band4
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.std  of the factor's binary logarithm, >= 0
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.band4 = band(4)

return M
