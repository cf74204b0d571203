--- Activations as layers: nn.relu{}, nn.leaky_relu{slope = 0.2}, ... They have no parameters and keep the shape.
-- @module gan.nn.activation
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

local M = {}

-- Makes a layer that calls the op of the same name. `parameter`, an option with this default, is its second argument.
local function define(name, parameter, default)
  local class = module.class("nn." .. name)
  local f, op = ops[name], "nn." .. name
  function class:init(opt)
    if parameter then
      self[parameter] = check.options(op, opt, {[parameter] = option.number {default = default, lo = 0}})[parameter]
    else
      check.options(op, opt, {})
    end
  end
  if parameter then
    function class:forward(x) return f(x, self[parameter]) end
    function class:describe() return ("%s %g"):format(name, self[parameter]) end
  else
    function class.forward(_, x) return f(x) end
  end
  function class.shape(_, s) return s end
  M[name] = class
end

--- Makes a layer of the rectifier: max(x, 0).
-- @function gan.nn.relu
-- @tparam[opt] table opt  no option yet
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("relu")

--- Makes a layer of the leaky rectifier: x where x > 0, else slope x.
-- @function gan.nn.leaky_relu
-- @tparam[opt] table opt
-- @tparam[opt=0.2] number opt.slope  that of negative numbers, >= 0
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("leaky_relu", "slope", 0.2)

--- Makes a layer of the exponential linear unit: x where x > 0, else alpha (exp(x) - 1).
-- @function gan.nn.elu
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.alpha  >= 0
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("elu", "alpha", 1)

--- Makes a layer of the scaled exponential linear unit.
-- @function gan.nn.selu
-- @tparam[opt] table opt  no option yet
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("selu")

--- Makes a layer of x sigmoid(x).
-- @function gan.nn.swish
-- @tparam[opt] table opt  no option yet
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("swish")

--- Makes a layer of the Gaussian error linear unit.
-- @function gan.nn.gelu
-- @tparam[opt] table opt  no option yet
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("gelu")

--- Makes a layer of log(1 + exp(x)).
-- @function gan.nn.softplus
-- @tparam[opt] table opt  no option yet
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("softplus")

--- Makes a layer of 1 / (1 + exp(-x)).
-- @function gan.nn.sigmoid
-- @tparam[opt] table opt  no option yet
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("sigmoid")

--- Makes a layer of the hyperbolic tangent.
-- @function gan.nn.tanh
-- @tparam[opt] table opt  no option yet
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
define("tanh")

-- For chains: rectifier() is the slope for negative numbers, where the layer before can apply it in its own pass.
-- A layer that was given another forward has none.
local relu, leaky = M.relu.forward, M.leaky_relu.forward
function M.relu:rectifier() return self.forward == relu and 0 or nil end
function M.leaky_relu:rectifier() return self.forward == leaky and self.slope <= 1 and self.slope or nil end

return M
