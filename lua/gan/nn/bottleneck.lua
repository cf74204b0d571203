--- bottleneck: R3GAN's residual block, a 3x3 convolution in groups between two of 1x1.
-- @module gan.nn.bottleneck
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"
local chain = require("gan.nn.chain").chain
local conv2d = require("gan.nn.conv").conv2d
local leaky_relu = require("gan.nn.activation").leaky_relu

local option = check.option

local bottleneck = module.class "nn.bottleneck"

--- Makes a residual block that is wide inside: 1x1 convolution, leaky relu, 3x3 convolution in groups, leaky relu, 1x1
-- convolution; x itself is added. Field main, a chain. The last convolution has no bias. `nn.initial.fixup` starts it
-- as the identity.
-- Source: Huang et al. 2024, arXiv:2501.05441, sec. 4: an inverted bottleneck with as many channels in each group.
-- @function gan.nn.bottleneck
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam[opt=2] integer opt.expansion  times as many channels inside
-- @tparam[opt=16] integer opt.group  channels in a group, which divide those inside
-- @tparam[opt=0.2] number opt.slope  that of leaky_relu
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,C) -> (N,H,W,C)
-- @raise if an option is unknown or out of range
function bottleneck:init(opt)
  local op = self.label
  opt = check.options(op, opt, {
    expansion = option.integer {default = 2, lo = 1}, group = option.integer {default = 16, lo = 1},
    slope = option.number {default = 0.2}, rng = option.stream {},
  }, {"C"})
  local c, rng, group = opt[1], opt.rng, opt.group
  local inside = c * opt.expansion
  if inside % group ~= 0 then
    return check.fail(op, "option 'group': %d does not divide %d x %d = %d channels inside", group, opt.expansion, c,
      inside)
  end
  self.channels, self.group = c, group
  self.main = chain {
    conv2d {c, inside, kernel = 1, rng = rng},
    leaky_relu {slope = opt.slope},
    conv2d {inside, inside, kernel = 3, padding = 1, groups = inside // group, rng = rng},
    leaky_relu {slope = opt.slope},
    conv2d {inside, c, kernel = 1, bias = false, rng = rng},
  }
end

function bottleneck:forward(x)
  self:check_input(x, 4, self.channels)
  return ops.add(x, self.main(x))
end

function bottleneck:shape(s) return self.main:shape(self:check_shape(s, 4, self.channels)) end

function bottleneck:describe()
  return ("bottleneck %d, groups of %d%s"):format(self.channels, self.group, self.main[5]:describe_norm())
end

return {bottleneck = bottleneck}
