--- The zero-centred gradient penalty on generated images (R2).
-- @module gan.penalty.r2
local base = require "gan.penalty.base"

local R2 = base.zero_centred("penalty.r2", "fake")

--- Makes R2, called f(D, real, fake, y): it draws D's slope at generated images to 0.
--
--     gamma / 2 * mean over images of ||d D(x) / d x||^2, x fake
--
-- G gets no gradient from it; real may be nil. f:of(D(x), x) is as R1's.
-- Source: Mescheder et al. 2018, arXiv:1801.04406, sec. 4.1.
-- @function gan.penalty.r2
-- @tparam[opt] table opt
-- @tparam[opt=10] number|function opt.gamma  weight, >= 0, or f(step) -> one; a field
-- @tparam[opt=false] boolean opt.batch_norm  a D with batch norm is allowed
-- @treturn function  f(D, real, fake, y) -> scalar
-- @raise if an option is unknown or out of range
return function(opt) return base.new(R2, opt) end
