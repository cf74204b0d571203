--- pix2pix: images from images, or from maps of classes: a U-Net and a patch critic, for squares of 16 to 256 pixels.
-- Source: Isola et al. 2017, arXiv:1611.07004, as the authors' later code.
-- @module gan.model.pix2pix
local check = require "gan.check"
local core = require "gan.core"
local maps = require "gan.nn.maps"
local nn = require "gan.nn"
local ops = require "gan.ops"
local parts = require "gan.model.parts"
local patch = require "gan.model.patch"

local option = check.option

local M = {}

local levels = {[16] = 4, [32] = 5, [64] = 6, [128] = 7, [256] = 8} -- halvings down to one pixel

local function options(op, opt, known)
  known.size = parts.size(64, "16, 32, 64, 128 or 256", function(n) return levels[n] end)
  known.channels, known.inputs = parts.count(3), parts.count(3)
  known.init, known.rng = parts.init "dcgan", option.stream {}
  return check.options(op, opt, known)
end

local unet = nn.class "unet"

-- Fields down and up (convolutions, outermost first), down_norm and up_norm, where there are some, dropout.
function unet:init(opt)
  local n, rng = levels[opt.size], opt.rng
  self.size, self.inputs, self.channels = opt.size, opt.inputs, opt.channels
  self.down, self.up, self.down_norm, self.up_norm, self.dropout = {}, {}, {}, {}, {}
  local function width(i) return opt.ngf * math.min(8, 1 << (i - 1)) end
  local function conv(class, from, to, bias)
    return class {from, to, kernel = 4, stride = 2, padding = 1, bias = bias, rng = rng}
  end
  for i = 1, n do
    local inner = (i < n and 2 or 1) * width(i) -- what comes up: a skip beside it, but for the innermost
    self.down[i] = conv(nn.conv2d, i == 1 and opt.inputs or width(i - 1), width(i), i == 1)
    self.up[i] = conv(nn.conv_transpose2d, inner, i == 1 and opt.channels or width(i - 1), i == 1)
    -- a norm of one pixel of one image would make a constant of it
    if i > 1 and i < n then self.down_norm[i - 1] = nn.batch_norm {width(i)} end
    if i > 1 then self.up_norm[i - 1] = nn.batch_norm {width(i - 1)} end
    if i > 1 and i > n - 2 and opt.dropout > 0 then
      self.dropout[#self.dropout + 1] = nn.dropout {p = opt.dropout, always = true}
    end
  end
end

function unet:forward(x, y)
  local n, skips = #self.down, {}
  if y ~= nil then x = y end -- as games call G: z, of which it reads nothing, and the condition
  local count = core.is_tensor(x) and core.dim(x) > 0 and core.size(x, 1) or 1
  x = maps.at_size(self, x, self.inputs, {count, self.size, self.size}, "#1 'x'")
  for i = 1, n do
    x = self.down[i](i > 1 and ops.leaky_relu(x, 0.2) or x)
    if self.down_norm[i - 1] and i < n then x = self.down_norm[i - 1](x) end
    skips[i] = x
  end
  for i = n, 1, -1 do
    if i < n then x = ops.cat({skips[i], x}, 4) end
    x = self.up[i](ops.relu(x))
    if i > 1 then x = self.up_norm[i - 1](x) end
    local drop = self.dropout[i - (n - #self.dropout)]
    if drop then x = drop(x) end
  end
  return ops.tanh(x)
end

function unet:shape(s)
  self:check_shape(s, 4, self.inputs)
  return {s[1], s[2], self.channels}
end

function unet:describe()
  return ("unet %d -> %d, %s"):format(self.inputs, self.channels, check.count(#self.down, "level"))
end

--- Makes G, a U-Net: an image, or a map of classes, to an image. Its only noise is dropout, also when drawing.
-- Called (input), or as games call it (z, input): it reads nothing of z.
-- @tparam[opt] table opt
-- @tparam[opt=64] integer opt.size  16, 32, 64, 128 or 256
-- @tparam[opt=3] integer opt.channels  of the images that it makes
-- @tparam[opt=3] integer opt.inputs  channels of what it is given; of a map, its classes
-- @tparam[opt=1] integer opt.z  numbers of that z
-- @tparam[opt=32] integer opt.ngf  width at half of the size; then doubled from size to size, 8 ngf at most
-- @tparam[opt=0.5] number opt.dropout  probability in the two innermost levels
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt="dcgan"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  real (N,size,size,inputs), or u8 or i32 (N,H,W) -> images (N,size,size,channels) in (-1,1)
-- @raise if an option is unknown or out of range; names the sizes that it can make
function M.generator(opt)
  opt = options("model.pix2pix.generator", opt, {
    z = parts.count(1), ngf = parts.count(32), dropout = parts.probability(0.5),
  })
  return parts.draw(unet(opt), opt)
end

--- Makes D, a patch critic of an image beside what it was made of. Called (image, input).
-- @tparam[opt] table opt
-- @tparam[opt=64] integer opt.size  16, 32, 64, 128 or 256
-- @tparam[opt=3] integer opt.channels  of the images that it judges
-- @tparam[opt=3] integer opt.inputs  channels of what G is given; of a map, its classes
-- @tparam[opt=64] integer opt.ndf  width after the first layer
-- @tparam[opt=2] integer opt.layers  convolutions that halve the image, 1 to 3: a field of 16, 34 or 70 pixels
-- @tparam[opt="batch"] string opt.norm  "batch", "instance", "spectral" or "none"
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt="dcgan"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: images (N,size,size,channels), input as G's -> logits (N,Ho,Wo,1)
-- @raise if an option is unknown or out of range, or the image is too small for the layers
function M.discriminator(opt)
  local op = "model.pix2pix.discriminator"
  opt = options(op, opt, {
    ndf = parts.count(64), layers = option.integer {default = 2, lo = 1, hi = 3},
    norm = option.word {"batch", "instance", "spectral", "none", default = "batch"},
  })
  opt.maps = opt.inputs
  local net = parts.draw(patch.critic(op, opt), opt)
  return opt.norm == "spectral" and nn.spectral(net, {rng = opt.rng}) or net
end

return M
