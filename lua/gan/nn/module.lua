--- What every layer shares: the call, parameters and state found by walking fields, train and eval, printing.
--
-- A layer is a table whose class was made by `class`. Its tensors lie in its fields: those marked by requires_grad_() are
-- parameters, other real tensors are buffers (running statistics), random streams are streams. Fields may also hold layers and
-- plain tables of all these. They are visited in one order: integer keys ascending, then string keys sorted; what is met
-- twice (shared weights) counts once, under its first name. Fields whose names begin with "_" are not looked at.
-- @module gan.nn.module
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local ops = require "gan.ops"
local random = require "gan.random"

local M = {}

local methods = {} -- of every layer
local known_classes = setmetatable({}, {__mode = "k"})

--- Whether v is a layer.
function M.is_module(v) return type(v) == "table" and known_classes[getmetatable(v) or false] == true end

-- A name with a path is shown once; "1" and 1 would collide.
local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do
    if math.type(k) == "integer" or type(k) == "string" and k:sub(1, 1) ~= "_" then keys[#keys + 1] = k end
  end
  table.sort(keys, function(a, b)
    local na, nb = type(a) == "number", type(b) == "number"
    if na ~= nb then return na end
    return a < b
  end)
  return keys
end

-- Calls visit(kind, name, value) for everything below t; kind is "parameter", "buffer", "stream" or "module".
local function walk(t, prefix, seen, visit)
  seen[t] = true
  for _, key in ipairs(sorted_keys(t)) do
    local v, name = t[key], prefix .. key
    if v ~= nil and not seen[v] then
      if core.is_tensor(v) then
        seen[v] = true
        local node = core.node(v)
        if node and node.leaf then
          visit("parameter", name, v)
        elseif not node and core.dtype(v) == "real" then
          visit("buffer", name, v)
        end
      elseif M.is_module(v) then
        visit("module", name, v)
        walk(v, name .. ".", seen, visit)
      elseif type(v) == "table" and getmetatable(v) == nil then
        walk(v, name .. ".", seen, visit)
      elseif random.is_stream(v) then
        seen[v] = true
        visit("stream", name, v)
      end
    end
  end
end

local function check_self(name, self)
  if not M.is_module(self) then return check.fail(name, "expected a layer before the colon, as in net:%s(), got %s", name, check.found(self)) end
end

-- name -> value of the given kinds; and the names in order. For the method `name`.
local function collect(name_of, self, kinds)
  check_self(name_of, self)
  local found, names = {}, {}
  walk(self, "", {}, function(kind, name, v)
    if not kinds[kind] then return end
    if found[name] then
      return check.fail(self.label, "two fields are called '%s'", name)
    end
    found[name] = v
    names[#names + 1] = name
  end)
  return found, names
end

--- The parameters, for grad and optimisers: a list of tensors. One result, so that grad(y, net:params()) is what it looks like.
function methods:params()
  local found, names = collect("params", self, {parameter = true})
  local list = {}
  for i, name in ipairs(names) do list[i] = found[name] end
  return list
end

--- The parameters' names, such as "1.weight", in the order of params().
function methods:names() return (select(2, collect("names", self, {parameter = true}))) end

--- Everything to be saved except random streams: name -> tensor, parameters and buffers. The tensors themselves, not copies.
function methods:state() return (collect("state", self, {parameter = true, buffer = true})) end

--- The random streams of the layers (dropout's masks): name -> stream; each has state() and load().
function methods:streams() return (collect("streams", self, {stream = true})) end

--- How many numbers the parameters have.
function methods:count()
  local n = 0
  for _, p in pairs((collect("count", self, {parameter = true}))) do n = n + core.numel(p) end
  return n
end

--- Calls f(layer, name) for this layer (name "") and all below, in order. Returns the layer.
function methods:apply(f)
  check_self("apply", self)
  if type(f) ~= "function" then return check.expected("apply", 1, "f", "a function", f) end
  local list = {{"", self}}
  walk(self, "", {}, function(kind, name, v) if kind == "module" then list[#list + 1] = {name, v} end end)
  for _, entry in ipairs(list) do f(entry[2], entry[1]) end
  return self
end

local function set_training(name, self, flag)
  check_self(name, self)
  return self:apply(function(layer) layer.training = flag end)
end

--- Training mode, in which layers are made: batch statistics are used and recorded, dropout drops. Returns the layer.
function methods:train() return set_training("train", self, true) end

--- Evaluation mode: running statistics are used, dropout does nothing. Returns the layer.
function methods:eval() return set_training("eval", self, false) end

--- Copies a state() in place.
-- @tparam table state name -> tensor
-- @treturn Module the layer
-- @raise if a name is missing or unknown, or a shape differs: the message lists them all, and nothing was changed
function methods:load(state)
  check_self("load", self)
  if type(state) ~= "table" then return check.expected("load", 1, "state", "a table of tensors", state) end
  local own, names = collect("load", self, {parameter = true, buffer = true})
  local wrong = {}
  for _, name in ipairs(names) do
    local src, shape = state[name], check.shape_string(core.shape(own[name]))
    if src == nil then
      wrong[#wrong + 1] = ("'%s' %s is missing"):format(name, shape)
    elseif not core.is_tensor(src) or core.dtype(src) ~= "real" or check.shape_string(core.shape(src)) ~= shape then
      wrong[#wrong + 1] = ("'%s' (expected real tensor %s, got %s)"):format(name, shape, check.found(src))
    end
  end
  local extra = {}
  for name in pairs(state) do if own[name] == nil then extra[#extra + 1] = tostring(name) end end
  table.sort(extra)
  for _, name in ipairs(extra) do wrong[#wrong + 1] = ("'%s' is not in the net"):format(name) end
  if #wrong > 0 then return check.fail("load", "%s", "the state does not fit: " .. table.concat(wrong, "; ")) end
  for _, name in ipairs(names) do core.copy_(own[name], state[name]) end
  return self
end

-- ---- errors ----

local function results(...) return ... end

--- Calls layers 1..#self one after the other; the chain's forward. Each gets the first result of the one before it, and y; what the last
-- returns is returned, be it one result or several. Lives here so that errors can find it on the stack.
function M.run(self, x, y)
  local i, n = 1, #self
  while i <= n do
    local layer, after, out = self[i], self[i + 1], nil
    if i == n then return results(layer(x, y)) end -- no tail call: errors look for this function
    -- A layer and the (leaky) relu behind it are one pass where both can.
    local slope = M.is_module(after) and after.rectifier and after:rectifier()
    if slope and M.is_module(layer) and layer.rectified then out = layer:rectified(x, slope, y) end
    x = out or layer(x, y)
    i = i + (out and 2 or 1)
  end
  return x
end

--- Shapes through layers 1..#self, without the batch; nil from the first layer on that does not know its own.
function M.run_shapes(self, s)
  for i = 1, #self do
    local layer = self[i]
    if not (s and M.is_module(layer) and layer.shape) then return nil end
    s = layer:shape(s)
  end
  return s
end

-- Value of a local variable of the function at a level of the caller's stack.
local function local_at(level, wanted)
  for at = 1, 200 do
    local name, value = debug.getlocal(level + 1, at)
    if not name then return nil end
    if name == wanted then return value end
  end
end

-- Where in its chains the layer that is being called stands, e.g. "D.3.1"; read off the stack, and only when an error is
-- raised. Nil outside chains, or where the names of locals were stripped.
local function place()
  local parts, level = {}, 2
  while true do
    local info = debug.getinfo(level, "f")
    if not info then break end
    if info.func == M.run or info.func == M.run_shapes then
      local chain, i = local_at(level, "self"), local_at(level, "i")
      if i then table.insert(parts, 1, tostring(i)) end
      if type(chain) == "table" and type(chain.name) == "string" then table.insert(parts, 1, chain.name) end
    end
    level = level + 1
  end
  if #parts > 0 then return table.concat(parts, ".") end
end

--- Raises `user.lua:41: nn.conv2d (layer D.3): message`; for the forward method of layers.
function methods:fail(fmt, ...)
  local at = place()
  return check.fail(self.label .. (at and (" (layer %s)"):format(at) or ""), fmt, ...)
end

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

--- Checks a forward method's x: a real tensor of nd dimensions (nil: 2 or more), the last of size `features` (nil: any).
-- @treturn Tensor x
-- @raise names the layer, its place in the chain, and both shapes
function methods:check_input(x, nd, features)
  if not core.is_tensor(x) or core.dtype(x) ~= "real" or (nd and core.dim(x) ~= nd or core.dim(x) < 2)
    or features and core.size(x, -1) ~= features then
    return self:fail("bad argument #1 'x' (expected real %s, got %s)", pattern(true, nd, features), check.found(x))
  end
  return x
end

--- Checks the labels of a conditional layer: i32 (n), each 0..classes-1 (counted from 0).
-- @treturn Tensor y
-- @raise names the layer and its place in the chain; without labels it says that they are wanted
function methods:check_labels(y, n, classes)
  if y == nil then
    return self:fail("labels are missing: a conditional net is called net(x, y), y being i32 labels (%d) in 0..%d", n, classes - 1)
  end
  if not core.is_tensor(y) or core.dtype(y) ~= "i32" or core.dim(y) ~= 1 or core.size(y, 1) ~= n then
    return self:fail("bad argument #2 'y' (expected i32 labels (%d), got %s)", n, check.found(y))
  end
  for i, label in ipairs(core.to_table(y)) do
    if label < 0 or label >= classes then
      return self:fail("bad argument #2 'y' (expected labels in 0..%d, got %d at element %d)", classes - 1, label, i)
    end
  end
  return y
end

--- The same for a shape without the batch, in `shape` methods.
function methods:check_shape(s, nd, features)
  if nd and #s ~= nd - 1 or #s < 1 or features and s[#s] ~= features then
    return self:fail("expected input %s, got %s", pattern(false, nd, features), check.shape_string(s))
  end
  return s
end

function methods:forward() return check.fail(self.label, "the class has no method 'forward'") end

-- ---- printing ----

--- What tostring shows of the layer in the first column; layers override it.
function methods:describe() return self.kind end

-- Shape of the layer's result for input s (without the batch), or nil where that is unknown.
local function result_shape(layer, s)
  if not s or not M.is_module(layer) or not layer.shape then return nil end
  local ok, out = pcall(layer.shape, layer, s)
  if ok and type(out) == "table" then return out end
end

local function rows(layer, name, s, out)
  if M.is_module(layer) and layer.children then
    for i, child in ipairs(layer:children()) do s = rows(child, (name == "" and "" or name .. ".") .. i, s, out) end
    return s
  end
  s = result_shape(layer, s)
  local module = M.is_module(layer)
  out[#out + 1] = {
    name, module and layer:describe() or "function", s and check.shape_string(s) or "?", module and layer:count() or 0,
  }
  return s
end

local function grouped(n)
  local s = tostring(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (s:gsub("^,", ""))
end

local function to_string(self)
  local list = {}
  rows(self, "", self.input, list)
  local cells = {{"", "layer", "output", "parameters"}}
  for _, row in ipairs(list) do cells[#cells + 1] = {row[1], row[2], row[3], grouped(row[4])} end
  cells[#cells + 1] = {"", "total", "", grouped(self:count())}
  local width = {0, 0, 0, 0}
  for _, row in ipairs(cells) do
    for i, text in ipairs(row) do width[i] = math.max(width[i], #text) end
  end
  local format = (width[1] > 0 and "%-" .. width[1] .. "s  " or "%s") .. "%-" .. width[2] .. "s  %-" .. width[3] .. "s  %" .. width[4] .. "s"
  local lines = {}
  for i, row in ipairs(cells) do lines[i] = format:format(table.unpack(row)) end
  return table.concat(lines, "\n")
end

-- ---- classes ----

--- A new class of layers. Give it the methods `init(self, ...)`, which gets the constructor's arguments and puts tensors into
-- fields, and `forward(self, x, y)`; and, if you like, `shape(self, s)`, the shape of the result for an input of shape s,
-- both without the batch, and `describe(self)`, for printing. Then `layer = class(...)` makes a layer, `layer(x, y)` calls it.
--
--    local scale = nn.class "scale"
--    function scale:init(opt) self.weight = gan.ones(opt.features):requires_grad_() end
--    function scale:forward(x) return x * self.weight end
--    local net = nn.chain {nn.linear {2, 3}, scale {features = 3}}
--
-- @tparam string name shown in errors and printouts
-- @treturn table the class
function M.class(name)
  if type(name) ~= "string" then return check.expected("nn.class", 1, "name", "a string", name) end
  local class = {kind = name, label = name, __tostring = to_string, __name = name}
  class.__index = class
  function class.__call(self, x, y) return self:forward(x, y) end
  known_classes[class] = true
  return setmetatable(class, {
    __index = methods,
    __call = function(_, ...)
      local self = setmetatable({training = true}, class)
      if class.init then class.init(self, ...) end
      return self
    end,
  })
end

--- The same for the library's own layers, which errors call nn.NAME.
function M.layer(name)
  local class = M.class(name)
  class.label = "nn." .. name
  return class
end

--- Marks a tensor as a parameter. Returns it.
M.parameter = autograd.requires_grad_

-- ---- what constructors share ----

--- An option that is an integer in lo.. or a pair {height, width} of them; returns both.
function M.pair(op, name, v, lo)
  if type(v) == "table" then
    if #v ~= 2 then return check.fail(op, "option '%s': expected an integer or a pair {height, width}, got a table of %d", name, #v) end
    return M.integer(op, name, v[1], lo), M.integer(op, name, v[2], lo)
  end
  v = M.integer(op, name, v, lo)
  return v, v
end

local function wrong(op, name, expected, v)
  return check.fail(op, "option '%s': expected %s, got %s", tostring(name), expected, check.found(v))
end

--- An option that is an integer in lo..hi (default: 2^31 - 1).
function M.integer(op, name, v, lo, hi)
  local n = type(v) == "number" and math.tointeger(v)
  hi = hi or 2147483647
  if not n or n < lo or n > hi then return wrong(op, name, ("an integer in %d..%d"):format(lo, hi), v) end
  return n
end

--- An option that is a number in [lo, hi]; either may be nil.
function M.number(op, name, v, lo, hi)
  if type(v) ~= "number" or v ~= v or lo and v < lo or hi and v > hi then
    return wrong(op, name, lo and hi and ("a number in [%g,%g]"):format(lo, hi) or lo and ("a number >= %g"):format(lo) or "a number", v)
  end
  return v
end

--- An option that is true or false.
function M.boolean(op, name, v)
  if type(v) ~= "boolean" then return wrong(op, name, "true or false", v) end
  return v
end

--- Gives a class the method forward, f(self, x, nil, y), and for chains the method rectified, f(self, x, slope, y): the layer and the
-- (leaky) relu behind it in one pass. It is nil of a layer that has got a forward of its own.
function M.rectifies(class, f)
  function class:forward(x, y) return f(self, x, nil, y) end
  local plain = class.forward
  function class:rectified(x, slope, y)
    if self.forward == plain then return f(self, x, slope, y) end
  end
end

--- The weight as forward is to use it: `weight` itself, or what the layer's normaliser (nn.spectral_norm, nn.weight_norm) makes of it.
function methods:used_weight()
  local norm = self.norm
  if norm then return norm:forward(self.weight) end
  return self.weight
end

-- Of the normaliser of a layer, for its description: ", spectral norm".
function methods:describe_norm() return self.norm and ", " .. self.norm:describe() or "" end

--- Gives a layer a normaliser of its weight. Such a layer has `output_axis`, the axis of the weight that counts its output channels, and takes
-- its weight from used_weight(). The normaliser has forward(weight), start(weight), called now and when the weight was drawn anew,
-- and describe().
-- @tparam string op name of the public function
-- @param layer what the user gave
-- @tparam function make make(layer) -> normaliser
-- @treturn Module the layer
function M.normalise(op, layer, make)
  if not M.is_module(layer) or not layer.output_axis then
    return check.fail(op, "expected a layer with a weight (conv2d, conv_transpose2d, linear, embedding), got %s",
      M.is_module(layer) and layer.label or check.found(layer))
  end
  if layer.norm then return check.fail(op, "the weight of this %s has a %s already", layer.label, layer.norm:describe()) end
  local norm = make(layer)
  norm:start(layer.weight)
  norm.training = layer.training
  layer.norm = norm
  return layer
end

--- y plus the layer's bias, if it has one, and rectified if there is a slope. y: see ops.bias_leaky_relu_.
function M.biased(self, y, slope)
  if slope then return ops.bias_leaky_relu_(y, self.bias or 0, slope) end
  return self.bias and ops.add(y, self.bias) or y
end

--- Constructor options: the list part (sizes, checked by their names) and the named rest, checked against `known`.
-- @tparam string op "nn.linear"
-- @tparam table opt what the user gave
-- @tparam table sizes names of the list part, e.g. {"Di", "Do"}: integers >= 1
-- @tparam table known named options and their defaults, as for check.options
-- @treturn table the named options; the sizes are at 1, 2, ...
function M.options(op, opt, sizes, known)
  if opt == nil then opt = {} end
  if type(opt) ~= "table" then return check.fail(op, "expected a table of options, got %s", check.found(opt)) end
  local named, n = {}, 0
  for k, v in pairs(opt) do
    if math.type(k) == "integer" then n = n + 1 else named[k] = v end
  end
  local out = check.options(op, named, known)
  for i, name in ipairs(sizes) do
    local v = opt[i]
    if v == nil then return check.fail(op, "size %s is missing: %s{%s, ...}", name, op, table.concat(sizes, ", ")) end
    out[i] = M.integer(op, name, v, 1)
  end
  if n > #sizes then
    return check.fail(op, "expected %d sizes in the list part of the options, got %d", #sizes, n)
  end
  return out
end

--- The stream that a constructor draws from: the `rng` option, or the library's default stream.
function M.stream(op, rng)
  if rng == nil then return random.default() end
  if not random.is_stream(rng) then return wrong(op, "rng", "a random stream (gan.rng)", rng) end
  return rng
end

--- A stream for what a layer draws at each call: the `rng` option, or one of its own that is seeded from the library's default stream.
function M.own_stream(op, rng)
  local from = M.stream(op, rng)
  return rng or core.rng(core.item(from:integer({}, 0, 2147483647)), (op:match "[^.]*$"))
end

return M
