--- Saves and loads checkpoints: nested Lua tables of tensors, numbers, strings and booleans, in one safetensors file.
--
-- Tensors get plain names ("G.1.weight"), so every tool of that format reads them; all else goes to its `__metadata__`,
-- as text. The same tree gives the same bytes: names are sorted, and nothing of the time or place is written.
-- Format: https://github.com/huggingface/safetensors (8 bytes of header length, JSON header, data).
--
-- Two entries of the metadata are checksums (CRC-32) of every tensor's bytes and of the header with its length. So each
-- flipped bit, and each burst of up to 32 of them, is noticed, as is a file that was cut or grew; of any other damage
-- all but one case in 4 billion. They are no protection from somebody who changes a file on purpose. A program that
-- edits such a file must drop both entries (`gan.crc32`, `gan.crc32.header`) or write them anew.
-- @module gan.file.safetensors
local core = require "gan.core"
local check = require "gan.check"
local budget = require "gan.file.budget"
local json = require "gan.file.json"

local M = {}

-- Types that other writers use: the dtype that holds them, and their format for core.unpack (F32 in a build of doubles:
-- read as it is).
local foreign = {
  F16 = {"real", "f2"}, BF16 = {"real", "bf2"}, F32 = {"real"}, I64 = {"i32", "i8"}, I16 = {"i32", "i2"},
  I8 = {"i32", "i1"}, BOOL = {"u8", "b1"},
}
-- By the names in a file: the dtype that holds them (floats of every width become reals), the format of foreign ones,
-- bytes of an element.
local dtype_of, packed_of, width_of = {}, {}, {}
for name, t in pairs(foreign) do
  dtype_of[name], packed_of[name], width_of[name] = t[1], t[2], core.packed[t[2] or "f4"]
end
for name, t in pairs(core.dtypes) do
  dtype_of[t.safetensors], width_of[t.safetensors] = t.float and "real" or name, t.size
end
local MAX_DEPTH = 30
local PATHS = "gan.paths" -- metadata: the keys of names that do not follow from splitting at dots
local DOUBLES = "gan.f64" -- metadata: names of tensors that are f64, not reals (F64 alone may be either)
-- Metadata: checksums, 8 hexadecimal digits each, of the tensors in the order of their data; and of the header, as it
-- is with zeros in the place of its own digits, behind its length. One is not believed without the other: otherwise a
-- flipped bit in a name would make the file one that has none.
local SUMS, SUM = "gan.crc32", "gan.crc32.header"
local SUM_AT, NO_SUM = ('"%s":"'):format(SUM), ("0"):rep(8)
local own = {[PATHS] = true, [DOUBLES] = true, [SUMS] = true, [SUM] = true}

local EMPTY = "{}" -- metadata: a table without entries

-- Scalars as metadata text, and back. A string that would read as another type is quoted; so is one that is no UTF-8:
-- then the header has no lone surrogates, which some readers of the format refuse.
local words = {["true"] = true, ["false"] = false, nan = 0 / 0, inf = 1 / 0, ["-inf"] = -1 / 0}

local function parse_scalar(s)
  if words[s] ~= nil then return words[s] end
  if s == EMPTY then return {} end
  if s:find "^%-?%d+$" then return math.tointeger(s) or s end
  if s:find "^%-?%d[%d.e+-]*$" then return tonumber(s) or s end
  if s:find '^".*"$' then return (json.decode("[" .. s .. "]") or {s})[1] end
  return s
end

local function scalar_text(v)
  if math.type(v) == "float" then
    if v ~= v then return "nan" elseif v == 1 / 0 then return "inf" elseif v == -1 / 0 then return "-inf" end
    return json.encode(v)
  elseif type(v) == "string" then
    return utf8.len(v) and parse_scalar(v) == v and not v:find '^"' and v or json.encode(v)
  end
  return type(v) == "table" and EMPTY or tostring(v)
end

-- "G.1.weight" -> {"G", 1, "weight"}
local function default_path(name)
  local path = {}
  for part in (name .. "."):gmatch "([^.]*)%." do
    path[#path + 1] = part:find "^[1-9]%d*$" and math.tointeger(part) or part
  end
  return path
end

local function same_list(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do if a[i] ~= b[i] then return false end end
  return true
end

-- Walks a tree: tensors (a list of {name, tensor}) and metadata (name -> text).
local function flatten(tree)
  local tensors, meta, paths, doubles = {}, {}, {}, {}
  local seen = {["__metadata__"] = true}

  local function leaf(v, path, name)
    if seen[name] or own[name] then return check.fail("save", "two entries would be called '%s'", name) end
    seen[name] = true
    if not same_list(default_path(name), path) then paths[name] = path end
    if core.is_tensor(v) then
      tensors[#tensors + 1] = {name = name, tensor = v}
      if core.dtype(v) == "f64" then doubles[#doubles + 1] = name end
    elseif type(v) == "string" or type(v) == "number" or type(v) == "boolean" or type(v) == "table" then
      meta[name] = scalar_text(v)
    else return check.expected("save", 2, "tree", "tensors, numbers, strings and booleans, at '" .. name .. "'", v) end
  end

  local function walk(t, path)
    if #path > MAX_DEPTH then return check.fail("save", "tables nested too deeply at '%s'", table.concat(path, ".")) end
    for k, v in pairs(t) do
      if type(k) ~= "string" and math.type(k) ~= "integer" then
        return check.fail("save", "keys must be strings or integers, got %s at '%s'",
          check.found(k), table.concat(path, "."))
      end
      local here = table.move(path, 1, #path, 1, {})
      here[#here + 1] = k
      if type(v) == "table" and next(v) ~= nil then walk(v, here) else leaf(v, here, table.concat(here, ".")) end
    end
  end

  walk(tree, {})
  if next(paths) then meta[PATHS] = json.encode(paths) end
  core.sort(doubles)
  if next(doubles) then meta[DOUBLES] = json.encode(doubles) end
  return tensors, meta
end

local function hex(crc) return ("%08x"):format(crc) end

-- The checksum of a header's text, in which the digits from `at` on count as zeros.
local function header_sum(text, at)
  local crc = core.crc32(text:sub(1, at - 1), core.crc32(("<I8"):pack(#text)))
  return hex(core.crc32(text:sub(at + #NO_SUM), core.crc32(NO_SUM, crc)))
end

-- The header's text, of the same length whatever the tensors' checksums are. Sorts tensors into the order of their
-- data: wide elements first, so that all are aligned.
local function header_of(tensors, meta)
  for _, e in ipairs(tensors) do e.dtype = core.dtypes[core.dtype(e.tensor)].safetensors end
  table.sort(tensors, function(a, b)
    local wa, wb = width_of[a.dtype], width_of[b.dtype]
    if wa ~= wb then return wa > wb end
    return core.before(a.name, b.name)
  end)
  local parts, at, sums = {}, 0, {}
  for i, e in ipairs(tensors) do sums[i] = e.sum or NO_SUM end
  meta[SUMS], meta[SUM] = table.concat(sums, " "), NO_SUM
  parts[1] = '"__metadata__":' .. json.encode(meta)
  for _, e in ipairs(tensors) do
    local stop = at + core.numel(e.tensor) * width_of[e.dtype]
    parts[#parts + 1] = ('%s:{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}'):format(
      json.encode(e.name), e.dtype, table.concat(core.shape(e.tensor), ","), at, stop)
    at = stop
  end
  local text = "{" .. table.concat(parts, ",") .. "}"
  text = text .. (" "):rep(-#text % 8)
  local _, before = text:find(SUM_AT, 1, true)
  return text:sub(1, before) .. header_sum(text, before + 1) .. text:sub(before + 1 + #NO_SUM)
end

--- Writes a tree to a file, all or nothing: until the new file is whole and on the disk, the old one stays.
-- @tparam string path  of the file
-- @tparam table tree  tensors of any dtype, numbers, strings, booleans and tables of these; keys are strings or
--   integers
-- @treturn boolean  true
-- @error if it cannot be written, as on a full disk
-- @raise if the tree holds anything else, or two entries would get one name
function M.save(path, tree)
  if type(tree) ~= "table" then return check.expected("save", 2, "tree", "a table", tree) end
  local tensors, meta = flatten(tree)
  local header = header_of(tensors, meta)
  local file, message = core.file_create(path)
  local ok = file
  if ok then ok, message = file:write(("<I8"):pack(#header) .. header) end
  for _, e in ipairs(tensors) do
    if ok then ok, message = file:write(e.tensor) end
    if ok then e.sum = hex(message) end
  end
  if ok then ok, message = file:patch(8, header_of(tensors, meta)) end -- with the sums
  if ok then ok, message = file:commit() end
  if not ok then return nil, message end
  return true
end

-- The first name that stands twice on the header's top level: a decoder would keep one of them silently.
local function duplicate(text)
  local plain = text:gsub("\\.", "__") -- no escaped quotes; every place stays
  local depth, seen, at = 0, {}, 1
  while true do
    local first, last, c = plain:find('(["{}%[%]])', at)
    if not first then return nil end
    if c == '"' then
      last = plain:find('"', first + 1, true) or #plain
      local name = text:sub(first + 1, last - 1)
      if depth == 1 and plain:find("^%s*:", last + 1) then
        if seen[name] then return name end
        seen[name] = true
      end
    else
      depth = depth + ((c == "{" or c == "[") and 1 or -1)
    end
    at = last + 1
  end
end

local function offset(v) return type(v) == "number" and math.tointeger(v) end

-- One tensor's entry, checked: {name, dtype, shape, first, last}, or nil, what was expected.
local function entry(name, e)
  if type(e) ~= "table" then return nil, "expected an object" end
  local width = width_of[e.dtype]
  if not width then
    return nil, ("expected dtype F16, BF16, F32, F64, I8, I16, I32, I64, U8 or BOOL, found %s"):format(
      check.found(e.dtype))
  end
  if type(e.shape) ~= "table" or type(e.data_offsets) ~= "table" then return nil, "expected shape and data_offsets" end
  local shape, count = check.claimed_shape(e.shape)
  if not shape then return nil, count end
  local first, last = offset(e.data_offsets[1]), offset(e.data_offsets[2])
  if not first or not last or #e.data_offsets ~= 2 then return nil, "expected two data_offsets" end
  if last - first ~= count * width then
    return nil, ("expected %s for %s %s, found data_offsets %d to %d"):format(
      check.count(count * width, "byte"), e.dtype, check.shape_string(shape), first, last)
  end
  return {name = name, dtype = e.dtype, shape = shape, first = first, last = last}
end

-- Gives each tensor's entry its checksum, where there are any; nil and a message where one is missing.
local function take_sums(entries, meta)
  local sums = {}
  for sum in (meta[SUMS] or ""):gmatch "%S+" do sums[#sums + 1] = sum end
  if (meta[SUM] == nil) ~= (meta[SUMS] == nil) or meta[SUMS] and #sums ~= #entries then
    return nil, "the header is damaged (checksums are missing)"
  end
  for i, e in ipairs(entries) do e.sum = sums[i] end
  return true
end

-- Header of an open file of `size` bytes: entries in the order of their data, metadata, where the data starts; or nil,
-- message.
local function read_header(file, size)
  if size < 8 then return nil, ("expected a safetensors file, found %s"):format(check.count(size, "byte")) end
  local word, message = file:read(8)
  if not word then return nil, message end
  local length = ("<i8"):unpack(word)
  if length < 2 or length > math.min(size - 8, budget.JSON) then
    return nil, ("expected a header of 2 to %d bytes, found length %d: not a safetensors file, or truncated"):format(
      math.min(size - 8, budget.JSON), length)
  end
  local text
  text, message = file:read(length)
  if not text then return nil, message end
  local _, before = text:find(SUM_AT, 1, true)
  if before and text:sub(before + 1, before + #NO_SUM) ~= header_sum(text, before + 1) then
    return nil, "the header is damaged (its checksum differs)"
  end
  local header
  header, message = json.decode(text)
  if type(header) ~= "table" then return nil, "expected a JSON header: " .. (message or "found no object") end
  local twice = duplicate(text)
  if twice then return nil, ("name '%s' stands twice in the header"):format(twice) end
  local meta = header.__metadata__ or {}
  if type(meta) ~= "table" then return nil, "__metadata__: expected an object" end
  for k, v in pairs(meta) do
    if type(k) ~= "string" or type(v) ~= "string" then
      return nil, ("__metadata__ '%s': expected a string"):format(tostring(k))
    end
  end
  local entries, count = {}, 0
  for _, t in ipairs {header, meta} do
    for _ in pairs(t) do count = count + 1 end
  end
  if count > budget.ENTRIES then
    return nil, ("a header of %d entries (at most %d are read)"):format(count, budget.ENTRIES)
  end
  for name, e in pairs(header) do
    if name ~= "__metadata__" then
      local checked
      checked, message = entry(name, e)
      if not checked then return nil, ("tensor '%s': %s"):format(tostring(name), message) end
      entries[#entries + 1] = checked
    end
  end
  table.sort(entries, function(a, b)
    if a.first ~= b.first then return a.first < b.first end
    return a.last < b.last
  end)
  local at = 0
  for _, e in ipairs(entries) do
    if e.first ~= at then
      return nil, ("tensor '%s': expected data at offset %d, found %d"):format(e.name, at, e.first)
    end
    at = e.last
  end
  if at ~= size - 8 - length then
    return nil, ("expected %s of data, found %d: truncated, or damaged"):format(check.count(at, "byte"),
      size - 8 - length)
  end
  local ok
  ok, message = take_sums(entries, meta)
  if not ok then return nil, message end
  return entries, meta, 8 + length
end

-- Puts v where its name says; or nil, message. `made` counts the tables of the tree.
local function plant(tree, paths, name, v, made)
  local path = paths[name]
  if type(path) ~= "table" or #path == 0 then
    local _, dots = name:gsub("%.", ".", MAX_DEPTH + 1)
    path = dots <= MAX_DEPTH and default_path(name)
  end
  if not path or #path > MAX_DEPTH + 1 then
    return nil, ("a name of more than %d parts ('%s...')"):format(MAX_DEPTH + 1, name:sub(1, 20))
  end
  local t = tree
  for i, k in ipairs(path) do
    local there = t[k]
    if i == #path then
      if there ~= nil then break end
      t[k] = v
      return true
    end
    if there == nil then
      made.n = made.n + 1
      if made.n > budget.BRANCHES then
        return nil, ("names that make more than %d tables"):format(budget.BRANCHES)
      end
      there = {}
      t[k] = there
    end
    t = there
    if type(t) ~= "table" then break end
  end
  return nil, ("name '%s' does not fit beside the others"):format(name)
end

--- Reads a file that `save` or any safetensors writer made. Everything is checked before it is believed.
-- Floats of every width become real (what was saved as f64 comes back so), I8 to I64 i32, U8 and BOOL u8.
-- @tparam string path  of the file
-- @tparam[opt] function want  name -> true if it is to be read (default: everything); what is not costs neither time
--   nor memory, and its checksum is not looked at
-- @treturn table  the tree
-- @treturn ?string  a notice for who expects a file of `save`: this one has no checksums; nil where it has
-- @error naming the file, if it is damaged (and the tensor whose checksum differs), holds another type, or an integer
--   that does not fit
-- @raise whatever `want` raises
function M.load(path, want)
  local file, size = core.file_open(path)
  if not file then return nil, size end
  local function failed(message)
    file:close()
    return check.about(path, message)
  end
  local entries, meta, start = read_header(file, size)
  if not entries then return failed(meta) end
  local paths = meta[PATHS] and json.decode(meta[PATHS]) or {}
  if type(paths) ~= "table" then return failed(PATHS .. ": expected an object") end
  local doubles, is_double = meta[DOUBLES] and json.decode(meta[DOUBLES]) or {}, {}
  if type(doubles) ~= "table" then return failed(DOUBLES .. ": expected a list") end
  for _, name in pairs(doubles) do is_double[name] = true end
  local tree, made = {}, {n = 0}
  for _, e in ipairs(entries) do
    if not want or want(e.name) then
      local packed = packed_of[e.dtype]
      local t = packed and core.full({e.last - e.first}, 0, "u8")
        or core.full(e.shape, 0, e.dtype == "F64" and is_double[e.name] and "f64" or dtype_of[e.dtype])
      local ok, message = file:seek(start + e.first)
      if ok then ok, message = file:read_(t, not packed and width_of[e.dtype] or 1) end
      if not ok then return failed(message) end
      if e.sum and e.sum ~= hex(message) then
        return failed(("tensor '%s' is damaged (its checksum differs)"):format(e.name))
      end
      if packed then t, message = core.unpack(t, packed, dtype_of[e.dtype], e.shape) end
      if not t then return failed(("tensor '%s': %s"):format(e.name, message)) end
      ok, message = plant(tree, paths, e.name, t, made)
      if not ok then return failed(message) end
    end
  end
  file:close()
  for name, s in pairs(meta) do
    if not own[name] and (not want or want(name)) then
      local ok, message = plant(tree, paths, name, parse_scalar(s), made)
      if not ok then return failed(message) end
    end
  end
  if meta[SUM] then return tree end
  return tree, path .. ": has no checksums, as an older version wrote it: damage would go unnoticed"
end

return M
