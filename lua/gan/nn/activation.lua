--- Activations as layers: nn.relu{}, nn.leaky_relu{slope = 0.2}, ... They have no parameters and keep the shape.
-- @module gan.nn.activation
local check = require "gan.check"
local ops = require "gan.ops"
local checks = require "gan.nn.checks"
local module = require "gan.nn.module"

local M = {}

-- A layer that calls the op of the same name; `parameter` is the op's second argument, an option with this default.
local function define(name, parameter, default)
  local class = module.class("nn." .. name)
  local f, op = ops[name], "nn." .. name
  function class:init(opt)
    if parameter then
      opt = check.options(op, opt, {[parameter] = default})
      self[parameter] = checks.number(op, parameter, opt[parameter], 0)
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

define("relu")
define("leaky_relu", "slope", 0.2)
define("elu", "alpha", 1)
define("selu")
define("swish")
define("gelu")
define("softplus")
define("sigmoid")
define("tanh")

-- For chains: the slope for negative numbers of a layer that the one before it can apply. Not of a user's layer with a forward of its own.
local relu, leaky = M.relu.forward, M.leaky_relu.forward
function M.relu:rectifier() return self.forward == relu and 0 or nil end
function M.leaky_relu:rectifier() return self.forward == leaky and self.slope <= 1 and self.slope or nil end

return M
