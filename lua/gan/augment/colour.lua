--- Transforms of colour, of images with 1 or 3 channels. Neighbours in a pipeline are one matrix a picture, in their
-- order; grey gets what becomes of the mean of three equal channels.
-- Source of all: Karras et al. 2020, arXiv:2006.06676, appendix B.
-- @module gan.augment.colour
local check = require "gan.check"
local draws = require "gan.augment.draws"
local kinds = require "gan.augment.kinds"
local matrices = require "gan.augment.matrices"
local pipeline = require "gan.augment.pipeline"

local option = check.option

local M = {}

local function std(default) return {std = option.number {default = default, lo = 0}} end

--- Makes a transform that adds a normal number to all channels.
-- @function gan.augment.brightness
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=0.2] number opt.std  of the number, >= 0; images lie in [-1,1]
-- @treturn function  f(x, rng) -> x, real (N,H,W,C), C 1 or 3
-- @raise if p is out of range, or an option is unknown or wrong
M.brightness = pipeline.transform {
  name = "brightness", kind = kinds.colour, numbers = 2, options = std(0.2), fits = kinds.fits_colour,
  draw = function(self, u, i) return matrices.brightness(self.std * draws.normal(u[i + 1], u[i + 2])) end,
}

--- Makes a transform that multiplies all channels by 2^n, n normal: about 0, middle grey.
-- @function gan.augment.contrast
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=0.5] number opt.std  of the factor's binary logarithm, >= 0
-- @treturn function  f(x, rng) -> x, real (N,H,W,C), C 1 or 3
-- @raise if p is out of range, or an option is unknown or wrong
M.contrast = pipeline.transform {
  name = "contrast", kind = kinds.colour, numbers = 2, options = std(0.5), fits = kinds.fits_colour,
  draw = function(self, u, i) return matrices.contrast(draws.factor(u[i + 1], u[i + 2], self.std)) end,
}

--- Makes a transform that turns the lightness of a picture round and leaves its colours, or leaves all, with equal
-- chances: x - 2 mean(x), the mean over channels. Grey is negated.
-- @function gan.augment.luma_flip
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt  empty
-- @treturn function  f(x, rng) -> x, real (N,H,W,C), C 1 or 3
-- @raise if p is out of range, or an option is given
M.luma_flip = pipeline.transform {
  name = "luma_flip", kind = kinds.colour, numbers = 1, options = {}, fits = kinds.fits_colour,
  draw = function(_, u, i) return u[i + 1] < 0.5 and matrices.luma_flip() or nil end,
}

--- Makes a transform that turns colours about the axis of greys by any angle. Grey images stay.
-- @function gan.augment.hue
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=180] number opt.range  largest angle to either side, in degrees, 0..180
-- @treturn function  f(x, rng) -> x, real (N,H,W,C), C 1 or 3
-- @raise if p is out of range, or an option is unknown or wrong
M.hue = pipeline.transform {
  name = "hue", kind = kinds.colour, numbers = 1, options = {range = option.number {default = 180, lo = 0, hi = 180}},
  fits = kinds.fits_colour,
  draw = function(self, u, i, size)
    return size.C == 3 and matrices.hue(math.rad(draws.within(u[i + 1], self.range))) or nil
  end,
}

--- Makes a transform that multiplies the distance of colours from grey by 2^n, n normal. Grey images stay.
-- @function gan.augment.saturation
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.std  of the factor's binary logarithm, >= 0
-- @treturn function  f(x, rng) -> x, real (N,H,W,C), C 1 or 3
-- @raise if p is out of range, or an option is unknown or wrong
M.saturation = pipeline.transform {
  name = "saturation", kind = kinds.colour, numbers = 2, options = std(1), fits = kinds.fits_colour,
  draw = function(self, u, i, size)
    return size.C == 3 and matrices.saturation(draws.factor(u[i + 1], u[i + 2], self.std)) or nil
  end,
}

return M
