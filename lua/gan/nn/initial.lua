--- Draws starting values of weights: nn.initial.dcgan(net), nn.initial.orthogonal(net, {gain = 1}).
--
-- Each function takes a tensor, or a layer: then the weights of all linear, convolution and embedding layers below it
-- are drawn and their biases set to 0; a net without any is an error. fan_in = Ci Kh Kw and fan_out = Co Kh Kw by the
-- layer's own input and output channels, of one group; a tensor is read as (Di,Do), (Kh,Kw,Ci,Co), or with groups
-- (Kh,Kw,Ci/groups,groups,Co/groups). All write in place.
-- @module gan.nn.initial
local core = require "gan.core"
local check = require "gan.check"
local module = require "gan.nn.module"
local random = require "gan.random"

local option = check.option

local M = {}

-- Returns the layer's weight as (Di,Do), (Kh,Kw,Ci,Co) or (Kh,Kw,Ci/groups,groups,Co/groups), or nil if it has none to
-- draw.
local function weight_of(layer)
  if type(layer.kernel) == "function" then return layer:kernel() end
end

-- Calls draw(layer, weight) for every layer of the net; it returns true where it drew something. The weight may be nil.
local function draw_net(op, net, draw)
  local found = false
  net:apply(function(layer) found = draw(layer, weight_of(layer)) or found end)
  if found then return net end
  return check.fail(op, "the net has no layer with a weight to draw (a layer needs kernel())")
end

-- Follows up a weight that was drawn: the bias becomes 0, and the normaliser, if there is one, begins anew.
local function drawn(layer)
  if core.is_tensor(layer.bias) then core.copy_(layer.bias, core.full({}, 0)) end
  if layer.norm then layer.norm:start(layer.weight) end
end

local function fans(op, w)
  local s = core.shape(w)
  if #s == 2 then return s[1], s[2] end
  if #s == 4 or #s == 5 then return s[1] * s[2] * s[3], s[1] * s[2] * s[#s] end
  return check.expected(op, 1, "target", "a weight (Di,Do) or (Kh,Kw,Ci,Co)", w)
end

-- Defines M[name](target, opt): draw(op, weight, opt, rng) returns the values, which are copied into each weight.
local function define(name, known, draw)
  local op = "nn.initial." .. name
  known.rng = option.stream {}
  M[name] = function(target, opt)
    opt = check.options(op, opt, known)
    local rng = opt.rng or random.default()
    local function fill(w) core.copy_(w, draw(op, w, opt, rng)) end
    if core.is_tensor(target) then
      check.real(op, 1, "target", target)
      fill(target)
    elseif module.is_module(target) then
      draw_net(op, target, function(layer, w)
        if not w then return false end
        fill(w)
        drawn(layer)
        return true
      end)
    else
      return check.expected(op, 1, "target", "a tensor or a layer", target)
    end
    return target
  end
end

local function uniform(w, bound, rng) return rng:uniform(core.shape(w), -bound, bound) end
local function normal(w, std, rng) return rng:normal(core.shape(w), 0, std) end

--- Sets weights to 0.
-- @function gan.nn.initial.zeros
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("zeros", {}, function() return core.full({}, 0) end)

--- Sets weights to a value.
-- @function gan.nn.initial.constant
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=0] number opt.value
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("constant", {value = option.number {default = 0}}, function(_, _, opt) return core.full({}, opt.value) end)

--- Draws weights from N(mean, std^2).
-- @function gan.nn.initial.normal
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=0] number opt.mean
-- @tparam[opt=1] number opt.std  >= 0
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("normal", {
  mean = option.number {default = 0}, std = option.number {default = 1, lo = 0},
}, function(_, w, opt, rng)
  return rng:normal(core.shape(w), opt.mean, opt.std)
end)

--- Draws weights from U(lo, hi).
-- @function gan.nn.initial.uniform
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=-1] number opt.lo
-- @tparam[opt=1] number opt.hi
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("uniform", {lo = option.number {default = -1}, hi = option.number {default = 1}}, function(_, w, opt, rng)
  return rng:uniform(core.shape(w), opt.lo, opt.hi)
end)

--- Draws weights from U(-b, b), b = gain sqrt(6 / (fan_in + fan_out)).
-- Source: Glorot & Bengio 2010, eq. 16.
-- @function gan.nn.initial.xavier_uniform
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.gain  >= 0
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("xavier_uniform", {gain = option.number {default = 1, lo = 0}}, function(op, w, opt, rng)
  local fi, fo = fans(op, w)
  return uniform(w, opt.gain * math.sqrt(6 / (fi + fo)), rng)
end)

--- Draws weights from N(0, 2 gain^2 / (fan_in + fan_out)).
-- @function gan.nn.initial.xavier_normal
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.gain  >= 0
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("xavier_normal", {gain = option.number {default = 1, lo = 0}}, function(op, w, opt, rng)
  local fi, fo = fans(op, w)
  return normal(w, opt.gain * math.sqrt(2 / (fi + fo)), rng)
end)

--- Draws weights from a uniform distribution of variance 2 / ((1 + slope^2) fan_in).
-- Source: He et al. 2015, arXiv:1502.01852, eq. 15.
-- @function gan.nn.initial.he_uniform
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=0] number opt.slope  that of the leaky_relu behind the weight
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("he_uniform", {slope = option.number {default = 0, lo = 0}}, function(op, w, opt, rng)
  local slope = opt.slope
  return uniform(w, math.sqrt(6 / ((1 + slope ^ 2) * fans(op, w))), rng)
end)

--- Draws weights from N(0, 2 / ((1 + slope^2) fan_in)).
-- @function gan.nn.initial.he_normal
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=0] number opt.slope  that of the leaky_relu behind the weight
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("he_normal", {slope = option.number {default = 0, lo = 0}}, function(op, w, opt, rng)
  local slope = opt.slope
  return normal(w, math.sqrt(2 / ((1 + slope ^ 2) * fans(op, w))), rng)
end)

-- Takes from `rows` (a view, in place) their components along the orthonormal `before`; twice, for accuracy.
local function take_off(rows, before)
  for _ = 1, 2 do
    core.sub_(rows, core.matmul(core.matmul(rows, core.permute(before, {2, 1})), before))
  end
end

local BLOCK = 16

-- Makes orthonormal rows (n,m), n <= m, of rows of normal numbers: Gram-Schmidt in blocks. Its triangular factor has a
-- positive diagonal, which is the sign rule that makes the result uniformly distributed.
local function orthonormal_rows(n, m, rng)
  local q = rng:normal({n, m})
  for first = 1, n, BLOCK do
    local count = math.min(BLOCK, n - first + 1)
    local block = core.narrow(q, 1, first, count)
    if first > 1 then take_off(block, core.narrow(q, 1, 1, first - 1)) end
    for i = 1, count do
      local row = core.narrow(block, 1, i, 1)
      if i > 1 then take_off(row, core.narrow(block, 1, 1, i - 1)) end
      core.div_(row, math.sqrt(core.item(core.matmul(row, core.permute(row, {2, 1})))))
    end
  end
  return q
end

--- Makes the matrix (Ci Kh Kw, Co) orthonormal in its rows or columns, whichever are fewer, times gain; each group's.
-- Source: Saxe et al. 2014, arXiv:1312.6120.
-- @function gan.nn.initial.orthogonal
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.gain
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("orthogonal", {gain = option.number {default = 1}}, function(op, w, opt, rng)
  local gain = opt.gain
  local s, rows = core.shape(w), fans(op, w)
  local cols = s[#s]
  if rows * cols == 0 then return core.full(s, 0) end
  local function drawn_matrix()
    local q = orthonormal_rows(math.min(rows, cols), math.max(rows, cols), rng)
    if rows > cols then q = core.permute(q, {2, 1}) end
    core.mul_(q, gain)
    return q
  end
  if #s < 5 then return core.reshape(drawn_matrix(), s) end
  local all = core.full({rows, s[4], cols}, 0)
  for i = 1, s[4] do core.copy_(core.narrow(all, 2, i, 1), core.reshape(drawn_matrix(), {rows, 1, cols})) end
  return core.reshape(all, s)
end)

--- Draws weights from N(0, 0.02^2); for layers also batch norms' gamma from N(1, 0.02^2), and beta 0.
-- Source: Radford et al. 2015, arXiv:1511.06434, sec. 4; gamma as in the authors' code.
-- @function gan.nn.initial.dcgan
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("dcgan", {}, function(_, w, _, rng) return normal(w, 0.02, rng) end)

local weights = M.dcgan
function M.dcgan(target, opt)
  if not module.is_module(target) then return weights(target, opt) end
  local op = "nn.initial.dcgan"
  local rng = check.options(op, opt, {rng = option.stream {}}).rng or random.default()
  return draw_net(op, target, function(layer, w)
    if w then
      core.copy_(w, normal(w, 0.02, rng))
      drawn(layer)
      return true
    elseif (layer.kind == "batch_norm" or layer.kind == "virtual_batch_norm") and layer.gamma then
      core.copy_(layer.gamma, rng:normal(core.shape(layer.gamma), 1, 0.02))
      core.copy_(layer.beta, core.full({}, 0))
      return true
    end
    return false
  end)
end

-- The factor of the deviation of each weight in a residual block: L^(-1/(2m-2)) times the gain, and 0 for the last of
-- its m weights. L: how many blocks there are. Returns layer -> factor.
local function fixup_factors(net, gain)
  local blocks, factors = {}, {}
  net:apply(function(layer)
    if not module.is_module(layer.main) then return end
    local list = {}
    layer.main:apply(function(l) if weight_of(l) then list[#list + 1] = l end end)
    blocks[#blocks + 1] = list
  end)
  for _, list in ipairs(blocks) do
    local m = #list
    for i, layer in ipairs(list) do factors[layer] = i < m and gain * (#blocks) ^ (-1 / (2 * m - 2)) or 0 end
  end
  return factors
end

--- Draws weights from N(0, 1 / fan_in), and starts residual blocks as the identity, which takes the place of norms.
-- A block is a layer with a chain in its field `main`. Of its m weights the last one becomes 0, the others have
-- sqrt(2 / (1 + slope^2)) L^(-1/(2m-2)) times that deviation, L being the number of blocks in the net.
-- Source: Zhang et al. 2019, arXiv:1901.09321; as in R3GAN, Huang et al. 2024, arXiv:2501.05441.
-- @function gan.nn.initial.fixup
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt=0.2] number opt.slope  that of the leaky_relu in the blocks
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("fixup", {slope = option.number {default = 0.2, lo = 0}}, function(op, w, _, rng)
  return normal(w, 1 / math.sqrt(math.max(1, (fans(op, w)))), rng)
end)

local single = M.fixup
function M.fixup(target, opt)
  if not module.is_module(target) then return single(target, opt) end
  local op = "nn.initial.fixup"
  opt = check.options(op, opt, {rng = option.stream {}, slope = option.number {default = 0.2, lo = 0}})
  local rng = opt.rng or random.default()
  local factors = fixup_factors(target, math.sqrt(2 / (1 + opt.slope ^ 2)))
  return draw_net(op, target, function(layer, w)
    if not w then return false end
    core.copy_(w, normal(w, (factors[layer] or 1) / math.sqrt(math.max(1, (fans(op, w)))), rng))
    drawn(layer)
    return true
  end)
end

--- Draws weight and bias from U(-b, b), b = 1 / sqrt(fan_in), as layers' constructors do, and PyTorch's convolution.
-- @function gan.nn.initial.default
-- @tparam Tensor|Module target  changed in place
-- @tparam[opt] table opt
-- @tparam[opt] Stream opt.rng  (default: gan's default stream)
-- @treturn Tensor|Module  target
-- @raise if target is neither a tensor nor a layer with a weight below it, or an option is wrong
define("default", {}, function(op, w, _, rng)
  return uniform(w, 1 / math.sqrt(math.max(1, (fans(op, w)))), rng)
end)

local plain = M.default
function M.default(target, opt)
  plain(target, opt)
  if module.is_module(target) then
    local rng = opt and opt.rng or random.default()
    target:apply(function(layer)
      local w = weight_of(layer)
      if w and core.is_tensor(layer.bias) then
        local fan_in = fans("nn.initial.default", w)
        core.copy_(layer.bias, uniform(layer.bias, 1 / math.sqrt(fan_in), rng))
      end
    end)
  end
  return target
end

return M
