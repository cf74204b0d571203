--- chain: layers called one after the other.
-- @module gan.nn.chain
local core = require "gan.core"
local check = require "gan.check"
local module = require "gan.nn.module"
local place = require "gan.nn.place"
local walk = require "gan.nn.walk"

local chain = module.class "nn.chain"
local size = check.option.integer {lo = 1}

local function check_sizes(op, name, s)
  if type(s) ~= "table" then
    return check.fail(op, "option '%s': expected a list of sizes without the batch, got %s", name, check.found(s))
  end
  local out = {}
  for i = 1, #s do out[i] = size:check(op, ("%s[%d]"):format(name, i), s[i]) end
  return out
end

-- Checks the numbers of layers that end a section, of n layers.
local function check_sections(sections, n)
  local last = 0
  for i, layer in ipairs(sections or {}) do
    if math.type(layer) ~= "integer" or layer <= last or layer > n then
      return check.fail("nn.chain", "option 'sections': expected numbers of layers, ascending, in 1..%d, got %s at "
        .. "entry %d", n, check.found(layer), i)
    end
    last = layer
  end
  return sections
end

--- Makes a net of layers that are called one after the other. Layers are modules or plain functions f(x, y); they are
-- the fields 1, 2, ... Each gets the first result of the one before it, and y; the net returns all results of the last
-- one. A layer and the (leaky) relu behind it are one pass where both can. With `input` the layers are checked against
-- each other at once, and tostring shows shapes.
-- @function gan.nn.chain
-- @tparam table opt  the layers
-- @tparam[opt] table opt.input  shape of x without the batch, e.g. {64, 64, 3}
-- @tparam[opt] string opt.name  shown in errors, as in "nn.linear (layer G.2): ..."
-- @tparam[opt] table opt.sections  numbers of the layers that end a section, from the input on: what nn.freeze counts
-- @treturn Module  x, y -> the last layer's results
-- @raise if an entry is a class or not callable or, given `input`, the layers do not fit together; if sections are no
--   layers in ascending order
-- @usage local G = nn.chain {name = "G", input = {100}, nn.linear {100, 784}, nn.tanh {}}
function chain:init(opt)
  if opt == nil then opt = {} end
  if type(opt) ~= "table" then return check.fail("nn.chain", "expected a table of layers, got %s", check.found(opt)) end
  if module.is_module(opt) then
    return check.fail("nn.chain", "expected a table of layers, got a layer: write nn.chain {...}, with braces")
  end
  local named, n = {}, 0
  for k, v in pairs(opt) do
    if math.type(k) == "integer" then n = n + 1 else named[k] = v end
  end
  named = check.options("nn.chain", named, {
    input = check.option.any {}, name = check.option.string {}, sections = check.option.table {}, -- any: checked below
  })
  for i = 1, n do
    if walk.is_class(opt[i]) then
      return check.fail("nn.chain", "layer %d is the class %s: write %s {...}", i, opt[i].label, opt[i].label)
    elseif not check.callable(opt[i]) then
      return check.fail("nn.chain", "layer %d: expected a layer or a function, got %s", i, check.found(opt[i]))
    end
    self[i] = opt[i]
  end
  self.name, self.sections = named.name, check_sections(named.sections, n)
  place.settle(self)
  if named.input ~= nil then self:shape(check_sizes("nn.chain", "input", named.input)) end
end

-- Hands on what layer i returned, which is a value.
local function result(self, i, x, ...)
  if x == nil then
    local layer = self[i]
    local label = module.is_module(layer) and layer.label or "a function"
    return self:fail("layer %d (%s) returned nothing", i, label)
  end
  return x, ...
end

local LOOKS = 100 -- batches of images that a net looks at: it is often tried with noise before it gets any

-- Warns of pictures of bytes, which a net of images is given by mistake.
local function look(self, x)
  if not core.is_tensor(x) or core.dim(x) ~= 4 or core.size(x, 4) ~= 1 and core.size(x, 4) ~= 3 then return end
  self._looked = (self._looked or 0) + 1
  check.image_range(self.name and "nn.chain " .. self.name or "nn.chain", x, 20)
end

function chain:forward(x, y)
  if (self._looked or 0) < LOOKS then look(self, x) end
  local i, n = 1, #self
  while i < n do
    local layer, after, out = self[i], self[i + 1], nil
    local slope = module.is_module(after) and after.rectifier and after:rectifier()
    if slope and module.is_module(layer) and layer.rectified then out = layer:rectified(x, slope, y) end
    x = out or result(self, i, layer(x, y))
    i = i + (out and 2 or 1)
  end
  if i == n then return result(self, n, self[n](x, y)) end
  return x
end

--- Returns the shape of the result for an input of shape s, both without the batch. Remembers s for tostring.
-- @tparam table s  e.g. {64, 64, 3}
-- @treturn table  list of sizes; nil if a layer does not know its own
-- @raise naming the layer that does not fit
function chain:shape(s)
  local first = check_sizes("nn.chain", "shape", s)
  s = first
  for i = 1, #self do
    local layer = self[i]
    if not (s and module.is_module(layer) and layer.shape) then
      s = nil
      break
    end
    s = layer:shape(s)
  end
  self.input = first
  return s
end

-- For tostring.
function chain:children() return table.move(self, 1, #self, 1, {}) end

return {chain = chain}
