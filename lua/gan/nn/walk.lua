--- Visits what a layer is made of: parameters, buffers, random streams and the layers below it.
--
-- The tensors of a layer lie in its fields: those marked by requires_grad_() are parameters, other real tensors are
-- buffers (running statistics), random streams are streams. Fields may also hold layers and plain tables of all these.
-- The order is fixed: integer keys ascending, then string keys sorted. What is met twice (shared weights) counts once,
-- under its first name. Fields whose names begin with "_" are not looked at.
-- @module gan.nn.walk
local core = require "gan.core"
local check = require "gan.check"
local random = require "gan.random"

local M = {}

local classes = setmetatable({}, {__mode = "k"})

--- Makes the objects of a class known as layers.
function M.register(class) classes[class] = true end

--- Returns true for a class of layers, false for any other value, also for its layers.
function M.is_class(v) return v ~= nil and classes[v] == true end

--- Returns true for a layer, false for any other value. Cannot fail.
-- @function gan.nn.is_module
-- @tparam any v  anything
-- @treturn boolean
function M.is_module(v) return type(v) == "table" and classes[getmetatable(v) or false] == true end

--- Returns the keys of t that are looked at, in the order in which they are visited.
function M.keys(t)
  local keys = {}
  for k in pairs(t) do
    if math.type(k) == "integer" or type(k) == "string" and k:sub(1, 1) ~= "_" then keys[#keys + 1] = k end
  end
  table.sort(keys, function(a, b)
    local na, nb = type(a) == "number", type(b) == "number"
    if na ~= nb then return na end
    return core.before(a, b)
  end)
  return keys
end

--- Returns true for what is looked into: a layer or a plain table.
function M.is_container(v) return M.is_module(v) or type(v) == "table" and getmetatable(v) == nil end

-- Returns "parameter", "buffer", "stream" or "module"; nil for plain tables and what is no part of a layer.
local function kind_of(v)
  if core.is_tensor(v) then
    local node = core.node(v)
    if node then return node.leaf and "parameter" or nil end
    return core.dtype(v) == "real" and "buffer" or nil
  end
  return M.is_module(v) and "module" or random.is_stream(v) and "stream" or nil
end

local function walk(t, prefix, seen, visit)
  seen[t] = true
  for _, key in ipairs(M.keys(t)) do
    local v, name = t[key], prefix .. key
    if v ~= nil and not seen[v] then
      local kind = kind_of(v)
      if kind then
        seen[v] = true
        visit(kind, name, v)
      end
      if M.is_container(v) then walk(v, name .. ".", seen, visit) end
    end
  end
end

--- Calls visit(kind, name, value) for everything below a layer, outer ones first.
-- @tparam Module layer
-- @tparam function visit  gets "parameter", "buffer", "stream" or "module"; a name such as "2.1.weight"; the value
function M.each(layer, visit) return walk(layer, "", {}, visit) end

--- Checks what stands before the colon of a method of layers.
function M.check_self(method, self)
  if M.is_module(self) then return self end
  return check.fail(method, "expected a layer before the colon, as in net:%s(), got %s", method, check.found(self))
end

--- Collects what lies below a layer.
-- @tparam string method  the public method, for errors
-- @tparam Module self
-- @tparam table kinds  the kinds that are wanted: {parameter = true}
-- @treturn table  name -> value
-- @treturn table  the names, in order
-- @raise if two fields have the same name: 1 and "1"
function M.collect(method, self, kinds)
  M.check_self(method, self)
  local found, names = {}, {}
  M.each(self, function(kind, name, v)
    if not kinds[kind] then return end
    if found[name] then return check.fail(self.label, "two fields are called '%s'", name) end
    found[name] = v
    names[#names + 1] = name
  end)
  return found, names
end

return M
