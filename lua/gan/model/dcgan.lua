--- DCGAN: generator and discriminator for square images of 16, 32, 64 or 128 pixels, and its variants.
-- Source: Radford et al. 2015, arXiv:1511.06434, with the 4x4 kernels and widths of the authors' later code: no
-- convolution in front of a norm has a bias, no norm at G's output and D's input.
-- @module gan.model.dcgan
local option = require("gan.check").option
local nn = require "gan.nn"
local parts = require "gan.model.parts"

local M = {}

local sizes = {[16] = true, [32] = true, [64] = true, [128] = true}

local function options(op, opt, known)
  known.size = parts.size(64, "16, 32, 64 or 128", function(n) return sizes[n] end)
  known.channels, known.init, known.conditioning = parts.count(3), parts.init "dcgan", parts.conditioning "concat"
  known.slope, known.dropout = parts.positive(0.2), parts.probability(0)
  known.reference, known.reference_labels = option.tensor {}, option.tensor {dtype = "i32", dim = 1}
  opt = parts.options(op, opt, known)
  opt.bias = opt.norm == "spectral" or opt.norm == "none" -- a norm would take it away again
  return opt
end

--- Makes G: z, standard normal, also as (N,1,1,Z), to images.
-- @tparam[opt] table opt
-- @tparam[opt=64] integer opt.size  16, 32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=100] integer opt.z  Z
-- @tparam[opt=64] integer opt.ngf  width before the last layer
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="concat"] string opt.conditioning  "concat", "projection" or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt="batch"] string opt.norm  or "layer", "instance", "none", "virtual"
-- @tparam[opt] Tensor opt.reference  (N,Z), for norm "virtual" (default: 64 z from the stream)
-- @tparam[opt] Tensor opt.reference_labels  i32 (N), those of the reference
-- @tparam[opt="relu"] string opt.activation  the name of an activation layer
-- @tparam[opt=0.2] number opt.slope  that of leaky_relu
-- @tparam[opt=0] number opt.dropout  probability behind the hidden activations, also when drawing
-- @tparam[opt="dcgan"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain (norm = "virtual": in nn.virtual_batch): z (N,Z) -> images (N,size,size,channels) in (-1,1)
-- @raise if an option is unknown or out of range; names the sizes that it can make
function M.generator(opt)
  local op = "model.dcgan.generator"
  opt = options(op, opt, {
    z = parts.count(100), ngf = parts.count(64), activation = parts.activations "relu",
    norm = option.word {"batch", "layer", "instance", "virtual", "none", default = "batch"},
  })
  local rng, width, classes = opt.rng, opt.ngf * opt.size // 8, parts.norm_classes(op, opt)
  local layers = {name = "G", input = {opt.z}}
  local function add(layer) layers[#layers + 1] = layer end
  local function stage()
    add(parts.norm(opt, width, classes))
    add(parts.activation(opt))
    if opt.dropout > 0 then add(nn.dropout {p = opt.dropout, always = true}) end
  end
  local label, z = parts.labelled(opt, opt.z)
  add(label)
  add(nn.view {1, 1, z})
  add(nn.conv_transpose2d {z, width, kernel = 4, bias = opt.bias, rng = rng})
  stage()
  -- state size: 4 x 4 x (ngf * size/8), for 64 pixels 4 x 4 x 512
  while width > opt.ngf do
    add(nn.conv_transpose2d {width, width // 2, kernel = 4, stride = 2, padding = 1, bias = opt.bias, rng = rng})
    width = width // 2
    stage()
    -- state size, for 64 pixels: 8 x 8 x 256, 16 x 16 x 128, 32 x 32 x 64
  end
  add(nn.conv_transpose2d {width, opt.channels, kernel = 4, stride = 2, padding = 1, bias = opt.bias, rng = rng})
  add(nn.tanh {})
  -- state size: size x size x channels
  return parts.finish(op, opt, nn.chain(layers), parts.reference_z(opt))
end

--- Makes D: images in [-1,1] to logits, without a sigmoid.
-- With conditioning = "acgan" it returns class logits (N,Y), too.
-- @tparam[opt] table opt
-- @tparam[opt=64] integer opt.size  16, 32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=1] integer opt.pack  images that are judged together, behind each other in the channels: see gan.pack
-- @tparam[opt=64] integer opt.ndf  width after the first layer
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="concat"] string opt.conditioning  "concat", "projection" or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt="batch"] string opt.norm  or "layer", "instance", "none", "virtual", "spectral" (of every weight)
-- @tparam[opt] Tensor opt.reference  (N,size,size,channels), real images, for norm "virtual"
-- @tparam[opt] Tensor opt.reference_labels  i32 (N), those of the reference
-- @tparam[opt="leaky_relu"] string opt.activation  the name of an activation layer
-- @tparam[opt=0.2] number opt.slope  that of leaky_relu
-- @tparam[opt] string opt.minibatch  "discrimination" or "stddev", at 4 x 4 pixels (default: none)
-- @tparam[opt=100] integer opt.kernels  of minibatch discrimination
-- @tparam[opt=5] integer opt.dims  of minibatch discrimination
-- @tparam[opt=0] number opt.noise  deviation of instance noise at the input
-- @tparam[opt=0] number opt.dropout  probability behind the hidden activations
-- @tparam[opt="dcgan"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: images (N,size,size,channels) -> logits (N); a section is what halves the picture
-- @raise if an option is unknown or out of range; names the sizes that it can judge
function M.discriminator(opt)
  local op = "model.dcgan.discriminator"
  opt = options(op, opt, parts.of_discriminator {
    ndf = parts.count(64), activation = parts.activations "leaky_relu", noise = parts.positive(0),
    norm = option.word {"batch", "layer", "instance", "virtual", "spectral", "none", default = "batch"},
  })
  local rng, width, seen = opt.rng, opt.ndf, opt.channels * opt.pack
  local layers = {name = "D", input = {opt.size, opt.size, seen}}
  local function add(layer) layers[#layers + 1] = layer end
  local function activate()
    add(parts.activation(opt))
    if opt.dropout > 0 then add(nn.dropout {p = opt.dropout}) end
  end
  if opt.noise > 0 then add(nn.noise {std = opt.noise}) end
  add(nn.conv2d {seen, width, kernel = 4, stride = 2, padding = 1, bias = opt.bias, rng = rng})
  activate()
  parts.end_section(layers)
  -- state size: size/2 x size/2 x ndf, for 64 pixels 32 x 32 x 64
  local last = opt.ndf * opt.size // 8
  while width < last do
    local before = width
    if opt.conditioning == "concat" and 2 * width == last then
      add(nn.label_concat {opt.classes})
      before = before + opt.classes
    end
    add(nn.conv2d {before, width * 2, kernel = 4, stride = 2, padding = 1, bias = opt.bias, rng = rng})
    width = width * 2
    add(parts.norm(opt, width))
    activate()
    parts.end_section(layers)
    -- state size, for 64 pixels: 16 x 16 x 128, 8 x 8 x 256, 4 x 4 x 512
  end
  width = parts.minibatch(add, opt, width)
  if opt.conditioning == "projection" then
    add(nn.global_pool {mode = "sum"})
    parts.head(add, opt, width)
  elseif opt.conditioning == "acgan" then
    add(nn.flatten {})
    parts.head(add, opt, 16 * width)
  else
    add(nn.conv2d {width, 1, kernel = 4, bias = opt.bias, rng = rng})
    add(nn.view {})
  end
  -- state size: none, one logit per image
  return parts.finish(op, opt, nn.chain(layers))
end

return M
