--- Reads and writes NumPy's .npz: a zip archive of arrays, which `np.savez` writes and `np.load` reads; and reads .npy.
--
-- Statistics for FID are kept so (`mu`, `sigma`), and sets of images. Format: numpy.lib.format, versions 1.0 to 3.0 of
-- .npy.
--
-- The archive has a checksum (CRC-32) of each array, its header included, and its names and sizes twice: a flipped bit
-- is noticed, or lies where nothing is read (a date, a system's name).
-- @module gan.file.npz
local core = require "gan.core"
local check = require "gan.check"
local budget = require "gan.file.budget"
local zip = require "gan.file.zip"

local M = {}

local MOST_HEADER = 65535
local HEAD = 12 + MOST_HEADER -- bytes in which a header ends

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

-- The header of an .npy file, of which `head` are the first bytes, and `size` counts all: a table; or nil, message.
-- Its fields: descr, shape, fortran (column-major), start (where the elements begin, from 0), width (bytes of one).
-- Of a type that is not read, there is no width, and `why` says so.
local function parse_head(head, size)
  if head:sub(1, 6) ~= "\x93NUMPY" then return nil, "not an array (.npy)" end
  local major, minor = head:byte(7, 8)
  if not minor or #head < 12 then return nil, "truncated header" end
  if major < 1 or major > 3 or minor ~= 0 then
    return nil, (".npy version %d.%d (expected 1.0 to 3.0)"):format(major, minor)
  end
  local length = major == 1 and ("<I2"):unpack(head, 9) or ("<I4"):unpack(head, 9)
  local start = (major == 1 and 10 or 12) + length
  if length > MOST_HEADER or start > math.min(size, #head) then
    return nil, ("a header of %s in a file of %d"):format(check.count(length, "byte"), size)
  end
  local header, message = parse_header(head:sub(start - length + 1, start))
  if not header then return nil, "header: " .. message end
  local format, why = parse_descr(header.descr)
  local h = {
    descr = header.descr, shape = header.shape, fortran = header.fortran_order == "True", start = start,
    format = format, width = format and core.packed[format], why = why,
  }
  if not format then return h end
  local count = h.width
  for _, n in ipairs(h.shape) do count = count * n end
  if size - start ~= count then
    return nil, ("%s of data (expected %d for %s %s)"):format(
      check.count(size - start, "byte"), count, h.descr, check.shape_string(h.shape))
  end
  return h
end

-- A tensor from the bytes (u8) of an .npy file; or nil, message, and true where the file is whole, but of a type, or
-- with an integer, that is not read.
local function parse_npy(bytes, z, member)
  local size = core.numel(bytes)
  local h, message = parse_head(core.to_bytes(core.narrow(bytes, 1, 1, math.min(size, HEAD))), size)
  if not h then return nil, message end
  if not h.width then return nil, h.why, true end
  if z and h.width < 4 and h.format ~= "u1" then -- widened: to 4 bytes each
    local ok, why = z:makes(member, (size - h.start) // h.width * 4)
    if not ok then return nil, why:sub(#z.path + 3) end
  end
  if h.format == "u1" and not h.fortran then -- as it lies there: no copy
    return core.reshape(core.narrow(bytes, 1, h.start + 1, size - h.start), h.shape)
  end
  local strides
  if h.fortran then
    strides = {}
    local step = 1
    for i, n in ipairs(h.shape) do strides[i], step = step, step * n end
  end
  local t
  t, message = core.unpack(core.narrow(bytes, 1, h.start + 1, size - h.start), h.format, types[h.format], h.shape, 0,
    strides)
  return t, message, true
end

--- Reads the header of an .npy file, or of a member of an archive, without its elements.
-- @tparam string path  of the file
-- @tparam[opt] table z  the archive of gan.file.zip that is the file
-- @tparam[opt] string member  of the archive
-- @treturn table  `descr` ("|u1"), `shape` (a list), `fortran` (true: column-major), `start` (where the elements begin,
--   from 0), `width` (bytes of one); without `width`, and with `why`, where the type is not read
-- @error if it is damaged, or no .npy file
function M.header(path, z, member)
  local size, head, message
  if z then
    if not z.members[member] then return z:fail("no member '%s'", member) end
    size = z.members[member].size
    head, message = z:head(member, HEAD)
  else
    local file
    file, size = core.file_open(path)
    if not file then return nil, size end
    head, message = file:read(math.min(size, HEAD))
    file:close()
  end
  if not head then return nil, message end
  local h
  h, message = parse_head(head, size)
  if not h then return check.about(path, (member and ("'%s': "):format(member) or "") .. message) end
  return h
end

--- Reads the array of an .npy file.
-- @tparam string path  of the file
-- @treturn Tensor  of any shape and dtype, as of `load`
-- @error if it is damaged, or of a type that is not read
function M.load_array(path)
  local file, size = core.file_open(path)
  if not file then return nil, size end
  local head, message = file:read(math.min(size, HEAD))
  local t, ok
  if head then
    ok, message = parse_head(head, size) -- before memory is taken
    if ok then ok, message = file:seek(0) end
    if ok then ok, message = file:read_(core.full({size}, 0, "u8")) end
    if ok then t, message = parse_npy(ok) end
  end
  file:close()
  if not t then return check.about(path, message) end
  return t
end

--- Reads one array of an archive.
-- @tparam table z  of gan.file.zip
-- @tparam string member  with its ".npy"
-- @treturn Tensor  of any shape and dtype, as of `load`
-- @error naming file and array: a message, and true where the member is whole, but no array of a type that is read
function M.member(z, member)
  local name = member:match "^(.+)%.npy$"
  if not name then
    local start, damaged = z:place(member) -- in the list of members an array's name may be damaged: none is left out so
    if not start then return nil, damaged end
    return nil, select(2, z:fail("'%s': not an array (.npy)", member)), true
  end
  local bytes, message = z:read(member)
  if not bytes then return nil, message end
  local t, why, whole = parse_npy(bytes, z, member)
  if t then return t end
  return nil, select(2, z:fail("'%s': %s", name, why)), whole
end

--- Reads the arrays of a file.
-- f8 becomes f64; f4 and f2 real; i1, i2, i4 and i8 i32; u1 and b1 u8. Arrays in Fortran's order come out as NumPy
-- shows them. What is no array of such a type (text, objects of Python, big-endian numbers, an integer that does not
-- fit) is left out and listed.
-- @tparam string path  of the file
-- @treturn table  name -> tensor
-- @treturn table  list of messages, each naming what was left out, and why
-- @error naming file and array, if it is damaged
function M.load(path)
  local z, message = zip.open(path)
  if not z then return nil, message end
  local arrays, skipped = {}, {}
  if #z.names > budget.ARRAYS then
    z:close()
    return z:fail("%d members (of arrays at most %d are read)", #z.names, budget.ARRAYS)
  end
  for _, member in ipairs(z.names) do
    local t, why, whole = M.member(z, member)
    if not t and not whole then
      z:close()
      return nil, why
    end
    if t then arrays[member:match "^(.+)%.npy$"] = t else skipped[#skipped + 1] = why:sub(#path + 3) end
  end
  z:close()
  return arrays, skipped
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
  core.sort(names)
  for i, name in ipairs(names) do
    members[i] = {name = name .. ".npy", parts = {header_of(arrays[name]), arrays[name]}}
  end
  return zip.save(path, members)
end

return M
