--- Writes TensorBoard's event files, and reads which events they hold: records with checksums, each a message in
-- Protocol Buffers' encoding.
--
--     record = length (u64) masked(length) data masked(data)      masked: a CRC-32C, turned by 15 bits, plus a constant
--
-- Source: tensorflow/tensorboard, compat/proto/event.proto and summary.proto, summary/writer/record_writer.py.
-- Differs: a summary has old-style values (simple_value, image), which need no metadata and are read by all versions.
-- @module gan.file.tensorboard
local M = {}

local POLYNOMIAL, MASK = 0x82F63B78, 0xA282EAD8 -- Castagnoli's, reflected
local LARGEST = 1 << 30 -- bytes of a record that is read: beyond it the length is damaged

local table_of = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = c & 1 == 1 and c >> 1 ~ POLYNOMIAL or c >> 1 end
  table_of[i] = c
end

--- Returns the CRC-32C of bytes. Cannot fail.
-- Source: RFC 3720, section 12.1.
-- @tparam string s  the bytes
-- @treturn integer  0xE3069283 of "123456789"
function M.crc32c(s)
  local c = 0xFFFFFFFF
  for i = 1, #s, 64 do
    for _, b in ipairs {s:byte(i, i + 63)} do c = table_of[(c ~ b) & 255] ~ c >> 8 end
  end
  return c ~ 0xFFFFFFFF
end

local function masked(s)
  local c = M.crc32c(s)
  return (c >> 15 | c << 17 & 0xFFFFFFFF) + MASK & 0xFFFFFFFF
end

--- Returns data as a record. Cannot fail.
-- @tparam string data  its bytes
-- @treturn string
function M.record(data)
  local length = ("<I8"):pack(#data)
  return length .. ("<I4"):pack(masked(length)) .. data .. ("<I4"):pack(masked(data))
end

-- ---- messages ----

local function varint(n)
  local out = {}
  while n > 127 do
    out[#out + 1] = string.char(n & 127 | 128)
    n = n >> 7
  end
  return table.concat(out) .. string.char(n)
end

local function whole(field, n) return varint(field << 3) .. varint(n) end
local function bytes(field, s) return varint(field << 3 | 2) .. varint(#s) .. s end

local function event(wall, step, what)
  return M.record("\9" .. ("<d"):pack(wall) .. (step and whole(2, step) or "") .. what)
end

--- Returns the record that a file begins with. Cannot fail.
-- @tparam number wall  seconds since 1970
-- @treturn string
function M.version(wall) return event(wall, nil, bytes(3, "brain.Event:2")) end

--- Returns a record of numbers. Cannot fail.
-- @tparam number wall  seconds since 1970
-- @tparam integer step  from 0
-- @tparam table values  list of `{tag, number}`; tags with a "/" make groups
-- @treturn string
function M.scalars(wall, step, values)
  local out = {}
  for i, v in ipairs(values) do out[i] = bytes(1, bytes(1, v[1]) .. "\21" .. ("<f"):pack(v[2])) end
  return event(wall, step, bytes(5, table.concat(out)))
end

--- Returns a record of a picture. Cannot fail.
-- @tparam number wall  seconds since 1970
-- @tparam integer step  from 0
-- @tparam string tag  its name
-- @tparam string png  the file's bytes
-- @tparam table shape  of it: `{H, W, C}`
-- @treturn string
function M.picture(wall, step, tag, png, shape)
  local image = whole(1, shape[1]) .. whole(2, shape[2]) .. whole(3, shape[3]) .. bytes(4, png)
  return event(wall, step, bytes(5, bytes(1, bytes(1, tag) .. bytes(4, image))))
end

-- ---- reading ----

-- The fields of a message, as a list of {field, integer or string}; nil where it is none.
local function fields(s)
  local at, out = 1, {}
  local function number()
    local n, shift = 0, 0
    while shift < 64 do
      local b = s:byte(at)
      if not b then return nil end
      n, at, shift = n | (b & 127) << shift, at + 1, shift + 7
      if b < 128 then return n end
    end
  end
  local sizes = {[1] = 8, [5] = 4}
  while at <= #s do
    local key = number()
    local kind = key and key & 7
    local v, n = kind == 0 and number(), kind == 2 and number() or sizes[kind]
    if n and n >= 0 and n <= #s - at + 1 then v, at = s:sub(at, at + n - 1), at + n end
    if not v then return nil end
    out[#out + 1] = {key >> 3, v}
  end
  return out
end

-- The step and the tags of an event.
local function told(data)
  local step, tags = 0, {}
  for _, f in ipairs(fields(data) or {}) do
    if f[1] == 2 and math.type(f[2]) == "integer" then step = f[2] end
    for _, value in ipairs(f[1] == 5 and type(f[2]) == "string" and fields(f[2]) or {}) do
      for _, part in ipairs(type(value[2]) == "string" and fields(value[2]) or {}) do
        if part[1] == 1 and type(part[2]) == "string" then tags[#tags + 1] = part[2] end
      end
    end
  end
  return step, tags
end

--- Goes through the events of an open file, up to a record that is torn or damaged. Cannot fail.
-- @tparam file file  from io.open, at its beginning
-- @treturn function  () -> where the record ends, in bytes; its step; its tags, a list; nil at the end
function M.events(file)
  local at = 0
  return function()
    local head = file:read(12)
    if not head or #head < 12 then return nil end
    local n, sum = ("<I8I4"):unpack(head)
    if n < 0 or n > LARGEST or sum ~= masked(head:sub(1, 8)) then return nil end
    local data, tail = file:read(n) or "", file:read(4) or ""
    if #data < n or #tail < 4 or ("<I4"):unpack(tail) ~= masked(data) then return nil end
    at = at + 16 + n
    return at, told(data)
  end
end

return M
