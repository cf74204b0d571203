--- linear: y = x W + b.
-- @module gan.nn.linear
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local initial = require "gan.nn.initial"
local module = require "gan.nn.module"

local option = check.option

local linear = module.class "nn.linear"
linear.output_axis = 2

--- Makes a fully connected layer: y = x W + b.
-- Fields weight (Di,Do) and bias (Do), both from U(-1/sqrt(Di), 1/sqrt(Di)).
-- @function gan.nn.linear
-- @tparam table opt
-- @tparam integer opt.1  Di
-- @tparam integer opt.2  Do
-- @tparam[opt=true] boolean opt.bias
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,...,Di) -> (N,...,Do)
-- @raise if an option is unknown or out of range
function linear:init(opt)
  opt = check.options("nn.linear", opt, {bias = option.boolean {default = true}, rng = option.stream {}}, {"Di", "Do"})
  self.weight = module.parameter(core.full(module.counted {opt[1], opt[2]}, 0))
  if opt.bias then self.bias = module.parameter(core.full({opt[2]}, 0)) end
  initial.default(self, {rng = opt.rng})
end

module.rectifies(linear, function(self, x, slope)
  local di, s = core.size(self.weight, 1), nil
  self:check_input(x, nil, di)
  if core.dim(x) > 2 then
    s = core.shape(x)
    x = ops.reshape(x, {core.numel(x) // di, di})
  end
  local y = module.biased(self, ops.matmul(x, self:used_weight()), slope)
  if s then
    s[#s] = core.size(y, 2)
    y = ops.reshape(y, s)
  end
  return y
end)

function linear:shape(s)
  self:check_shape(s, nil, core.size(self.weight, 1))
  local out = table.move(s, 1, #s, 1, {})
  out[#s] = core.size(self.weight, 2)
  return out
end

-- The weight as initialisers see it.
function linear:kernel() return self.weight end

function linear:describe()
  return ("linear %d -> %d%s%s"):format(core.size(self.weight, 1), core.size(self.weight, 2),
    self.bias and "" or ", no bias", self:describe_norm())
end

return {linear = linear}
