--- Provides tensors as Lua sees them: constructors, methods that are no ops, indexing, printing.
--
-- gan.ops adds its ops as methods: `x:relu()` is `gan.relu(x)`. A method whose name ends in `_` changes its tensor.
--
--     local x = gan.tensor {{1, 2}, {3, 4}}
--     x[1]                       -- the first row, a view
--     #x                         -- 2, the size of the first axis
--     x:set_(5, 2, 1)            -- row 2, column 1
--     print((x * 2 + 1):sum())   -- 28 () tensor
--
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
function M.zeros(...) return core.full(sizes(...), 0) end

--- Makes a tensor of ones: `gan.ones(2, 3)` or `gan.ones({2, 3})`.
-- @function gan.ones
-- @tparam integer ...  sizes, or one table of them
-- @treturn Tensor  real (sizes)
-- @raise if a size is no integer >= 0
function M.ones(...) return core.full(sizes(...), 1) end

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

--- Converts to another dtype. From real or f64 to i32 or u8 it rounds, and stops at the ends of the range.
-- The result has no graph.
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
for _, name in ipairs {"add_", "sub_", "mul_", "div_", "clamp_", "copy_", "set_"} do
  local f = core[name]
  methods[name] = function(x, ...)
    if autograd.is_recording() and core.node(x) then
      return check.fail(name, "in-place change of a tracked tensor; do it inside gan.no_grad, or on x:detach()")
    end
    return f(x, ...)
  end
end

--- Sets every element to one value.
-- @function Tensor:fill_
-- @tparam number value  the new one
-- @treturn Tensor  the same
-- @raise if the value is no number, or the tensor is tracked while recording
function methods.fill_(x, value) return methods.copy_(x, core.full({}, value, "f64")) end

--- Sets every element to 0.
-- @function Tensor:zero_
-- @treturn Tensor  the same
-- @raise if the tensor is tracked while recording
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
  local of = core.dtype(x) == "real" and "" or " of " .. core.dtype(x)
  return ("%s %s tensor%s"):format(render(excerpt(x), ""), check.shape_string(core.shape(x)), of)
end

function mt.__index(x, key)
  local f = methods[key]
  if f then return f end
  if math.type(key) == "integer" then return methods.select(x, key) end
  return check.fail("tensor", "there is no method '%s'%s", tostring(key), check.hint(key, check.names(methods)))
end

function mt.__newindex(_, key)
  return check.fail("tensor", "cannot assign field '%s'; use t:set_(value, i, j, ...) or t[i]:copy_(src)",
    tostring(key))
end

function mt.__len(x) return core.dim(x) > 0 and core.size(x, 1) or 0 end

mt.__metatable = false

return M
