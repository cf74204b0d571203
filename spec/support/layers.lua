-- The layers of spec/golden/make_layers.py with the weights and inputs that it draws.
local golden = require "spec.support.golden"

local M = {names = {"conv2d", "conv_transpose2d", "linear", "embedding"}}

--- Makes name -> {layer, input}, and the generator, which goes on from there.
-- @tparam table gan the library, float or double
function M.make(gan)
  local random, nn = golden.lcg(1), gan.nn
  local conv = nn.conv2d {2, 3, kernel = 3, padding = 1}
  local up = nn.conv_transpose2d {2, 3, kernel = 4, stride = 2, padding = 1}
  local linear, embedding = nn.linear {5, 3}, nn.embedding {4, 3}
  gan.no_grad(function()
    for _, layer in ipairs {conv, up, linear, embedding} do
      layer:kernel():copy_(random(gan, layer:kernel():shape()))
      if layer.bias then layer.bias:copy_(random(gan, layer.bias:shape())) end
    end
  end)
  return {
    conv2d = {conv, random(gan, {1, 4, 4, 2})}, conv_transpose2d = {up, random(gan, {1, 2, 2, 2})},
    linear = {linear, random(gan, {2, 5})}, embedding = {embedding, gan.tensor({2, 0, 2}, "i32")},
  }, random
end

return M
