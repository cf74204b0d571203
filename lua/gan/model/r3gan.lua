--- R3GAN: residual nets without norms, for square images of 16, 32, 64 or 128 pixels.
-- Widths are given from 4 x 4 pixels up. With no norm in them the nets bear gradient penalties of both kinds: the game
-- that they were made for is gan.loss.relativistic {average = false} with penalties r1 and r2.
-- Source: Huang et al. 2024, arXiv:2501.05441.
-- Differs: smaller widths, and one block at each size, by default.
-- @module gan.model.r3gan
local check = require "gan.check"
local core = require "gan.core"
local nn = require "gan.nn"
local parts = require "gan.model.parts"

local option = check.option

local M = {}

local levels = {[16] = 3, [32] = 4, [64] = 5, [128] = 6} -- 4 x 4 pixels, 8 x 8, ...

-- The widths by the width at the full size: the same at half of it, then twice as much from size to size.
local function default_widths(n, last)
  local widths = {}
  for i = 1, n do widths[i] = last * math.max(1, math.min(8, 1 << math.max(0, n - 1 - i))) end
  return widths
end

local function check_widths(op, opt, n)
  for i = 1, math.max(n, #opt.widths) do
    local width = parts.count().accept(opt.widths[i])
    if not width or i > n then
      return check.fail(op, "option 'widths': expected %s, from 4 x 4 pixels up to %d x %d, got %s at entry %d",
        check.count(n, "integer"), opt.size, opt.size, check.found(opt.widths[i]), i)
    elseif 2 * width % opt.group ~= 0 then
      return check.fail(op, "option 'group': %d does not divide 2 x %d, the channels inside a block of %d x %d pixels; "
        .. "widths must be multiples of %d", opt.group, width, 2 << i, 2 << i,
        opt.group % 2 == 0 and opt.group // 2 or opt.group)
    end
  end
end

local function options(op, opt, known, width_name)
  known.size, known.channels = parts.size(32, "16, 32, 64 or 128", function(n) return levels[n] end), parts.count(3)
  known[width_name], known.widths = parts.count(32), option.table {}
  known.blocks, known.group, known.init = parts.count(1), parts.count(16), parts.init "fixup"
  known.conditioning = option.word {"projection", "acgan", default = "projection"}
  opt = parts.options(op, opt, known)
  local n = levels[opt.size]
  opt.widths = opt.widths or default_widths(n, opt[width_name])
  check_widths(op, opt, n)
  return opt
end

-- Adds the blocks of one size.
local function add_blocks(add, opt, width)
  for _ = 1, opt.blocks do add(nn.bottleneck {width, group = opt.group, rng = opt.rng}) end
end

-- A change of the width, where there is one.
local function change(opt, from, to)
  return from ~= to and nn.conv2d {from, to, kernel = 1, bias = false, rng = opt.rng} or nil
end

--- Makes G: z, standard normal, to images. Its output is linear: pictures are near [-1,1], not inside.
-- Of a conditional net the label's embedding, as long as z, stands behind z.
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  16, 32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=64] integer opt.z  Z
-- @tparam[opt=32] integer opt.ngf  width at the full size and at half; then doubled from size to size, 8 ngf at most
-- @tparam[opt] table opt.widths  in place of ngf: a list, from 4 x 4 pixels up to the full size
-- @tparam[opt=1] integer opt.blocks  residual blocks at each size; the paper has 2
-- @tparam[opt=16] integer opt.group  channels in a group of the 3x3 convolutions; must divide twice each width
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="projection"] string opt.conditioning  or "acgan": G is the same
-- @tparam[opt="fixup"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: z (N,Z) -> images (N,size,size,channels)
-- @raise if an option is unknown or out of range, or the group does not divide; names the sizes that it can make
-- @usage local G = gan.model.r3gan.generator {size = 32, widths = {256, 128, 64, 64}, blocks = 2}
function M.generator(opt)
  local op = "model.r3gan.generator"
  opt = options(op, opt, {z = parts.count(64)}, "ngf")
  local layers, rng, z = {name = "G", input = {opt.z}}, opt.rng, opt.z
  local function add(layer) layers[#layers + 1] = layer end
  if opt.classes then
    add(nn.label_concat {opt.classes, features = z, rng = rng})
    z = 2 * z
  end
  local before = opt.widths[1]
  add(nn.learned_basis {z, before, rng = rng})
  for i, width in ipairs(opt.widths) do
    if i > 1 then
      add(change(opt, before, width))
      add(nn.resample {up = 2})
    end
    add_blocks(add, opt, width)
    before = width
  end
  add(nn.conv2d {before, opt.channels, kernel = 1, bias = false, rng = rng})
  return parts.finish(op, opt, nn.chain(layers))
end

--- Makes D: images near [-1,1] to logits. With conditioning = "acgan" it returns class logits (N,Y), too.
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  16, 32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=1] integer opt.pack  images that are judged together, behind each other in the channels: see gan.pack
-- @tparam[opt=32] integer opt.ndf  width at the full size and at half; then doubled from size to size, 8 ndf at most
-- @tparam[opt] table opt.widths  in place of ndf: a list, from 4 x 4 pixels up to the full size
-- @tparam[opt=1] integer opt.blocks  residual blocks at each size; the paper has 2
-- @tparam[opt=16] integer opt.group  channels in a group of the 3x3 convolutions; must divide twice each width
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] integer opt.classes  Y, of a conditional net (default: none)
-- @tparam[opt="projection"] string opt.conditioning  or "acgan": see lua/gan/model/parts.lua
-- @tparam[opt="none"] string opt.norm  "none": these nets have no other
-- @tparam[opt] string opt.minibatch  "discrimination" or "stddev", at 4 x 4 pixels (default: none)
-- @tparam[opt=100] integer opt.kernels  of minibatch discrimination
-- @tparam[opt=5] integer opt.dims  of minibatch discrimination
-- @tparam[opt="fixup"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  a chain: images (N,size,size,channels) -> logits (N); its sections are the layers at one size
-- @raise if an option is unknown or out of range, or the group does not divide; names the sizes that it can judge
function M.discriminator(opt)
  local op = "model.r3gan.discriminator"
  opt = options(op, opt, parts.of_discriminator {norm = option.word {"none", default = "none"}}, "ndf")
  local rng, before = opt.rng, opt.channels * opt.pack
  local layers = {name = "D", input = {opt.size, opt.size, before}}
  local function add(layer) layers[#layers + 1] = layer end
  for i = #opt.widths, 1, -1 do
    local width = opt.widths[i]
    if i < #opt.widths then
      add(nn.resample {down = 2})
      add(change(opt, before, width))
    else
      add(nn.conv2d {before, width, kernel = 1, bias = false, rng = rng})
    end
    add_blocks(add, opt, width)
    parts.end_section(layers)
    before = width
  end
  before = parts.minibatch(add, opt, before)
  add(nn.conv2d {before, before, kernel = 4, groups = before, bias = false, rng = rng}) -- one window: all of 4 x 4
  add(nn.flatten {})
  local head
  if opt.conditioning == "projection" then
    head = nn.label_product {before, opt.classes, rng = rng}
    add(head)
  elseif opt.conditioning == "acgan" then
    parts.head(add, opt, before)
  else
    add(nn.linear {before, 1, bias = false, rng = rng})
    add(nn.view {})
  end
  local net = parts.finish(op, opt, nn.chain(layers))
  if head and opt.init == "fixup" then core.mul_(head.classes.weight, 1 / math.sqrt(before)) end
  return net
end

return M
