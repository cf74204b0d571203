--- What a net's hidden layers make of images: the features that a perceptual loss compares.
-- @module gan.nn.stages
local core = require "gan.core"
local check = require "gan.check"
local activation = require "gan.nn.activation"
local chain = require("gan.nn.chain").chain
local label_concat = require("gan.nn.conditional").label_concat
local maxout = require("gan.nn.maxout").maxout
local module = require "gan.nn.module"
local walk = require "gan.nn.walk"

local M = {}

local activates = {[maxout] = true}
for _, class in pairs(activation) do activates[class] = true end

-- Tells whether a layer is a block: made of others, but for what normalises its own weight.
local function is_block(layer)
  if layer.weight or getmetatable(layer) == label_concat then return false end
  local inner = false
  walk.each(layer, function(kind) inner = inner or kind == "module" end)
  return inner
end

local function visit(net, x, y, out)
  local i, n = 1, #net
  while i <= n do
    local layer, after, both = net[i], net[i + 1], nil
    local is_module = module.is_module(layer)
    local slope = module.is_module(after) and after.rectifier and after:rectifier()
    if slope and is_module and layer.rectified then both = layer:rectified(x, slope, y) end -- as a chain does
    if is_module and getmetatable(layer) == chain then
      x = visit(layer, x, y, out)
    else
      x = both or (layer(x, y))
      local seen = both or is_module and (activates[getmetatable(layer)] or is_block(layer))
      if seen and core.dim(x) > 1 then out[#out + 1] = x end
    end
    i = i + (both and 2 or 1)
  end
  return x
end

--- Returns what the hidden layers of a chain make of x: the output of every activation and of every residual block,
-- in order. Chains inside are gone through; other nets inside count as one block.
-- @function gan.nn.stages
-- @tparam Module net  a chain, such as a discriminator of gan.model
-- @tparam Tensor x  (N,...), as the net is called with
-- @tparam[opt] Tensor y  of a conditional net: labels, i32 (N), or weights of classes, real (N,Y)
-- @treturn table  list of tensors (N,...), differentiable in x and in the weights
-- @raise if net is no chain, or has no such layer; what its layers raise
-- @usage local seen = gan.nn.stages(D, images)
function M.stages(net, x, y)
  if getmetatable(net) ~= chain then return check.expected("nn.stages", 1, "net", "a chain (gan.nn.chain)", net) end
  local out = {}
  visit(net, x, y, out)
  if #out == 0 then return check.fail("nn.stages", "the net has no activation and no residual block") end
  return out
end

return M
