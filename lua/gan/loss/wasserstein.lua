--- The Wasserstein adversarial loss (WGAN): D is a critic whose outputs have no bounds.
-- @module gan.loss.wasserstein
local check = require "gan.check"
local base = require "gan.loss.base"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local function down(x) return reduce.mean(x) end
local function up(x) return pointwise.neg(reduce.mean(x)) end

--- critic(real, fake) = mean fake - mean real, minimised: minus the estimate of the distance, if D is kept 1-Lipschitz (penalty.gradient,
-- penalty.clip, spectral normalisation). generator(fake) = -mean fake.
-- Source: Arjovsky et al. 2017, arXiv:1701.07875, alg. 1.
-- @treturn table critic, real, fake, generator: functions -> scalar
return function(opt)
  check.options("wasserstein", opt, {})
  return base.separable("wasserstein", up, down, up)
end
