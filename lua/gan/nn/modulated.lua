--- Norms whose scale and shift differ from place to place: isla, by boxes; spade, by a map of classes.
-- @module gan.nn.modulated
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local maps = require "gan.nn.maps"
local module = require "gan.nn.module"
local conv2d = require("gan.nn.conv").conv2d
local linear = require("gan.nn.linear").linear
local batch_norm = require("gan.nn.norm").batch_norm

local option = check.option

local M = {}

local function modulated(x, gamma, beta) return ops.add(ops.mul(x, ops.add(gamma, 1)), beta) end

-- ---- by boxes ----

M.isla = module.class "nn.isla"
local isla = M.isla

local EPS = 1e-6 -- so that nothing is divided by 0 where no box is

--- Makes a batch norm with a scale and a shift for each object, inside of its box. Called (x, y), y being a table:
-- `objects` (N,K,5), as gan.box_coverage takes them; `image` {H, W}, their image's size; `codes` (N,K,D), a vector of
-- each. Where boxes overlap their scales and shifts are averaged, by how much of the pixel each covers; where none is,
-- the result is the plain norm's. Fields norm, gamma (D,C) and beta (D,C), linear layers.
--
--     y = (1 + Gamma) norm(x) + Beta, Gamma = sum over objects of m (w A + a) / (sum of m + 1e-6), Beta likewise
--
-- Source: Sun & Wu 2019, arXiv:1908.07500, sec. 3.2.  Differs: m is the box's coverage, without a learnt mask.
-- @function gan.nn.isla
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam integer opt.2  D, numbers of an object's code
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,C), table -> (N,H,W,C)
-- @raise if an option is unknown or out of range
function isla:init(opt)
  opt = check.options(self.label, opt, {rng = option.stream {}}, {"C", "D"})
  self.norm = batch_norm {opt[1], affine = false}
  self.gamma, self.beta = linear {opt[2], opt[1], rng = opt.rng}, linear {opt[2], opt[1], rng = opt.rng}
end

function isla:forward(x, y)
  self:check_input(x, 4, core.size(self.gamma.weight, 2))
  if type(y) ~= "table" or not core.is_tensor(y.codes) or not core.is_tensor(y.objects) then
    return self:fail("bad argument #2 'y' (expected a table of objects, image and codes, got %s)", check.found(y))
  end
  local s, w = core.shape(x), y.codes
  if core.dim(w) ~= 3 or core.size(w, 1) ~= s[1] or core.size(w, 3) ~= core.size(self.gamma.weight, 1) then
    return self:fail("bad argument #2 'y' (expected codes (%d,K,%d), got %s)", s[1], core.size(self.gamma.weight, 1),
      check.found(w))
  end
  local m = core.reshape(ops.box_coverage(y.objects, y.image, {s[2], s[3]}), {s[1], s[2] * s[3], core.size(w, 2)})
  local share = core.div(m, core.add(core.sum(m, 3, true), EPS))
  local function spread(layer) return ops.reshape(ops.matmul(share, layer(w)), s) end
  return modulated(self.norm(x), spread(self.gamma), spread(self.beta))
end

function isla:shape(s) return self:check_shape(s, 4, core.size(self.gamma.weight, 2)) end

function isla:describe()
  local s = core.shape(self.gamma.weight)
  return ("isla %d, codes of %d%s"):format(s[2], s[1], self.gamma:describe_norm())
end

-- ---- by a map ----

M.spade = module.class "nn.spade"
local spade = M.spade

--- Makes a batch norm whose scale and shift are two convolutions of a map of classes. Called (x, y); y is taken to x's
-- size by the nearest pixel's centre. Fields norm; hidden, gamma and beta, convolutions.
--
--     y = norm(x) (1 + gamma(a)) + beta(a), a = relu(hidden(map))
--
-- Source: Park et al. 2019, arXiv:1903.07291, eqs. 1 and 2.
-- @function gan.nn.spade
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam integer opt.2  Y, classes
-- @tparam[opt=128] integer opt.hidden  channels of a
-- @tparam[opt=3] integer opt.kernel  an odd number
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,C), map as gan.nn.map_concat takes it -> (N,H,W,C)
-- @raise if an option is unknown or out of range
function spade:init(opt)
  opt = check.options(self.label, opt, {
    hidden = option.integer {default = 128, lo = 1}, kernel = option.integer {default = 3, lo = 1},
    rng = option.stream {},
  }, {"C", "Y"})
  if opt.kernel % 2 == 0 then
    return check.fail(self.label, "option 'kernel': expected an odd number, got %d", opt.kernel)
  end
  self.classes = opt[2]
  self.norm = batch_norm {opt[1], affine = false}
  local function conv(from, to)
    return conv2d {from, to, kernel = opt.kernel, padding = opt.kernel // 2, rng = opt.rng}
  end
  self.hidden, self.gamma, self.beta = conv(opt[2], opt.hidden), conv(opt.hidden, opt[1]), conv(opt.hidden, opt[1])
end

function spade:forward(x, y)
  self:check_input(x, 4, core.size(self.gamma.weight, 4))
  local a = ops.relu(self.hidden(maps.at_size(self, y, self.classes, core.shape(x))))
  return modulated(self.norm(x), self.gamma(a), self.beta(a))
end

function spade:shape(s) return self:check_shape(s, 4, core.size(self.gamma.weight, 4)) end

function spade:describe()
  return ("spade %d, %s, hidden %d%s"):format(core.size(self.gamma.weight, 4), check.count(self.classes, "class"),
    core.size(self.gamma.weight, 3), self.gamma:describe_norm())
end

M.residual_spade = module.class "nn.residual_spade"
local block = M.residual_spade

--- Makes a residual block of spade, leaky_relu and 3x3 convolution, twice; beside it x, or a 1x1 convolution of it
-- where the width changes. Called (x, y), y as for spade. Fields first, second (spade), conv1, conv2, shortcut.
-- Source: Park et al. 2019, arXiv:1903.07291, fig. 4.  Differs: no third spade, in the shortcut.
-- @function gan.nn.residual_spade
-- @tparam table opt
-- @tparam integer opt.1  Ci
-- @tparam integer opt.2  Co
-- @tparam integer opt.3  Y, classes
-- @tparam[opt=128] integer opt.hidden  as for spade
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,Ci), map as gan.nn.map_concat takes it -> (N,H,W,Co)
-- @raise if an option is unknown or out of range
function block:init(opt)
  opt = check.options(self.label, opt, {
    hidden = option.integer {default = 128, lo = 1}, rng = option.stream {},
  }, {"Ci", "Co", "Y"})
  local ci, co, rng = opt[1], opt[2], opt.rng
  local mid = math.min(ci, co)
  self.first = spade {ci, opt[3], hidden = opt.hidden, rng = rng}
  self.conv1 = conv2d {ci, mid, kernel = 3, padding = 1, rng = rng}
  self.second = spade {mid, opt[3], hidden = opt.hidden, rng = rng}
  self.conv2 = conv2d {mid, co, kernel = 3, padding = 1, rng = rng}
  if ci ~= co then self.shortcut = conv2d {ci, co, kernel = 1, bias = false, rng = rng} end
end

function block:forward(x, y)
  local h = self.conv1(ops.leaky_relu(self.first(x, y), 0.2))
  h = self.conv2(ops.leaky_relu(self.second(h, y), 0.2))
  return ops.add(h, self.shortcut and self.shortcut(x) or x)
end

function block:shape(s)
  self.first:shape(s)
  return {s[1], s[2], core.size(self.conv2.weight, 4)}
end

function block:describe()
  return ("residual_spade %d -> %d, %s%s"):format(core.size(self.conv1.weight, 3), core.size(self.conv2.weight, 4),
    check.count(self.first.classes, "class"), self.conv1:describe_norm())
end

return M
