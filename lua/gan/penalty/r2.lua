--- Zero-centred gradient penalty on generated samples (R2).
-- @module gan.penalty.r2
local base = require "gan.penalty.base"

--- r2 {gamma = 10}(D, real, fake): gamma / 2 * mean over samples of ||d D(x) / d x||^2, x fake (G gets no gradient from it); real may be nil.
-- r2:of(D(x), x): as r1's.
-- Source: Mescheder et al. 2018, arXiv:1801.04406, sec. 4.1.
-- @function gan.penalty.r2
return base.zero_centred("r2", "fake")
