--- Writes a generator as the steps that the explorer's page runs: a list of plain tables, and its weights as bytes.
--
-- A step makes an image (h,w,c) of the one before it, or of that of the step `from`, counted from 0; -1 is z. Its
-- fields: `op`; `h`, `w`, `c` of what it makes; `border`, whether that has a border of zeros; `slope` of the rectifier
-- behind it (1: none). Weights are halves over a power of two, which is part of `scale`. `weight`, `scale`, `shift`
-- are places in the bytes; a scale and a shift of 32-bit floats, `rows` of them where they depend on the class.
--
-- | op | makes | fields |
-- |---|---|---|
-- | linear | x W scale + shift | ci, weight (ci, h w c), gain, shift (h w c) or none |
-- | conv | convolution of stride 1 that keeps the size | ci, kernel 1 or 3, groups, weight (k,k,ci/groups,c) |
-- | deconv | transposed one, 4x4, stride 2, padding 1 | ci, weight (2,2,2,2,ci,c): parity, tap, of rows and columns |
-- | affine | scale x + shift | |
-- | normalise | x without mean, over its deviation | groups, centre, eps |
-- | activate | a function of each number | kind, alpha |
-- | enlarge | twice the size | mode |
-- | largest | half the size, the largest of 2x2 | |
-- | add | the sum of two steps | with |
-- | attend | attention | query, key, value |
-- @internal gan.show.explorer.steps
local check = require "gan.check"
local core = require "gan.core"
local half = require "gan.show.explorer.half"
local nn = require "gan.nn"
local ops = require "gan.ops"
local place = require "gan.nn.place"

local M = {}

local OP = "show.explorer"
local FLOATS = 128 -- that string.pack takes at once

-- What is written so far, p: `list` of steps, `blob`, a list of bytes, of `size`; `now`, what the last step made: its
-- number `at`, h, w, c, border; `macs`, `classes`, `label`, `fixed`.

local write, write_all -- a layer, a list of them

-- Raises, naming the layer.
local function refuse(layer, fmt, ...)
  local is_layer = nn.is_module(layer)
  local where = is_layer and place.of(layer)
  local label = is_layer and layer.label .. (where and (" (layer %s)"):format(where) or "") or "a function"
  return check.fail(OP, "%s: %s", label, fmt:format(...))
end

-- Puts bytes behind what is there, from a multiple of 16 on. Returns where.
local function put(p, bytes)
  local at = p.size
  bytes = bytes .. ("\0"):rep(-#bytes % 16)
  p.blob[#p.blob + 1], p.size = bytes, at + #bytes
  return at
end

local function put_floats(p, list)
  local parts = {}
  for at = 1, #list, FLOATS do
    local n = math.min(FLOATS, #list - at + 1)
    parts[#parts + 1] = ("<" .. ("f"):rep(n)):pack(table.unpack(list, at, at + n - 1))
  end
  return put(p, table.concat(parts))
end

local function flat(t) return core.to_table(core.reshape(core.contiguous(t), {core.numel(t)})) end

-- Puts a weight; returns its place and the power of two that it was divided by, at which the largest is in [1,2).
local function put_weight(p, layer, w)
  w = core.contiguous(w)
  local most = core.item(core.max(core.abs(w)))
  if most ~= most or most == math.huge then return refuse(layer, "it has weights that are no finite numbers") end
  local power = most > 0 and 2.0 ^ math.floor(math.log(most, 2)) or 1.0
  local bytes, why = half(core.to_bytes(core.dtype(w) == "real" and w or core.to(w, "real")), power)
  if not bytes then return refuse(layer, why) end
  return put(p, bytes), power
end

-- Adds a step, which makes an image (h,w,c); what is not given is as before.
local function add(p, step)
  local now = p.now
  step.h, step.w, step.c = step.h or now.h, step.w or now.w, step.c or now.c
  if step.border == nil then step.border = step.h * step.w > 1 end
  step.from = step.from or now.at
  p.list[#p.list + 1] = step
  p.now = {at = #p.list - 1, h = step.h, w = step.w, c = step.c, border = step.border}
  return step
end

local function filled(n, v)
  local t = {}
  for i = 1, n do t[i] = v end
  return t
end

-- Makes the present image one with a border, or one without.
local function bordered(p, border)
  local now = p.now
  if now.border == border then return end
  add(p, {op = "affine", scales = {filled(now.c, 1)}, shifts = {filled(now.c, 0)}, border = border, closed = true})
end

-- The last step, if a norm behind it can be part of it.
local function open_step(p)
  local last = p.list[#p.list]
  return last and last.scales and not last.slope and not last.closed and last or nil
end

-- Notes how many classes there are.
local function conditional(p, classes)
  if not p.fixed then p.classes = classes end
end

-- ---- layers, by kind ----

local known = {}

known.linear = function(p, layer)
  local s = core.shape(layer.weight)
  if p.now.h * p.now.w > 1 then
    return refuse(layer, "the page has linear layers of vectors only")
  end
  local weight, power = put_weight(p, layer, layer:used_weight())
  add(p, {op = "linear", ci = s[1], c = s[2], h = 1, w = 1, border = false, weight = weight, gain = power,
    shift = layer.bias and put_floats(p, flat(layer.bias)) or nil})
  p.macs = p.macs + s[1] * s[2]
end

-- A scale and a shift a channel, from a bias.
local function biased(c, power, bias)
  return {filled(c, power)}, {bias and flat(bias) or filled(c, 0)}
end

known.conv2d = function(p, layer)
  local o, s = layer._options, core.shape(layer.weight)
  local k, ci = s[1], s[3] * o.groups
  local plain = s[2] == k and o.stride[1] == 1 and o.stride[2] == 1 and o.dilation[1] == 1 and o.dilation[2] == 1
    and o.padding[1] == (k - 1) // 2 and o.padding[2] == (k - 1) // 2
  if not plain or k ~= 1 and k ~= 3 then
    return refuse(layer, "the page has convolutions of 1x1 and 3x3 that keep the size, and no %s", layer:describe())
  end
  if k > 1 then bordered(p, true) end
  local weight, power = put_weight(p, layer, layer:used_weight())
  local scales, shifts = biased(s[4], power, layer.bias)
  add(p, {op = "conv", ci = ci, c = s[4], kernel = k, groups = o.groups, weight = weight, scales = scales,
    shifts = shifts})
  p.macs = p.macs + p.now.h * p.now.w * core.numel(layer.weight)
end

known.conv_transpose2d = function(p, layer)
  local o, s, now = layer._options, core.shape(layer.weight), p.now
  local function are(v, ...)
    for i, name in ipairs {...} do
      if o[name][1] ~= v[i] or o[name][2] ~= v[i] then return false end
    end
    return o.groups == 1 and s[1] == s[2]
  end
  local names = {"stride", "padding", "dilation", "output_padding"}
  local w = layer:used_weight()
  if now.h * now.w == 1 and are({o.stride[1], 0, 1, 0}, table.unpack(names)) and o.stride[1] == o.stride[2] then
    local weight, power = put_weight(p, layer, ops.permute(w, {4, 1, 2, 3}))
    local k, c, bias = s[1], s[3], layer.bias and flat(layer.bias)
    bordered(p, false)
    add(p, {op = "linear", ci = s[4], h = k, w = k, c = c, border = false, weight = weight, gain = power})
    add(p, {op = "affine", scales = {filled(c, 1)}, shifts = {bias or filled(c, 0)}})
    p.macs = p.macs + core.numel(w)
    return
  end
  if not (s[1] == 4 and are({2, 1, 1, 0}, table.unpack(names))) then
    return refuse(layer, "the page has transposed convolutions of 4x4, stride 2, padding 1, and no %s",
      layer:describe())
  end
  bordered(p, true)
  w = ops.reshape(core.contiguous(ops.permute(w, {1, 2, 4, 3})), {2, 2, 2, 2, s[4], s[3]})
  local weight, power = put_weight(p, layer, ops.permute(w, {2, 4, 1, 3, 5, 6}))
  local scales, shifts = biased(s[3], power, layer.bias)
  add(p, {op = "deconv", ci = s[4], c = s[3], h = 2 * now.h, w = 2 * now.w, weight = weight, scales = scales,
    shifts = shifts})
  p.macs = p.macs + now.h * now.w * core.numel(w)
end

known.learned_basis = function(p, layer)
  local s, w = core.shape(layer.basis), layer.linear:used_weight()
  local di = core.size(w, 1)
  local each = ops.mul(ops.reshape(w, {di, 1, 1, s[3]}), ops.reshape(layer.basis, {1, s[1], s[2], s[3]}))
  local weight, power = put_weight(p, layer, each)
  add(p, {op = "linear", ci = di, h = s[1], w = s[2], c = s[3], border = false, weight = weight, gain = power})
  p.macs = p.macs + core.numel(each)
end

-- ---- norms ----

-- Composes a scale and a shift a channel, for each class or for all, with those of the last step, or makes a step.
local function scaled(p, scales, shifts)
  local last = open_step(p)
  if not last then return add(p, {op = "affine", scales = scales, shifts = shifts}) end
  local rows = math.max(#scales, #last.scales)
  local new_scales, new_shifts = {}, {}
  for r = 1, rows do
    local a, b = scales[math.min(r, #scales)], shifts[math.min(r, #shifts)]
    local before, moved = last.scales[math.min(r, #last.scales)], last.shifts[math.min(r, #last.shifts)]
    new_scales[r], new_shifts[r] = {}, {}
    for i = 1, #a do new_scales[r][i], new_shifts[r][i] = before[i] * a[i], moved[i] * a[i] + b[i] end
  end
  last.scales, last.shifts = new_scales, new_shifts
end

-- A batch norm's scale and shift. gamma, beta: lists of rows.
local function of_statistics(layer, gamma, beta)
  local mean, var, scales, shifts = flat(layer.running_mean), flat(layer.running_var), {}, {}
  for r = 1, #gamma do
    scales[r], shifts[r] = {}, {}
    for i = 1, #mean do
      local k = gamma[r][i] / math.sqrt(var[i] + layer.eps)
      scales[r][i], shifts[r][i] = k, beta[r][i] - mean[i] * k
    end
  end
  return scales, shifts
end

known.batch_norm = function(p, layer)
  local c = layer.channels
  scaled(p, of_statistics(layer, {layer.gamma and flat(layer.gamma) or filled(c, 1)},
    {layer.beta and flat(layer.beta) or filled(c, 0)}))
end

known.conditional_batch_norm = function(p, layer)
  local gamma, beta = core.to_table(layer.gamma), core.to_table(layer.beta)
  conditional(p, layer.classes)
  scaled(p, of_statistics(layer, gamma, beta))
end

known.adapted_norm = function(p, layer)
  local n, c = layer.norm, layer.channels
  local function row(t, v)
    if not t then return filled(c, v) end
    return core.dim(t) == 1 and flat(t) or core.to_table(t)[layer.class + 1]
  end
  scaled(p, of_statistics(n, {row(n.gamma, 1)}, {row(n.beta, 0)}))
  scaled(p, {flat(layer.scale)}, {flat(layer.shift)})
end

local function normalised(groups, centre)
  return function(p, layer)
    local c = p.now.c
    add(p, {op = "normalise", groups = groups(layer, c), centre = centre, eps = layer.eps,
      scales = {layer.gamma and flat(layer.gamma) or filled(c, 1)},
      shifts = {layer.beta and flat(layer.beta) or filled(c, 0)}})
  end
end

known.layer_norm = normalised(function() return 1 end, true)
known.instance_norm = normalised(function(_, c) return c end, true)
known.group_norm = normalised(function(layer) return layer.groups end, true)
known.pixel_norm = normalised(function() return 1 end, false)

-- ---- activations ----

local function rectified(p, slope)
  local last = p.list[#p.list]
  if last and (last.scales or last.op == "linear") and not last.slope and not last.closed
    and last.op ~= "normalise" then
    last.slope = slope
  else
    add(p, {op = "affine", scales = {filled(p.now.c, 1)}, shifts = {filled(p.now.c, 0)}, slope = slope})
  end
end

known.relu = function(p) rectified(p, 0) end
known.leaky_relu = function(p, layer) rectified(p, layer.slope) end

for _, kind in ipairs {"tanh", "sigmoid", "elu", "selu", "swish", "gelu", "softplus"} do
  known[kind] = function(p, layer) add(p, {op = "activate", kind = kind, alpha = layer.alpha}) end
end

-- ---- shapes ----

-- Others than the next step will read what the last one made, or as another shape: nothing becomes part of it any more.
local function fork(p)
  local last = p.list[#p.list]
  if last then last.closed = true end
  return p.now
end

-- The numbers stay where they are: what reads them next takes them for an image of this size.
local function reshaped(p, h, w, c)
  bordered(p, false)
  fork(p)
  p.now = {at = p.now.at, h = h, w = w, c = c, border = false}
end

known.view = function(p, layer)
  local s = layer.size
  local c, h, w = s[#s], 1, 1
  if #s == 3 then h, w = s[1], s[2] end
  if #s ~= 3 and #s ~= 1 then return refuse(layer, "the page has images and vectors only") end
  if h == p.now.h and w == p.now.w then return end
  reshaped(p, h, w, c)
end

known.flatten = function(p)
  local now = p.now
  if now.h * now.w > 1 then reshaped(p, 1, 1, now.h * now.w * now.c) end
end

local function enlarged(p, mode)
  local now = p.now
  if mode == "bordered" then bordered(p, true) end
  add(p, {op = "enlarge", h = 2 * now.h, w = 2 * now.w, mode = mode})
end

known.upsample = function(p, layer)
  if layer.factor[1] ~= 2 or layer.factor[2] ~= 2 then
    return refuse(layer, "the page enlarges to twice the size only")
  end
  enlarged(p, layer.mode == "nearest" and "nearest" or "clamped")
end

known.resample = function(p, layer)
  local f = layer._filter
  local smooth = layer.up == 2 and #f == 4 and f[1] == 0.125 and f[2] == 0.375 and f[3] == 0.375 and f[4] == 0.125
  if not smooth then return refuse(layer, "the page enlarges to twice the size only, by the filter [1,3,3,1]") end
  enlarged(p, layer.edge == "zero" and "bordered" or "clamped")
end

known.dropout = function(_, layer)
  if layer.always and layer.p > 0 then
    return refuse(layer, "it draws with random zeros, so no picture comes twice: the page shows none of these nets")
  end
end

-- ---- blocks ----

-- Adds what another step made.
local function plus(p, other) add(p, {op = "add", with = other}) end

known.residual_up = function(p, layer)
  local start = fork(p)
  write_all(p, layer.main)
  if not layer.shortcut then return plus(p, start.at) end
  local main = p.now
  p.now = start
  write(p, layer.shortcut)
  if layer.upsample then write(p, layer.upsample) end
  plus(p, main.at)
end

known.bottleneck = function(p, layer)
  local start = fork(p)
  write_all(p, layer.main)
  plus(p, start.at)
end

known.self_attention = function(p, layer)
  local x = fork(p)
  local function branch(one, pool)
    p.now = x
    write(p, one)
    if pool then add(p, {op = "largest", h = x.h // 2, w = x.w // 2}) end
    return p.now
  end
  local q, k = branch(layer.query, false), branch(layer.key, layer.pool)
  local v = branch(layer.value, layer.pool)
  p.now = {at = v.at, h = x.h, w = x.w, c = v.c}
  add(p, {op = "attend", query = q.at, key = k.at})
  p.macs = p.macs + x.h * x.w * v.h * v.w * (q.c + v.c)
  write(p, layer.out)
  scaled(p, {filled(x.c, core.item(layer.gamma))}, {filled(x.c, 0)})
  plus(p, x.at)
end

known.chain = function(p, layer) write_all(p, layer) end

-- ---- labels ----

known.label_concat = function(p, layer)
  if p.now.at ~= -1 then return refuse(layer, "the page puts labels behind z only") end
  local n = layer.classes
  local rows = layer.embedding and core.to_table(layer.embedding:used_weight())
  conditional(p, n)
  p.label = {width = rows and #rows[1] or n, classes = n}
  if rows then
    local list = {}
    for _, row in ipairs(rows) do table.move(row, 1, #row, #list + 1, list) end
    p.label.rows = put_floats(p, list)
  end
  p.now.c = p.now.c + p.label.width
end

-- ---- the net ----

function write(p, layer)
  local f = nn.is_module(layer) and known[layer.kind]
  if not f then
    return refuse(layer, "the page does not know this layer; it knows %s", table.concat(check.names(known), ", "))
  end
  f(p, layer)
end

function write_all(p, list)
  for i = 1, #list do write(p, list[i]) end
end

-- Puts scales and shifts among the bytes.
local function finish(p)
  for _, s in ipairs(p.list) do
    if s.scales then
      local rows = math.max(#s.scales, #s.shifts)
      local scale, shift = {}, {}
      for r = 1, rows do
        local a, b = s.scales[math.min(r, #s.scales)], s.shifts[math.min(r, #s.shifts)]
        table.move(a, 1, #a, #scale + 1, scale)
        table.move(b, 1, #b, #shift + 1, shift)
      end
      s.rows, s.scale, s.shift, s.scales, s.shifts = rows, put_floats(p, scale), put_floats(p, shift), nil, nil
    end
    s.slope, s.closed = s.slope or 1, nil
  end
end

--- Writes a generator as steps. Its mode is evaluation, its weights are as they are to be.
-- @tparam Module net  a chain, or an adapted net (gan.nn.adapted): z (N,Z) -> images (N,H,W,C)
-- @tparam integer z  Z
-- @treturn table  `steps`; `label` {width, classes, rows} where labels stand behind z; `classes`, how many can be asked
--   for, or nil; `fixed`, the label that is always asked for, or nil; `macs`, multiplications of a picture; `size`,
--   `channels`
-- @treturn string  the bytes
-- @raise naming the layer that the page does not know
function M.of(net, z)
  local first = {at = -1, h = 1, w = 1, c = z, border = false}
  local p = {blob = {}, size = 0, list = {}, macs = 0, now = first}
  if nn.is_module(net) and net.kind == "adapted" then p.fixed, net = net.class or 0, net.net end
  write(p, net)
  local now = p.now
  if now.h ~= now.w or now.h < 2 or now.c ~= 1 and now.c ~= 3 then
    return check.fail(OP, "the net draws no square pictures in grey or colour: it makes %s",
      check.shape_string {now.h, now.w, now.c})
  end
  finish(p)
  return {steps = p.list, label = p.label, classes = p.classes, fixed = p.label and p.fixed or nil, macs = p.macs,
    size = now.h, channels = now.c}, table.concat(p.blob)
end

return M
