--- SPADE: images from maps of classes, and two patch critics, for square images of 16, 32, 64 or 128 pixels.
-- Source: Park et al. 2019, arXiv:1903.07291.
-- Differs: small: the blocks begin at 4 x 4 pixels with a linear layer of z; critics with fields of 34 and 68 pixels.
-- @module gan.model.spade
local check = require "gan.check"
local nn = require "gan.nn"
local ops = require "gan.ops"
local parts = require "gan.model.parts"
local patch = require "gan.model.patch"

local option = check.option

local M = {}

local levels = {[16] = 3, [32] = 4, [64] = 5, [128] = 6} -- 4 x 4 pixels, 8 x 8, ...

local function options(op, opt, known)
  known.size, known.channels = parts.size(32, "16, 32, 64 or 128", function(n) return levels[n] end), parts.count(3)
  known.classes = option.integer {required = true, lo = 1, hi = 65536}
  known.init, known.rng = parts.init "xavier_normal", option.stream {}
  return check.options(op, opt, known)
end

--- Makes G: z, standard normal, and a map of classes to images. Called (z, map).
-- @tparam table opt
-- @tparam integer opt.classes  Y
-- @tparam[opt=32] integer opt.size  16, 32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=64] integer opt.z  Z
-- @tparam[opt=32] integer opt.ngf  width at the full size; then 2, 3 and 4 ngf from size to size
-- @tparam[opt=16] integer opt.hidden  channels of a map inside of the norms
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt="xavier_normal"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: z (N,Z), map u8 or i32 (N,H,W), each 0..Y-1 -> images (N,size,size,channels) in (-1,1)
-- @raise if an option is unknown or out of range; names the sizes that it can make
function M.generator(opt)
  opt = options("model.spade.generator", opt, {
    z = parts.count(64), ngf = parts.count(32), hidden = parts.count(16),
  })
  local n, rng = levels[opt.size], opt.rng
  local before = opt.ngf * math.min(4, n)
  local layers = {name = "G", input = {opt.z}, nn.linear {opt.z, 16 * before, rng = rng}, nn.view {4, 4, before}}
  for i = 1, n do
    local width = opt.ngf * math.min(4, n - i + 1)
    if i > 1 then layers[#layers + 1] = nn.upsample {} end
    layers[#layers + 1] = nn.residual_spade {before, width, opt.classes, hidden = opt.hidden, rng = rng}
    before = width
  end
  layers[#layers + 1] = nn.leaky_relu {slope = 0.2}
  layers[#layers + 1] = nn.conv2d {before, opt.channels, kernel = 3, padding = 1, rng = rng}
  layers[#layers + 1] = nn.tanh {}
  return parts.draw(nn.chain(layers), opt)
end

-- The same critic at several sizes of the image.
local critics = nn.class "patch_critics"

-- counts: how many logits each makes of an image
function critics:init(list, counts)
  for i, net in ipairs(list) do self[i] = net end
  self._counts = counts
end

-- Calls f(critic, x, y) for each critic, with x halved from one to the next; returns the list of results.
local function at_scales(self, f, x, y)
  local out = {}
  for i, net in ipairs(self) do
    if i > 1 then x = ops.avg_pool2d(x, {kernel = 3, stride = 2, padding = 1, count_include_pad = false}) end
    out[i] = f(net, x, y)
  end
  return out
end

function critics:forward(x, y)
  local all = at_scales(self, function(net, a, b) return net(a, b) end, x, y)
  for i, logits in ipairs(all) do all[i] = ops.flatten(logits) end
  return ops.cat(all, 2)
end

--- Makes a loss of D's logits of one that takes any: the mean over each critic's patches, then over the critics.
-- @tparam table loss  of gan.loss, such as gan.loss.hinge(), with `real` and `fake`
-- @treturn table  `critic`, `real`, `fake`, `generator`, `margin`
-- @raise if its terms of real and fake do not separate
function critics:loss(loss)
  if type(loss) ~= "table" or not check.callable(loss.real) or not check.callable(loss.fake) then
    return self:fail "loss: expected a loss whose terms of real and fake separate, such as gan.loss.hinge()"
  end
  local counts = self._counts
  local function over(f)
    return function(logits)
      local sum, from
      from = 1
      for _, count in ipairs(counts) do
        local part = f(ops.narrow(logits, 2, from, count))
        sum, from = sum and ops.add(sum, part) or part, from + count
      end
      return ops.mul(sum, 1 / #counts)
    end
  end
  local own = {real = over(loss.real), fake = over(loss.fake), generator = over(loss.generator), margin = loss.margin}
  function own.critic(real, fake) return ops.add(own.real(real), own.fake(fake)) end
  return own
end

--- Returns what the critics' hidden layers make of images, for feature matching: gan.loss.perceptual of both lists,
-- times 10 over the number of critics, is the authors'.
-- @tparam Tensor x  (N,H,W,C)
-- @tparam Tensor y  u8 or i32 (N,H,W), the map
-- @treturn table  list of tensors, (N,...)
-- @raise as the critics
function critics:features(x, y)
  local all = {}
  for _, list in ipairs(at_scales(self, nn.stages, x, y)) do table.move(list, 1, #list, #all + 1, all) end
  return all
end

function critics:shape(s)
  self[1]:shape(s)
  local sum = 0
  for _, count in ipairs(self._counts) do sum = sum + count end
  return {sum}
end

function critics:children() return table.move(self, 1, #self, 1, {}) end

--- Makes D: patch critics of the image and of smaller ones. Called (x, map), it returns the logits of all
-- patches, those of the largest image first; D:loss(loss) weighs critics alike. D:features(x, map) is for feature
-- matching.
-- @tparam table opt
-- @tparam integer opt.classes  Y
-- @tparam[opt=32] integer opt.size  16, 32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=32] integer opt.ndf  width after the first layer
-- @tparam[opt=2] integer opt.layers  convolutions that halve the image: 1 to 3
-- @tparam[opt=2] integer opt.scales  critics, each of an image half as large: 1 to 3
-- @tparam[opt="spectral"] string opt.norm  "spectral", "instance", "batch" or "none"
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt="xavier_normal"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  images (N,size,size,channels), map u8 or i32 (N,H,W), each 0..Y-1 -> logits (N,P)
-- @raise if an option is unknown or out of range, or an image is too small for its critic
function M.discriminator(opt)
  local op = "model.spade.discriminator"
  opt = options(op, opt, {
    ndf = parts.count(32), layers = option.integer {default = 2, lo = 1, hi = 3},
    scales = option.integer {default = 2, lo = 1, hi = 3},
    norm = option.word {"spectral", "instance", "batch", "none", default = "spectral"},
  })
  local list, counts = {}, {}
  for i = 1, opt.scales do
    counts[i] = patch.count(opt.size >> (i - 1), opt.layers)
    list[i] = patch.critic(op, {size = opt.size >> (i - 1), maps = opt.classes, channels = opt.channels, ndf = opt.ndf,
      layers = opt.layers, norm = opt.norm, rng = opt.rng})
  end
  local net = parts.draw(critics(list, counts), opt)
  return opt.norm == "spectral" and nn.spectral(net, {rng = opt.rng}) or net
end

return M
