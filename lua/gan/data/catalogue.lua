--- Makes a set of what a format lists: pictures in files, each with the annotations that it has. Finds all that is
-- wrong before it opens the set, and says it at once.
--
-- A format adds a record for each picture, then calls `open`. A record has `path` (of the picture), `name` (what
-- messages call it) and what there is of
--
-- * `labels`: list of names of classes, mostly one; `attributes`: list of numbers, as the catalogue's `attribute_names`
-- * `boxes`: list of `{class = name, x0, y0, x1, y1}` (gan.data.geometry), in pixels of the picture, not yet checked;
--   with `parts = true` in parts of its size. A box may have an `id`, its number in the mask
-- * `mask`: path of a mask; or `paint`, f(mask u8 (H,W), window, place, ids), which paints one where it is wanted
-- * `captions`: list of texts
-- * `split`: name of the part that it belongs to; `height`, `width`: what the format says that its size is
-- @internal gan.data.catalogue
local check = require "gan.check"
local classes = require "gan.data.classes"
local core = require "gan.core"
local geometry = require "gan.data.geometry"
local limit = require "gan.data.limit"
local new = require("gan.data.set").new
local store = require "gan.data.store"

local M = {}

local Catalogue = {}
Catalogue.__index = Catalogue

local order = {"train", "val", "test", "eval"}
local VOID = 255
local MOST_ATTRIBUTES = 1 << 26 -- numbers that several labels an image may become

--- Makes a catalogue.
-- @tparam string path  of the whole, for messages
-- @tparam string format  what the set's `format` is
-- @treturn table  it; formats may set its fields `attribute_names`, `label_names`, `box_names` (lists of names in the
--   order in which they count; default: sorted), `mask_kind`, `mask_names`
function M.new(path, format)
  return setmetatable({path = path, format = format, records = {}, problems = {}, notes = {}, told = {}}, Catalogue)
end

--- Adds a record. Cannot fail.
-- @tparam table record  as said
-- @treturn table  the same
function Catalogue:add(record)
  self.records[#self.records + 1] = record
  return record
end

--- Notes something that is wrong. The set is not opened then, unless bad pictures are skipped: then a record with it is
-- left out. Cannot fail.
-- @tparam ?table record  the record; nil: what belongs to no picture
-- @tparam string fmt  as string.format takes it
-- @tparam any ...  its values
function Catalogue:problem(record, fmt, ...)
  self.problems[#self.problems + 1] = {#self.problems + 1, fmt:format(...)}
  if record then record.bad = true end
end

--- Notes something that is passed over, under a heading that is told once, with how many there are. Cannot fail.
-- @tparam string heading  "box| empty, left out", where "|" is the place of a plural's es and "is" or "are"
-- @tparam string what  one of them
function Catalogue:passed(heading, what)
  local list = self.told[heading]
  if not list then
    list = {}
    self.told[heading] = list
    self.told[#self.told + 1] = heading
  end
  list[#list + 1] = {#list + 1, what}
end

local function finite(x) return type(x) == "number" and x == x and x > -math.huge and x < math.huge end

-- The boxes of a record as the set has them; those that are nothing, or lie outside, are told.
local function boxes_of(self, record, size, fit, number, dropped)
  local h, w = size[1], size[2]
  local out = {}
  for k, given in ipairs(record.boxes or {}) do
    local box, what = given, ("%s: box %d, '%s'"):format(record.name, k, given.class)
    local all_finite = finite(box.x0) and finite(box.y0) and finite(box.x1) and finite(box.y1)
    if all_finite and record.parts then box = geometry.resize(box, {0, 0, 1, 1}, {0, 0, h, w}) end
    local inside = all_finite and geometry.clip(box, h, w)
    if all_finite then
      what = ("%s (%.6g,%.6g,%.6g,%.6g of %dx%d)"):format(what, given.x0, given.y0, given.x1, given.y1, w, h)
    end
    if not all_finite then self:passed("box| not of finite numbers, left out", what)
    elseif given.empty or box.x1 <= box.x0 or box.y1 <= box.y0 then self:passed("box| empty, left out", what)
    elseif geometry.area(inside) <= 0 then self:passed("box| outside of the picture, left out", what)
    else
      local over = math.max(inside.x0 - box.x0, inside.y0 - box.y0, box.x1 - inside.x1, box.y1 - inside.y1)
      if over > 0 then self:passed("box| partly outside of the picture, cut", what) end
      local now = geometry.resize(inside, fit.window, fit.place)
      local before = geometry.area(now)
      now = geometry.pad(geometry.crop(now, fit.place), fit.place[1], fit.place[2])
      local ok, why = geometry.visible(now, before)
      if ok then
        out[#out + 1] = {class = number[box.class], x0 = now.x0, y0 = now.y0, x1 = now.x1, y1 = now.y1, id = box.id}
      else
        dropped[why], dropped.n = (dropped[why] or 0) + 1, (dropped.n or 0) + 1
        record.lost = record.lost or {}
        if box.id then record.lost[box.id] = VOID end
      end
    end
  end
  return out
end

-- What is read of the picture, and where it goes.
local function fit_of(how, h, w, ho, wo)
  local p = {core.fit_plan(how, h, w, ho, wo)}
  return {window = {p[1], p[2], p[3], p[4]}, place = {p[5], p[6], p[7], p[8]}}
end

-- All names that records have in a list of theirs, sorted unless given; and name -> number from 0.
local function names_of(records, list, of, given)
  local names, number = {}, {}
  for _, name in ipairs(given or {}) do
    names[#names + 1], number[name] = name, #names
  end
  for _, record in ipairs(given and {} or records) do
    for _, v in ipairs(record[list] or {}) do
      local name = of(v)
      if not number[name] then names[#names + 1], number[name] = name, 0 end
    end
  end
  if not given then
    classes.sort(names)
    for k, name in ipairs(names) do number[name] = k - 1 end
  end
  return names, number
end

local function itself(v) return v end
local function class_of(v) return v.class end

local function any(records, field)
  for _, record in ipairs(records) do if record[field] then return true end end
  return false
end

-- The records of the split that is asked for, and the names of all splits; or nil and a message.
local function split_of(self, o)
  local there, names, out = {}, {}, {}
  for _, record in ipairs(self.records) do if record.split then there[record.split] = true end end
  for _, name in ipairs(order) do if there[name] then names[#names + 1] = name end end
  if not names[1] then
    if o.split then return nil, ("%s: has no splits"):format(self.path) end
    return self.records, names
  end
  local split = o.split or (there.train and "train" or names[1])
  if not there[split] then
    return nil, ("%s: no split '%s' in it (there is: %s)"):format(self.path, split, table.concat(names, ", "))
  end
  for _, record in ipairs(self.records) do if record.split == split then out[#out + 1] = record end end
  return out, names, split
end

-- Puts the options in which a store is opened for another use.
local function changed(o, changes)
  local out = {}
  for k, v in pairs(o) do out[k] = v end
  for k, v in pairs(changes) do out[k] = v end
  return out
end

local function entries_of(records, field)
  local out = {}
  for i, record in ipairs(records) do
    local path = record[field]
    out[i] = {path = path, name = field == "path" and record.name or ("%s: its mask %s"):format(record.name,
      path:match "[^/]*$")}
  end
  return out
end

-- Opens a file of each of some records: what the store returns, {} where none can be read. Sizes go into records; files
-- that cannot be read become problems, but for `again`. nil and a message where nothing can be read at all.
local function opened(self, records, field, o, again)
  local found, message, bad = store.open(entries_of(records, field), o, self.path)
  for _, b in ipairs(again and {} or found and found.bad or bad or {}) do self:problem(records[b[1]], "%s", b[2]) end
  if not found and not bad then return nil, message end
  local sizes = found and core.to_table(found.sizes) or {}
  for k, i in ipairs(found and found.kept or {}) do records[i][field .. "_size"] = sizes[k] end
  return found or {}
end

-- Reads the pictures of records and their masks: what the stores return.
local function read(self, records, o)
  local images, message = opened(self, records, "path", changed(o, {skip_bad = true}))
  if not images then return nil, message end
  if not any(records, "mask") or not images.kept then return images end
  local masked = {}
  for _, record in ipairs(records) do
    if record.mask then masked[#masked + 1] = record
    elseif not record.bad then self:problem(record, "%s: has no mask", record.name) end
  end
  local rest = images.images and math.max(0, o.cache - core.numel(images.images)) or 0
  local shape = images.images and core.shape(images.images) or images.pictures:shape()
  local how = changed(o, {
    height = shape[2], width = shape[3], channels = 1, skip_bad = true, cache = rest, stretch_range = false,
    mask = true,
  })
  local masks
  masks, message = opened(self, masked, "mask", how)
  local seen = masks and masks.numbers and core.to_table(masks.numbers) or {}
  if seen[#seen] == VOID and #seen <= 2 and (seen[1] == 0 or #seen == 1) then
    how.mask = "binary"
    masks, message = opened(self, masked, "mask", how, true)
    local note = "masks of 0 and 255 alone: 255 is class 1, not void"
    if self.notes[#self.notes] ~= note then self.notes[#self.notes + 1] = note end
  end
  if not masks then return nil, message end
  return images, masks
end

-- Compares the sizes of pictures, their masks and what the format says.
local function check_sizes(self, records)
  for _, record in ipairs(records) do
    local size, of = record.path_size, record.mask_size
    local h, w = table.unpack(size or {})
    local declared = h and (record.height or 0) > 0 and (record.width or 0) > 0
    if declared and (record.height ~= h or record.width ~= w) then
      local what = ("%s: said to be %dx%d, is %dx%d (height x width)"):format(record.name, record.height, record.width,
        h, w)
      if record.paint then self:problem(record, "%s", what)
      elseif not record.compared then self:passed("picture| of another size", what) end
      record.compared = true
    end
    if h and of and (of[1] ~= h or of[2] ~= w) then
      self:problem(record, "%s: its mask %s is %dx%d, the picture %dx%d (height x width)", record.name,
        record.mask:match "[^/]*$", of[1], of[2], h, w)
    end
  end
end

-- The notes of what was passed over.
local function add_notes(self, dropped, total)
  for _, heading in ipairs(self.told) do
    local list = self.told[heading]
    local one = #list == 1
    local line = ("%d %s:"):format(#list, (heading:gsub("(%a+)|", function(noun)
      local many = noun:find "x$" and noun .. "es" or noun .. "s"
      return (one and noun or many) .. (one and " is" or " are")
    end)))
    self.notes[#self.notes + 1] = store.list(line, list)
  end
  if dropped.n then
    local parts = {}
    for _, why in ipairs {
      {"outside", "outside of what is shown"}, {"share", "with less than a quarter of it"},
      {"small", "with less than 2 pixels a side"},
    } do
      if dropped[why[1]] then parts[#parts + 1] = ("%d %s"):format(dropped[why[1]], why[2]) end
    end
    self.notes[#self.notes + 1] = ("%d of %s left out as they are fitted: %s"):format(dropped.n,
      check.count(total, "box"), table.concat(parts, ", "))
  end
end

-- Labels as one class an image, or as attributes where any has several; each image must have one.
local function label(self, fields, records, all)
  if not any(all, "labels") then return end
  local names, number = names_of(all, "labels", itself, self.label_names)
  local several, lacks = false, 0
  for _, record in ipairs(records) do
    local n = #(record.labels or {})
    several, lacks = several or n > 1, lacks + (n == 0 and 1 or 0)
  end
  if several and #names * #records > MOST_ATTRIBUTES then
    self.notes[#self.notes + 1] = ("several labels an image, of %d different ones: too many to be attributes"):format(
      #names)
  elseif several then
    local rows = {}
    for i, record in ipairs(records) do
      rows[i] = {}
      for k = 1, #names do rows[i][k] = 0 end
      for _, name in ipairs(record.labels or {}) do rows[i][number[name] + 1] = 1 end
    end
    fields.attributes, fields.attribute_names = core.tensor(rows), names
    self.notes[#self.notes + 1] = "several labels an image: they are attributes"
  elseif lacks > 0 then
    self.notes[#self.notes + 1] = ("%d of %s have no label: there are no classes"):format(lacks,
      check.count(#records, "picture"))
  elseif #names > 1 then
    local labels = {}
    for i, record in ipairs(records) do labels[i] = number[record.labels[1]] end
    fields.labels, fields.classes = core.tensor(labels, "i32"), names
    self.notes[#self.notes + 1] = classes.without_images(names, labels)
  end
end

local function attribute(self, fields, records)
  if not self.attribute_names or fields.attributes then return end
  local rows = {}
  for i, record in ipairs(records) do rows[i] = record.attributes end
  if rows[1] and rows[1][1] then
    fields.attributes, fields.attribute_names = core.tensor(rows), self.attribute_names
  end
end

local function mask(self, fields, records, masks, cache)
  if masks then
    local seen, names = core.to_table(masks.numbers), {}
    fields.mask_kind = self.mask_kind
    fields.mask_pictures = masks.pictures
    local pictures = masks.images or masks.pictures
    fields.mask = function(s, i)
      local m = core.reshape(core.rows({i - 1}, pictures), {s.height, s.width})
      local lost = records[i].lost
      return lost and self.mask_kind == "instance" and geometry.relabel(m, lost) or m
    end
    local most = seen[#seen] == VOID and seen[#seen - 1] or seen[#seen]
    for v = 0, most or 0 do names[v + 1] = self.mask_names and self.mask_names[v + 1] or tostring(v) end
    if self.mask_kind ~= "instance" then fields.mask_classes = names end
  elseif any(records, "paint") then
    fields.mask_kind, fields.mask_classes = self.mask_kind, self.mask_names
    local rest, painted = cache - (fields.images and core.numel(fields.images) or 0), {}
    fields.mask = function(s, i)
      if painted[i] then return core.clone(painted[i]) end
      local record = records[i]
      local y, x, h, w = table.unpack(record.fit.place)
      local m = core.full({s.height, s.width}, VOID, "u8")
      core.copy_(core.narrow(core.narrow(m, 1, y + 1, h), 2, x + 1, w), core.full({h, w}, 0, "u8"))
      if record.paint then record.paint(m, record.fit.window, record.fit.place, record.lost or {}) end
      if rest >= core.numel(m) then
        rest, painted[i] = rest - core.numel(m), core.clone(m)
      end
      return m
    end
  end
end

-- The set of good records.
local function set_of(self, records, images, masks, o, split, splits)
  local shape = images.images and core.shape(images.images) or images.pictures:shape()
  local h, w = shape[2], shape[3]
  local fields = {
    images = images.images, pictures = images.pictures, crcs = images.crcs, source = self.path, format = self.format,
    split = split, splits = splits, notes = self.notes,
  }
  local all, number = self.records, nil
  local boxes, total, dropped = {}, 0, {}
  if any(all, "boxes") then
    fields.box_classes, number = names_of(all, "boxes", class_of, self.box_names)
  end
  for i, record in ipairs(records) do
    record.fit = fit_of(o.fit, record.path_size[1], record.path_size[2], h, w)
    total = total + #(record.boxes or {})
    boxes[i] = number and boxes_of(self, record, record.path_size, record.fit, number, dropped) or nil
    record.boxes = nil
  end
  if number then fields.boxes = function(_, i) return boxes[i] end end
  label(self, fields, records, all)
  attribute(self, fields, records)
  mask(self, fields, records, masks, o.cache)
  if any(records, "captions") then
    local none = {}
    fields.captions = function(_, i) return records[i].captions or none end
    local lacks = 0
    for _, record in ipairs(records) do lacks = lacks + ((record.captions or none)[1] and 0 or 1) end
    if lacks > 0 then
      self.notes[#self.notes + 1] = ("%d of %s have no caption"):format(lacks, check.count(#records, "picture"))
    end
  end
  add_notes(self, dropped, total)
  return new(fields)
end

--- Reads and checks all pictures and masks, and makes the set.
-- @tparam table o  checked options of gan.data.open
-- @treturn Set
-- @error listing all that is wrong, one a line
function Catalogue:open(o)
  if #self.records == 0 and not self.problems[1] then
    return nil, ("%s: no pictures in it"):format(self.path)
  end
  local own, splits, split = split_of(self, o)
  if not own then return nil, splits end
  local labels
  if o.limit and o.limit < #own then
    local _, number = names_of(own, "labels", itself, self.label_names)
    if any(own, "labels") then labels = {} end
    for i, record in ipairs(labels and own or {}) do labels[i] = number[(record.labels or {})[1]] or 0 end
  end
  while true do
    local good, of = {}, labels and {}
    for i, record in ipairs(own) do
      if not record.bad then
        good[#good + 1] = record
        if of then of[#good] = labels[i] end
      end
    end
    local some = {}
    for k, i in ipairs(limit.rows(#good, o.limit, of)) do some[k] = good[i] end
    local images, masks = {}, nil
    if some[1] then
      images, masks = read(self, some, o)
      if not images then return nil, masks end
    end
    check_sizes(self, some)
    local bad = self.problems
    if bad[1] and not (o.skip_bad and good[1]) then
      return nil, store.list(("%s: %s, left out by --skip-bad:"):format(self.path, check.count(#bad, "problem")), bad)
    end
    if not any(some, "bad") then
      if not images.kept then return nil, ("%s: no pictures in it"):format(self.path) end
      if bad[1] then
        local line = ("%s, left out (--skip-bad):"):format(check.count(#bad, "problem"))
        table.insert(self.notes, 1, store.list(line, bad))
      end
      return set_of(self, some, images, masks, o, split, splits)
    end
  end
end

return M
