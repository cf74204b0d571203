--- DCGAN: generator and discriminator for square images of 16, 32, 64 or 128 pixels.
-- Source: Radford et al. 2015, arXiv:1511.06434, with the 4x4 kernels and widths of the authors' later code: no convolution
-- has a bias, no batch norm at G's output and D's input.
local check = require "gan.check"
local nn = require "gan.nn"

local M = {}

local sizes = {[16] = true, [32] = true, [64] = true, [128] = true}

local function options(op, opt, known)
  known.size, known.channels, known.rng = 64, 3, check.none
  opt = check.options(op, opt, known)
  if not sizes[opt.size] then
    return check.fail(op, "option 'size': expected 16, 32, 64 or 128, got %s", check.found(opt.size))
  end
  if opt.channels ~= 1 and opt.channels ~= 3 then
    return check.fail(op, "option 'channels': expected 1 or 3, got %s", check.found(opt.channels))
  end
  for _, name in ipairs {"z", "ngf", "ndf"} do
    local v = opt[name]
    if v ~= nil then
      local n = type(v) == "number" and math.tointeger(v)
      if not n or n < 1 or n > 65536 then
        return check.fail(op, "option '%s': expected an integer in 1..65536, got %s", name, check.found(v))
      end
      opt[name] = n
    end
  end
  opt.size, opt.channels = math.tointeger(opt.size), math.tointeger(opt.channels)
  return opt
end

--- G: z (N,Z) or (N,1,1,Z), standard normal -> images (N,size,size,channels) in (-1,1).
-- @tparam table opt size = 64: 16, 32, 64 or 128; channels = 3: 1 or 3; z = 100: Z; ngf = 64: width before the last layer;
--   rng: stream of the starting values (default: gan's default stream)
-- @treturn Module a chain, in training mode, with DCGAN's starting values
-- @raise names the sizes that it can make
function M.generator(opt)
  opt = options("dcgan.generator", opt, {z = 100, ngf = 64})
  local rng, width = opt.rng, opt.ngf * opt.size // 8
  local layers = {
    name = "G", input = {opt.z},
    nn.view {1, 1, opt.z},
    nn.conv_transpose2d {opt.z, width, kernel = 4, bias = false, rng = rng},
    nn.batch_norm {width}, nn.relu {},
    -- state size: 4 x 4 x (ngf * size/8), for 64 pixels 4 x 4 x 512
  }
  local function add(layer) layers[#layers + 1] = layer end
  while width > opt.ngf do
    add(nn.conv_transpose2d {width, width // 2, kernel = 4, stride = 2, padding = 1, bias = false, rng = rng})
    width = width // 2
    add(nn.batch_norm {width})
    add(nn.relu {})
    -- state size, for 64 pixels: 8 x 8 x 256, 16 x 16 x 128, 32 x 32 x 64
  end
  add(nn.conv_transpose2d {width, opt.channels, kernel = 4, stride = 2, padding = 1, bias = false, rng = rng})
  add(nn.tanh {})
  -- state size: size x size x channels
  return nn.initial.dcgan(nn.chain(layers), {rng = rng})
end

--- D: images (N,size,size,channels) in [-1,1] -> logits (N), without a sigmoid.
-- @tparam table opt size, channels, rng: as for generator; ndf = 64: width after the first layer
-- @treturn Module a chain, in training mode, with DCGAN's starting values
function M.discriminator(opt)
  opt = options("dcgan.discriminator", opt, {ndf = 64})
  local rng, width = opt.rng, opt.ndf
  local layers = {
    name = "D", input = {opt.size, opt.size, opt.channels},
    nn.conv2d {opt.channels, width, kernel = 4, stride = 2, padding = 1, bias = false, rng = rng},
    nn.leaky_relu {slope = 0.2},
    -- state size: size/2 x size/2 x ndf, for 64 pixels 32 x 32 x 64
  }
  local function add(layer) layers[#layers + 1] = layer end
  while width < opt.ndf * opt.size // 8 do
    add(nn.conv2d {width, width * 2, kernel = 4, stride = 2, padding = 1, bias = false, rng = rng})
    width = width * 2
    add(nn.batch_norm {width})
    add(nn.leaky_relu {slope = 0.2})
    -- state size, for 64 pixels: 16 x 16 x 128, 8 x 8 x 256, 4 x 4 x 512
  end
  add(nn.conv2d {width, 1, kernel = 4, bias = false, rng = rng})
  add(nn.view {})
  -- state size: none, one logit per image
  return nn.initial.dcgan(nn.chain(layers), {rng = rng})
end

return M
