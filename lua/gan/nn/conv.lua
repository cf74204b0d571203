--- conv2d and conv_transpose2d: convolutions of images (N,H,W,C).
-- @module gan.nn.conv
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local initial = require "gan.nn.initial"
local module = require "gan.nn.module"

local option = check.option

local conv2d, conv_transpose2d = module.class "nn.conv2d", module.class "nn.conv_transpose2d"

conv2d.output_axis, conv_transpose2d.output_axis = 4, 3

-- Does what both constructors do. layout(Kh, Kw, Ci, Co, groups) returns the weight's shape.
local function init(self, opt, known, layout)
  local op = self.label
  known.kernel, known.stride = module.pair {required = true, lo = 1}, module.pair {default = {1, 1}, lo = 1}
  known.padding, known.dilation = module.pair {default = {0, 0}, lo = 0}, module.pair {default = {1, 1}, lo = 1}
  known.groups = option.integer {default = 1, lo = 1}
  known.bias, known.rng = option.boolean {default = true}, option.stream {}
  known.engine = option.word {"auto", "direct", "winograd2", "winograd4"}
  opt = check.options(op, opt, known, {"Ci", "Co"})
  local kernel, rng, groups = opt.kernel, opt.rng, opt.groups
  if opt[1] % groups ~= 0 or opt[2] % groups ~= 0 then
    return check.fail(op, "option 'groups': expected a number that divides Ci = %d and Co = %d, got %d", opt[1], opt[2],
      groups)
  end
  self._options = {
    stride = opt.stride, padding = opt.padding, dilation = opt.dilation, output_padding = opt.output_padding,
    groups = groups, engine = opt.engine,
  }
  self.weight = module.parameter(core.full(module.counted(layout(kernel[1], kernel[2], opt[1], opt[2], groups)), 0))
  if opt.bias then self.bias = module.parameter(core.full({opt[2]}, 0)) end
  initial.default(self, {rng = rng})
end

local function text(p) return p[1] == p[2] and tostring(p[1]) or p[1] .. "x" .. p[2] end

local function describe(self, ci, co)
  local o, s = self._options, core.shape(self.weight)
  local parts = {("%s %d -> %d, %dx%d"):format(self.kind, ci, co, s[1], s[2])}
  for _, entry in ipairs {{"stride", 1}, {"padding", 0}, {"dilation", 1}, {"output_padding", 0}} do
    local name, p = entry[1], o[entry[1]]
    if p and (p[1] ~= entry[2] or p[2] ~= entry[2]) then parts[#parts + 1] = name .. " " .. text(p) end
  end
  if o.groups > 1 then parts[#parts + 1] = "groups " .. o.groups end
  if not self.bias then parts[#parts + 1] = "no bias" end
  if o.engine then parts[#parts + 1] = o.engine end
  return table.concat(parts, ", ") .. self:describe_norm()
end

-- ---- conv2d ----

--- Makes a convolution of images.
-- Fields weight (Kh,Kw,Ci/groups,Co) and bias (Co), both from U(-b, b), b = 1/sqrt(Kh Kw Ci/groups).
--
--     Ho = (H + 2 padding - dilation (kernel - 1) - 1) // stride + 1
--
-- @function gan.nn.conv2d
-- @tparam table opt
-- @tparam integer opt.1  Ci
-- @tparam integer opt.2  Co
-- @tparam integer|table opt.kernel  size, or {height, width}
-- @tparam[opt=1] integer|table opt.stride
-- @tparam[opt=0] integer|table opt.padding  pixels around each picture
-- @tparam[opt=1] integer|table opt.dilation
-- @tparam[opt=1] integer opt.groups  of channels, which do not see each other; Ci of them: depthwise
-- @tparam[opt=true] boolean opt.bias
-- @tparam[opt=auto] string opt.engine  auto, direct, winograd2 or winograd4: see gan.winograd on their precision
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,Ci) -> (N,Ho,Wo,Co)
-- @raise if an option is unknown or out of range, or groups do not divide Ci and Co
-- @usage local layer = nn.conv2d {3, 64, kernel = 4, stride = 2, padding = 1}
function conv2d:init(opt)
  init(self, opt, {}, function(kh, kw, ci, co, groups) return {kh, kw, ci // groups, co} end)
end

local function conv_in(self) return self._options.groups * core.size(self.weight, 3) end -- Ci

-- Returns the height (i = 1) or width (i = 2) of the result for n pixels.
local function conv_size(self, i, n)
  local o = self._options
  return (n + 2 * o.padding[i] - o.dilation[i] * (core.size(self.weight, i) - 1) - 1) // o.stride[i] + 1
end

-- Returns both. Raises, naming the layer, if there would be no pixel.
local function conv_sizes(self, h, w)
  local ho, wo = conv_size(self, 1, h), conv_size(self, 2, w)
  if ho >= 1 and wo >= 1 then return ho, wo end
  local o = self._options
  return self:fail("the kernel %dx%d (with dilation) is larger than the padded input (%d,%d)",
    o.dilation[1] * (core.size(self.weight, 1) - 1) + 1, o.dilation[2] * (core.size(self.weight, 2) - 1) + 1,
    h + 2 * o.padding[1], w + 2 * o.padding[2])
end

module.rectifies(conv2d, function(self, x, slope)
  self:check_input(x, 4, conv_in(self))
  conv_sizes(self, core.size(x, 2), core.size(x, 3))
  return module.biased(self, ops.conv2d(x, self:used_weight(), self._options), slope)
end)

function conv2d:shape(s)
  self:check_shape(s, 4, conv_in(self))
  local ho, wo = conv_sizes(self, s[1], s[2])
  return {ho, wo, core.size(self.weight, 4)}
end

-- The weight as initialisers see it: (Kh,Kw,Ci,Co), a view (Kh,Kw,Ci/groups,groups,Co/groups) where it has groups.
function conv2d:kernel()
  local groups = self._options.groups
  if groups == 1 then return self.weight end
  local s = core.shape(self.weight)
  return ops.reshape(self.weight, {s[1], s[2], s[3], groups, s[4] // groups})
end

function conv2d:describe() return describe(self, conv_in(self), core.size(self.weight, 4)) end

-- ---- conv_transpose2d ----

--- Makes a transposed convolution of images, the adjoint of conv2d with the same options.
-- Fields weight (Kh,Kw,Co/groups,Ci), as the op of this name wants it, and bias (Co), both from U(-b, b),
-- b = 1/sqrt(Kh Kw Ci/groups).
--
--     Ho = (H - 1) stride - 2 padding + dilation (kernel - 1) + 1 + output_padding
--
-- @function gan.nn.conv_transpose2d
-- @tparam table opt
-- @tparam integer opt.1  Ci
-- @tparam integer opt.2  Co
-- @tparam integer|table opt.kernel  size, or {height, width}
-- @tparam[opt=1] integer|table opt.stride
-- @tparam[opt=0] integer|table opt.padding  pixels around each picture
-- @tparam[opt=1] integer|table opt.dilation
-- @tparam[opt=1] integer opt.groups  of channels, which do not see each other; Ci of them: depthwise
-- @tparam[opt=0] integer|table opt.output_padding  more rows and columns at the end, fewer than stride
-- @tparam[opt=true] boolean opt.bias
-- @tparam[opt=auto] string opt.engine  auto, direct, winograd2 or winograd4: see gan.winograd on their precision
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,Ci) -> (N,Ho,Wo,Co)
-- @raise if an option is unknown or out of range, or groups do not divide Ci and Co
function conv_transpose2d:init(opt)
  local known = {output_padding = module.pair {default = {0, 0}, lo = 0}}
  init(self, opt, known, function(kh, kw, ci, co, groups) return {kh, kw, co // groups, ci} end)
  local o = self._options
  for i = 1, 2 do
    if o.output_padding[i] >= o.stride[i] then
      return self:fail("option 'output_padding': expected less than the stride %d, got %d", o.stride[i],
        o.output_padding[i])
    end
  end
end

local function transposed_out(self) return self._options.groups * core.size(self.weight, 3) end -- Co

local function transposed_size(self, i, n)
  local o = self._options
  local reach = o.dilation[i] * (core.size(self.weight, i) - 1) + 1
  return (n - 1) * o.stride[i] - 2 * o.padding[i] + reach + o.output_padding[i]
end

local function transposed_sizes(self, h, w)
  local ho, wo = transposed_size(self, 1, h), transposed_size(self, 2, w)
  if ho >= 1 and wo >= 1 then return ho, wo end
  return self:fail("the result for an input of (%d,%d) would have size (%d,%d)", h, w, ho, wo)
end

module.rectifies(conv_transpose2d, function(self, x, slope)
  self:check_input(x, 4, core.size(self.weight, 4))
  transposed_sizes(self, core.size(x, 2), core.size(x, 3))
  return module.biased(self, ops.conv_transpose2d(x, self:used_weight(), self._options), slope)
end)

function conv_transpose2d:shape(s)
  self:check_shape(s, 4, core.size(self.weight, 4))
  local ho, wo = transposed_sizes(self, s[1], s[2])
  return {ho, wo, transposed_out(self)}
end

-- A view of the weight as initialisers see it: (Kh,Kw,Ci,Co), or (Kh,Kw,Ci/groups,groups,Co/groups).
function conv_transpose2d:kernel()
  local groups = self._options.groups
  if groups == 1 then return ops.permute(self.weight, {1, 2, 4, 3}) end
  local s = core.shape(self.weight)
  return ops.permute(ops.reshape(self.weight, {s[1], s[2], s[3], groups, s[4] // groups}), {1, 2, 5, 4, 3})
end

function conv_transpose2d:describe() return describe(self, core.size(self.weight, 4), transposed_out(self)) end

return {conv2d = conv2d, conv_transpose2d = conv_transpose2d}
