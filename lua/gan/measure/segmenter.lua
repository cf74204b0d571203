--- Trains segmenters on a set's masks, keeps them in files, and asks them what images show.
-- @module gan.measure.segmenter
local autograd = require "gan.autograd"
local batches = require "gan.data.batches"
local check = require "gan.check"
local checkpoint = require "gan.file.safetensors"
local core = require "gan.core"
local model = require "gan.model.segmenter"
local module = require "gan.nn.module"
local ops = require "gan.ops"
local optim = require "gan.optim"
local places = require "gan.model.places"
local segmentation = require "gan.metric.segmentation"

local option = check.option

local M = {}

local KIND, FORMAT = "segmenter", 1 -- of the files that save writes
local VOID, BATCH = 255, 64

-- Returns a function that gives batches of images and maps of classes.
local function loader_of(set, condition, opt)
  opt.annotations = {"mask"}
  opt.mask_kind = set.mask_kind == "instance" and set.boxes and "class" or nil
  local loader = batches(set, opt)
  return function()
    local images, _, _, _, beside = loader()
    return images, (condition:of(beside))
  end, loader
end

-- The mean cross entropy of pixels, those that are void left out; nil where all are.
local function loss_of(logits, map)
  local n, rows, labels = core.numel(map), {}, {}
  for i, v in ipairs(core.to_table(core.to(core.reshape(core.contiguous(map), {n}), "i32"))) do
    if v ~= VOID then rows[#rows + 1], labels[#labels + 1] = i - 1, v end
  end
  if #rows == 0 then return nil end
  local flat = ops.reshape(logits, {n, core.size(logits, 4)})
  if #rows < n then flat = ops.gather_rows(flat, core.tensor(rows, "i32")) end
  return ops.softmax_cross_entropy(flat, core.tensor(labels, "i32"))
end

--- Trains a segmenter on a set's images and masks.
-- @tparam Set set  with masks, its sides multiples of 4
-- @tparam table opt
-- @tparam integer opt.steps  from 1
-- @tparam[opt=32] integer opt.batch  images of a step
-- @tparam[opt=16] integer opt.width  of gan.model.segmenter
-- @tparam[opt=0.002] number opt.lr  step size at first, falling to 0 as a cosine
-- @tparam[opt=0] integer opt.seed  of starting values and order
-- @tparam[opt] function opt.told  f(step, loss) called after each step; true ends the training
-- @treturn Module  in evaluation mode
-- @treturn table  list of the classes' names
-- @raise if the set has no masks, or an option is unknown or out of range
function M.train(set, opt)
  local o = check.options("measure.segmenter.train", opt, {
    steps = option.integer {required = true, lo = 1}, batch = option.integer {default = 32, lo = 1},
    width = option.integer {default = 16, lo = 1, hi = 256}, lr = option.number {default = 0.002, above = 0},
    seed = option.integer {default = 0}, told = option.callable {},
  })
  local condition = places.maps(set)
  local net = model {classes = #condition.classes, channels = set.channels, width = o.width,
    rng = core.rng(o.seed, "init")}
  local draw, loader = loader_of(set, condition, {batch = math.min(o.batch, set.n), seed = o.seed})
  local optimiser = optim.adam(net:params(), {lr = o.lr, beta1 = 0.9})
  for step = 1, o.steps do
    local images, map = draw()
    local loss = loss_of(net(images), map)
    if loss then
      optimiser.lr = o.lr * 0.5 * (1 + math.cos(math.pi * (step - 1) / o.steps))
      optimiser:step(autograd.grad(loss, optimiser.params))
    end
    if o.told and o.told(step, loss and core.item(loss)) then break end
  end
  loader:close()
  return net:eval(), condition.classes
end

--- Returns the class of each pixel that a segmenter sees.
-- @tparam Module net  of gan.model.segmenter, in evaluation mode
-- @tparam Tensor images  real (N,H,W,C) in [-1,1], or u8
-- @treturn Tensor  i32 (N,H,W)
-- @raise if the images are others than it takes
function M.classes(net, images)
  local list = {}
  if core.dtype(images) == "u8" then images = core.sub(core.mul(core.to(images, "real"), 2 / 255), 1) end
  autograd.no_grad(function()
    for first = 1, core.size(images, 1), BATCH do
      local size = math.min(BATCH, core.size(images, 1) - first + 1)
      list[#list + 1] = core.argmax(net(core.narrow(images, 1, first, size)), 4)
    end
  end)
  return core.cat(list, 1)
end

--- Measures a segmenter on a set's own images and masks.
-- @tparam Module net  in evaluation mode
-- @tparam Set set  with masks of the classes that it knows
-- @treturn number  part of pixels
-- @treturn table  protocol, of gan.metric.segmentation
-- @raise if the set has no masks, or others
function M.accuracy(net, set)
  local condition = places.maps(set)
  local metric = segmentation {classes = net.classes}
  local batch = math.min(BATCH, set.n)
  local draw, loader = loader_of(set, condition, {batch = batch, prefetch = false})
  for _ = 1, set.n // batch do
    local images, map = draw()
    metric:add(M.classes(net, images), map)
  end
  loader:close()
  return metric:value()
end

--- Writes a segmenter to a file that `open` reads.
-- @tparam string path  of the file
-- @tparam Module net  of gan.model.segmenter
-- @tparam table about  what is known of it
-- @tparam table about.classes  names
-- @tparam integer about.width  of the net
-- @tparam string about.data  name of the set that it has learnt
-- @tparam number about.accuracy  part of pixels of its test images, 0 to 1
-- @tparam[opt] number about.not_ground  the same of those that are not ground
-- @treturn boolean  true
-- @error if it cannot be written
-- @raise if an entry of `about` is unknown or missing
function M.save(path, net, about)
  local share = {lo = 0, hi = 1}
  local tree = check.options("measure.segmenter.save", about, {
    classes = option.table {required = true}, width = option.integer {required = true, lo = 1},
    data = option.string {required = true}, accuracy = option.number {required = true, lo = 0, hi = 1},
    not_ground = option.number(share),
  })
  tree.kind, tree.format, tree.version = KIND, FORMAT, core.version_string
  tree.channels, tree.state = net.channels, net:state()
  return checkpoint.save(path, tree)
end

--- Opens a segmenter that `save` wrote.
-- @tparam string path  of the file
-- @treturn table  `net`, in evaluation mode; `classes`, names; `data`, `accuracy`, `not_ground`
-- @error if the file is missing, damaged, or holds something else
-- @raise if path is no string
function M.open(path)
  if type(path) ~= "string" then return check.expected("measure.segmenter.open", 1, "path", "a string", path) end
  local tree, message = checkpoint.load(path)
  if not tree then return nil, message end
  local function bad(why) return nil, ("%s: not a segmenter that can be used: %s"):format(check.shown(path), why) end
  if tree.kind ~= KIND or tree.format ~= FORMAT then return bad "experiments/segmenter.lua writes them" end
  local names = tree.classes
  if type(names) ~= "table" or type(tree.accuracy) ~= "number" or type(tree.data) ~= "string" then
    return bad "its classes, data and accuracy are missing"
  end
  for _, name in ipairs(names) do if type(name) ~= "string" then return bad "its classes are no names" end end
  local net, why = check.try(module.within, module.room_for(tree.state), model,
    {classes = #names, channels = tree.channels, width = tree.width})
  if net then net, why = check.try(net.load, net, tree.state or {}) end
  if not net then return bad(why) end
  return {net = net:eval(), classes = names, data = tree.data, accuracy = tree.accuracy,
    not_ground = type(tree.not_ground) == "number" and tree.not_ground or nil}
end

return M
