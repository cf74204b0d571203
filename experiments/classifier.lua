-- A classifier of labelled pictures. Its features then measure generators of such pictures: see gan.measure.features.
--
--   lua experiments/classifier.lua --data MNIST --out mnist.safetensors
--   lua experiments/classifier.lua --data FASHION-MNIST --mirror --epochs 15
--   lua experiments/classifier.lua --data PATH --net resnet --size 32        folders of pictures, one for each class
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local core = require "gan.core"
local lfs = require "lfs"
local command, features = gan.command, gan.measure.features

local must, stop, finish = gan.train.stop.script "classifier.lua"

local declared = command.declare(command.extend(gan.data.options.list {
  data = {
    [3] = "shapes", help = ("labelled images: %s, in a sub-folder a class; or 'shapes'"):format(gan.data.formats),
  },
  size = {lo = 8, hi = 256, help = "side of the images in pixels (default: as they are)"},
  limit = {
    lo = 2, help = "use only so many images for training, and for testing, as many of each class (default: all)",
  },
  split = false,
}, {
  {"net", "string", "auto", arg = "lenet|resnet",
    help = "lenet or resnet (default: lenet for grey images, resnet for colour)"},
  {"width", "integer", 32, lo = 1, hi = 256, help = "channels of the net's first layers"},
  {"epochs", "integer", 10, lo = 1, hi = 100000, help = "passes over the data"},
  {"batch", "integer", 128, lo = 2, hi = 65536, help = "images in a batch"},
  {"lr", "number", 0.05, above = 0, hi = 1e3,
    help = "largest step size: reached after a tenth of the steps, then falling to 0 as a cosine"},
  {"shift", "integer", 2, lo = 0, hi = 255, help = "move images at random by up to so many pixels"},
  {"mirror", "flag", false, help = "flip every other image left to right, at random (not for digits and letters)"},
  {"seed", "integer", 0, lo = 0, help = "seed of all random numbers"},
  {"threads", "integer", gan.threads(), lo = 1, hi = 64, help = "threads; the results do not depend on them"},
  {"out", "string", nil, arg = "FILE", help = "file of the weights (default: runs/classifier-DATA.safetensors)"},
}))
local about = {name = "classifier.lua", summary = "Trains a classifier, for measuring generators by its features."}
local opt = must(command.parse(declared, arg, about))
if opt.net ~= "auto" and opt.net ~= "lenet" and opt.net ~= "resnet" then
  stop("--net: expected auto, lenet or resnet, got '%s'", opt.net)
end
gan.threads(opt.threads)

local how = gan.data.options.of(opt)
how.seed = opt.seed
local train, test = gan.data.train_test(opt.data, how)
if not train then stop("%s", test) end
if not train.size then
  stop("%s: images of %dx%d pixels are not square; give --size", opt.data, train.height, train.width)
end
if opt.batch > train.n then
  stop("--batch %d is more than the data: %s has %s for training", opt.batch, opt.data,
    check.count(train.n, "image"))
end
if opt.shift >= train.size then stop("--shift %d is more than the images' side, %d", opt.shift, train.size) end
local name = opt.data:match "([^/]*)/*$"
if not opt.out then lfs.mkdir "runs" end
local out = opt.out or ("runs/classifier-%s.safetensors"):format(name)
must(gan.file.text.says(out, "safetensors", "weights are written as safetensors"))
gan.file.text.leftovers(gan.file.text.folder_of(out), true) -- of one that was killed
must(core.file_create(out)):close() -- better now than after the training

local kind = opt.net ~= "auto" and opt.net or train.channels == 1 and "lenet" or "resnet"
local made, net = pcall(gan.model.classifier[kind], {
  size = train.size, channels = train.channels, classes = #train.classes, width = opt.width,
  rng = gan.rng(opt.seed, "init"),
})
if not made then stop("%s", (net:gsub("^[^ ]*:%d+: ", ""))) end
local optimiser = gan.optim.sgd(net:params(), {momentum = 0.9, nesterov = true, weight_decay = 5e-4})
local loader = gan.data.batches(train, {batch = opt.batch, seed = opt.seed, crop = opt.shift, mirror = opt.mirror})

-- The part of the test images that the net names rightly.
local function accuracy()
  local F, right = features.of(net:eval()), 0
  for first = 0, test.n - 1, F.batch do
    local some = {}
    for row = first, math.min(first + F.batch, test.n) - 1 do some[#some + 1] = row end
    local _, logits = F(test:rows(some))
    local labels = core.narrow(test.labels, 1, first + 1, #some)
    right = right + core.eq(logits:argmax(2):to "real", labels:to "real"):sum():item()
  end
  net:train()
  return right / test.n
end

local console = gan.show.console.new()
local function say(fmt, ...) console:say(fmt:format(...)) end
say("%s", net)
say("%s for training, %d for testing: %s", check.count(train.n, "image"), test.n, train:describe())
core.catch_interrupt(true)
local start, per_epoch, reached, hash = core.clock(), loader.steps_per_epoch, nil, nil
local total = per_epoch * opt.epochs
for epoch = 1, opt.epochs do
  local sum = 0
  for step = (epoch - 1) * per_epoch + 1, epoch * per_epoch do
    local x, labels = loader()
    local loss = gan.softmax_cross_entropy(net(x), labels)
    optimiser.lr = opt.lr * math.min(1, 10 * step / total) * 0.5 * (1 + math.cos(math.pi * (step - 1) / total))
    optimiser:step(gan.grad(loss, optimiser.params))
    sum = sum + loss:item()
    if sum - sum ~= 0 then stop("epoch %d: the loss is not finite; a lower --lr may help", epoch) end
    if core.interrupted() or console.broken then
      local saved = hash and out .. " keeps the one before" or "nothing was saved"
      say("stopped in epoch %d; %s", epoch, saved)
      local why = console.broken and ("standard output: %s; stopped, %s"):format(console.broken, saved)
      gan.train.stop.interrupted("classifier.lua", why)
    end
  end
  reached = accuracy()
  hash = must(features.save(out, net, {
    data = name, accuracy = reached, class_names = train.classes, images = train.n, test_images = test.n,
    epochs = epoch, seed = opt.seed,
  }))
  local seconds = core.clock() - start
  say("epoch %d/%d  loss %.4f  test accuracy %.2f %%  %.0f s", epoch, opt.epochs, sum / per_epoch, 100 * reached,
    seconds)
end
loader:close()
say("%s: %s, %.2f %% of %d test images, %s", out, kind, 100 * reached, test.n, hash)
finish()
