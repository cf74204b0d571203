--- Zero-centred gradient penalty on real samples (R1).
-- @module gan.penalty.r1
local base = require "gan.penalty.base"

--- r1 {gamma = 10}(D, real): gamma / 2 * mean over samples of ||d D(x) / d x||^2, x real. D's output is the raw logit.
-- The gradient is in the samples as they are given: a D that augments them lets it pass through the augmentation.
-- r1:of(D(x), x) is the same of a pass that was made, x a tracked leaf: gan.game.loop takes it from its loss's own pass.
-- Source: Mescheder et al. 2018, arXiv:1801.04406, eq. 9. Differs from the authors' code, whose weight 10 has no factor 1/2.
-- StyleGAN2-ADA starts from gamma = 0.0002 H W / N.
-- @function gan.penalty.r1
return base.zero_centred("r1", "real")
