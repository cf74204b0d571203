--- Obedience: whether pictures show the colour and the kind that was asked for, as a classifier sees them that learnt
-- from real pictures of the built-in set, where each picture's first object is the largest.
-- @module gan.measure.obedience
local autograd = require "gan.autograd"
local batches = require "gan.data.batches"
local check = require "gan.check"
local classifier = require "gan.model.classifier"
local core = require "gan.core"
local loss = require "gan.ops.loss"
local nn = require "gan.nn"
local optim = require "gan.optim"

local option = check.option

local M = {}

local NAME = "measure.obedience"
local Z = 1.959963984540054 -- of a 95 % interval

--- Returns what the first object of each picture of a set is.
-- @function gan.measure.obedience.labels
-- @tparam Set set  of gan.data.shapes
-- @treturn Tensor  i32 (N): colours * kind + colour, from 0
-- @treturn integer  how many colours there are
-- @raise if the set is another one
function M.labels(set)
  local op, place, colours = NAME .. ".labels", {}, 0
  if type(set) ~= "table" or not check.callable(set.boxes) or not set.attribute_names then
    return check.expected(op, 1, "set", "the built-in shapes", set)
  end
  for k = #set.classes + 1, #set.attribute_names do place[set.attribute_names[k]], colours = colours, colours + 1 end
  local list = {}
  for i = 1, set.n do
    local first = set:boxes(i)[1]
    local colour = first and place[first.colour]
    if not colour then return check.expected(op, 1, "set", "the built-in shapes", set) end
    list[i] = first.class * colours + colour
  end
  return core.tensor(list, "i32"), colours
end

--- Trains a classifier of kinds and colours together on real pictures. It depends on the set and the options alone.
-- @function gan.measure.obedience.learn
-- @tparam Set set  pictures that no generator was trained on or is measured with
-- @tparam table opt
-- @tparam[opt=5] integer opt.epochs  passes over the pictures
-- @tparam[opt=16] integer opt.width  of the residual net (gan.model.classifier)
-- @tparam[opt=128] integer opt.batch  pictures in a step
-- @tparam[opt=0.05] number opt.lr  largest step size
-- @tparam[opt=0] integer opt.seed  of starting values and order
-- @tparam[opt] function opt.told  f(epoch, loss), after each
-- @treturn Module  in evaluation mode: (N,H,W,3) in [-1,1] -> logits
-- @raise if an option is unknown or out of range, or the set is another one
function M.learn(set, opt)
  opt = check.options(NAME .. ".learn", opt, {
    epochs = option.integer {default = 5, lo = 1}, width = option.integer {default = 16, lo = 1, hi = 256},
    batch = option.integer {default = 128, lo = 2}, lr = option.number {default = 0.05, above = 0},
    seed = option.integer {default = 0}, told = option.callable {},
  })
  local labels, colours = M.labels(set)
  local net = classifier.resnet {size = set.size, channels = set.channels, classes = #set.classes * colours,
    width = opt.width, rng = core.rng(opt.seed, "obedience")}
  local optimiser = optim.sgd(net:params(), {momentum = 0.9, nesterov = true, weight_decay = 5e-4})
  local loader <close> = batches({images = set.images, labels = labels}, {batch = math.min(opt.batch, set.n),
    seed = opt.seed, crop = 2})
  local steps = loader.steps_per_epoch
  local total = steps * opt.epochs
  for epoch = 1, opt.epochs do
    local sum = 0
    for step = (epoch - 1) * steps + 1, epoch * steps do
      local x, y = loader()
      local v = loss.softmax_cross_entropy(net(x), y)
      optimiser.lr = opt.lr * math.min(1, 10 * step / total) * 0.5 * (1 + math.cos(math.pi * (step - 1) / total))
      optimiser:step(autograd.grad(v, optimiser.params))
      sum = sum + core.item(v)
    end
    if opt.told then opt.told(epoch, sum / steps) end
  end
  return net:eval()
end

--- Returns a share with its 95 % interval.
-- Source: Wilson 1927, "Probable inference".
-- @function gan.measure.obedience.share
-- @tparam integer right  of them
-- @tparam integer n  from 1
-- @treturn number  right / n
-- @treturn number  lower end
-- @treturn number  upper end
-- @raise if an argument is out of range
-- @usage print(gan.measure.obedience.share(1700, 2000))  --> 0.85  0.8337...  0.8650...
function M.share(right, n)
  check.int(NAME .. ".share", 2, "n", n, 1)
  check.int(NAME .. ".share", 1, "right", right, 0, n)
  local p, f = right / n, Z * Z / n
  local middle, half = p + f / 2, Z * math.sqrt(p * (1 - p) / n + f / (4 * n))
  return p, (middle - half) / (1 + f), (middle + half) / (1 + f)
end

--- Counts how often pictures show what was asked for.
-- @function gan.measure.obedience.count
-- @tparam Module net  of `learn`
-- @tparam Tensor images  real (N,H,W,3) in [-1,1]
-- @tparam Tensor labels  i32 (N), of `labels`
-- @tparam integer colours  how many there are
-- @treturn table  `both`, `colour`, `kind`, `n`: integers
-- @raise if images or labels do not fit
function M.count(net, images, labels, colours)
  local seen, asked = core.to_table(core.argmax(nn.evaluate(net, images), 2)), core.to_table(labels)
  net:eval()
  if #seen ~= #asked then return check.expected(NAME .. ".count", 3, "labels", ("i32 (%d)"):format(#seen), labels) end
  local out = {both = 0, colour = 0, kind = 0, n = #seen}
  for i, y in ipairs(asked) do
    local colour, kind = seen[i] % colours == y % colours, seen[i] // colours == y // colours
    out.colour, out.kind = out.colour + (colour and 1 or 0), out.kind + (kind and 1 or 0)
    out.both = out.both + (colour and kind and 1 or 0)
  end
  return out
end

return M
