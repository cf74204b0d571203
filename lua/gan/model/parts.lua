--- What architectures share: their options, norms and activations by name, starting values, the last layers of D.
--
-- Conditional nets: option `classes` = Y, and `conditioning`:
--
--     "concat"      the label is appended to z in G, and in D as constant maps to what its last convolutions see
--     "projection"  conditional batch norm in G, a projection head in D
--     "acgan"       the label is appended to z; D(x) returns logits (N) and class logits (N,Y)
--
-- G(z, y) and D(x, y) are then called with y, i32 labels (N) counted from 0, or real (N,Y), weights that mix classes.
-- At the image, "concat" would cost 15 % of a step.
-- Source: Mirza & Osindero 2014, arXiv:1411.1784 and, for D, Reed et al. 2016, arXiv:1605.05396; Miyato & Koyama 2018,
-- arXiv:1802.05637; Odena et al. 2017, arXiv:1610.09585.
-- @internal gan.model.parts
local check = require "gan.check"
local nn = require "gan.nn"
local random = require "gan.random"

local M = {}

local option = check.option

-- ---- kinds of options; each takes the default, nil for none ----

--- Widths, depths and the like.
function M.count(default) return option.integer {default = default, lo = 1, hi = 65536} end

--- Probabilities.
function M.probability(default) return option.number {default = default, lo = 0, hi = 1} end

--- Slopes and deviations.
function M.positive(default) return option.number {default = default, lo = 0} end

--- Sides of square images, those that `fits`; `text` says which they are.
function M.size(default, text, fits)
  return option.where {default = default, expected = text, accept = function(v)
    local n = type(v) == "number" and math.tointeger(v)
    return n and fits(n) and n or nil
  end}
end

--- How labels get into a net.
function M.conditioning(default) return option.word {"concat", "projection", "acgan", default = default} end

--- Activation layers, by name; `more`: another one.
function M.activations(default, more)
  return option.word {
    "relu", "leaky_relu", "elu", "selu", "swish", "gelu", "softplus", "sigmoid", "tanh", more, default = default,
  }
end

--- Starting values: one of nn.initial by name, or f(net, rng); `more`: a name of the architecture's own.
function M.init(default, more)
  local word = option.word {
    "default", "dcgan", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "fixup", "orthogonal", more,
  }
  return option.where {default = default, expected = word.expected .. ", or a function", accept = function(v)
    if type(v) == "function" then return v end
    return word.accept(v)
  end}
end

--- Adds D's options: how many samples it judges together, and of a layer that sees the batch as a whole.
function M.of_discriminator(known)
  known.pack = M.count(1)
  known.minibatch, known.kernels, known.dims = option.word {"discrimination", "stddev"}, M.count(100), M.count(5)
  return known
end

--- Checks the options of an architecture against what it knows.
-- @tparam string op  "model.dcgan.generator"
-- @tparam[opt] table opt  the user's
-- @tparam table known  name -> kind; `rng` and `classes` are added
-- @treturn table  as check.options
-- @raise as check.options, and if `conditioning` is given without `classes`
function M.options(op, opt, known)
  local asked = type(opt) == "table" and opt.conditioning
  known.rng, known.classes = option.stream {}, M.count()
  opt = check.options(op, opt, known)
  if opt.classes == nil then
    if asked then
      return check.fail(op, "option 'conditioning': '%s' needs the option 'classes', how many there are", asked)
    end
    opt.conditioning = nil
  end
  return opt
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
    return check.fail(op, "option 'conditioning': 'projection' puts the labels into batch norms, it needs "
      .. "norm = 'batch', got '%s'", opt.norm)
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

--- Ends a section of D, which nn.freeze counts from the input on.
-- @tparam table layers of a chain, so far
function M.end_section(layers)
  layers.sections = layers.sections or {}
  table.insert(layers.sections, #layers)
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
      return check.fail(op, "option 'norm': 'virtual' needs the option 'reference', a batch of real images")
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
