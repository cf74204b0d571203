--- SNGAN's residual networks for square images of 32 or 64 pixels.
-- Source: Miyato et al. 2018, arXiv:1802.05957, tables 4 and 5; conditional, Miyato & Koyama 2018, arXiv:1802.05637.
-- The widths at 64 pixels are those in common use: they double from 64 to 1024.
-- @module gan.model.sngan_resnet
local check = require "gan.check"
local nn = require "gan.nn"
local parts = require "gan.model.parts"

local option = check.option

local M = {}

-- Xavier's uniform distribution, with a gain of sqrt 2 inside the blocks, as in the authors' code.
local function draw(net, rng)
  nn.initial.xavier_uniform(net, {rng = rng})
  net:apply(function(layer)
    if layer.main and layer.kind:find "^residual" then
      nn.initial.xavier_uniform(layer.main, {gain = math.sqrt(2), rng = rng})
    end
  end)
end

local attention = option.word {8, 16, 32, expected = "8, 16 or 32 pixels, less than the size"}

local function options(op, opt, known)
  known.size = parts.size(32, "32 or 64", function(n) return n == 32 or n == 64 end)
  known.channels, known.init, known.conditioning = parts.count(3), parts.init(draw), parts.conditioning "projection"
  known.attention = attention
  opt = parts.options(op, opt, known)
  if opt.attention and opt.attention >= opt.size then
    return check.fail(op, "option 'attention': expected %s, got %d", attention.expected, opt.attention)
  end
  return opt
end

--- Makes G: z, standard normal, to images. At 32 pixels all blocks have the width ngf; at 64 it doubles from block to
-- block towards z.
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  32 or 64
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=128] integer opt.z  Z
-- @tparam[opt] integer opt.ngf  width of the last block (default: 256 at 32 pixels, 64 at 64)
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="projection"] string opt.conditioning  "concat", "projection" or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt] integer opt.attention  self-attention where pictures have so many pixels: 8, 16 or 32 (default: none)
-- @tparam[opt=false] boolean opt.spectral  spectral normalisation of G's weights, too
-- @tparam[opt] string|function opt.init  one of nn.initial, or f(net, rng) (default: Xavier's, gain sqrt 2 in blocks)
-- @treturn Module  a chain: z (N,Z) -> images (N,size,size,channels) in (-1,1)
-- @raise if an option is unknown or out of range; names the sizes that it can make
function M.generator(opt)
  local op = "model.sngan_resnet.generator"
  opt = options(op, opt, {z = parts.count(128), ngf = parts.count(), spectral = option.boolean {default = false}})
  opt.norm = "batch"
  local rng, classes, large = opt.rng, parts.norm_classes(op, opt), opt.size == 64
  local last = opt.ngf or (large and 64 or 256)
  local width, pixels = large and 16 * last or last, 4
  local layers = {name = "G", input = {opt.z}}
  local function add(layer) layers[#layers + 1] = layer end
  local label, z = parts.labelled(opt, opt.z)
  add(label)
  add(nn.linear {z, 16 * width, rng = rng})
  add(nn.view {4, 4, width})
  while pixels < opt.size do
    local next_width = large and width // 2 or width
    add(nn.residual_up {width, next_width, classes = classes, rng = rng})
    width, pixels = next_width, 2 * pixels
    if pixels == opt.attention then add(nn.self_attention {width, rng = rng}) end
  end
  add(nn.batch_norm {width})
  add(nn.relu {})
  add(nn.conv2d {width, opt.channels, kernel = 3, padding = 1, rng = rng})
  add(nn.tanh {})
  return parts.finish(op, opt, nn.chain(layers))
end

--- Makes D: images in [-1,1] to logits. At 32 pixels all four blocks have the width ndf, and the last two keep the
-- size; at 64 it doubles in each of five. With conditioning = "acgan" it returns class logits (N,Y), too.
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  32 or 64
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=1] integer opt.pack  images that are judged together, behind each other in the channels: see gan.pack
-- @tparam[opt] integer opt.ndf  width of the first block (default: 128 at 32 pixels, 64 at 64)
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="projection"] string opt.conditioning  "concat", "projection" or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt] integer opt.attention  self-attention where pictures have so many pixels: 8, 16 or 32 (default: none)
-- @tparam[opt="spectral"] string opt.norm  of every weight; or "none"
-- @tparam[opt="sum"] string opt.pool  or "mean", of the features over the picture (WGAN-GP's nets: "none", "mean")
-- @tparam[opt] string opt.minibatch  "discrimination" or "stddev", before the last layers (default: none)
-- @tparam[opt=100] integer opt.kernels  of minibatch discrimination
-- @tparam[opt=5] integer opt.dims  of minibatch discrimination
-- @tparam[opt] string|function opt.init  one of nn.initial, or f(net, rng) (default: Xavier's, gain sqrt 2 in blocks)
-- @treturn Module  a chain: images (N,size,size,channels) -> logits (N); its sections are the residual blocks
-- @raise if an option is unknown or out of range; names the sizes that it can judge
function M.discriminator(opt)
  local op = "model.sngan_resnet.discriminator"
  opt = options(op, opt, parts.of_discriminator {
    ndf = parts.count(), norm = option.word {"spectral", "none", default = "spectral"},
    pool = option.word {"sum", "mean", default = "sum"},
  })
  local rng, large, before, pixels = opt.rng, opt.size == 64, opt.channels * opt.pack, opt.size
  local width = opt.ndf or (large and 64 or 128)
  local layers = {name = "D", input = {opt.size, opt.size, before}}
  local function add(layer) layers[#layers + 1] = layer end
  local blocks = large and 5 or 4
  for i = 1, blocks do
    local down = large or i <= 2
    if opt.conditioning == "concat" and i == blocks then
      add(nn.label_concat {opt.classes})
      before = before + opt.classes
    end
    if i > 1 and large then width = 2 * width end
    add(nn.residual_down {before, width, down = down, first = i == 1, rng = rng})
    before, pixels = width, down and pixels // 2 or pixels
    if down and pixels == opt.attention then add(nn.self_attention {width, rng = rng}) end
    parts.end_section(layers)
  end
  add(nn.relu {})
  before = parts.minibatch(add, opt, before)
  add(nn.global_pool {mode = opt.pool})
  parts.head(add, opt, before)
  return parts.finish(op, opt, nn.chain(layers))
end

return M
