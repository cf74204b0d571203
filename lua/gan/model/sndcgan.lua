--- SNDCGAN: the plain convolutional nets of the paper on spectral normalisation, for images of 16, 24, 32, ... 256
-- pixels. D's features are summed over the picture, as in PyTorch-StudioGAN, so that it has no layer for one size
-- only; its widths after each convolution are those of StudioGAN or those of compare_gan.
-- Source: Miyato et al. 2018, arXiv:1802.05957, table 3.
-- @module gan.model.sndcgan
local option = require("gan.check").option
local nn = require "gan.nn"
local parts = require "gan.model.parts"

local M = {}

-- ndf times so much, after each of the seven convolutions.
local plans = {
  studiogan = {1, 1, 2, 2, 4, 4, 8},
  compare_gan = {1, 2, 2, 4, 4, 8, 8},
}

local function fits(n) return n >= 16 and n <= 256 and n % 8 == 0 end

local function options(op, opt, known)
  known.size, known.channels = parts.size(32, "a multiple of 8 in 16..256", fits), parts.count(3)
  known.init, known.conditioning = parts.init "orthogonal", parts.conditioning "projection"
  return parts.options(op, opt, known)
end

--- Makes G: z, standard normal, to images.
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  a multiple of 8 in 16..256
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=128] integer opt.z  Z
-- @tparam[opt=64] integer opt.ngf  width before the last layer
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="projection"] string opt.conditioning  "concat", "projection" or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt="batch"] string opt.norm  or "none"
-- @tparam[opt=false] boolean opt.spectral  spectral normalisation of G's weights, too
-- @tparam[opt="orthogonal"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: z (N,Z) -> images (N,size,size,channels) in (-1,1)
-- @raise if an option is unknown or out of range; names the sizes that it can make
function M.generator(opt)
  local op = "model.sndcgan.generator"
  opt = options(op, opt, {
    z = parts.count(128), ngf = parts.count(64), norm = option.word {"batch", "none", default = "batch"},
    spectral = option.boolean {default = false},
  })
  local rng, width, s, classes = opt.rng, 8 * opt.ngf, opt.size // 8, parts.norm_classes(op, opt)
  local bias = opt.norm == "none"
  local layers = {name = "G", input = {opt.z}}
  local function add(layer) layers[#layers + 1] = layer end
  local function stage()
    add(parts.norm(opt, width, classes))
    add(nn.relu {})
  end
  local label, z = parts.labelled(opt, opt.z)
  add(label)
  add(nn.linear {z, s * s * width, bias = bias, rng = rng})
  add(nn.view {s, s, width})
  stage()
  -- state size: size/8 x size/8 x 8 ngf
  while width > opt.ngf do
    add(nn.conv_transpose2d {width, width // 2, kernel = 4, stride = 2, padding = 1, bias = bias, rng = rng})
    width = width // 2
    stage()
  end
  add(nn.conv2d {width, opt.channels, kernel = 3, padding = 1, rng = rng})
  add(nn.tanh {})
  return parts.finish(op, opt, nn.chain(layers))
end

--- Makes D: images in [-1,1] to logits. With conditioning = "acgan" it returns class logits (N,Y), too.
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  a multiple of 8 in 16..256
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=1] integer opt.pack  images that are judged together, behind each other in the channels: see gan.pack
-- @tparam[opt=64] integer opt.ndf  width of the first layer
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="projection"] string opt.conditioning  "concat", "projection" or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt="studiogan"] string opt.plan  widths 1 1 2 2 4 4 8 times ndf; "compare_gan": 1 2 2 4 4 8 8
-- @tparam[opt="spectral"] string opt.norm  of every weight; or "batch" (from convolution 2 on), "layer", "none"
-- @tparam[opt=0.1] number opt.slope  that of leaky_relu
-- @tparam[opt] string opt.minibatch  "discrimination" or "stddev", before the last layers (default: none)
-- @tparam[opt=100] integer opt.kernels  of minibatch discrimination
-- @tparam[opt=5] integer opt.dims  of minibatch discrimination
-- @tparam[opt="orthogonal"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: images (N,size,size,channels) -> logits (N); its 4 sections are the layers at one size
-- @raise if an option is unknown or out of range; names the sizes that it can judge
function M.discriminator(opt)
  local op = "model.sndcgan.discriminator"
  opt = options(op, opt, parts.of_discriminator {
    ndf = parts.count(64), plan = option.word {"studiogan", "compare_gan", default = "studiogan"},
    norm = option.word {"spectral", "batch", "layer", "none", default = "spectral"}, slope = parts.positive(0.1),
  })
  local rng, before = opt.rng, opt.channels * opt.pack
  local layers = {name = "D", input = {opt.size, opt.size, before}}
  local function add(layer) layers[#layers + 1] = layer end
  for i, times in ipairs(plans[opt.plan]) do
    local width, norm = times * opt.ndf, nil
    if opt.conditioning == "concat" and i == 7 then
      add(nn.label_concat {opt.classes})
      before = before + opt.classes
    end
    if i > 1 then norm = parts.norm(opt, width) end
    local halves = i % 2 == 0 -- 3x3, then 4x4 of stride 2, and so on
    add(nn.conv2d {
      before, width, kernel = halves and 4 or 3, stride = halves and 2 or 1, padding = 1, bias = norm == nil, rng = rng,
    })
    add(norm)
    add(nn.leaky_relu {slope = opt.slope})
    if halves or i == 7 then parts.end_section(layers) end
    before = width
  end
  -- state size: size/8 x size/8 x 8 ndf
  before = parts.minibatch(add, opt, before)
  add(nn.global_pool {mode = "sum"})
  parts.head(add, opt, before)
  return parts.finish(op, opt, nn.chain(layers))
end

return M
