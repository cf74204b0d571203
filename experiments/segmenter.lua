-- A segmenter of pictures with masks: it names each pixel's class.
--
--   lua experiments/segmenter.lua --data shapes --size 32
--   lua experiments/segmenter.lua --data PATH --size 64 --out cells.safetensors
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local core = require "gan.core"
local lfs = require "lfs"
local command, segmenter = gan.command, gan.measure.segmenter

local must, stop, finish = gan.train.stop.script "segmenter.lua"

local KEPT = 10 -- one picture of so many is for the test where the data have no parts

local declared = command.declare(command.extend(gan.data.options.list {
  data = {[3] = "shapes", help = ("pictures with masks: %s; or 'shapes'"):format(gan.data.formats)}, split = false,
}, {
  {"width", "integer", 16, lo = 1, hi = 256, help = "channels of the net's first layer"},
  {"steps", "integer", 1000, lo = 1, help = "batches to learn from"},
  {"batch", "integer", 32, lo = 1, hi = 65536, help = "pictures in a batch"},
  {"lr", "number", 0.002, above = 0, hi = 10, help = "step size at first, falling to 0 as a cosine"},
  {"seed", "integer", 0, lo = 0, help = "seed of all random numbers"},
  {"threads", "integer", gan.threads(), lo = 1, hi = 64, help = "threads; the results do not depend on them"},
  {"out", "string", nil, arg = "FILE", help = "file of the weights (default: runs/segmenter-DATA.safetensors)"},
}))
local opt = must(command.parse(declared, arg, {name = "segmenter.lua", summary = "Trains a segmenter, for measuring."}))
gan.threads(opt.threads)
local name = opt.data:match "([^/]*)/*$"
if not opt.out then lfs.mkdir "runs" end
local out = opt.out or ("runs/segmenter-%s.safetensors"):format(name)
must(gan.file.text.says(out, "safetensors", "weights are written as safetensors"))
gan.file.text.leftovers(gan.file.text.folder_of(out), true) -- of one that was killed
must(core.file_create(out)):close() -- better now than after the training

local how = gan.data.options.of(opt)
local train, test = must(gan.data.open(opt.data, how)), nil
must(gan.data.annotations.needs(train, "mask"))
if train.height % 4 ~= 0 or train.width % 4 ~= 0 then
  stop("%s: pictures of %dx%d: sides must be multiples of 4; give --size", opt.data, train.height, train.width)
end
for _, part in ipairs(train.splits or {}) do
  if part ~= train.split and not test then
    how.split = part
    test = must(gan.data.open(opt.data, how))
  end
end
if not test then
  if train.n < KEPT then stop("%s: expected at least %d pictures, found %d", opt.data, KEPT, train.n) end
  local n, order = train.n // KEPT, gan.rng(opt.seed, "data.train_test"):permutation(train.n)
  train, test = train:subset(core.narrow(order, 1, n + 1, train.n - n)), train:subset(core.narrow(order, 1, 1, n))
end

local console = gan.show.console.new()
local function say(fmt, ...) console:say(fmt:format(...)) end
say("%s for training, %d for testing: %s", check.count(train.n, "picture"), test.n, train:describe())
core.catch_interrupt(true)
local sum, every = 0, math.max(1, opt.steps // 10)
local net, classes = segmenter.train(train, {steps = opt.steps, batch = opt.batch, width = opt.width, lr = opt.lr,
  seed = opt.seed, told = function(step, loss)
    sum = sum + (loss or 0)
    if step % every == 0 then
      say("step %d/%d  loss %.4f", step, opt.steps, sum / every)
      sum = 0
    end
    return core.interrupted() or console.broken
  end})
if core.interrupted() or console.broken then
  gan.train.stop.interrupted("segmenter.lua", console.broken
    and ("standard output: %s; stopped, nothing was saved"):format(console.broken))
end
local accuracy, p = segmenter.accuracy(net, test)
must(segmenter.save(out, net, {classes = classes, width = opt.width, data = name, accuracy = accuracy,
  not_ground = p.not_ground}))
say("%s: %.2f %% of the pixels of %s, %.2f %% of those that are not ground, mean IoU %.3f", out, 100 * accuracy,
  check.count(p.n_fake, "test picture"), 100 * (p.not_ground or 0), p.miou)
finish()
