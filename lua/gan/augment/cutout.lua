--- cutout: makes a box of a picture grey.
-- @module gan.augment.cutout
local check = require "gan.check"
local kinds = require "gan.augment.kinds"
local matrices = require "gan.augment.matrices"
local pipeline = require "gan.augment.pipeline"

--- Makes a transform that sets a box to 0, middle grey: its centre lies anywhere in the picture, and the border cuts it
-- off. A pixel is in it if its centre is.
-- Source: Karras et al. 2020, arXiv:2006.06676, appendix B; DeVries & Taylor 2017, arXiv:1708.04552.
-- @function gan.augment.cutout
-- @tparam[opt=1] number p  in [0,1]: how many pictures draw; a field
-- @tparam[opt] table opt
-- @tparam[opt=0.5] number opt.size  of the box, of the width and of the height, in [0,1]
-- @treturn function  f(x, rng) -> x, real (N,H,W,C)
-- @raise if p is out of range, or an option is unknown or wrong
return pipeline.transform {
  name = "cutout", kind = kinds.box, numbers = 2,
  options = {size = check.option.number {default = 0.5, lo = 0, hi = 1}},
  draw = function(self, u, i, size)
    local left, right = matrices.covered(u[i + 1], self.size, size.W)
    local top, bottom = matrices.covered(u[i + 2], self.size, size.H)
    return {left, right, top, bottom}
  end,
}
