--- Residual blocks of SNGAN's and WGAN-GP's networks: residual_up for G, residual_down for D.
-- @module gan.nn.residual
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"
local chain = require("gan.nn.chain").chain
local conv2d = require("gan.nn.conv").conv2d
local relu = require("gan.nn.activation").relu
local upsample = require("gan.nn.shape").upsample
local batch_norm = require("gan.nn.norm").batch_norm
local conditional_batch_norm = require("gan.nn.conditional").conditional_batch_norm

local option = check.option

local M = {}

local function avg_pool(x) return ops.avg_pool2d(x, {kernel = 2}) end

-- ---- G ----

M.residual_up = module.class "nn.residual_up"
local up = M.residual_up

--- Makes G's residual block: norm, relu, upsample, 3x3 convolution, norm, relu, 3x3 convolution; beside it a shortcut.
-- The shortcut is upsample and a 1x1 convolution; without upsampling, and where Ci = Co, it is x itself. Both are
-- added. With classes the block is called (x, y), and its norms are conditional. Fields main, shortcut.
-- Source: Gulrajani et al. 2017, arXiv:1704.00028, app. E; Miyato et al. 2018, arXiv:1802.05957, fig. 8.
-- Differs: the shortcut's convolution comes before its upsampling, which gives the same for a quarter of the work.
-- @function gan.nn.residual_up
-- @tparam table opt
-- @tparam integer opt.1  Ci
-- @tparam integer opt.2  Co
-- @tparam[opt=true] boolean opt.upsample  false keeps H and W
-- @tparam[opt="nearest"] string opt.mode  "nearest" or "bilinear"
-- @tparam[opt] integer opt.classes  Y (default: none)
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,Ci) -> (N,2H,2W,Co)
-- @raise if an option is unknown or out of range
function up:init(opt)
  local op = self.label
  opt = check.options(op, opt, {
    upsample = option.boolean {default = true}, mode = option.word {"nearest", "bilinear", default = "nearest"},
    classes = option.integer {lo = 1}, rng = option.stream {},
  }, {"Ci", "Co"})
  local ci, co, rng, classes = opt[1], opt[2], opt.rng, opt.classes
  local function norm(c) return classes and conditional_batch_norm {c, classes} or batch_norm {c} end
  if opt.upsample then self.upsample = upsample {mode = opt.mode} end
  self.sizes = {ci, co}
  local function conv(from) return conv2d {from, co, kernel = 3, padding = 1, rng = rng} end
  local layers = {norm(ci), relu()}
  layers[#layers + 1] = self.upsample
  table.move({conv(ci), norm(co), relu(), conv(co)}, 1, 4, #layers + 1, layers)
  self.main = chain(layers)
  if self.upsample or ci ~= co then self.shortcut = conv2d {ci, co, kernel = 1, rng = rng} end
end

function up:forward(x, y)
  self:check_input(x, 4, self.sizes[1])
  local h, s = self.main(x, y), x
  if self.shortcut then s = self.shortcut(s) end
  if self.upsample then s = self.upsample(s) end
  return ops.add(h, s)
end

function up:shape(s) return self.main:shape(self:check_shape(s, 4, self.sizes[1])) end

function up:describe()
  return ("residual_up %d -> %d%s%s"):format(self.sizes[1], self.sizes[2], self.upsample and "" or ", same size",
    self.main[#self.main]:describe_norm())
end

-- ---- D ----

M.residual_down = module.class "nn.residual_down"
local down = M.residual_down

--- Makes D's residual block: relu, 3x3 convolution, relu, 3x3 convolution, mean of 2x2; beside it a shortcut.
-- The shortcut is the mean and a 1x1 convolution; without halving, and where Ci = Co, it is x itself. Both are added.
-- Fields main, shortcut. Source: as for residual_up.
-- Differs: the mean comes before the shortcut's convolution in every block.
-- @function gan.nn.residual_down
-- @tparam table opt
-- @tparam integer opt.1  Ci
-- @tparam integer opt.2  Co
-- @tparam[opt=true] boolean opt.down  false keeps H and W
-- @tparam[opt=false] boolean opt.first  the block sees the image: no relu at its beginning
-- @tparam[opt] integer opt.hidden  channels between the two convolutions (default: Ci; Co in the first block)
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,Ci) -> (N,H/2,W/2,Co)
-- @raise if an option is unknown or out of range
function down:init(opt)
  local op = self.label
  opt = check.options(op, opt, {
    down = option.boolean {default = true}, first = option.boolean {default = false},
    hidden = option.integer {lo = 1}, rng = option.stream {},
  }, {"Ci", "Co"})
  local ci, co, rng = opt[1], opt[2], opt.rng
  local hidden = opt.hidden or opt.first and co or ci
  self.down, self.sizes = opt.down, {ci, co}
  local function conv(from, to) return conv2d {from, to, kernel = 3, padding = 1, rng = rng} end
  local layers = {conv(ci, hidden), relu(), conv(hidden, co)}
  if not opt.first then table.insert(layers, 1, relu()) end
  self.main = chain(layers)
  if self.down or ci ~= co then self.shortcut = conv2d {ci, co, kernel = 1, rng = rng} end
end

local function halved(self, h, w)
  if h < 2 or w < 2 then return self:fail("an image of %dx%d is too small to be halved", h, w) end
  return h // 2, w // 2
end

function down:forward(x, y)
  self:check_input(x, 4, self.sizes[1])
  if self.down then halved(self, x:size(2), x:size(3)) end
  local h, s = self.main(x, y), x
  if self.down then h, s = avg_pool(h), avg_pool(s) end
  if self.shortcut then s = self.shortcut(s) end
  return ops.add(h, s)
end

function down:shape(s)
  local out = self.main:shape(self:check_shape(s, 4, self.sizes[1]))
  if self.down then out[1], out[2] = halved(self, out[1], out[2]) end
  return out
end

function down:describe()
  return ("residual_down %d -> %d%s%s"):format(self.sizes[1], self.sizes[2], self.down and "" or ", same size",
    self.main[#self.main]:describe_norm())
end

return M
