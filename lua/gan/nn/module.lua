--- Makes classes of layers, and gives every layer its methods: params, state, load, train, eval, apply, checks of its
-- x.
--
-- A layer is a table whose class was made by `class`. walk.lua says how its tensors are found in its fields.
-- @module gan.nn.module
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local ops = require "gan.ops"
local place = require "gan.nn.place"
local random = require "gan.random"
local to_string = require "gan.nn.print"
local walk = require "gan.nn.walk"

local M = {is_module = walk.is_module}

local Module = check.class("layer", "nn") -- the methods of every layer

-- ---- classes ----

--- Makes a class of layers. `layer = class(...)` then makes a layer, and `layer(x, y)` calls it. What the class may
-- have; only forward is required:
--
--     init(self, ...)       gets the constructor's arguments, and puts tensors and layers into fields
--     forward(self, x, y)   computes the result; y, the labels, may be nil
--     shape(self, s)        returns the result's shape for an input of shape s, both without the batch
--     describe(self)        returns the text that tostring shows
--     children(self)        returns the list of layers that tostring shows instead
--     kernel(self)          returns the weight that nn.initial draws, as (Di,Do) or (Kh,Kw,Ci,Co);
--                           with groups (Kh,Kw,Ci/groups,groups,Co/groups)
--     output_axis           the axis of the field weight that counts its outputs, for nn.spectral and nn.weight_norm
--     batch_statistics      the names of buffers that average batches by the field momentum, for gan.optim.ema
--     per_class             the names of fields that hold something for each class, for gan.model.transfer
--     given                 the names of buffers that are data, not learnt, for the same
--     rectifier(self)       returns the slope for negative numbers, if the layer is a (leaky) relu
--
-- @function gan.nn.class
-- @tparam string name  shown in errors and printouts; printouts leave out the "nn." of the library's own
-- @treturn table  the class
-- @raise if name is no string
-- @usage
-- local scale = nn.class "scale"
-- function scale:init(opt) self.weight = nn.parameter(gan.ones(opt.features)) end
-- function scale:forward(x) return x * self.weight end
-- local net = nn.chain {nn.linear {2, 3}, scale {features = 3}}
function M.class(name)
  if type(name) ~= "string" then return check.expected("nn.class", 1, "name", "a string", name) end
  local class = {kind = name:gsub("^nn%.", ""), label = name, __tostring = to_string, __name = name}
  class.__index = class
  function class.__call(self, x, y) return self:forward(x, y) end
  walk.register(class)
  return setmetatable(class, {
    __index = Module,
    __call = function(_, ...)
      local self = setmetatable({training = true}, class)
      if class.init then class.init(self, ...) end
      return self
    end,
  })
end

M.parameter = autograd.requires_grad_

local SLACK = 1 << 22 -- numbers
local most, count = math.huge, 0 -- of the numbers in the weights that are made `within` bounds: allowed, made

--- Returns the shape of a weight that a layer is about to make.
-- @tparam table shape  list of sizes
-- @treturn table  the same one
-- @raise if the layers of a net that is made `within` bounds have more numbers than these
function M.counted(shape)
  local n = 1.0
  for _, size in ipairs(shape) do n = n * size end
  count = count + n
  if count > most then return check.fail("nn", "the net has more than the %d numbers that it may have", most) end
  return shape
end

--- Makes a net as a file describes it, which may describe one that no memory holds: within bounds.
-- @tparam integer numbers  that the weights of its layers may have together
-- @tparam function f  makes it
-- @tparam any ...  arguments of f
-- @return  what f returns
-- @raise if it takes more, before memory is taken; and what f raises
function M.within(numbers, f, ...)
  local before_most, before_count = most, count
  most, count = numbers, 0
  local results = table.pack(pcall(f, ...))
  most, count = before_most, before_count
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

--- Returns the bounds for a net that is to load a state: as many numbers as its tensors have, and some more, so that a
-- small net which does not fit is told by its layers. Cannot fail.
-- @param state  any value: tensors in tables, such as state() gives
-- @treturn integer
function M.room_for(state)
  local n = SLACK
  for _, t in pairs(type(state) == "table" and state or {}) do
    if core.is_tensor(t) then n = n + core.numel(t) end
  end
  return n
end

-- For a class that has no forward of its own.
function Module:forward() return check.fail(self.label, "the class has no method 'forward'") end

-- Returns the text that tostring shows of the layer; layers override it.
function Module:describe() return self.kind end

-- ---- what is in a layer ----

--- Returns the parameters, for grad and optimisers.
-- The list is the only result, so that grad(y, net:params()) is what it looks like.
-- @treturn table  list of tensors
-- @raise if two fields have the same name: 1 and "1"
function Module:params()
  local found, names = walk.collect("params", self, {parameter = true})
  local list = {}
  for i, name in ipairs(names) do list[i] = found[name] end
  return list
end

--- Returns the parameters' names, such as "1.weight", in the order of params().
-- @treturn table  list of strings
-- @raise as params()
function Module:names() return (select(2, walk.collect("names", self, {parameter = true}))) end

--- Returns everything to be saved except random streams: parameters and buffers. They are not copied.
-- @treturn table  name -> tensor
-- @raise as params()
function Module:state() return (walk.collect("state", self, {parameter = true, buffer = true})) end

--- Returns the buffers in which layers average what they see of batches: running_mean and running_var of batch norms.
-- A class names its own in the field `batch_statistics`.
-- @treturn table  list of tensors, outer layers first; the live ones
-- @raise if called with a dot
function Module:statistics()
  local list, seen = {}, {}
  walk.check_self("statistics", self):apply(function(layer)
    for _, name in ipairs(getmetatable(layer).batch_statistics or {}) do
      local t = layer[name]
      if not seen[t] then list[#list + 1] = t end
      seen[t] = true
    end
  end)
  return list
end

--- Returns the random streams of the layers (dropout's masks); each has state() and load().
-- @treturn table  name -> stream
-- @raise as params()
function Module:streams() return (walk.collect("streams", self, {stream = true})) end

--- Returns how many numbers the parameters have.
-- @treturn integer
-- @raise as params()
function Module:count()
  local n = 0
  for _, p in pairs((walk.collect("count", self, {parameter = true}))) do n = n + core.numel(p) end
  return n
end

--- Calls f for this layer and all below, outer ones first.
-- @tparam function f  `f(layer, name)`; name is "" for this layer, else as "2.1"
-- @treturn Module  the layer
-- @raise if f is no function, and whatever f raises
function Module:apply(f)
  walk.check_self("apply", self)
  if type(f) ~= "function" then return check.expected("apply", 1, "f", "a function", f) end
  local list = {{"", self}} -- complete before f is called: it may change fields
  walk.each(self, function(kind, name, v) if kind == "module" then list[#list + 1] = {name, v} end end)
  for _, entry in ipairs(list) do f(entry[2], entry[1]) end
  return self
end

local function set_training(method, self, flag)
  walk.check_self(method, self)
  return self:apply(function(layer) layer.training = flag end)
end

--- Sets training mode, in which layers are made: batch statistics are used and recorded, dropout drops.
-- @treturn Module  the layer
-- @raise if called with a dot
function Module:train() return set_training("train", self, true) end

--- Sets evaluation mode: running statistics are used, dropout does nothing.
-- @treturn Module  the layer
-- @raise if called with a dot
function Module:eval() return set_training("eval", self, false) end

-- Lists as texts what of a state does not fit a layer's own tensors.
local function misfits(own, names, state)
  local wrong, extra = {}, {}
  for _, name in ipairs(names) do
    local src, shape = state[name], check.shape_string(core.shape(own[name]))
    if src == nil then
      wrong[#wrong + 1] = ("'%s' %s is missing"):format(name, shape)
    elseif not core.is_tensor(src) or core.dtype(src) ~= "real" or check.shape_string(core.shape(src)) ~= shape then
      wrong[#wrong + 1] = ("'%s' (expected real tensor %s, got %s)"):format(name, shape, check.found(src))
    end
  end
  for name in pairs(state) do if own[name] == nil then extra[#extra + 1] = tostring(name) end end
  core.sort(extra)
  for _, name in ipairs(extra) do wrong[#wrong + 1] = ("'%s' is not in the net"):format(name) end
  return wrong
end

--- Copies a state() into the layer's tensors, in place.
-- @tparam table state  name -> tensor
-- @treturn Module  the layer
-- @raise if a name is missing or unknown, or a shape differs: the message lists them all, and nothing was changed
function Module:load(state)
  walk.check_self("load", self)
  if type(state) ~= "table" then return check.expected("load", 1, "state", "a table of tensors", state) end
  local own, names = walk.collect("load", self, {parameter = true, buffer = true})
  local wrong = misfits(own, names, state)
  if #wrong > 0 then return check.fail("load", "%s", "the state does not fit: " .. table.concat(wrong, "; ")) end
  for _, name in ipairs(names) do core.copy_(own[name], state[name]) end
  return self
end

-- ---- errors and checks of the input ----

--- Raises `user.lua:41: nn.conv2d (layer D.3): message`; for the methods of layers.
-- @tparam string fmt  the message, as for string.format
-- @tparam any ...  what stands in it
-- @raise always
function Module:fail(fmt, ...)
  local at = place.of(self)
  return check.fail(self.label .. (at and (" (layer %s)"):format(at) or ""), fmt, ...)
end

-- Writes an expected shape: "(N,H,W,3)"; without the batch, "(H,W,3)".
local function pattern(batch, nd, features)
  local last = features and tostring(features) or "C"
  if not nd then return ("(%s...,%s)"):format(batch and "N," or "", last) end
  local parts = nd == 4 and {"N", "H", "W", last} or nd == 2 and {"N", features and last or "D"} or nil
  if not parts then
    parts = {"N"}
    for i = 2, nd - 1 do parts[i] = "*" end
    parts[nd] = last
  end
  return "(" .. table.concat(parts, ",", batch and 1 or 2) .. ")"
end

-- What to write where x's mistake is a common one: the end of an error, or nothing.
local function common_mistake(x, nd, features)
  if type(x) == "table" and not getmetatable(x) then return "; gan.tensor makes a tensor of it" end
  if not core.is_tensor(x) then return "" end
  if core.dtype(x) == "u8" then return "; x:to() * (2 / 255) - 1 makes images of 0..255 numbers in [-1,1]" end
  local s = core.shape(x)
  if #s == 4 and s[2] == features and s[2] ~= s[3] and s[4] ~= features then
    return check.CHANNELS_FIRST
  elseif #s == (nd or 2) - 1 and (not features or s[#s] == features) then
    return "; x:unsqueeze(1) makes a batch of one"
  end
  return ""
end

--- Checks a forward method's x: a real tensor of nd dimensions, the last of size `features`.
-- @tparam Tensor x  any shape
-- @tparam[opt] integer nd  how many dimensions (default: 2 or more)
-- @tparam[opt] integer features  size of the last one (default: any)
-- @treturn Tensor  x's shape: x itself
-- @raise naming the layer, its place in the net, and both shapes
function Module:check_input(x, nd, features)
  if not core.is_tensor(x) or core.dtype(x) ~= "real" or (nd and core.dim(x) ~= nd or core.dim(x) < 2)
    or features and core.size(x, -1) ~= features then
    return self:fail("bad argument #1 'x' (expected real %s, got %s%s)", pattern(true, nd, features), check.found(x),
      common_mistake(x, nd, features))
  end
  return x
end

--- Checks a shape method's s, as check_input does the input itself.
-- @tparam table s  list of sizes without the batch
-- @tparam[opt] integer nd  how many dimensions with the batch (default: 2 or more)
-- @tparam[opt] integer features  last size (default: any)
-- @treturn table  s
-- @raise naming the layer, its place in the net, and both shapes
function Module:check_shape(s, nd, features)
  if nd and #s ~= nd - 1 or #s < 1 or features and s[#s] ~= features then
    local chw = #s == 3 and s[1] == features and s[3] ~= features and "; it looks like (C,H,W)" or ""
    return self:fail("expected input %s, got %s%s", pattern(false, nd, features), check.shape_string(s), chw)
  end
  return s
end

--- Checks the labels of a conditional layer, or the weights that mix classes.
-- @tparam Tensor y  i32 (n), each 0..classes-1 (counted from 0); or real (n,classes), finite
-- @tparam integer n  size of the batch
-- @tparam integer classes  how many there are
-- @treturn Tensor  (n) or (n,classes): y itself
-- @raise naming the layer and its place in the net; without labels it says that they are wanted
function Module:check_labels(y, n, classes)
  if y == nil then
    return self:fail("labels are missing: a conditional net is called net(x, y), y being i32 labels (%d) in 0..%d",
      n, classes - 1)
  end
  local dtype = core.is_tensor(y) and core.dtype(y)
  if dtype == "real" and core.dim(y) == 2 and core.size(y, 1) == n and core.size(y, 2) == classes then
    local bad = core.bad_row(y)
    return bad and self:fail("bad argument #2 'y' (row %d of the weights holds NaN or an infinity)", bad) or y
  end
  if dtype ~= "i32" or core.dim(y) ~= 1 or core.size(y, 1) ~= n then
    return self:fail("bad argument #2 'y' (expected i32 labels (%d), or real weights of classes (%d,%d), got %s)", n, n,
      classes, check.found(y))
  end
  for i, label in ipairs(core.to_table(y)) do
    if label < 0 or label >= classes then
      return self:fail("bad argument #2 'y' (expected labels in 0..%d, got %d at element %d)", classes - 1, label, i)
    end
  end
  return y
end

--- Returns the rows of a table that labels name, or the sums of all rows by weights of the classes.
-- @tparam Tensor weight  real (Y,D)
-- @tparam Tensor y  i32 of any shape, each 0..Y-1; or real (N,Y)
-- @treturn Tensor  y's shape, then D; or (N,D)
-- @raise if y does not fit the table
function M.mixed(weight, y)
  return core.dtype(y) == "i32" and ops.embedding(weight, y) or ops.matmul(y, weight)
end

-- ---- options that constructors share ----

--- Makes a kind of option for check.options: an integer >= `lo`, or a pair {height, width} of them. Its value: a pair.
-- Cannot fail.
-- @tparam table o  `lo`, and what all kinds take (check.option)
-- @treturn Kind
function M.pair(o)
  local size = check.option.integer {lo = o.lo}
  local expected = ("%s or a pair {height, width} of them"):format(size.expected)
  return check.option.where {default = o.default, required = o.required, expected = expected, accept = function(v)
    if type(v) ~= "table" then
      v = size.accept(v)
      return v and {v, v}
    end
    local h, w = size.accept(v[1]), size.accept(v[2])
    return #v == 2 and h and w and {h, w} or nil
  end}
end

--- Makes a stream for what a layer draws at each call, seeded from the library's default stream. Cannot fail.
-- @tparam string name  the layer's
-- @treturn Stream
function M.new_stream(name)
  return core.rng(core.item(random.default():integer({}, 0, 2147483647)), name)
end

-- ---- bias and rectifier, the weight's normaliser ----

--- Gives a class its forward, for layers that can compute the (leaky) relu behind them in their own pass.
-- A chain calls layer:rectified(x, slope, y) for the pair. A layer that was given another forward has no `rectified`.
-- @tparam table class
-- @tparam function f  f(self, x, slope, y): slope for negative numbers, or nil without a relu
function M.rectifies(class, f)
  function class:forward(x, y) return f(self, x, nil, y) end
  local plain = class.forward
  function class:rectified(x, slope, y)
    if self.forward == plain then return f(self, x, slope, y) end
  end
end

--- Adds the layer's bias, if it has one, to y, and rectifies if there is a slope. y: see ops.bias_leaky_relu_.
function M.biased(self, y, slope)
  if slope then return ops.bias_leaky_relu_(y, self.bias or 0, slope) end
  return self.bias and ops.add(y, self.bias) or y
end

--- Returns the weight for forward: `weight`, or what the normaliser (nn.spectral_norm, nn.weight_norm) makes of it.
-- Cannot fail.
-- @treturn Tensor  shape of the weight
function Module:used_weight()
  local norm = self.norm
  if norm then return norm:forward(self.weight) end
  return self.weight
end

--- Returns the normaliser's part of the layer's description: ", spectral norm", or nothing. Cannot fail.
-- @treturn string
function Module:describe_norm() return self.norm and ", " .. self.norm:describe() or "" end

--- Gives a layer a normaliser of its weight.
-- Such a layer has `output_axis`, the axis of the weight that counts its output channels, and takes its weight from
-- used_weight(). The normaliser has forward(weight); start(weight), called now and whenever the weight was drawn anew;
-- and describe().
-- @tparam string op  name of the public function
-- @param layer  what the user gave
-- @tparam function make  make(layer) -> normaliser
-- @tparam[opt=""] string advice  the end of the message where the layer has no weight
-- @treturn Module  the layer
-- @raise if the layer has no weight, names an axis that the weight lacks, or has a normaliser already
function M.normalise(op, layer, make, advice)
  local is_module = M.is_module(layer)
  local axis, weight = is_module and layer.output_axis, is_module and layer.weight
  if not axis then
    return check.fail(op, "expected a layer with a weight of its own (such as conv2d or linear), got %s%s",
      is_module and layer.label or check.found(layer), advice or "")
  elseif not core.is_tensor(weight) then
    return check.fail(op, "%s has output_axis: expected a tensor in its field 'weight', got %s", layer.label,
      check.found(weight))
  elseif math.type(axis) ~= "integer" or axis < 1 or axis > core.dim(weight) then
    return check.fail(op, "output_axis of %s: expected an axis of the weight, in 1..%d, got %s", layer.label,
      core.dim(weight), check.found(axis))
  end
  if layer.norm then
    return check.fail(op, "the weight of this %s has a %s already", layer.label, layer.norm:describe())
  end
  local norm = make(layer)
  norm:start(layer.weight)
  norm.training = layer.training
  layer.norm = norm
  return layer
end

return M
