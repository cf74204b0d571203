--- Reads NumPy's arrays inside of pickles, as data: shape, type and bytes.
--
-- CIFAR's batches are pickles of such arrays, by Python 2 or 3.
-- Source: numpy/_core/multiarray.py (`_reconstruct`) and ndarray.__reduce__, dtype.__reduce__.
-- @module gan.file.ndarray
local core = require "gan.core"
local check = require "gan.check"
local budget = require "gan.file.budget"
local pickle = require "gan.file.pickle"

local M = {}

local refuse = pickle.refuse

local MOST_DIMENSIONS = 64

local function is(v, kind) return type(v) == "table" and v.kind == kind end

-- The state of a type: (version, byte order, ...).
local function build_type(v, state)
  if not is(state, "tuple") or type(state[2]) ~= "string" then return refuse "a damaged type of NumPy" end
  v.order = state[2]
end

-- The state of an array: (version, shape, type, Fortran's order, bytes).
local function build_array(v, state)
  local size = is(state, "tuple") and state.n == 5 and state[2]
  if not is(size, "tuple") or not is(state[3], "dtype") or type(state[5]) ~= "string" then
    return refuse "an array of NumPy that holds no plain bytes"
  end
  if size.n > MOST_DIMENSIONS then return refuse("an array of NumPy of %d dimensions", size.n) end
  local of, list = state[3], {}
  for i = 1, size.n do
    if math.type(size[i]) ~= "integer" or size[i] < 0 then return refuse "an array of NumPy without a shape" end
    list[i] = size[i]
  end
  local width = core.packed[of.name]
  if not width or of.order == ">" then
    return refuse("an array of NumPy of type '%s%s' (expected f2, f4, f8, i1, i2, i4, i8, u1 or b1, little-endian)",
      tostring(of.order or ""):sub(1, 9), of.name:gsub("[^\32-\126]", "?"):sub(1, 20))
  end
  local shape, count = check.claimed_shape(list)
  if not shape then return refuse("an array %s: %s", check.shape_string(list), count) end
  if count * width ~= #state[5] then
    return refuse("an array %s of %s (expected %d)", check.shape_string(shape), check.count(#state[5], "byte"),
      count * width)
  end
  v.shape, v.format, v.bytes, v.fortran = shape, of.name, state[5], state[4] == true or state[4] == 1
end

local function reconstruct(_, spend)
  spend(0, 3)
  return {kind = "array", build = build_array}
end

local latin = {} -- the characters 128 to 255 in UTF-8 -> their bytes
for code = 128, 255 do latin[utf8.char(code)] = string.char(code) end

-- UTF-8 -> Latin-1: bytes as Python 3 writes them where its pickle is to be read by Python 2.
local function encode(args, spend)
  local text, codec = args[1], args[2]
  if type(text) ~= "string" or args.n == 2 and codec ~= "latin1" or not utf8.len(text) then
    return refuse "opcode REDUCE of '_codecs.encode' on no text in Latin-1"
  end
  spend(#text // 32, 0, #text)
  if text:find "[\xc4-\xff]" then return refuse "text beyond Latin-1" end
  return (text:gsub("[\xc2\xc3].", latin))
end

--- Are the `globals` of `gan.file.pickle.load` for pickles of arrays. An array becomes a table: kind ("array"), `shape`
-- (a list), `format` (as for core.unpack), `bytes` (a string, row-major; column-major where `fortran` is true).
M.globals = {
  ["numpy.core.multiarray._reconstruct"] = reconstruct, ["numpy._core.multiarray._reconstruct"] = reconstruct,
  ["numpy.ndarray"] = true, ["_codecs.encode"] = encode, ["collections.OrderedDict"] = pickle.ordered_dict,
  ["numpy.dtype"] = function(args, spend)
    spend(0, 2)
    if type(args[1]) ~= "string" then return refuse "a type of NumPy without a name" end
    return {kind = "dtype", name = args[1], build = build_type}
  end,
}

--- Reads the pickle in a file of at most budget.PICKLE bytes.
-- @tparam string path  of the file
-- @return  its value, as of gan.file.pickle.load
-- @treturn table  list of the names of what was skipped
-- @error naming the file, if it cannot be read, is damaged or more than data
function M.load(path)
  local file, size = core.file_open(path)
  if not file then return nil, size end
  if size > budget.PICKLE then
    file:close()
    return nil, ("%s: a pickle of %d bytes (at most %d are read; an .npy file may have more)"):format(path, size,
      budget.PICKLE)
  end
  local skipped = {}
  local value, message = pickle.guard(function()
    local v = pickle.load(pickle.source(function(n) return file:read(n) end, size), M.globals, nil, skipped)
    if is(v, "opaque") then return pickle.refuse_global(v.name) end
    return v
  end)
  file:close()
  if value == nil then return check.about(path, message) end
  return value, skipped
end

return M
