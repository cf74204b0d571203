--- gan.nn: layers, their starting values, and `class` for layers of one's own. module.lua says what all layers share.
-- @module gan.nn
local check = require "gan.check"
local module = require "gan.nn.module"
local walk = require "gan.nn.walk"

local M = {
  class = module.class, is_module = walk.is_module, parameter = module.parameter, initial = require "gan.nn.initial",
  text = require "gan.nn.text",
}

-- The files of the room, each a table name -> class or function.
local files = {
  "activation", "adapted", "attention", "basis", "bottleneck", "chain", "conditional", "conv", "dropout",
  "embedding", "evaluate", "freeze", "linear", "map_concat", "maxout", "minibatch", "modulated", "noise", "norm",
  "pool", "recurrent", "resample", "residual", "shape", "spectral", "stages", "virtual", "weight_norm",
}

-- Returns true for a table of classes and functions by name; a class itself is none.
local function is_list(t)
  if type(t) ~= "table" or walk.is_class(t) then return false end
  for name, v in pairs(t) do
    if type(name) ~= "string" or not check.callable(v) then return false end
  end
  return next(t) ~= nil
end

for _, file in ipairs(files) do
  local list = require("gan.nn." .. file)
  if not is_list(list) then check.fail("gan.nn", "gan.nn.%s must return {name = class, ...}", file) end
  for name, class in pairs(list) do M[name] = class end
end

return check.room("gan.nn", M, {})
