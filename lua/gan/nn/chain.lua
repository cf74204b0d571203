--- chain: layers called one after the other.
-- @module gan.nn.chain
local check = require "gan.check"
local module = require "gan.nn.module"

local chain = module.layer "chain"

local function check_shape_list(op, name, s)
  if type(s) ~= "table" then return check.fail(op, "option '%s': expected a list of sizes without the batch, got %s", name, check.found(s)) end
  local out = {}
  for i = 1, #s do out[i] = module.integer(op, ("%s[%d]"):format(name, i), s[i], 1) end
  return out
end

--- nn.chain{layer1, layer2, ..., input = {100}, name = "G"}: x goes through the layers; each also gets y.
-- Layers are modules or plain functions f(x, y). The layers are the fields 1, 2, ...
-- @tparam table opt the layers; input: shape of x without the batch, e.g. {64, 64, 3}, which checks the layers against each
--   other at once and lets tostring show shapes; name: shown in errors
-- @raise if an entry is not callable or, given `input`, the layers do not fit together
function chain:init(opt)
  if opt == nil then opt = {} end
  if type(opt) ~= "table" then return check.fail("nn.chain", "expected a table of layers, got %s", check.found(opt)) end
  local named, n = {}, 0
  for k, v in pairs(opt) do
    if math.type(k) == "integer" then n = n + 1 else named[k] = v end
  end
  named = check.options("nn.chain", named, {input = check.none, name = check.none})
  for i = 1, n do
    if not check.callable(opt[i]) then return check.fail("nn.chain", "layer %d: expected a layer or a function, got %s", i, check.found(opt[i])) end
    self[i] = opt[i]
  end
  if named.name ~= nil and type(named.name) ~= "string" then
    return check.fail("nn.chain", "option 'name': expected a string, got %s", check.found(named.name))
  end
  self.name = named.name
  if named.input ~= nil then self:shape(check_shape_list("nn.chain", "input", named.input)) end
end

chain.forward = module.run

--- Shape of the result for an input of shape s, both without the batch; nil if a layer does not know. Remembers s for tostring.
-- @raise names the layer that does not fit
function chain:shape(s)
  s = check_shape_list("nn.chain", "shape", s)
  local first = s
  s = module.run_shapes(self, s)
  self.input = first
  return s
end

--- The layers, for tostring.
function chain:children() return table.move(self, 1, #self, 1, {}) end

return {chain = chain}
