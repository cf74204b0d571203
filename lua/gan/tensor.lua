--- Provides tensors as Lua sees them: constructors, methods that are no ops, indexing, printing.
--
-- gan.ops adds its ops as methods: `x:relu()` is `gan.relu(x)`. A method whose name ends in `_` changes its tensor.
--
--     local x = gan.tensor {{1, 2}, {3, 4}}
--     x[1]                       -- the first row, a view; x[0] raises, x[#x + 1] is nil: there ipairs(x) ends
--     #x                         -- 2, the size of the first axis
--     x:get(2, 1)                -- row 2, column 1: a number
--     x:set_(5, 2, 1)
--     print((x * 2 + 1):sum())   -- 28 () tensor
--
-- `x == y` asks whether both are one object, as Lua's tables do; x:eq(y) compares element by element, as lt, le, gt, ge
-- and ne do. `<` and the like raise.
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

-- core.full for one of its callers, which is named where the sizes are none.
local function filled(op, value, ...)
  local t, message = check.try(core.full, sizes(...), value)
  return t or check.fail(op, "%s", (message:gsub("^full: ", "")))
end

--- Makes a tensor of given numbers. Without dimensions from a number, else from nested tables.
-- Numbers become u8 and i32 as `Tensor:to` makes them.
-- @function gan.tensor
-- @tparam number|table values  a number, or tables nested at most 8 deep, of equal sizes at each depth
-- @tparam[opt=real] string dtype  "real", "u8", "i32", or "f64" (doubles, which no op computes on)
-- @treturn Tensor  (the nested tables' sizes)
-- @raise naming the element that is no number, or the dimension that is ragged
function M.tensor(values, dtype) return core.tensor(values, dtype) end

--- Makes a tensor of zeros: `gan.zeros(2, 3)` or `gan.zeros({2, 3})`.
-- @function gan.zeros
-- @tparam integer ...  sizes, or one table of them
-- @treturn Tensor  real (sizes)
-- @raise if a size is no integer >= 0
function M.zeros(...) return filled("zeros", 0, ...) end

--- Makes a tensor of ones: `gan.ones(2, 3)` or `gan.ones({2, 3})`.
-- @function gan.ones
-- @tparam integer ...  sizes, or one table of them
-- @treturn Tensor  real (sizes)
-- @raise if a size is no integer >= 0
function M.ones(...) return filled("ones", 1, ...) end

--- Makes a tensor with one value everywhere.
-- @function gan.full
-- @tparam table shape  sizes
-- @tparam number value  of each element
-- @tparam[opt=real] string dtype  "real", "u8", "i32", or "f64" (doubles, which no op computes on)
-- @treturn Tensor  (shape)
-- @raise if a size is no integer >= 0, or the dtype is unknown
function M.full(shape, value, dtype) return core.full(shape, value, dtype) end

--- Returns the sizes.
-- @function Tensor:shape
-- @treturn table  a list of integers, a new one at each call
-- @raise if the tensor was released

--- Returns one size.
-- @function Tensor:size
-- @tparam integer axis  from 1, or -1 for the last
-- @treturn integer
-- @raise if there is no such axis

--- Returns how many dimensions there are: 0 for a scalar, at most 8.
-- @function Tensor:dim
-- @treturn integer
-- @raise if the tensor was released

--- Returns how many elements there are.
-- @function Tensor:numel
-- @treturn integer
-- @raise if the tensor was released

--- Returns the type of the elements.
-- @function Tensor:dtype
-- @treturn string  "real", "f64", "i32" or "u8"
-- @raise if the tensor was released

--- Returns the number in a tensor of one element.
-- @function Tensor:item
-- @treturn number
-- @raise if there is not exactly one element

--- Converts to another dtype. The result has no graph.
-- Every way into i32 and u8 (this one, `gan.tensor`, `gan.full`, `fill_`, `set_`, `copy_`) rounds to the nearest
-- integer (of two the upper one in u8, the even one in i32), stops at the ends of the range, and makes NaN 0.
-- @function Tensor:to
-- @tparam[opt=real] string dtype  "real", "f64", "i32" or "u8"
-- @treturn Tensor  a copy of the same shape
-- @raise if the dtype is unknown

--- Returns true if the elements lie in row-major order, without gaps.
-- @function Tensor:is_contiguous
-- @treturn boolean
-- @raise if the tensor was released

--- Returns one element.
-- @function Tensor:get
-- @tparam integer ...  a position for each dimension, from 1
-- @treturn number
-- @raise if a position is missing or out of range

--- Changes one element.
-- @function Tensor:set_
-- @tparam number value  the new one
-- @tparam integer ...  a position for each dimension, from 1
-- @treturn Tensor  the same
-- @raise if a position is missing or out of range, or the tensor is tracked while recording

--- Copies the elements of another tensor, converting its dtype.
-- @function Tensor:copy_
-- @tparam Tensor src  a shape that broadcasts to this one
-- @treturn Tensor  the same
-- @raise if the shape does not broadcast, or the tensor is tracked while recording

--- Returns the elements as Lua numbers.
-- @function Tensor:to_table
-- @treturn number|table  nested tables, row by row; a number where there are no dimensions
-- @raise if the tensor was released

--- Returns the elements as they lie in memory, in row-major order.
-- @function Tensor:to_bytes
-- @treturn string
-- @raise if the tensor was released

for _, name in ipairs {
  "shape", "size", "dim", "numel", "dtype", "item", "to", "is_contiguous", "get", "set_", "copy_", "to_table",
  "to_bytes",
} do
  methods[name] = core[name]
end

-- Two that users of other libraries call otherwise.
function methods.size(x, axis)
  if axis == nil and core.is_tensor(x) then
    return check.fail("size", "bad argument #2 'axis' (expected an axis, got nil; x:shape() returns all sizes, "
      .. "here %s)", check.shape_string(core.shape(x)))
  end
  return core.size(x, axis)
end

function methods.shape(x, ...)
  if select("#", ...) > 0 then
    return check.fail("shape", "expected no argument, got %s (x:size(axis) returns one size)", check.found((...)))
  end
  return core.shape(x)
end

methods.requires_grad_ = autograd.requires_grad_
methods.requires_grad = autograd.requires_grad

--- Adds y, in place.
-- @function Tensor:add_
-- @tparam Tensor|number y  a shape that broadcasts to this one
-- @treturn Tensor  the same
-- @raise if the shape does not broadcast, or the tensor is tracked while recording

--- Subtracts y, in place.
-- @function Tensor:sub_
-- @tparam Tensor|number y  a shape that broadcasts to this one
-- @treturn Tensor  the same
-- @raise if the shape does not broadcast, or the tensor is tracked while recording

--- Multiplies by y, in place.
-- @function Tensor:mul_
-- @tparam Tensor|number y  a shape that broadcasts to this one
-- @treturn Tensor  the same
-- @raise if the shape does not broadcast, or the tensor is tracked while recording

--- Divides by y, in place.
-- @function Tensor:div_
-- @tparam Tensor|number y  a shape that broadcasts to this one
-- @treturn Tensor  the same
-- @raise if the shape does not broadcast, or the tensor is tracked while recording

--- Limits the elements to [lo, hi], in place.
-- @function Tensor:clamp_
-- @tparam number lo  lower limit
-- @tparam number hi  upper limit
-- @treturn Tensor  the same
-- @raise if a limit is no number, or the tensor is tracked while recording

-- In-place arithmetic: not recorded, so it is refused on tracked tensors while recording.
local function in_place(name, f)
  return function(x, ...)
    if autograd.is_recording() and core.node(x) then
      return check.fail(name, "in-place change of a tracked tensor; do it inside gan.no_grad, or on x:detach()")
    end
    return f(x, ...)
  end
end
for _, name in ipairs {"add_", "sub_", "mul_", "div_", "clamp_", "copy_", "set_"} do
  methods[name] = in_place(name, core[name])
end

--- Sets every element to one value.
-- @function Tensor:fill_
-- @tparam number value  the new one
-- @treturn Tensor  the same
-- @raise if the value is no number, or the tensor is tracked while recording
methods.fill_ = in_place("fill_", function(x, value)
  if type(value) ~= "number" then return check.expected("fill_", 2, "value", "a number", value) end
  return core.copy_(x, core.full({}, value, "f64"))
end)

--- Sets every element to 0.
-- @function Tensor:zero_
-- @treturn Tensor  the same
-- @raise if the tensor is tracked while recording
methods.zero_ = in_place("zero_", function(x) return core.copy_(x, core.full({}, 0, "f64")) end)

local function format_number(v)
  if math.type(v) == "integer" then return ("%d"):format(v) end
  if v ~= v then return "nan" end -- whose sign says nothing
  return ("%.4g"):format(v)
end

local FULL, ENDS, WIDTH = 1000, 3, 100 -- elements shown in full; of larger ones so many at either end of each axis

-- Numbers side by side, in lines of at most WIDTH.
local function fold(parts, indent)
  local lines, line = {}, ""
  for i, part in ipairs(parts) do
    local text = part .. (i < #parts and "," or "]")
    if line ~= "" and #indent + 2 + #line + #text > WIDTH then lines[#lines + 1], line = line, "" end
    line = line == "" and text or line .. " " .. text
  end
  lines[#lines + 1] = line
  return "[" .. table.concat(lines, "\n" .. indent .. " ")
end

local function render(t, indent)
  if type(t) ~= "table" then return format_number(t) end
  local parts, nested = {}, type(t[1]) == "table"
  for _, v in ipairs(t) do parts[#parts + 1] = v == "..." and v or render(v, indent .. " ") end
  if #parts == 0 then return "[]" end
  return nested and "[" .. table.concat(parts, ",\n" .. indent .. " ") .. "]" or fold(parts, indent)
end

-- Nested tables, with "..." in the middle of axes that are cut.
local function excerpt(x, full)
  local shape = core.shape(x)
  if #shape == 0 then return core.item(x) end
  local n, out = shape[1], {}
  local cut = not full and n > 2 * ENDS
  for i = 1, n do
    if cut and i == ENDS + 1 then out[#out + 1] = "..." end
    if not cut or i <= ENDS or i > n - ENDS then
      local row = core.narrow(x, 1, i, 1)
      out[#out + 1] = excerpt(core.reshape(row, table.move(shape, 2, #shape, 1, {})), full)
    end
  end
  return out
end

local mt = core.tensor_mt

mt.__tostring = core.without_locale(function(x)
  if not core.is_tensor(x) then return "released tensor" end
  local of = core.dtype(x) == "real" and "" or " of " .. core.dtype(x)
  local text = render(excerpt(x, core.numel(x) <= FULL), "")
  return ("%s %s tensor%s"):format(text, check.shape_string(core.shape(x)), of)
end)

-- x[i]: a row, or nil behind the last one, where ipairs ends.
local function row(x, i)
  local n = core.dim(x) > 0 and core.size(x, 1)
  if not n then return check.fail("tensor", "a tensor without dimensions has no rows; x:item() is its number") end
  if i == n + 1 then return nil end
  local whole = math.tointeger(i)
  if not whole or i < 1 or i > n then
    return check.fail("tensor", "there is no row %s: %s has the rows 1 to %d", tostring(i), check.found(x), n)
  end
  return methods.select(x, whole)
end

function mt.__index(x, key)
  local f = methods[key]
  if f then return f end
  if type(key) == "number" then return row(x, key) end
  if type(key) ~= "string" then
    return check.fail("tensor", "expected a row's number, got %s (x[2][3] is a row of a row, x:get(2, 3) a number, "
      .. "x:narrow(axis, start, length) a part)", check.found(key))
  end
  return check.fail("tensor", "there is no method '%s'%s", key, check.hint(key, check.names(methods), "tensor"))
end

function mt.__newindex(_, key, value)
  if type(key) == "number" then
    return check.fail("tensor", "cannot assign to a row; write %s",
      type(value) == "number" and ("x[%d]:fill_(%g)"):format(key, value) or ("x[%d]:copy_(src)"):format(key))
  end
  local name = type(key) == "string" and ("field '%s'"):format(key) or "to a " .. check.found(key)
  return check.fail("tensor", "cannot assign %s; use %s", name,
    key == "requires_grad" and "t:requires_grad_()" or "t:set_(value, i, j, ...) or t[i]:copy_(src)")
end

mt.__pairs = ipairs -- pairs(x), too, goes over the rows

local function compare()
  return check.fail("tensor", "<, >, <= and >= compare no tensors: x:lt(y), x:gt(y), x:le(y), x:ge(y) do, element by "
    .. "element; x:item() is the number in a tensor of one element")
end
mt.__lt, mt.__le = compare, compare

function mt.__concat()
  return check.fail("tensor", ".. joins no tensors to texts: write x:item() of one element, else tostring(x)")
end

function mt.__len(x) return core.dim(x) > 0 and core.size(x, 1) or 0 end

mt.__metatable = false

return M
