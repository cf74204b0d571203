--- Reads and writes NumPy's .npz: a zip archive of arrays, which `np.savez` writes and `np.load` reads.
--
-- Statistics for FID are kept so (`mu`, `sigma`). Format: numpy.lib.format, versions 1.0 and 2.0 of .npy.
-- @module gan.file.npz
local core = require "gan.core"
local check = require "gan.check"
local zip = require "gan.file.zip"

local M = {}

local MOST_HEADER = 65535

-- descr without its byte order, which is the format for core.unpack -> dtype
local types = {
  f2 = "real", f4 = "real", f8 = "f64", i1 = "i32", i2 = "i32", i4 = "i32", i8 = "i32", u1 = "u8", b1 = "u8",
}

-- "3, 4" -> {3, 4}; a tuple of one has a comma behind it.
local function parse_shape(text)
  local shape = {}
  if text:find "^%s*$" then return shape end
  if not text:find "," then return nil, "shape: expected a tuple" end
  for item, comma in text:gmatch "([^,]*)(,?)" do
    local digits = item:match "^%s*(%d+)L?%s*$"
    local n = digits and #digits <= 15 and math.tointeger(digits)
    if n then shape[#shape + 1] = n
    elseif comma == "," or not item:find "^%s*$" then
      return nil, "shape: expected a tuple of sizes"
    end
  end
  return check.claimed_shape(shape)
end

-- The values that may stand in a header: each returns its value and where it ends; or nil, nil, message.
local values = {
  descr = function(text, at)
    local _, stop, _, s = text:find("^(['\"])([^'\"]*)%1", at)
    if not stop then return nil, nil, "descr: expected a plain type (arrays of records are not read)" end
    return s, stop
  end,
  fortran_order = function(text, at)
    local _, stop, word = text:find("^(%a+)", at)
    if word ~= "True" and word ~= "False" then return nil, nil, "fortran_order: expected True or False" end
    return word, stop
  end,
  shape = function(text, at)
    local _, stop, inner = text:find("^%(([^()]*)%)", at)
    if not stop then return nil, nil, "shape: expected a tuple" end
    local shape, message = parse_shape(inner)
    return shape, stop, not shape and message or nil
  end,
}

-- The dictionary of a header, a literal of Python: {descr=, fortran_order=, shape=}; or nil, message.
local function parse_header(text)
  local header = {}
  local _, at = text:find "^%s*{"
  if not at then return nil, "expected a dictionary" end
  while not text:find("^%s*}%s*$", at + 1) do
    local _, colon, _, key = text:find("^%s*(['\"])([%w_]*)%1%s*:%s*", at + 1)
    local read = key and values[key]
    if not read or header[key] then
      return nil, ("expected descr, fortran_order and shape once each, found '%s'"):format(key or "no key")
    end
    local value, stop, message = read(text, colon + 1)
    if not value then return nil, message end
    header[key] = value
    local _, comma = text:find("^%s*,", stop + 1)
    if not comma and not text:find("^%s*}%s*$", stop + 1) then return nil, "expected a comma" end
    at = comma or stop
  end
  for _, key in ipairs {"descr", "fortran_order", "shape"} do
    if not header[key] then return nil, key .. " is missing" end
  end
  return header
end

-- The format of a descr; or nil, message.
local function parse_descr(descr)
  local order, name = descr:match "^([<>|=]?)(.*)$"
  local known = types[name]
  if known and (order == "<" or order == "|" and core.packed[name] == 1) then return name end
  if known and order == ">" then return nil, ("type '%s' is big-endian (expected little-endian)"):format(descr) end
  if name:find "^O" then return nil, ("type '%s': objects of Python are not read"):format(descr) end
  return nil, ("type '%s' (expected f2, f4, f8, i1, i2, i4, i8, u1 or b1, little-endian)"):format(descr)
end

-- A tensor from the bytes (u8) of an .npy file; or nil, message.
local function parse_npy(bytes)
  local size = core.numel(bytes)
  local function text(first, n) return core.to_bytes(core.narrow(bytes, 1, first, n)) end
  local head = text(1, math.min(size, 12))
  if head:sub(1, 6) ~= "\x93NUMPY" then return nil, "not an array (.npy)" end
  local major, minor = head:byte(7, 8)
  if not minor or #head < 12 then return nil, "truncated header" end
  if (major ~= 1 and major ~= 2) or minor ~= 0 then
    return nil, (".npy version %d.%d (expected 1.0 or 2.0)"):format(major, minor)
  end
  local length = major == 1 and ("<I2"):unpack(head, 9) or ("<I4"):unpack(head, 9)
  local start = (major == 1 and 10 or 12) + length
  if length > MOST_HEADER or start > size then
    return nil, ("a header of %d bytes in a file of %d"):format(length, size)
  end
  local header, message = parse_header(text(start - length + 1, length))
  if not header then return nil, "header: " .. message end
  local format
  format, message = parse_descr(header.descr)
  if not format then return nil, message end
  local shape, count, strides = header.shape, 1
  for _, n in ipairs(shape) do count = count * n end
  local bytes_of_data = count * core.packed[format]
  if size - start ~= bytes_of_data then
    return nil, ("%d bytes of data (expected %d for %s %s)"):format(
      size - start, bytes_of_data, header.descr, check.shape_string(shape))
  end
  if header.fortran_order == "True" then
    strides = {}
    local step = 1
    for i, n in ipairs(shape) do strides[i], step = step, step * n end
  end
  return core.unpack(core.narrow(bytes, 1, start + 1, size - start), format, types[format], shape, 0, strides)
end

--- Reads every array of a file.
-- f8 becomes f64; f4 and f2 real; i1, i2, i4 and i8 i32; u1 and b1 u8. Arrays in Fortran's order come out as NumPy
-- shows them.
-- @tparam string path  of the file
-- @treturn table  name -> tensor
-- @error naming file and array, if it is damaged, holds another type, big-endian numbers or objects (pickles), or an
--   integer that does not fit
function M.load(path)
  local z, message = zip.open(path)
  if not z then return nil, message end
  local arrays = {}
  for _, member in ipairs(z.names) do
    local name = member:match "^(.+)%.npy$"
    local bytes, t
    bytes, message = nil, "not an array (.npy)"
    if name then bytes, message = z:read(member) end
    if bytes then t, message = parse_npy(bytes) end
    if not t then
      z:close()
      if name and not bytes then return nil, message end
      return z:fail("'%s': %s", name or member, message)
    end
    arrays[name] = t
  end
  z:close()
  return arrays
end

local function header_of(t)
  local shape = core.shape(t)
  local text = ("{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }"):format(
    core.dtypes[core.dtype(t)].npy, table.concat(shape, ", "), #shape == 1 and "," or "")
  text = text .. (" "):rep(-(10 + #text + 1) % 64) .. "\n"
  return "\x93NUMPY\1\0" .. ("<I2"):pack(#text) .. text
end

--- Writes arrays so that `np.load` reads them, all or nothing. The same arrays give the same bytes.
-- @tparam string path  of the file
-- @tparam table arrays  name -> tensor: real is written as f4 (f8 where real is double), f64 as f8, i32 as i4, u8 as u1
-- @treturn boolean  true
-- @error if it cannot be written
-- @raise if `arrays` is no table of names and tensors
function M.save(path, arrays)
  if type(arrays) ~= "table" then return check.expected("npz.save", 2, "arrays", "a table of tensors", arrays) end
  local names, members = {}, {}
  for name, t in pairs(arrays) do
    if type(name) ~= "string" or #name == 0 or #name > 1000 or name:find "\0" then
      return check.expected("npz.save", 2, "arrays", "names of 1 to 1000 bytes", name)
    end
    if not core.is_tensor(t) then return check.expected("npz.save", 2, "arrays", "tensors, at '" .. name .. "'", t) end
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    members[i] = {name = name .. ".npy", parts = {header_of(arrays[name]), arrays[name]}}
  end
  return zip.save(path, members)
end

return M
