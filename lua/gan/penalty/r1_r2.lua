--- R1 and R2 in one: the zero-centred gradient penalty on real and on generated images, with one gamma.
-- @module gan.penalty.r1_r2
local base = require "gan.penalty.base"
local pointwise = require "gan.ops.pointwise"

local NAME = "penalty.r1_r2"

local R1R2 = base.sloped(NAME, "both")

--- Returns the penalty of two passes of D that were made already.
-- @tparam Tensor on_real  (N,...), D's logits of real
-- @tparam Tensor real  (N,...), a tracked leaf
-- @tparam Tensor on_fake  (M,...), D's logits of fake
-- @tparam Tensor fake  (M,...), a tracked leaf
-- @treturn Tensor  scalar
-- @raise as r1's
function R1R2:of(on_real, real, on_fake, fake)
  local gamma = self:field "gamma"
  return pointwise.add(base.steepness(NAME, on_real, real, gamma), base.steepness(NAME, on_fake, fake, gamma))
end

function R1R2:term(D, real, fake, y)
  self:check_net(D)
  real, fake = base.leaf(base.batch(NAME, 2, "real", real)), base.leaf(base.batch(NAME, 3, "fake", fake))
  return self:of(base.logits(NAME, D, real, y), real, base.logits(NAME, D, fake, y), fake)
end

--- Makes R1 and R2 with one gamma, called f(D, real, fake, y).
--
--     gamma / 2 * (mean over real x of ||d D(x) / d x||^2 + mean over generated x of the same)
--
-- It is the sum of r1 and r2, one number in a run's records. f:of(D(real), real, D(fake), fake) is the same of passes
-- that were made, both images being tracked leaves: gan.game.loop takes it from its loss's own passes. G gets no
-- gradient. The paper has gamma from 0.05 (CIFAR-10) to 150 (256 pixels), falling to a tenth along a cosine, beside the
-- loss in pairs (gan.loss.relativistic_paired).
-- Source: Huang et al. 2024, arXiv:2501.05441, eq. 4.  Differs: none.
-- @function gan.penalty.r1_r2
-- @tparam[opt] table opt
-- @tparam[opt=10] number|function opt.gamma  weight, >= 0, or f(step) -> one; a field
-- @tparam[opt=false] boolean opt.batch_norm  a D with batch norm is allowed
-- @treturn function  f(D, real, fake, y) -> scalar
-- @raise if an option is unknown or out of range
return function(opt) return base.new(R1R2, opt) end
