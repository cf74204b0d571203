--- The least squares adversarial loss (LSGAN).
-- @module gan.loss.least_squares
local check = require "gan.check"
local base = require "gan.loss.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

--- Distances of D's outputs from the targets a (fake), b (real) and c (what G wants D to say of fakes):
--   critic(real, fake) = 1/2 mean (real - b)^2 + 1/2 mean (fake - a)^2
--   generator(fake) = 1/2 mean (fake - c)^2
-- With b - c = 1 and b - a = 2, e.g. (-1, 1, 0), G minimises a Pearson chi^2 divergence.
-- Source: Mao et al. 2017, arXiv:1611.04076, eq. 2; the defaults are the targets of its eq. 9.
-- @tparam[opt] table opt a = 0, b = 1, c = 1
-- @treturn table critic, real, fake, generator: functions -> scalar
return function(opt)
  opt = check.options("least_squares", opt, {a = 0, b = 1, c = 1})
  for _, name in ipairs {"a", "b", "c"} do check.number("least_squares", 1, name, opt[name]) end
  local function half(target)
    return function(x) return pointwise.mul(loss.mse_loss(x, target), 0.5) end
  end
  return base.separable("least_squares", half(opt.b), half(opt.a), half(opt.c))
end
