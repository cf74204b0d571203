--- The Wasserstein adversarial loss (WGAN): D is a critic whose outputs have no bounds.
-- @module gan.loss.wasserstein
local check = require "gan.check"
local base = require "gan.loss.base"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local function down(x) return reduce.mean(x) end
local function up(x) return pointwise.neg(reduce.mean(x)) end

--- Makes the Wasserstein loss.
--
--     critic(real, fake) = mean fake - mean real
--     generator(fake) = -mean fake
--
-- Minus the critic's loss estimates the distance, as long as D is kept 1-Lipschitz: by gan.penalty.gradient,
-- gan.penalty.clip or spectral normalisation.
-- Source: Arjovsky et al. 2017, arXiv:1701.07875, alg. 1.
-- @function gan.loss.wasserstein
-- @tparam[opt] table opt  empty
-- @treturn table  `critic`, `real`, `fake`, `generator`: functions of logits of any shape -> scalar
-- @raise if an option is given
return function(opt)
  check.options("loss.wasserstein", opt, {})
  return base.separable("loss.wasserstein", up, down, up, base.margins.between)
end
