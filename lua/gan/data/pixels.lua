--- Fills the images of a set from records of raw pixels, as array formats have them.
-- @internal gan.data.pixels
local classes = require "gan.data.classes"
local core = require "gan.core"
local set = require "gan.data.set"
local store = require "gan.data.store"

local M = {}

--- Returns the labels of records. Cannot fail.
-- @tparam table labels  list of integers
-- @tparam table rows  list of integers, from 1: those that are used
-- @treturn table  list of integers
function M.labels(labels, rows)
  local out = {}
  for i, row in ipairs(rows) do out[i] = labels[row] end
  return out
end

--- Makes classes of labels, in place: numbers that begin with 1 begin with 0 then.
-- @tparam table labels  list of integers >= 0
-- @tparam table others  the lists of the other splits, which have the same classes
-- @tparam table notes  gets a line where numbers changed
-- @tparam[opt] table names  number as it was -> name of its class; default: the number
-- @treturn table  list of the classes' names
function M.classes(labels, others, notes, names)
  local least, most = math.huge, 0
  for _, list in ipairs {labels, table.unpack(others)} do
    for _, y in ipairs(list) do least, most = math.min(least, y), math.max(most, y) end
  end
  local first = least == 1 and 1 or 0
  if first == 1 then
    for i, y in ipairs(labels) do labels[i] = y - 1 end
    notes[#notes + 1] = ("labels 1 to %d of the file are classes 0 to %d"):format(most, most - 1)
  end
  local list, seen = {}, {}
  for y = first, most do
    local name = names and names[y]
    if not name or seen[name] then name = tostring(y) end
    seen[name] = true
    list[#list + 1] = name
  end
  return list
end

local function full(self) return self.at > #self.of.rows end

local function add(self, bytes)
  local p, o, first, count = self.of, self.options, self.seen, #bytes // self.record
  local bg = o.background or {0, 0, 0}
  self.seen = first + count
  while self.at <= #p.rows and p.rows[self.at] <= self.seen do
    local from, n = p.rows[self.at], 1
    while p.rows[self.at + n] == from + n and from + n <= self.seen do n = n + 1 end
    local part = bytes
    if n < count then part = bytes:sub((from - first - 1) * self.record + 1, (from - first - 1 + n) * self.record) end
    local _, enlarged = core.image_unpack_(self.images, self.at, part, p.height, p.width, p.channels, p.planar or false,
      p.skip or 0, o.fit, bg[1], bg[2], bg[3])
    self.enlarged = self.enlarged or enlarged or false
    self.at = self.at + n
  end
end

--- Leaves images on disk, where they lie in files as bare pixels and are more than the cache.
-- @tparam table p  as for `new`
-- @tparam table o  checked options of gan.data.open
-- @tparam string path  of the whole, for messages
-- @tparam table parts  the files, in order: a list of `{path =, offset = where its first picture begins, count =}`
-- @treturn table  what `set` takes; or nil without a message: they fit into the cache
-- @error if a file ends too early or cannot be read
function M.on_disk(p, o, path, parts)
  local h, w, c = o.size or p.height, o.size or p.width, o.channels or p.channels
  if #p.rows * h * w * c <= o.cache then return nil end
  local entries, at, first = {}, 1, 0
  local stride = p.height * p.width * p.channels + (p.skip or 0)
  for _, part in ipairs(parts) do
    while at <= #p.rows and p.rows[at] <= first + part.count do
      local from, n = p.rows[at], 1
      while p.rows[at + n] == from + n and from + n <= first + part.count do n = n + 1 end
      entries[#entries + 1] = {
        path = part.path, how = p.planar and "planar" or "raw", shape = {p.height, p.width, p.channels},
        offset = part.offset + (from - 1 - first) * stride, count = n, stride = stride,
      }
      at = at + n
    end
    first = first + part.count
  end
  local found, message = store.open(entries, setmetatable({skip_bad = false}, {__index = o}), path)
  if not found then return nil, message end
  return {
    images = found.images, pictures = found.pictures, crcs = found.crcs, enlarged = found.enlarged > 0, of = p,
    options = o,
  }
end

--- Makes a filler of images in memory, which `add(bytes)` fills from whole records, one call after the other, until
-- `full()`.
-- @tparam table p  `rows`: ascending list of the records that are wanted, from 1; `height`, `width`, `channels` of a
--   record, 1 or 3; `planar`: true where channels come one after the other; `skip`: bytes before each picture
-- @tparam table o  checked options of gan.data.open
-- @treturn table  the filler, which `set` takes
-- @raise if there are too many for the memory
function M.new(p, o)
  local h, w = o.size or p.height, o.size or p.width
  local size = {#p.rows, h, w, o.channels or p.channels}
  return setmetatable({
    images = core.full(size, 0, "u8"), of = p, options = o, seen = 0, at = 1, enlarged = false,
    record = p.height * p.width * p.channels + (p.skip or 0),
  }, {__index = {full = full, add = add}})
end

--- Makes the set.
-- @tparam table found  of `new`, full, or of `on_disk`
-- @tparam table fields  for gan.data.set.new; `labels` is the list of all records; `notes` gets what was done to them
-- @treturn Set
function M.set(found, fields)
  local p, size, notes = found.of, found.options.size, fields.notes
  local labels = fields.labels and M.labels(fields.labels, p.rows)
  for _, name in ipairs {"images", "pictures", "crcs"} do fields[name] = found[name] end
  if found.enlarged then
    notes[#notes + 1] = ("all pictures enlarged from %dx%d to %dx%d, which interpolates (--fit pad does not)"):format(
      p.height, p.width, size, size)
  end
  notes[#notes + 1] = labels and classes.without_images(fields.classes, labels)
  fields.labels = labels and core.tensor(labels, "i32")
  return set.new(fields)
end

return M
