--- What architectures share: their options, norms and activations by name, starting values, the last layers of D.
--
-- Conditional nets: option `classes` = Y, and `conditioning`:
--
--     "concat"      the label is appended to z in G, and in D as constant maps to what its last convolutions see
--     "projection"  conditional batch norm in G, a projection head in D
--     "acgan"       the label is appended to z; D(x) returns logits (N) and class logits (N,Y)
--
-- G(z, y) and D(x, y) are then called with y, i32 labels (N) counted from 0. At the image, "concat" would cost 15 % of
-- a step.
-- Source: Mirza & Osindero 2014, arXiv:1411.1784 and, for D, Reed et al. 2016, arXiv:1605.05396; Miyato & Koyama 2018,
-- arXiv:1802.05637; Odena et al. 2017, arXiv:1610.09585.
-- @internal gan.model.parts
local check = require "gan.check"
local nn = require "gan.nn"
local random = require "gan.random"

local M = {}

local option = check.option

-- The kinds of the options that several architectures have.
local integers = {}
for name in ("z ngf ndf width depth dim classes pieces kernels dims"):gmatch "%a+" do integers[name] = true end
local numbers = {slope = {0}, dropout = {0, 1}, input_dropout = {0, 1}, noise = {0}}
local words = {
  conditioning = {"concat", "projection", "acgan"},
  norm = {"batch", "layer", "instance", "virtual", "spectral", "none"},
  activation = {"relu", "leaky_relu", "elu", "selu", "swish", "gelu", "softplus", "sigmoid", "tanh"},
  minibatch = {"discrimination", "stddev"},
  init = {"default", "dcgan", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "orthogonal"},
}

-- Returns the kind of an option. list: the words that it may be.
local function kind(name, default, list)
  if name == "rng" then return option.stream {} end
  if integers[name] then return option.integer {default = default, lo = 1, hi = 65536} end
  if numbers[name] then return option.number {default = default, lo = numbers[name][1], hi = numbers[name][2]} end
  if type(default) == "boolean" then return option.boolean {default = default} end
  if not list then return option.any {default = default} end
  local word = option.word(table.move(list, 1, #list, 1, {default = default}))
  if name ~= "init" then return word end
  return option.where {default = default, expected = word.expected .. ", or a function", accept = function(v)
    if type(v) == "function" then return v end
    return word.accept(v)
  end}
end

--- Checks the options of an architecture against what it knows.
-- @tparam string op  "dcgan.generator"
-- @tparam[opt] table opt  the user's
-- @tparam table known  name -> default, or check.none
-- @tparam[opt] table own  name -> list of words, where this architecture has other ones than the rest
-- @treturn table  as check.options
-- @raise as check.options, and if `conditioning` is given without `classes`
function M.options(op, opt, known, own)
  local kinds, asked = {}, type(opt) == "table" and opt.conditioning
  for name, default in pairs(known) do
    if default == check.none then default = nil end
    kinds[name] = kind(name, default, own and own[name] or words[name])
  end
  opt = check.options(op, opt, kinds)
  if opt.classes == nil then
    if asked then return check.fail(op, "conditioning = '%s' needs the option 'classes', how many there are", asked) end
    opt.conditioning = nil
  end
  return opt
end

--- Size and channels of images: option 'size' in `sizes` (shown in errors as `text`), channels 1 or 3.
function M.image(op, opt, fits, text)
  local n = type(opt.size) == "number" and math.tointeger(opt.size)
  if not n or not fits(n) then
    return check.fail(op, "option 'size': expected %s, got %s", text, check.found(opt.size))
  end
  if opt.channels ~= 1 and opt.channels ~= 3 then
    return check.fail(op, "option 'channels': expected 1 or 3, got %s", check.found(opt.channels))
  end
  opt.size, opt.channels = n, math.tointeger(opt.channels)
end

--- A norm for C channels by the option `norm`; nil for "none" and "spectral". classes: of a conditional one.
function M.norm(opt, c, classes)
  if opt.norm == "batch" then return classes and nn.conditional_batch_norm {c, classes} or nn.batch_norm {c} end
  if opt.norm == "layer" then return nn.layer_norm {c} end
  if opt.norm == "instance" then return nn.instance_norm {c, affine = true} end
  if opt.norm == "virtual" then return nn.virtual_batch_norm {c} end
end

--- The classes that the norms of a generator see: those of "projection". Raises where the norm has no conditional form.
function M.norm_classes(op, opt)
  if opt.conditioning ~= "projection" then return nil end
  if opt.norm ~= "batch" then
    return check.fail(op, "conditioning = 'projection' puts the labels into batch norms: it needs norm = 'batch', "
      .. "got '%s'", opt.norm)
  end
  return opt.classes
end

--- The activation by the options activation, slope (of leaky_relu; alpha of elu) and pieces (of maxout).
function M.activation(opt)
  local name = opt.activation
  if name == "leaky_relu" then return nn.leaky_relu {slope = opt.slope} end
  if name == "elu" then return nn.elu {alpha = opt.slope} end
  if name == "maxout" then return nn.maxout {pieces = opt.pieces} end
  return nn[name] {}
end

--- G's first layer where the label is appended to z, or nil, and how many numbers z then has.
function M.labelled(opt, z)
  if opt.conditioning == "concat" or opt.conditioning == "acgan" then
    return nn.label_concat {opt.classes}, z + opt.classes
  end
  return nil, z
end

--- D's layer that sees the batch as a whole, by the option `minibatch`, before its last layers and any pooling.
-- @tparam function add takes a layer
-- @tparam table opt minibatch, kernels, dims, rng
-- @tparam integer c channels, of images or vectors
-- @treturn integer channels behind it
function M.minibatch(add, opt, c)
  if opt.minibatch == "discrimination" then
    add(nn.minibatch_discrimination {c, kernels = opt.kernels, dims = opt.dims, rng = opt.rng})
    return c + opt.kernels
  elseif opt.minibatch == "stddev" then
    add(nn.minibatch_stddev {})
    return c + 1
  end
  return c
end

--- The last layers of D: from features (N,D) to what D returns.
-- @tparam function add takes a layer
-- @tparam table opt classes, conditioning, rng
-- @tparam integer d features
function M.head(add, opt, d)
  if opt.conditioning == "projection" then
    add(nn.projection_head {d, opt.classes, rng = opt.rng})
  elseif opt.conditioning == "acgan" then
    add(nn.class_head {d, opt.classes, rng = opt.rng})
  else
    add(nn.linear {d, 1, rng = opt.rng})
    add(nn.view {})
  end
end

--- Draws the starting values by the option `init`: the name of one of nn.initial, or a function f(net, rng).
function M.draw(net, opt)
  if type(opt.init) == "function" then
    opt.init(net, opt.rng)
  else
    nn.initial[opt.init](net, {rng = opt.rng})
  end
  return net
end

--- Draws the starting values, then wraps the net as its norm wants it: spectral normalisation, or a virtual batch.
-- @tparam string op
-- @tparam table opt init, norm, rng; reference, reference_labels: of norm "virtual"
-- @tparam Module net
-- @tparam[opt] function reference() -> batch, labels: where the user gave none
function M.finish(op, opt, net, reference)
  M.draw(net, opt)
  if opt.norm == "spectral" or opt.spectral then nn.spectral(net, {rng = opt.rng}) end
  if opt.norm ~= "virtual" then return net end
  local batch, labels = opt.reference, opt.reference_labels
  if batch == nil then
    if not reference then
      return check.fail(op, "norm = 'virtual' needs the option 'reference', a batch of real images")
    end
    batch, labels = reference()
  end
  return nn.virtual_batch {net, reference = batch, labels = labels}
end

--- For finish: 64 z from the generator's stream, and labels where they are wanted.
function M.reference_z(opt)
  return function()
    local rng = opt.rng or random.default()
    return rng:normal {64, opt.z}, opt.classes and rng:integer({64}, 0, opt.classes - 1) or nil
  end
end

return M
