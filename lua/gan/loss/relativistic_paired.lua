--- The relativistic loss in pairs (RpGAN): D says how much more real a real image is than the one generated beside it.
-- @module gan.loss.relativistic_paired
local check = require "gan.check"
local relativistic = require "gan.loss.relativistic"

--- Makes the relativistic loss in pairs: gan.loss.relativistic with `average = false`. With gan.penalty.r1_r2 it is the
-- game of R3GAN. Batches of unequal size raise.
-- Source: Jolicoeur-Martineau 2018, arXiv:1807.00734, sec. 4.1; Huang et al. 2024, arXiv:2501.05441, eq. 2.
-- @function gan.loss.relativistic_paired
-- @tparam[opt] table opt  empty
-- @treturn table  `critic`, `generator`: functions of logits of any shape -> scalar, nats
-- @raise if an option is given
return function(opt)
  check.options("loss.relativistic_paired", opt, {})
  return relativistic {average = false}
end
