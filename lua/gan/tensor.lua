--- Tensors as Lua sees them: constructors, methods that are no ops, indexing, printing. gan.ops adds its ops as methods.
-- @module gan.tensor
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"

local M = {methods = {}}
local methods = M.methods

-- Accepts sizes as one table or as separate arguments.
local function sizes(...)
  if type((...)) == "table" then return ... end
  return {...}
end

--- A real tensor from a number or nested tables. @param[opt] dtype "real", "u8", "i32" or "f64" (doubles, which no op computes on: statistics)
function M.tensor(values, dtype) return core.tensor(values, dtype) end

--- Tensors of zeros or ones: zeros(2, 3) or zeros({2, 3}).
function M.zeros(...) return core.full(sizes(...), 0) end
function M.ones(...) return core.full(sizes(...), 1) end

--- full(shape, value [, dtype]).
function M.full(shape, value, dtype) return core.full(shape, value, dtype) end

for _, name in ipairs {"shape", "size", "dim", "numel", "dtype", "item", "to", "is_contiguous", "get", "set_", "copy_", "to_table", "to_bytes"} do
  methods[name] = core[name]
end

--- Marks a leaf; see gan.autograd.
methods.requires_grad_ = autograd.requires_grad_
methods.requires_grad = autograd.requires_grad

-- In-place arithmetic: not recorded, so it is refused on tracked tensors while recording.
for _, name in ipairs {"add_", "sub_", "mul_", "div_", "clamp_", "copy_", "set_"} do
  local f = core[name]
  methods[name] = function(x, ...)
    if autograd.is_recording() and core.node(x) then
      return check.fail(name, "in-place change of a tracked tensor; do it inside gan.no_grad, or on x:detach()")
    end
    return f(x, ...)
  end
end

--- Sets every element.
function methods.fill_(x, value) return methods.copy_(x, core.full({}, value, "f64")) end
function methods.zero_(x) return methods.fill_(x, 0) end

local function format_number(v)
  if math.type(v) == "integer" then return ("%d"):format(v) end
  return ("%.4g"):format(v)
end

local MAX_SHOWN = 6 -- entries shown at either end of a long axis

local function render(t, indent)
  if type(t) ~= "table" then return format_number(t) end
  local parts, nested = {}, type(t[1]) == "table"
  for _, v in ipairs(t) do parts[#parts + 1] = v == "..." and v or render(v, indent .. " ") end
  return "[" .. table.concat(parts, nested and ",\n" .. indent .. " " or ", ") .. "]"
end

-- Nested tables with "..." in the middle of long axes.
local function excerpt(x)
  local shape = core.shape(x)
  if #shape == 0 then return core.item(x) end
  local n, out = shape[1], {}
  for i = 1, n do
    if n > 2 * MAX_SHOWN and i == MAX_SHOWN + 1 then out[#out + 1] = "..." end
    if n <= 2 * MAX_SHOWN or i <= MAX_SHOWN or i > n - MAX_SHOWN then
      local row = core.narrow(x, 1, i, 1)
      out[#out + 1] = excerpt(core.reshape(row, table.move(shape, 2, #shape, 1, {})))
    end
  end
  return out
end

local mt = core.tensor_mt

function mt.__tostring(x)
  if not core.is_tensor(x) then return "released tensor" end
  return ("%s %s tensor%s"):format(render(excerpt(x), ""), check.shape_string(core.shape(x)), core.dtype(x) == "real" and "" or " of " .. core.dtype(x))
end

function mt.__index(x, key)
  local f = methods[key]
  if f then return f end
  if math.type(key) == "integer" then return methods.select(x, key) end
  return check.fail("tensor", "there is no method '%s'%s", tostring(key), check.hint(key, check.names(methods)))
end

function mt.__newindex(_, key)
  return check.fail("tensor", "cannot assign field '%s'; use t:set_(value, i, j, ...) or t[i]:copy_(src)", tostring(key))
end

function mt.__len(x) return core.dim(x) > 0 and core.size(x, 1) or 0 end

mt.__metatable = false

return M
