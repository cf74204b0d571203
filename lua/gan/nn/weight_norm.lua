--- Weight normalisation: length and direction of each output channel's weights as parameters of their own.
-- @module gan.nn.weight_norm
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local M = {}

-- The normaliser, which lies in the layer's field `norm`. Parameter gain (output channels).
local class = module.class "nn.weight_norm"

function class:init(layer)
  self.axis = layer.output_axis
  self.gain = module.parameter(core.full({core.size(layer.weight, self.axis)}, 1))
end

-- Sets the gain that leaves the weight as it is.
function class:start(weight)
  local axes = {}
  for i = 1, core.dim(weight) do if i ~= self.axis then axes[#axes + 1] = i end end
  core.copy_(self.gain, core.norm(weight, axes))
end

function class:forward(weight) return ops.weight_normalise(weight, self.gain, self.axis) end

function class.describe() return "weight norm" end

--- Makes a layer compute with gain v / |v|, v being its weight. |v| is the length for each output channel (for
-- embeddings: for each class; for conv_transpose2d with groups: for those at one place in all groups). The parameter
-- norm.gain starts as |v|, so that nothing changes at first.
-- Source: Salimans & Kingma 2016, arXiv:1602.07868, eq. 2.
-- @function gan.nn.weight_norm
-- @tparam Module layer  one with a weight of its own and `output_axis`, such as conv2d or linear
-- @tparam[opt] table opt  no option yet
-- @treturn Module  the layer
-- @raise if the layer has no weight of its own, names an axis that it lacks, or has a normaliser already
function M.weight_norm(layer, opt)
  check.options("nn.weight_norm", opt, {})
  return module.normalise("nn.weight_norm", layer, class)
end

return M
