--- The least squares adversarial loss (LSGAN).
-- @module gan.loss.least_squares
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.loss.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"

local option = check.option

--- Makes the least squares loss: the distances of D's outputs from three targets.
--
--     critic(real, fake) = 1/2 mean (real - b)^2 + 1/2 mean (fake - a)^2
--     generator(fake) = 1/2 mean (fake - c)^2
--
-- It decides half-way between a and b. With b - c = 1 and b - a = 2, such as (-1, 1, 0), G minimises a Pearson chi^2
-- divergence.
-- Source: Mao et al. 2017, arXiv:1611.04076, eq. 2; the defaults are the targets of its eq. 9.
-- @function gan.loss.least_squares
-- @tparam[opt] table opt
-- @tparam[opt=0] number opt.a  D's target of fakes
-- @tparam[opt=1] number opt.b  D's target of real images
-- @tparam[opt=1] number opt.c  what G wants D to say of fakes
-- @treturn table  `critic`, `real`, `fake`, `generator`: functions of logits of any shape -> scalar
-- @raise if an option is unknown or no number
return function(opt)
  opt = check.options("loss.least_squares", opt, {
    a = option.number {default = 0}, b = option.number {default = 1}, c = option.number {default = 1},
  })
  local function half(target)
    return function(x) return pointwise.mul(loss.mse_loss(x, target), 0.5) end
  end
  local from_middle = base.margins.from((opt.a + opt.b) / 2)
  return base.separable("loss.least_squares", half(opt.b), half(opt.a), half(opt.c),
    opt.b >= opt.a and from_middle or function(real) return core.mul(from_middle(real), -1) end)
end
