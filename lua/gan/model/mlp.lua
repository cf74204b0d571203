--- Fully connected networks: those of the first GAN paper, for images, and small ones for points in the plane.
-- Source: Goodfellow et al. 2014, arXiv:1406.2661, and its code for MNIST: G 1200-1200 relu, D maxout 240 units of 5 pieces, twice, with dropout.
-- Differs: images are in [-1,1], so G ends in tanh, D has no sigmoid.
-- @module gan.model.mlp
local check = require "gan.check"
local nn = require "gan.nn"
local parts = require "gan.model.parts"

local M = {}

-- U(-b, b) for all weights, biases 0.
local function uniform(b)
  return function(net, rng) nn.initial.uniform(net, {lo = -b, hi = b, rng = rng}) end
end

local inits = {"default", "dcgan", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "orthogonal", "gan2014"}

-- points, images: defaults of the options that differ; width_name: what other architectures call the width.
local function options(op, opt, known, points, images, width_name)
  for name in pairs(images) do known[name] = check.none end
  known.dim, known.size, known.channels, known.rng = check.none, 32, 1, check.none
  known.width, known[width_name], known.depth = check.none, check.none, 2
  known.classes, known.conditioning, known.norm, known.slope = check.none, "concat", "none", 0.2
  opt = parts.options(op, opt, known, {
    norm = {"none", "batch", "layer", known.pieces and "spectral" or nil}, init = inits,
    activation = {"relu", "leaky_relu", "elu", "selu", "swish", "gelu", "softplus", "sigmoid", "tanh", known.pieces and "maxout" or nil}})
  for name, v in pairs(opt.dim and points or images) do
    if opt[name] == nil then opt[name] = v end
  end
  opt.width = opt.width or opt[width_name] or (opt.dim and points or images).units
  if not opt.dim then parts.image(op, opt, function(n) return n >= 4 and n <= 256 end, "an integer in 4..256") end
  return opt
end

--- G: z (N,Z) -> points (N,dim), or images (N,size,size,channels) in (-1,1).
-- @tparam table opt dim: of points, without a last activation; or size = 32, channels = 1: 1 or 3; z: Z (default 100, for points 16); width or ngf:
--   of the hidden layers (default 1200, for points 128); depth = 2: how many; activation = "relu", slope = 0.2: that of leaky_relu; norm = "none",
--   "batch" or "layer", behind the hidden layers; dropout = 0: p behind them, also when drawing; rng: stream of the starting values;
--   classes: the label is appended to z; conditioning = "concat": see lua/gan/model/parts.lua; init: the name of one of nn.initial, f(net, rng), or
--   "gan2014" (the default for images): U(-0.05, 0.05); for points "default"
-- @treturn Module a chain, in training mode
function M.generator(opt)
  local op = "mlp.generator"
  opt = options(op, opt, {activation = "relu", dropout = 0}, {z = 16, units = 128, init = "default"}, {z = 100, units = 1200, init = "gan2014"}, "ngf")
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

--- D: points (N,dim) or images (N,size,size,channels) -> logits (N); with conditioning = "acgan" also class logits (N,Y).
-- @tparam table opt dim, size, channels, rng, slope: as for generator; width or ndf: of the hidden layers (default 240, for points 128); depth = 2;
--   activation: default "maxout" with pieces = 5, for points "leaky_relu"; dropout, input_dropout: p behind the hidden activations and of the
--   input (default 0.5 and 0.2, for points 0); norm = "none": or "batch", "layer", "spectral" (spectral normalisation of every weight);
--   minibatch: "discrimination" (kernels = 100, dims = 5) or "stddev", before the last layer; noise = 0: deviation of instance noise;
--   classes, conditioning = "concat": see lua/gan/model/parts.lua; init: as for generator; "gan2014": U(-0.005, 0.005)
-- @treturn Module a chain, in training mode
function M.discriminator(opt)
  local op = "mlp.discriminator"
  opt = options(op, opt, {pieces = 5, minibatch = check.none, kernels = 100, dims = 5, noise = 0},
    {units = 128, activation = "leaky_relu", dropout = 0, input_dropout = 0, init = "default"},
    {units = 240, activation = "maxout", dropout = 0.5, input_dropout = 0.2, init = "gan2014"}, "ndf")
  if opt.init == "gan2014" then opt.init = uniform(0.005) end
  local layers = {name = "D", input = opt.dim and {opt.dim} or {opt.size, opt.size, opt.channels}}
  local function add(layer) layers[#layers + 1] = layer end
  local before = opt.dim or opt.size * opt.size * opt.channels
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
    before = opt.width
  end
  before = parts.minibatch(add, opt, before)
  parts.head(add, opt, before)
  return parts.finish(op, opt, nn.chain(layers))
end

return M
