--- gan.nn: layers, their starting values, and `class` for layers of one's own. module.lua says what all layers share.
-- @module gan.nn
local check = require "gan.check"
local module = require "gan.nn.module"
local walk = require "gan.nn.walk"

local M = {
  class = module.class, is_module = walk.is_module, parameter = module.parameter, initial = require "gan.nn.initial",
}

-- The files of the room, each a table name -> class or function.
local files = {
  "activation", "attention", "chain", "conditional", "conv", "dropout", "embedding", "evaluate", "linear", "maxout",
  "minibatch", "noise", "norm", "pool", "residual", "shape", "spectral", "virtual", "weight_norm",
}

for _, file in ipairs(files) do
  for name, class in pairs(require("gan.nn." .. file)) do M[name] = class end
end

return check.room("gan.nn", M, {})
