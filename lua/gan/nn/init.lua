--- gan.nn: layers, their starting values, and `class` for layers of one's own. See lua/gan/nn/module.lua for what layers share.
-- @module gan.nn
local module = require "gan.nn.module"

local M = {class = module.class, is_module = module.is_module, parameter = module.parameter, initial = require "gan.nn.initial"}

for _, file in ipairs {"chain", "linear", "conv", "norm", "activation", "embedding", "dropout", "shape", "pool", "maxout",
  "noise", "spectral", "weight_norm", "minibatch", "virtual", "conditional", "attention", "residual"} do
  for name, class in pairs(require("gan.nn." .. file)) do M[name] = class end
end

return M
