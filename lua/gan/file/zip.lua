--- Reads zip archives, members into tensors, and writes archives of stored members, all or nothing.
--
-- Read: stored and deflated members, sizes beyond 4 GiB (zip64), as NumPy and PyTorch write them; checksums are
-- compared. Refused: encryption, other compressions, parts on several disks, two members of one name, members that
-- overlap, bytes before or behind the archive; and what goes beyond gan.file.budget: more than LIST bytes that name
-- members, MEMBERS members, INFLATED bytes that are read of deflated ones, and RATIO times what the file has.
-- Format: PKWARE APPNOTE.TXT 6.3, sections 4.3 to 4.5.
-- @module gan.file.zip
local core = require "gan.core"
local check = require "gan.check"
local budget = require "gan.file.budget"

local M = {}

local END, END64, LOCATOR64, ENTRY, LOCAL = "PK\5\6", "PK\6\6", "PK\6\7", "PK\1\2", "PK\3\4" -- signatures
local MOST_RATIO = 1032      -- deflate packs no tighter
local SLACK = 4096           -- deflate may make n bytes larger by no more than this, for a small n
local FULL32 = 0xffffffff    -- stands for "see the zip64 field"
local INDEX = 18             -- bits of a member's number: budget.MEMBERS has no more
local SMALL = 0xfffffffe     -- the most that 32 bits can say otherwise

local archive = {}
archive.__index = archive
archive.__name = "archive"

--- Returns nil and a message that names the file. Cannot fail.
-- @tparam string fmt  the message, as for string.format
-- @param ...  any values for it
-- @treturn nil
-- @treturn string  the message
function archive:fail(fmt, ...) return check.about(self.path, select("#", ...) > 0 and fmt:format(...) or fmt) end

--- Reads bytes of the file itself.
-- @tparam integer offset  from 0
-- @tparam integer n  how many
-- @treturn string
-- @error if they are not there
function archive:bytes(offset, n)
  local ok, message = self.file:seek(offset)
  if not ok then return nil, message end
  return self.file:read(n)
end

-- Where the list of members is: offset, size, count; or nil, message.
local function find_list(z)
  local tail_size = math.min(z.size, 22 + 65535)
  local tail, message = z:bytes(z.size - tail_size, tail_size)
  if not tail then return nil, message end
  local at, from
  repeat -- the last one whose comment ends with the file
    local found = tail:find(END, from or 1, true)
    if found and found + 21 <= #tail and found + 21 + ("<I2"):unpack(tail, found + 20) == #tail then at = found end
    from = found and found + 1
  until not found
  if not at then return z:fail "no end of a zip archive: another format, or truncated" end
  local disk, list_disk, here, count, size, offset = ("<I2I2I2I2I4I4"):unpack(tail, at + 4)
  local stop = z.size - #tail + at - 1
  if at > 20 and tail:sub(at - 20, at - 17) == LOCATOR64 then
    local end_disk, end_at, disks = ("<I4i8I4"):unpack(tail, at - 16)
    if end_disk ~= 0 or disks > 1 or end_at < 0 or end_at + 56 > stop - 20 then
      return z:fail "damaged zip64 locator"
    end
    local record
    record, message = z:bytes(end_at, 56)
    if not record then return nil, message end
    local rest
    rest, disk, list_disk, here, count, size, offset = ("<i8xxxxI4I4i8i8i8i8"):unpack(record, 5)
    if record:sub(1, 4) ~= END64 or rest ~= stop - 20 - end_at - 12 then return z:fail "damaged zip64 end" end
    stop = end_at
  end
  if disk ~= 0 or list_disk ~= 0 or here ~= count then return z:fail "an archive in several parts" end
  if size < 0 or offset < 0 or offset > z.size or offset + size ~= stop or count < 0 or count > size // 46 then
    return z:fail("damaged list of members (%s in %s at %d, where it ends at %d)",
      check.count(count, "member"), check.count(size, "byte"), offset, stop)
  end
  if size > budget.LIST then return z:fail("a list of members of %d bytes (at most %d are read)", size, budget.LIST) end
  if count > budget.MEMBERS then return z:fail("%d members (at most %d are read)", count, budget.MEMBERS) end
  return offset, size, count
end

-- The 64-bit values of an entry's extra fields for those of its sizes that 32 bits cannot say; nil if they are not
-- there.
local function wide(extra, size, packed, offset)
  local at = 1
  while at + 3 <= #extra do
    local id, n = ("<I2I2"):unpack(extra, at)
    if at + 3 + n > #extra then return nil end
    if id == 1 then
      local k, stop = at + 4, at + 4 + n
      local function value(v)
        if v ~= FULL32 then return v end
        if k + 8 > stop then return nil end
        k = k + 8
        return (("<i8"):unpack(extra, k - 8))
      end
      size = value(size)
      packed = size and value(packed)
      offset = packed and value(offset)
      return size, packed, offset
    end
    at = at + 4 + n
  end
  return nil
end

-- Fills z.members and z.names from the list; or nil, message.
local function read_list(z)
  local start, size, count = find_list(z)
  if not start then return nil, size end
  local text, message = z:bytes(start, size)
  if not text then return nil, message end
  local at, order = 1, {}
  for i = 1, count do
    if at + 45 > #text or text:sub(at, at + 3) ~= ENTRY then return z:fail("damaged list of members: entry %d", i) end
    local flags, method, crc, packed, whole, name_size, extra_size, comment_size, disk, offset =
      ("<xxxxI2I2xxxxI4I4I4I2I2I2I2xxxxxxI4"):unpack(text, at + 4)
    local extra_at = at + 46 + name_size
    local next_at = extra_at + extra_size + comment_size
    if next_at - 1 > #text then return z:fail("damaged list of members: entry %d", i) end
    local name = text:sub(at + 46, extra_at - 1)
    if name:find("\0", 1, true) then return z:fail("member %d: a zero byte in its name", i) end
    if whole == FULL32 or packed == FULL32 or offset == FULL32 then
      whole, packed, offset = wide(text:sub(extra_at, extra_at + extra_size - 1), whole, packed, offset)
      if not offset then return z:fail("member '%s': no zip64 sizes", name) end
    end
    if whole < 0 or packed < 0 or offset < 0 or offset >> 63 - INDEX ~= 0 or packed > start or offset > start
      or offset + 30 + name_size + packed > start or disk ~= 0 then
      return z:fail("member '%s': %s at %d outside of the archive", name, check.count(packed, "byte"), offset)
    end
    if method == 8 and whole // MOST_RATIO > packed + 1 then
      return z:fail("member '%s': %s cannot come from %d", name, check.count(whole, "byte"), packed)
    end
    if z.members[name] then return z:fail("member '%s' is there twice", name) end
    local m = {
      name = name, size = whole, packed = packed, offset = offset, method = method, crc = crc,
      encrypted = flags & 1 == 1,
    }
    z.members[name] = m
    z.names[i], order[i] = name, offset << INDEX | i - 1
    at = next_at
  end
  if at ~= #text + 1 then return z:fail "damaged list of members: more than it counts" end
  table.sort(order, math.ult) -- a function of Lua that compares would take most of the time
  for i, key in ipairs(order) do
    local m = z.members[z.names[(key & (1 << INDEX) - 1) + 1]]
    m.stop = order[i + 1] and order[i + 1] >> INDEX or start
    if m.offset + 30 + #m.name + m.packed > m.stop then return z:fail("member '%s' overlaps another", m.name) end
  end
  return z
end

-- Where the data of a member begins; or nil, message.
local function data_of(z, m)
  local head, message = z:bytes(m.offset, 30 + #m.name)
  if not head then return nil, message end
  local method, name_size, extra_size = ("<xxxxxxxxI2xxxxxxxxxxxxxxxxI2I2"):unpack(head)
  if head:sub(1, 4) ~= LOCAL or method ~= m.method or head:sub(31) ~= m.name or name_size ~= #m.name then
    return z:fail("member '%s': its header is not as the list says", m.name)
  end
  local start = m.offset + 30 + name_size + extra_size
  if start + m.packed > m.stop then return z:fail("member '%s' overlaps another", m.name) end
  return start
end

--- Opens an archive and reads its list of members.
-- Its fields: `names` (in the order of the list), `members` (name -> `{size = bytes}`), `size` of the file.
-- @tparam string path  of the file
-- @treturn table  the archive
-- @error if it cannot be read, is damaged, or is more than is read here
function M.open(path)
  local file, size = core.file_open(path)
  if not file then return nil, size end
  local z = setmetatable({path = path, file = file, size = size, names = {}, members = {}, inflated = 0}, archive)
  local ok, message = read_list(z)
  if not ok then
    file:close()
    return nil, message
  end
  return z
end

--- Finds the bytes of a member in the file.
-- @tparam string name  of the member
-- @treturn integer  where they begin, from 0
-- @treturn integer  how many they are
-- @treturn string  "stored" or "deflate"
-- @error if there is no such member, or it is damaged, encrypted or packed otherwise
function archive:place(name)
  local m = self.members[name]
  if not m then return self:fail("no member '%s'", name) end
  if m.encrypted then return self:fail("member '%s' is encrypted", name) end
  if m.method ~= 0 and m.method ~= 8 then
    return self:fail("member '%s': compression %d (expected stored or deflated)", name, m.method)
  end
  if m.method == 0 and m.packed ~= m.size then
    return self:fail("member '%s': stored as %d instead of %s", name, m.packed, check.count(m.size, "byte"))
  end
  local start, message = data_of(self, m)
  if not start then return nil, message end
  return start, m.packed, m.method == 0 and "stored" or "deflate"
end

-- The first n bytes of a member (u8), where `most` of the packed ones are read; or nil, message.
local function first_bytes(self, name, n, most)
  local start, packed, how = self:place(name)
  if not start then return nil, packed end
  local whole = n == self.members[name].size
  local bytes = core.full({math.min(packed, how == "stored" and n or most)}, 0, "u8")
  local ok, message = self.file:seek(start)
  if ok then ok, message = self.file:read_(bytes) end
  if not ok then return nil, message end
  if how == "deflate" then
    bytes, message = core.inflate(bytes, n, not whole)
    if not bytes then return self:fail("member '%s': %s", name, message) end
  end
  return bytes
end

--- Counts bytes that are made of a member. What is stored may make as many as it likes: the file has them.
-- @tparam string name  of the member
-- @tparam integer bytes  that it inflates to, or is unpacked to
-- @treturn boolean  true
-- @error if the archive's packed members make more than the budget
function archive:makes(name, bytes)
  local m = self.members[name]
  if not m or m.method ~= 8 then return true end
  self.inflated = self.inflated + bytes
  local most = budget.inflated(self.size)
  if self.inflated <= most then return true end
  return self:fail("member '%s' inflates to %d bytes (of a file of %d at most %d are read; a stored member may "
    .. "have more)", name, bytes, self.size, most)
end

--- Reads a member's bytes, and compares its checksum.
-- @tparam string name  of the member
-- @treturn Tensor  u8 (size)
-- @error if there is none, or it is damaged, encrypted or packed otherwise, or inflates to more than the budget
function archive:read(name)
  local m = self.members[name]
  local ok, message = self:makes(name, m and m.size)
  if not ok then return nil, message end
  local bytes
  bytes, message = first_bytes(self, name, m and m.size, m and m.packed)
  if not bytes then return nil, message end
  if core.crc32(bytes) ~= m.crc then return self:fail("member '%s' is damaged (its checksum differs)", name) end
  return bytes
end

--- Reads the first bytes of a member; no checksum is compared.
-- @tparam string name  of the member
-- @tparam integer n  how many, if it has so many
-- @treturn string
-- @error as for `read`
function archive:head(name, n)
  local m = self.members[name]
  n = m and math.min(n, m.size)
  local bytes, message = first_bytes(self, name, n, n and n + SLACK)
  if not bytes then return nil, message end
  return core.to_bytes(bytes)
end

--- Reads a member's bytes as a string.
-- @tparam string name  of the member
-- @tparam integer most  bytes; more are refused
-- @treturn string
-- @error as for `read`, or if there are more
function archive:text(name, most)
  local m = self.members[name]
  if m and m.size > most then return self:fail("member '%s' has %d bytes (expected at most %d)", name, m.size, most) end
  local bytes, message = self:read(name)
  if not bytes then return nil, message end
  return core.to_bytes(bytes)
end

--- Closes the file; closing twice does nothing. Cannot fail.
function archive:close() self.file:close() end

--- Writes an archive of stored members, all or nothing: until it is whole and on the disk, an old file stays.
-- The same members give the same bytes: every date is 1980-01-01.
-- @tparam string path  of the file
-- @tparam table members  a list of `{name = string, parts = {string or tensor, ...}}`: a member is its parts one after
--   the other, tensors as they lie in memory, row-major
-- @treturn boolean  true
-- @error if it cannot be written, as on a full disk, or has more than 4 GiB
-- @raise if `members` is no such list
function M.save(path, members)
  local list, at = {}, 0
  if type(members) ~= "table" then return check.expected("zip.save", 2, "members", "a list", members) end
  for i, m in ipairs(members) do
    if type(m) ~= "table" or type(m.parts) ~= "table" then
      return check.expected("zip.save", 2, "members", "tables {name=, parts=}", m)
    end
    if type(m.name) ~= "string" or #m.name == 0 or #m.name > 65535 then
      return check.expected("zip.save", 2, "members", "names of 1 to 65535 bytes", m.name)
    end
    local crc, size, n = 0, 0
    for _, part in ipairs(m.parts) do
      crc, n = core.crc32(part, crc)
      size = size + n
    end
    -- version 2.0, UTF-8 names, stored, midnight, 1 January 1980
    local low = size & FULL32
    local fields = ("<I2I2I2I2I2I4I4I4I2I2"):pack(20, 0x800, 0, 0, 0x21, crc, low, low, #m.name, 0)
    list[i] = {offset = at, fields = fields}
    at = at + 30 + #m.name + size
    if at > SMALL then return nil, path .. ": cannot write: an archive of more than 4 GiB" end
  end
  local names = {}
  for i, m in ipairs(members) do
    names[i] = ENTRY .. "\20\0" .. list[i].fields .. ("<I2I2I2I4I4"):pack(0, 0, 0, 0, list[i].offset) .. m.name
  end
  local tail = table.concat(names)
  if #members > 65534 or at + #tail > SMALL then return nil, path .. ": cannot write: too many members" end
  tail = tail .. END .. ("<I2I2I2I2I4I4I2"):pack(0, 0, #members, #members, #tail, at, 0)
  local file, message = core.file_create(path)
  local ok = file
  for i, m in ipairs(members) do
    if ok then ok, message = file:write(LOCAL .. list[i].fields .. m.name) end
    for _, part in ipairs(m.parts) do
      if ok then ok, message = file:write(part) end
    end
  end
  if ok then ok, message = file:write(tail) end
  if ok then ok, message = file:commit() end
  if not ok then return nil, message end
  return true
end

return M
