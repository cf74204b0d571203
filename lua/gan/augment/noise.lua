--- noise: adds white noise, a little to some pictures and more to others.
-- @module gan.augment.noise
local check = require "gan.check"
local draws = require "gan.augment.draws"
local kinds = require "gan.augment.kinds"
local pipeline = require "gan.augment.pipeline"

--- Makes a transform that adds normal numbers to every pixel and channel, with a deviation that is |n|, n normal.
-- Source: Karras et al. 2020, arXiv:2006.06676, appendix B.
-- @function gan.augment.noise
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=0.1] number opt.std  of n, >= 0; images lie in [-1,1]
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
return pipeline.transform {
  name = "noise", kind = kinds.noise, numbers = 4, options = {std = check.option.number {default = 0.1, lo = 0}},
  draw = function(self, u, i)
    local seed = draws.integer(u[i + 3], 1 << 24) << 24 | draws.integer(u[i + 4], 1 << 24)
    return {math.abs(self.std * draws.normal(u[i + 1], u[i + 2])), seed}
  end,
}
