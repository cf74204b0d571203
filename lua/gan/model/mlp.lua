--- Fully connected networks: those of the first GAN paper, for images, and small ones for points in the plane.
-- Source: Goodfellow et al. 2014, arXiv:1406.2661, and its code for MNIST: G 1200-1200 relu, D maxout 240 units of 5
-- pieces, twice, with dropout.
-- Differs: images are in [-1,1], so G ends in tanh, D has no sigmoid.
-- @module gan.model.mlp
local option = require("gan.check").option
local nn = require "gan.nn"
local parts = require "gan.model.parts"

local M = {}

-- U(-b, b) for all weights, biases 0.
local function uniform(b)
  return function(net, rng) nn.initial.uniform(net, {lo = -b, hi = b, rng = rng}) end
end

-- points, images: defaults of the options that differ; width_name: what other architectures call the width.
-- Of points, size and channels mean nothing.
local function options(op, opt, known, points, images, width_name)
  known.dim, known.width, known[width_name] = parts.count(), parts.count(), parts.count()
  known.size, known.channels = option.integer {default = 32, lo = 4, hi = 256}, parts.count(1)
  if type(opt) == "table" and opt.dim ~= nil then known.size, known.channels = option.any {}, option.any {} end
  known.depth, known.slope, known.conditioning = parts.count(2), parts.positive(0.2), parts.conditioning "concat"
  known.init = parts.init(nil, "gan2014")
  opt = parts.options(op, opt, known)
  for name, v in pairs(opt.dim and points or images) do
    if opt[name] == nil then opt[name] = v end
  end
  opt.width = opt.width or opt[width_name] or (opt.dim and points or images).units
  return opt
end

--- Makes G: z to points, or to images in (-1,1).
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.dim  of points, without a last activation (default: images)
-- @tparam[opt=32] integer opt.size  of images, in 4..256
-- @tparam[opt=1] integer opt.channels  of the images
-- @tparam[opt] integer opt.z  Z (default: 100, for points 16)
-- @tparam[opt] integer opt.width  of the hidden layers (default: 1200, for points 128)
-- @tparam[opt] integer opt.ngf  another name of width
-- @tparam[opt=2] integer opt.depth  hidden layers
-- @tparam[opt="relu"] string opt.activation  the name of an activation layer
-- @tparam[opt=0.2] number opt.slope  that of leaky_relu
-- @tparam[opt="none"] string opt.norm  or "batch", "layer", behind the hidden layers
-- @tparam[opt=0] number opt.dropout  probability behind the hidden layers, also when drawing
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y; the label is appended to z (default: none)
-- @tparam[opt="concat"] string opt.conditioning  "concat", "projection" or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt] string|function opt.init  or "gan2014": U(-0.05, 0.05), the default for images; else "default"
-- @treturn Module  a chain: z (N,Z) -> points (N,dim) or images (N,size,size,channels)
-- @raise if an option is unknown or out of range
function M.generator(opt)
  local op = "model.mlp.generator"
  opt = options(op, opt, {
    z = parts.count(), activation = parts.activations "relu", dropout = parts.probability(0),
    norm = option.word {"none", "batch", "layer", default = "none"},
  }, {z = 16, units = 128, init = "default"}, {z = 100, units = 1200, init = "gan2014"}, "ngf")
  if opt.init == "gan2014" then opt.init = uniform(0.05) end
  local layers = {name = "G", input = {opt.z}}
  local function add(layer) layers[#layers + 1] = layer end
  local before = opt.z
  if opt.classes then
    add(nn.label_concat {opt.classes})
    before = before + opt.classes
  end
  for _ = 1, opt.depth do
    add(nn.linear {before, opt.width, rng = opt.rng})
    add(parts.norm(opt, opt.width))
    add(parts.activation(opt))
    if opt.dropout > 0 then add(nn.dropout {p = opt.dropout, always = true}) end
    before = opt.width
  end
  local s = opt.size
  add(nn.linear {before, opt.dim or s * s * opt.channels, rng = opt.rng})
  if not opt.dim then
    add(nn.tanh {})
    add(nn.view {s, s, opt.channels})
  end
  return parts.finish(op, opt, nn.chain(layers))
end

--- Makes D: points or images in [-1,1] to logits.
-- With conditioning = "acgan" it returns class logits (N,Y), too.
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.dim  of points, without a last activation (default: images)
-- @tparam[opt=32] integer opt.size  of images, in 4..256
-- @tparam[opt=1] integer opt.channels  of the images
-- @tparam[opt=1] integer opt.pack  images that are judged together, behind each other in the channels: see gan.pack
-- @tparam[opt] integer opt.width  of the hidden layers (default: 240, for points 128)
-- @tparam[opt] integer opt.ndf  another name of width
-- @tparam[opt=2] integer opt.depth  hidden layers
-- @tparam[opt] string opt.activation  or "maxout" (default: "maxout", for points "leaky_relu")
-- @tparam[opt=5] integer opt.pieces  of maxout
-- @tparam[opt=0.2] number opt.slope  that of leaky_relu
-- @tparam[opt="none"] string opt.norm  or "batch", "layer", "spectral" (of every weight)
-- @tparam[opt] number opt.dropout  probability behind the hidden layers (default: 0.5, for points 0)
-- @tparam[opt] number opt.input_dropout  probability for the input (default: 0.2, for points 0)
-- @tparam[opt=0] number opt.noise  deviation of instance noise at the input
-- @tparam[opt] string opt.minibatch  "discrimination" or "stddev", before the last layers (default: none)
-- @tparam[opt=100] integer opt.kernels  of minibatch discrimination
-- @tparam[opt=5] integer opt.dims  of minibatch discrimination
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="concat"] string opt.conditioning  "concat", "projection" or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt] string|function opt.init  as for generator; "gan2014": U(-0.005, 0.005)
-- @treturn Module  a chain: points (N,dim) or images (N,size,size,channels) -> logits (N)
-- @raise if an option is unknown or out of range
function M.discriminator(opt)
  local op = "model.mlp.discriminator"
  opt = options(op, opt, parts.of_discriminator {
    activation = parts.activations(nil, "maxout"), pieces = parts.count(5), noise = parts.positive(0),
    dropout = parts.probability(), input_dropout = parts.probability(),
    norm = option.word {"none", "batch", "layer", "spectral", default = "none"},
  },
    {units = 128, activation = "leaky_relu", dropout = 0, input_dropout = 0, init = "default"},
    {units = 240, activation = "maxout", dropout = 0.5, input_dropout = 0.2, init = "gan2014"}, "ndf")
  if opt.init == "gan2014" then opt.init = uniform(0.005) end
  local seen = (opt.dim or opt.channels) * opt.pack
  local layers = {name = "D", input = opt.dim and {seen} or {opt.size, opt.size, seen}}
  local function add(layer) layers[#layers + 1] = layer end
  local before = opt.dim and seen or opt.size * opt.size * seen
  if not opt.dim then add(nn.flatten {}) end
  if opt.noise > 0 then add(nn.noise {std = opt.noise}) end
  if opt.input_dropout > 0 then add(nn.dropout {p = opt.input_dropout}) end
  if opt.conditioning == "concat" then
    add(nn.label_concat {opt.classes})
    before = before + opt.classes
  end
  for _ = 1, opt.depth do
    add(nn.linear {before, opt.activation == "maxout" and opt.width * opt.pieces or opt.width, rng = opt.rng})
    add(parts.norm(opt, opt.activation == "maxout" and opt.width * opt.pieces or opt.width))
    add(parts.activation(opt))
    if opt.dropout > 0 then add(nn.dropout {p = opt.dropout}) end
    parts.end_section(layers)
    before = opt.width
  end
  before = parts.minibatch(add, opt, before)
  parts.head(add, opt, before)
  return parts.finish(op, opt, nn.chain(layers))
end

return M
