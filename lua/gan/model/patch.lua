--- The patch critic: convolutions that judge overlapping patches of an image beside its condition.
-- @internal gan.model.patch
local check = require "gan.check"
local nn = require "gan.nn"

local M = {}

--- Returns the smallest side of an image that the critic can judge.
-- @tparam integer layers  how many convolutions halve the image
-- @treturn integer
function M.least(layers) return 3 << layers end

--- Returns how many logits it makes of an image.
-- @tparam integer size  the image's side
-- @tparam integer layers  how many convolutions halve it
-- @treturn integer
function M.count(size, layers)
  local side = (size >> layers) - 2
  return side * side
end

--- Makes a patch critic: 4x4 convolutions, of which `layers` halve the image; logits (N,Ho,Wo). Its receptive field is
-- 16, 34 or 70 pixels for 1, 2 or 3 of them. The first and the last convolution have no norm.
-- @tparam string op  who asks
-- @tparam table opt  size, maps (channels of the condition), channels, ndf, layers, norm, rng
-- @treturn Module  a chain, called (x, y): images (N,H,W,channels) and a map as nn.map_concat takes it
-- @raise if the image is too small
function M.critic(op, opt)
  if opt.size < M.least(opt.layers) then
    return check.fail(op, "option 'layers': %d of them need images of at least %d pixels, got %d", opt.layers,
      M.least(opt.layers), opt.size)
  end
  local width, before = opt.ndf, opt.maps + opt.channels
  local layers = {name = "D", input = {opt.size, opt.size, opt.channels}, nn.map_concat {opt.maps}}
  local function add(layer) layers[#layers + 1] = layer end
  for i = 1, opt.layers + 1 do
    local normed = i > 1 and (opt.norm == "batch" or opt.norm == "instance")
    add(nn.conv2d {before, width, kernel = 4, stride = i <= opt.layers and 2 or 1, padding = 1,
      bias = not (normed and opt.norm == "batch"), rng = opt.rng})
    if normed then add(opt.norm == "batch" and nn.batch_norm {width} or nn.instance_norm {width}) end
    add(nn.leaky_relu {slope = 0.2})
    before, width = width, math.min(2 * width, 8 * opt.ndf)
  end
  add(nn.conv2d {before, 1, kernel = 4, padding = 1, rng = opt.rng})
  return nn.chain(layers)
end

return M
