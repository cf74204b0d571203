--- Geometric transforms: flips, turns, shifts, sizes. Neighbours in a pipeline are one resampling, in their order.
--
-- Flips, quarter turns and shifts by whole pixels move pixels, and change none. All else is resampled with a wavelet's
-- low-pass filter (`gan.warp`), so that pictures get neither blurred nor jagged.
-- Source of all: Karras et al. 2020, arXiv:2006.06676, appendix B.
-- @module gan.augment.geometry
local check = require "gan.check"
local draws = require "gan.augment.draws"
local kinds = require "gan.augment.kinds"
local matrices = require "gan.augment.matrices"
local pipeline = require "gan.augment.pipeline"

local option = check.option

local function fill() return option.word {"reflect", "zero", default = "reflect"} end

local M = {}

--- Makes a transform that mirrors a picture left to right, or leaves it, with equal chances: p / 2 of all are mirrored.
-- At p = 1 it is what `--mirror` does to data.
-- @function gan.augment.xflip
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt  empty
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is given
M.xflip = pipeline.transform {
  name = "xflip", kind = kinds.map, numbers = 1, options = {},
  draw = function(_, u, i) return u[i + 1] < 0.5 and matrices.flip() or nil end,
}

--- Makes a transform that turns a picture by 0, 90, 180 or 270 degrees, with equal chances: 3/4 p of all are turned.
-- A quarter turn would change the shape of a picture that is not square: such pictures raise, or get half turns alone.
-- @function gan.augment.rotate90
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt="raise"] string opt.oblong  what pictures that are not square get: "raise", or "half": 0 or 180 degrees
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.rotate90 = pipeline.transform {
  name = "rotate90", kind = kinds.map, numbers = 1,
  options = {oblong = option.word {"raise", "half", default = "raise"}},
  fits = function(self, s)
    if s[2] == s[3] or self.oblong == "half" then return end
    return check.fail(self.op, "images %s are not square: a quarter turn would change their shape; "
      .. "{oblong = 'half'} turns by 180 degrees alone", check.shape_string(s))
  end,
  draw = function(_, u, i, size)
    local turn = draws.integer(u[i + 1], 4)
    if size.H ~= size.W then turn = turn // 2 * 2 end
    return turn > 0 and matrices.turn(turn) or nil
  end,
}

--- Makes a transform that shifts a picture by whole pixels.
-- @function gan.augment.translate
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=0.125] number opt.range  largest shift, of the width and of the height, in [0,1]
-- @tparam[opt="reflect"] string opt.fill  what lies beyond the border: "reflect", the picture mirrored, or "zero"
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.translate = pipeline.transform {
  name = "translate", kind = kinds.map, numbers = 2,
  options = {range = option.number {default = 0.125, lo = 0, hi = 1}, fill = fill()},
  draw = function(self, u, i, size)
    local across = draws.round(draws.within(u[i + 1], self.range) * size.W)
    local down = draws.round(draws.within(u[i + 2], self.range) * size.H)
    return matrices.shift(across, down)
  end,
}

--- Makes a transform that enlarges a picture about its centre by 2^n, n normal.
-- @function gan.augment.scale
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=0.2] number opt.std  of the factor's binary logarithm, >= 0
-- @tparam[opt="reflect"] string opt.fill  what lies beyond the border: "reflect", the picture mirrored, or "zero"
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.scale = pipeline.transform {
  name = "scale", kind = kinds.map, numbers = 2,
  options = {std = option.number {default = 0.2, lo = 0}, fill = fill()},
  draw = function(self, u, i)
    local s = draws.factor(u[i + 1], u[i + 2], self.std)
    return matrices.size(s, s)
  end,
}

--- Makes a transform that turns a picture about its centre by any angle.
-- A pipeline may turn more than once, as the presets do, before and after `anisotropic_scale`: with `of = 2` each of
-- two is taken with the probability 1 - sqrt(1 - p), so that p is that of any turn at all.
-- @function gan.augment.rotate
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=180] number opt.range  largest angle to either side, in degrees, 0..180
-- @tparam[opt=1] integer opt.of  how many rotations of a pipeline share p
-- @tparam[opt="reflect"] string opt.fill  what lies beyond the border: "reflect", the picture mirrored, or "zero"
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.rotate = pipeline.transform {
  name = "rotate", kind = kinds.map, numbers = 1,
  options = {
    range = option.number {default = 180, lo = 0, hi = 180}, of = option.integer {default = 1, lo = 1}, fill = fill(),
  },
  gate = function(self, p) return self.of == 1 and p or 1 - (1 - p) ^ (1 / self.of) end,
  draw = function(self, u, i) return matrices.rotation(math.rad(draws.within(u[i + 1], self.range))) end,
}

--- Makes a transform that enlarges a picture in one direction by 2^n, n normal, and makes it smaller by as much in the
-- other.
-- @function gan.augment.anisotropic_scale
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=0.2] number opt.std  of the factor's binary logarithm, >= 0
-- @tparam[opt="reflect"] string opt.fill  what lies beyond the border: "reflect", the picture mirrored, or "zero"
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.anisotropic_scale = pipeline.transform {
  name = "anisotropic_scale", kind = kinds.map, numbers = 2,
  options = {std = option.number {default = 0.2, lo = 0}, fill = fill()},
  draw = function(self, u, i)
    local s = draws.factor(u[i + 1], u[i + 2], self.std)
    return matrices.size(s, 1 / s)
  end,
}

--- Makes a transform that shifts a picture by any part of a pixel, and many.
-- @function gan.augment.fractional_translate
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=0.125] number opt.std  of the shift, of the width and of the height, >= 0
-- @tparam[opt="reflect"] string opt.fill  what lies beyond the border: "reflect", the picture mirrored, or "zero"
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
M.fractional_translate = pipeline.transform {
  name = "fractional_translate", kind = kinds.map, numbers = 4,
  options = {std = option.number {default = 0.125, lo = 0}, fill = fill()},
  draw = function(self, u, i, size)
    local across = self.std * draws.normal(u[i + 1], u[i + 2]) * size.W
    local down = self.std * draws.normal(u[i + 3], u[i + 4]) * size.H
    return matrices.shift(across, down)
  end,
}

return M
