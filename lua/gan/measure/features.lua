--- Provides feature networks, by which generators are measured: images -> features.
--
-- An object F is called F(images) -> features real (N,D), logits real (N,Y) or nil; of Inception, as a third result,
-- the logits without their bias, of which the Inception Score is made. images: u8, or real in [-1,1], (N,H,W,C), C 1 or
-- 3. Reals are rounded to 8 bits first, so that a picture counts the same in memory and read from its PNG file. It is
-- evaluated without a graph, in evaluation mode, `batch` images at a time. Its fields:
--
-- * `name`: "pixels", "random_conv", "lenet", "resnet", "inception"
-- * `hash`: "crc32:xxxxxxxx" of the weights; nil for pixels
-- * `dim`: D; nil for pixels until their size is known
-- * `classes`: Y; nil without logits
-- * `batch`: images evaluated together
-- * `resize`: a text, what is done to images of another size
-- * `channels`: what the net sees: 1, 3, or nil for what comes; grey is repeated, colour becomes luma
--   0.299 R + 0.587 G + 0.114 B
-- * `size`: side the net sees, or nil for what comes
-- * `domain`: a text, what the net has learnt to see; "any" if nothing
-- * `data`, `accuracy`, `class_names`, of classifiers: name of the set; on its test images, 0 to 1; a list, or nil
-- * `notice`: a text, of a classifier's file without checksums
-- * `net`: of a classifier, the net itself, in evaluation mode
--
-- @module gan.measure.features
local core = require "gan.core"
local autograd = require "gan.autograd"
local check = require "gan.check"
local checkpoint = require "gan.file.safetensors"
local models = require "gan.model"
local module = require "gan.nn.module"
local nn = require "gan.nn"
local ops = require "gan.ops"
local scaled = require "gan.data.scaled"

local option = check.option

local M = {}

local KIND, FORMAT = "classifier", 1 -- of the files that save writes
local FIT = "%dx%d, 8 bits, centre crop to a square; area mean down, bilinear up"
local known = "expected pixels, random_conv, or a file: of experiments/classifier.lua, "
  .. "or Inception's weights (.pth, .safetensors)"

-- ---- images in ----

-- u8 (N,H,W,C) of what the caller gave.
local function to_bytes(images)
  local dtype = core.is_tensor(images) and core.dtype(images)
  local s = (dtype == "u8" or dtype == "real") and core.shape(images) or {}
  if #s ~= 4 or s[1] < 1 or s[2] < 1 or s[3] < 1 or s[4] ~= 1 and s[4] ~= 3 then
    return check.expected("features", 1, "images", "u8 or real (N,H,W,C), N >= 1, C 1 or 3", images)
  end
  if dtype == "u8" then return images end
  local sum = core.sum(images):item()
  if sum - sum ~= 0 then
    return check.expected("features", 1, "images",
      "finite numbers in [-1,1]; there is NaN or infinity in them", images)
  end
  return core.image_quantise(images)
end

-- The same with `channels` channels and sides of `size` pixels, as gan.data does it to images of a set; nil: as they
-- are.
local function fit(bytes, size, channels)
  local s = core.shape(bytes)
  local h, w, c = size or s[2], size or s[3], channels or s[4]
  if h == s[2] and w == s[3] and c == s[4] then return bytes end
  local out = core.full({s[1], h, w, c}, 0, "u8")
  core.image_unpack_(out, 1, core.to_bytes(bytes), s[2], s[3], s[4], false, 0)
  return out
end

-- The same for numbers in 0..255 that are not rounded: a bilinear resize.
local function fit_smooth(x, size, channels)
  local s = core.shape(x)
  if channels == 3 and s[4] == 1 then
    x = core.cat({x, x, x}, 4)
  elseif channels == 1 and s[4] == 3 then
    x = core.sum(core.mul(x, core.tensor {0.299, 0.587, 0.114}), {4}, true)
  end
  if not size or s[2] == size and s[3] == size then return x end
  local side = math.min(s[2], s[3])
  x = core.narrow(core.narrow(x, 2, (s[2] - side) // 2 + 1, side), 3, (s[3] - side) // 2 + 1, side)
  return ops.resize(x, {size = {size, size}, mode = "bilinear"})
end

-- ---- the object ----

local F = {}
F.__index = F

-- What compute gives (features, logits, and whatever else) for images in 0..255, a batch at a time.
local function see(self, images, fitted)
  local n, all = core.size(images, 1), {}
  autograd.no_grad(function()
    for first = 1, n, self.batch do
      local some = core.narrow(images, 1, first, math.min(self.batch, n - first + 1))
      local part = fitted(some, self.size, self.channels)
      for k, rows in ipairs {self.compute(part)} do
        all[k] = all[k] or core.full({n, core.size(rows, 2)}, 0)
        core.copy_(core.narrow(all[k], 1, first, core.size(rows, 1)), rows)
      end
    end
  end)
  return all[1], all[2], all[3]
end

function F:__call(images) return see(self, to_bytes(images), fit) end

--- Computes features without rounding to 8 bits, for differences between images that are nearly the same (path length).
-- @tparam Tensor images  real (N,H,W,C) in [-1,1]
-- @treturn Tensor  real (N,D)
-- @treturn Tensor  real (N,Y), or nil
-- @raise if images are no such tensor, or the network does not take their size
function F:smooth(images)
  to_bytes(check.real("features", 1, "images", images, 4))
  return see(self, core.clamp(core.mul(core.add(images, 1), 127.5), 0, 255), fit_smooth)
end

F.__tostring = core.without_locale(function(self)
  local parts = {self.name}
  if self.hash then parts[#parts + 1] = self.hash end
  if self.dim then parts[#parts + 1] = "D " .. self.dim end
  if self.accuracy then parts[#parts + 1] = ("%s %.2f %%"):format(self.data, 100 * self.accuracy) end
  return table.concat(parts, ", ")
end)

--- Returns the hash of named weights: crc32 of their bytes, in the order of their sorted names.
-- @tparam table state  name -> tensor
-- @tparam[opt] string seed  bytes that come before
-- @treturn string  "crc32:" and 8 hexadecimal digits
-- @raise if a value is no tensor
function M.hash(state, seed)
  local names, crc = {}, core.crc32(seed or "")
  for name in pairs(state) do names[#names + 1] = name end
  table.sort(names, core.before)
  for _, name in ipairs(names) do crc = core.crc32(state[name], crc) end
  return ("crc32:%08x"):format(crc)
end

-- ---- without training ----

local function pixels(opt)
  local self = {name = "pixels", resize = "none", domain = "any", batch = opt.batch or 1024, channels = opt.channels}
  if opt.size and opt.channels then self.dim = opt.size * opt.size * opt.channels end
  function self.compute(bytes)
    local x = ops.flatten(scaled(bytes))
    local d = core.size(x, 2)
    if d ~= (self.dim or d) then
      return check.fail("features", "pixels: expected images of %s, as the ones before, got %s",
        check.count(self.dim, "number"), check.found(bytes))
    end
    self.dim = d
    return x
  end
  return setmetatable(self, F)
end

-- Three 4x4 convolutions of stride 2 with leaky rectifiers; the means over the pixels of each stage's output, one after
-- the other.
local WIDTHS = {3, 32, 64, 128}

local function random_conv(opt)
  local rng, weights = core.rng(opt.seed, "features.random_conv"), {}
  for i = 1, #WIDTHS - 1 do
    weights[i] = nn.initial.he_normal(core.full({4, 4, WIDTHS[i], WIDTHS[i + 1]}, 0), {slope = 0.2, rng = rng})
  end
  return setmetatable({
    name = "random_conv", hash = M.hash(weights, "random_conv seed " .. opt.seed), dim = 32 + 64 + 128,
    batch = opt.batch or 256, resize = "none", channels = 3, domain = "any",
    compute = function(bytes)
      local x, means = scaled(bytes), {}
      if math.min(core.size(x, 2), core.size(x, 3)) < 8 then
        return check.fail("features", "random_conv: expected images of 8 pixels a side or more, got %s",
          check.found(bytes))
      end
      for i, w in ipairs(weights) do
        x = ops.leaky_relu(ops.conv2d(x, w, {stride = 2, padding = 1}), 0.2)
        means[i] = ops.global_avg_pool2d(x)
      end
      return ops.cat(means, 2)
    end,
  }, F)
end

-- ---- classifiers ----

--- Wraps a trained classifier as a feature network, as `open` gives it for its file.
-- @tparam Module net  of gan.model.classifier, in evaluation mode
-- @tparam[opt=128] integer batch  images evaluated together
-- @treturn table  the feature network
-- @raise if net is no classifier
function M.of(net, batch)
  local size = net.options.size
  return setmetatable({
    name = net.kind, hash = M.hash(net:state()), dim = net.dim, classes = net.classes, batch = batch or 128,
    resize = FIT:format(size, size), size = size, channels = net.options.channels, net = net,
    compute = function(bytes) return net:features(scaled(bytes)) end,
  }, F)
end

-- ---- files ----

--- Writes a classifier to a file that `open` reads.
-- @tparam string path  of the file
-- @tparam Module net  of gan.model.classifier
-- @tparam table about  what is known of it
-- @tparam string about.data  name of the set that it has learnt
-- @tparam number about.accuracy  on its test images, 0 to 1
-- @tparam[opt] table about.class_names  list
-- @tparam[opt] integer about.images  how many trained it
-- @tparam[opt] integer about.test_images  how many tested it
-- @tparam[opt] integer about.epochs  passes over the images
-- @tparam[opt] integer about.seed  of its starting values and order
-- @treturn string  the hash of its weights
-- @error if it cannot be written
-- @raise if an entry of `about` is unknown
function M.save(path, net, about)
  local count = option.integer {lo = 0}
  local tree = check.options("measure.features.save", about, {
    data = option.string {required = true}, accuracy = option.number {required = true, lo = 0, hi = 1},
    class_names = option.table {}, images = count, test_images = count, epochs = option.number {lo = 0},
    seed = option.integer {},
  })
  tree.kind, tree.format, tree.version = KIND, FORMAT, core.version_string
  tree.net, tree.options, tree.state = net.kind, net.options, net:state()
  local ok, message = checkpoint.save(path, tree)
  if not ok then return nil, message end
  return M.hash(tree.state)
end

local function strings(t)
  if type(t) ~= "table" then return nil end
  local out = {}
  for i, v in ipairs(t) do out[i] = tostring(v) end
  return out
end

local function classifier(path, tree, opt, notice)
  local function bad(message) return nil, ("%s: not a classifier that can be used: %s"):format(path, message) end
  if tree.format ~= FORMAT then
    return bad(("expected format %d, found %s"):format(FORMAT, check.found(tree.format)))
  end
  local make = (tree.net == "lenet" or tree.net == "resnet") and models.classifier[tree.net]
  if not make then return bad(("expected net lenet or resnet, found %s"):format(check.found(tree.net))) end
  if type(tree.accuracy) ~= "number" or type(tree.data) ~= "string" then
    return bad "its data and accuracy are missing"
  end
  local net, message = check.try(module.within, module.room_for(tree.state), make, tree.options)
  if net then net, message = check.try(net.load, net, tree.state or {}) end
  if not net then return bad(message) end
  for name, t in pairs(tree.state) do
    local sum = core.sum(t):item()
    if sum - sum ~= 0 then return bad(("'%s' holds numbers that are not finite"):format(name)) end
  end
  local self = M.of(net:eval(), opt.batch)
  self.data, self.domain, self.accuracy = tree.data, tree.data, tree.accuracy
  self.class_names, self.notice = strings(tree.class_names), notice
  return self
end

-- state: torch's names -> tensors.
local function inception(path, state, opt)
  local model = models.inception
  local net, message = model.load(state)
  if not net then return nil, ("%s: %s"):format(path, message) end
  local fc = state["fc.weight"]
  return setmetatable({
    name = "inception", hash = M.hash(state), dim = core.size(fc, 2), classes = core.size(fc, 1),
    batch = opt.batch or 16, resize = "299x299 tf1 bilinear", channels = 3, domain = "photographs (ImageNet)",
    compute = function(x) -- bytes; or, of F:smooth, numbers in 0..255, on which the same is done
      if core.dtype(x) == "u8" then return net(model.preprocess(x)) end
      x = core.resize(x, {size = 299, mode = "bilinear", legacy = true})
      return net(core.div(core.sub(x, 128), 128))
    end,
  }, F)
end

local function flat(tree, prefix, out)
  for k, v in pairs(tree) do
    if core.is_tensor(v) then out[prefix .. k] = v elseif type(v) == "table" then flat(v, prefix .. k .. ".", out) end
  end
  return out
end

--- Returns the tensors of a file by the names that its writer gave them, such as "features.0.weight".
-- @tparam table tree  of gan.file.safetensors.load
-- @treturn table  name -> tensor
-- @raise if tree is no table
function M.named(tree) return flat(check.braces("measure.features.named", "tensors", tree), "", {}) end

-- Counters of newer torch versions; no weights.
local function counts(name) return name:find "num_batches_tracked$" ~= nil end

-- How files of torch begin: zip archives, and the pickles of versions before 1.6. What is called .pth or .pt is never
-- taken for another format.
local torch = {"PK\3\4", "\x80\x02\x8a\x0a\x6c\xfc"}

local function is_torch(path)
  local file, size = core.file_open(path)
  if not file then return nil, size end
  local head = file:read(math.min(size, 6)) or ""
  file:close()
  for _, magic in ipairs(torch) do if head:sub(1, #magic) == magic then return true end end
  return path:find "%.pth?$" ~= nil
end

local function is_inception(state)
  for name in pairs(state) do if name:find "^Conv2d_1a_3x3%." or name:find "^Mixed_" then return true end end
  return false
end

local function from_file(path, opt)
  local from_torch, message = is_torch(path)
  if message then return nil, message end
  local state
  if from_torch then
    state, message = require("gan.file.pth").load(path)
    if not state then return nil, message end
    local left_out = message[1] and (" besides %s"):format(table.concat(message, ", ")) or ""
    for name in pairs(state) do if counts(name) then state[name] = nil end end
    if not is_inception(state) then
      return nil, ("%s: holds no feature network%s (%s)"):format(path, left_out, known)
    end
  else
    local tree
    tree, message = checkpoint.load(path, function(name) return not counts(name) end)
    if not tree then return nil, message end
    if tree.kind == KIND then return classifier(path, tree, opt, message) end
    state = M.named(tree)
  end
  if not is_inception(state) then return nil, ("%s: holds no feature network (%s)"):format(path, known) end
  return inception(path, state, opt)
end

--- Opens a feature network.
--
-- * "pixels": the numbers of the image in [-1,1], at its own size
-- * "random_conv": three convolutions with weights drawn from a seed, D = 224
-- * a path: of `save` (experiments/classifier.lua), or of Inception-v3's weights as the field has them
--   (pt_inception-2015-12-05-6726825d.pth, or the same as safetensors)
--
-- @tparam string name  one of these
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.size  side of the images that will come, where known (for pixels)
-- @tparam[opt] integer opt.channels  theirs, 1 or 3
-- @tparam[opt=0] integer opt.seed  of random_conv
-- @tparam[opt] integer opt.batch  images evaluated together; default: by the net
-- @treturn table  F, see above
-- @error if the file is missing, damaged, or holds something else
-- @raise if an option is unknown or impossible
function M.open(name, opt)
  if type(name) ~= "string" then return check.expected("measure.features.open", 1, "name", "a string", name) end
  opt = check.options("measure.features.open", opt, {
    size = option.integer {lo = 1, hi = 16384}, channels = option.word {1, 3}, seed = option.integer {default = 0},
    batch = option.integer {lo = 1},
  })
  if name == "pixels" then return pixels(opt) end
  if name == "random_conv" then return random_conv(opt) end
  if name == "inception" or name == "lenet" or name == "resnet" or name == "" then
    return nil, ("features '%s': there are no weights of this name (%s)"):format(name, known)
  end
  return from_file(name, opt)
end

return M
