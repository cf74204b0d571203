--- GAN-CLS: images from vectors of texts, for squares of 16, 32, 64 or 128 pixels: DCGAN with the text beside z, and in
-- D beside the features of 4 x 4 pixels.
-- Source: Reed et al. 2016, arXiv:1605.05396.  Differs: D has spectral norm in place of batch norm.
-- @module gan.model.gan_cls
local check = require "gan.check"
local nn = require "gan.nn"
local parts = require "gan.model.parts"

local option = check.option

local M = {}

local sizes = {[16] = true, [32] = true, [64] = true, [128] = true}

local function options(op, opt, known)
  known.size, known.channels = parts.size(32, "16, 32, 64 or 128", function(n) return sizes[n] end), parts.count(3)
  known.text, known.features = parts.count(128), parts.count(128)
  known.init, known.rng = parts.init "dcgan", option.stream {}
  return check.options(op, opt, known)
end

--- Makes G: z, standard normal, and vectors of texts to images. Called (z, e).
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  16, 32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=100] integer opt.z  Z
-- @tparam[opt=128] integer opt.text  T, numbers of a text's vector
-- @tparam[opt=128] integer opt.features  of a text, beside z
-- @tparam[opt=64] integer opt.ngf  width before the last layer
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt="dcgan"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: z (N,Z), real (N,T) -> images (N,size,size,channels) in (-1,1)
-- @raise if an option is unknown or out of range; names the sizes that it can make
function M.generator(opt)
  opt = options("model.gan_cls.generator", opt, {z = parts.count(100), ngf = parts.count(64)})
  local rng, width, all = opt.rng, opt.ngf * opt.size // 8, opt.z + opt.features
  local layers = {name = "G", input = {opt.z}, nn.text.concat {opt.text, opt.features, rng = rng}, nn.view {1, 1, all},
    nn.conv_transpose2d {all, width, kernel = 4, bias = false, rng = rng}}
  local function add(layer) layers[#layers + 1] = layer end
  while true do
    add(nn.batch_norm {width})
    add(nn.relu {})
    if width == opt.ngf then break end
    add(nn.conv_transpose2d {width, width // 2, kernel = 4, stride = 2, padding = 1, bias = false, rng = rng})
    width = width // 2
  end
  add(nn.conv_transpose2d {width, opt.channels, kernel = 4, stride = 2, padding = 1, rng = rng})
  add(nn.tanh {})
  return parts.draw(nn.chain(layers), opt)
end

--- Makes D: images and vectors of texts to logits. Called (x, e).
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  16, 32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=128] integer opt.text  T, numbers of a text's vector
-- @tparam[opt=128] integer opt.features  of a text, beside the image's
-- @tparam[opt=64] integer opt.ndf  width after the first layer
-- @tparam[opt="spectral"] string opt.norm  "spectral", "batch" or "none"
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt="dcgan"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: images (N,size,size,channels), real (N,T) -> logits (N)
-- @raise if an option is unknown or out of range; names the sizes that it can judge
function M.discriminator(opt)
  opt = options("model.gan_cls.discriminator", opt, {
    ndf = parts.count(64), norm = option.word {"spectral", "batch", "none", default = "spectral"},
  })
  local rng, width, before, last = opt.rng, opt.ndf, opt.channels, opt.ndf * opt.size // 8
  local layers = {name = "D", input = {opt.size, opt.size, opt.channels}}
  local function add(layer) layers[#layers + 1] = layer end
  while width <= last do
    local normed = opt.norm == "batch" and width > opt.ndf
    add(nn.conv2d {before, width, kernel = 4, stride = 2, padding = 1, bias = not normed, rng = rng})
    if normed then add(nn.batch_norm {width}) end
    add(nn.leaky_relu {slope = 0.2})
    parts.end_section(layers)
    before, width = width, 2 * width
  end
  add(nn.text.concat {opt.text, opt.features, rng = rng})
  add(nn.conv2d {before + opt.features, before, kernel = 1, rng = rng})
  add(nn.leaky_relu {slope = 0.2})
  add(nn.conv2d {before, 1, kernel = 4, rng = rng})
  add(nn.view {})
  local net = parts.draw(nn.chain(layers), opt)
  return opt.norm == "spectral" and nn.spectral(net, {rng = rng}) or net
end

return M
