--- Provides what a perceptual loss compares images by: inner layers of a network, differentiable in the images.
--
-- An object P is called P(images) -> list of tensors, one a layer; images real (N,H,W,C) in [-1,1]. The network is in
-- evaluation mode, its weights stay as they are. Its fields:
--
-- * `name`: "D", "lenet", "resnet", "vgg16" or "none"
-- * `layers`: how many
-- * `relative`: whether the loss should be, as nobody knows how large the numbers are (gan.loss.perceptual)
-- * `weight`: of the loss, where none is asked for
-- * `notice`: a text, of a file without checksums, or nil
--
-- @module gan.measure.perceptual
local core = require "gan.core"
local autograd = require "gan.autograd"
local check = require "gan.check"
local checkpoint = require "gan.model.checkpoint"
local features = require "gan.measure.features"
local made = require "gan.model.made"
local models = require "gan.model"
local nn = require "gan.nn"
local ops = require "gan.ops"
local safetensors = require "gan.file.safetensors"

local option = check.option

local M = {}

local WEIGHT, VGG_WEIGHT = 0.1, 0.001
local NAMES = {"D", "none"}
local known = "expected D, none, or a file: of experiments/classifier.lua, or of VGG-16's weights as safetensors"

local P = {}
P.__index = P
function P:__call(images) return self.compute(images) end

-- Counts the layers with a picture of zeros: what does not take such pictures says so here.
local function new(fields, opt)
  local ok, message = check.try(function()
    local seen = autograd.no_grad(fields.compute, core.full({1, opt.size, opt.size, opt.channels}, 0))
    fields.layers = #seen
    return true
  end)
  if not ok then return nil, message end
  return setmetatable(fields, P)
end

local function of_run(opt)
  if not opt.run then return nil, "D: there is no run whose D it could be" end
  local tree, own = checkpoint.load(opt.run, function(name)
    return name:find "^D%." or name == "kind" or name:find "^run%." and name ~= "run.z" and name ~= "run.y"
  end)
  if not tree then return nil, own end
  if math.type(own.pack) == "integer" and own.pack > 1 then
    return nil, ("D: that of %s judges packs of %d images, not one"):format(opt.run, own.pack)
  end
  local D, message = made.discriminator(tree, own, opt.run, opt.net)
  if not D then return nil, message end
  D:eval()
  return new({name = "D", relative = true, weight = WEIGHT, compute = function(x)
    return nn.stages(D, x, opt.class and core.full({core.size(x, 1)}, opt.class, "i32"))
  end}, opt)
end

local function classifier(path, opt)
  local F, message = features.open(path)
  if not F then return nil, message end
  if F.channels ~= opt.channels then
    local words = {"grey", [3] = "colour"}
    return nil, ("%s: has learnt %s images, these are in %s: train one with classifier.lua --channels %d"):format(path,
      words[F.channels], words[opt.channels], opt.channels)
  end
  return new({name = F.name, relative = true, weight = WEIGHT, notice = F.notice, compute = function(x)
    if F.size ~= opt.size then x = ops.resize(x, {size = {F.size, F.size}, mode = "bilinear"}) end
    return nn.stages(F.net.body, x)
  end}, opt)
end

-- Reads of a file no more than it takes to know it, and VGG-16's ten convolutions.
local function from_file(path, opt)
  local tree, message = safetensors.load(path, function(name) return name == "kind" or models.vgg.wants(name) end)
  if not tree then return nil, message end
  if tree.kind == "classifier" then return classifier(path, opt) end
  local state = features.named(tree)
  if not next(state) then return nil, ("%s: holds no network for this (%s)"):format(path, known) end
  local net, why = models.vgg.load(state)
  if not net then return nil, ("%s: %s"):format(path, why) end
  return new({name = "vgg16", relative = false, weight = VGG_WEIGHT, compute = function(x) return net:features(x) end},
    opt)
end

--- Opens what images are compared by.
--
-- * "D": the hidden layers of a run's discriminator
-- * a file of experiments/classifier.lua: its hidden layers; images of another size are resized for it
-- * a safetensors file of VGG-16 by torchvision's names: ten of its layers (gan.model.vgg)
-- * "none": nothing, an empty list
--
-- @tparam string name  one of these
-- @tparam table opt
-- @tparam integer opt.size  side of the images
-- @tparam integer opt.channels  theirs, 1 or 3
-- @tparam[opt] string opt.run  the checkpoint of the run whose D is meant
-- @tparam[opt] string opt.net  the Lua file that makes that D (gan.model.own)
-- @tparam[opt] integer opt.class  the label that D is called with, from 0; default: none
-- @treturn table  P, see above
-- @error if there is none of this name (and which is near), a file is damaged or something else, or D judges packs or
--   has hidden layers that cannot be looked into
-- @raise if an option is unknown, missing or out of range
function M.open(name, opt)
  if type(name) ~= "string" then return check.expected("measure.perceptual.open", 1, "name", "a string", name) end
  opt = check.options("measure.perceptual.open", opt, {
    size = option.integer {required = true, lo = 1, hi = 16384}, channels = option.word {1, 3, required = true},
    run = option.string {}, net = option.string {}, class = option.integer {lo = 0},
  })
  if name == "none" then
    return setmetatable({name = name, layers = 0, relative = false, weight = 0, compute = function() return {} end}, P)
  elseif name == "D" then
    return of_run(opt)
  end
  local there = core.file_open(name)
  if not there then
    local near = check.nearest(name, NAMES) or name:lower() == "d" and "D"
    return nil, ("%s: there are no such features%s"):format(check.shown(name),
      near and (" (did you mean '%s'?)"):format(near) or (" (%s)"):format(known))
  end
  there:close()
  return from_file(name, opt)
end

return M
