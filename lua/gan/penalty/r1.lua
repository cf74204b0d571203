--- The zero-centred gradient penalty on real images (R1).
-- @module gan.penalty.r1
local base = require "gan.penalty.base"

local R1 = base.zero_centred("penalty.r1", "real")

--- Makes R1, called f(D, real, fake, y): it draws D's slope at real images to 0.
--
--     gamma / 2 * mean over images of ||d D(x) / d x||^2, x real
--
-- D's output is the raw logit. The gradient is in the images as they are given: a D that augments them lets it pass
-- through the augmentation. f:of(D(x), x) is the same of a pass that was made, x being a tracked leaf: gan.game.loop
-- takes it from its loss's own pass. StyleGAN2-ADA starts from gamma = 0.0002 H W / N.
-- Source: Mescheder et al. 2018, arXiv:1801.04406, eq. 9.
-- Differs: the authors' code has no factor 1/2 at its weight 10.
-- @function gan.penalty.r1
-- @tparam[opt] table opt
-- @tparam[opt=10] number|function opt.gamma  weight, >= 0, or f(step) -> one; a field
-- @tparam[opt=false] boolean opt.batch_norm  a D with batch norm is allowed
-- @treturn function  f(D, real, fake, y) -> scalar
-- @raise if an option is unknown or out of range
return function(opt) return base.new(R1, opt) end
