--- Defines what a data set is: u8 images with the annotations there are. Its fields:
--
-- * `n`: how many images, also `#set`
-- * `height`, `width`, `channels`; `size`: the side, if square
-- * `labels`: i32 (N), from 0, or nil; `classes`: their names, or nil: `classes[label + 1]`
-- * `attributes`: real (N,A), mostly 0 and 1, or nil; `attribute_names`: their names. Several labels are attributes
-- * `box_classes`: names of what boxes show; `mask_classes`: of a mask's numbers, `mask_classes[number + 1]`; or nil
-- * `mask_kind`: "class" (numbers of masks are classes) or "instance" (of objects: of boxes with that `id`), or nil
-- * `mirrors`: false of images whose mirror image is not one of their kind, or has other annotations
-- * `source`: path or name; `format`
-- * `splits`: names of the parts that the data come in, {"train", "test"}; empty where they come in one; `split`: the
--   one that this is, or nil: "train" of those that come in several, unless another was asked for; "all" of all of them
-- * `natural`: false of images that the library draws
-- * `notes`: lines that `describe` adds, about what was passed over or changed
--
-- The images are had by the method `rows`, whether they lie in memory or on disk. Where the set has them, also the
-- methods `boxes(i)`, a list of boxes (gan.data.geometry) that may have an `id`, their object's number in the mask;
-- `mask(i)`, u8 (H,W), 255 void; `captions(i)`, a list of texts; i counts from 1. All are of the images as the set has
-- them, in their pixels. `gan.data.annotations` tells what a set has; batches bring it along.
--
-- @module gan.data.set
local core = require "gan.core"
local check = require "gan.check"

local M, methods = {}, {}

local annotations = {"captions", "boxes", "mask"} -- methods of one image
local of_all = {                                  -- what is one for all images
  "attribute_names", "box_classes", "mask_classes", "mask_kind", "mirrors",
}
local AT_ONCE = 1024 -- images asked for together

local function index(set, op, i)
  return check.int(op, 1, "i", i, 1, set.n)
end

--- Returns some of the images, in the order of the list; an image may stand in it twice.
-- @function Set:rows
-- @tparam table|Tensor list  integers or i32 (n): which images, from 0, as batches give them and gather_rows takes them
-- @treturn Tensor  u8 (n,H,W,C), fresh
-- @raise if an entry is none of 0 .. n-1; naming the file, if one on disk has changed or is gone
function methods:rows(list) return core.rows(list, self.images or self.pictures) end

--- Returns one image.
-- @function Set:image
-- @tparam integer i  from 1
-- @treturn Tensor  u8 (H,W,C), fresh
-- @raise if there is no such image
function methods:image(i)
  i = index(self, "image", i)
  return core.reshape(self:rows {i - 1}, {self.height, self.width, self.channels})
end

--- Returns the set of some of the images, with their labels and other annotations.
-- @function Set:subset
-- @tparam table|Tensor list  as `rows` takes it
-- @treturn Set
-- @raise as `rows`
function methods:subset(list)
  list = core.rows(list, self.n)
  local own = rawget(self, "rows")
  local fields = {
    images = self.images and self:rows(list), pictures = self.pictures and core.subset(list, self.pictures),
    rows = own and function(_, some) return own(self, core.gather_rows(list, some)) end,
    n = core.size(list, 1), height = self.height, width = self.width, channels = self.channels,
    labels = self.labels and core.gather_rows(self.labels, list), classes = self.classes,
    source = self.source, format = self.format, natural = self.natural, splits = self.splits, split = self.split,
    notes = self.notes, crcs = self.crcs and core.gather_rows(self.crcs, list),
    coarse = self.coarse and core.gather_rows(self.coarse, list), coarse_classes = self.coarse_classes,
    attributes = self.attributes and core.gather_rows(self.attributes, list),
    mask_pictures = self.mask_pictures and core.subset(list, self.mask_pictures),
  }
  for _, name in ipairs(of_all) do fields[name] = self[name] end
  for _, name in ipairs(annotations) do
    local of = self[name]
    if of then fields[name] = function(_, i) return of(self, core.get(list, i) + 1) end end
  end
  return M.new(fields)
end

-- The checksums of a set with a method `rows` of its own.
local function crcs_of_rows(set)
  local parts = {}
  for first = 0, set.n - 1, AT_ONCE do
    local list = {}
    for row = first, math.min(first + AT_ONCE, set.n) - 1 do list[#list + 1] = row end
    parts[#parts + 1] = core.row_crcs(set:rows(list))
  end
  return #parts > 0 and core.cat(parts, 1) or core.tensor({}, "i32")
end

--- Returns a checksum of each image: the CRC-32 of its bytes. Cannot fail.
-- @function Set:checksums
-- @treturn Tensor  i32 (N)
function methods:checksums()
  self.crcs = self.crcs or self.pictures and self.pictures:crcs() or self.images and core.row_crcs(self.images)
    or crcs_of_rows(self)
  return self.crcs
end

-- The CRC-32 of what the images have besides labels, or nil. Masks count where they lie in files or memory; those that
-- are painted of boxes' outlines have boxes.
local function annotation_crc(set)
  local crc
  local function add(x) crc = core.crc32(x, crc) end
  if set.attributes then add(set.attributes) end
  if set.mask_pictures then add(set.mask_pictures:crcs()) end
  for i = 1, (set.boxes or set.captions) and set.n or 0 do
    for _, b in ipairs(set.boxes and set:boxes(i) or {}) do
      add(("<i4i4dddd"):pack(i, b.class, b.x0, b.y0, b.x1, b.y1))
    end
    if set.captions then add(("<i4s4"):pack(i, table.concat(set:captions(i), "\n"))) end
  end
  return crc
end

--- Returns what tells the set from others, wherever its files lie: two sets with the same images, labels and other
-- annotations have the same fingerprint. Those of images that the library draws are a part of these. Cannot fail.
-- @function Set:fingerprint
-- @treturn table  integers `images`, `height`, `width`, `channels`, and `checksum`, "crc32:" and 8 hexadecimal digits:
--   the CRC-32 of each image's bytes, the CRC-32 of these numbers (4 bytes each, lowest first) and the labels behind
--   them; `annotations`, the like of attributes, boxes, captions and masks in files, where there are any
function methods:fingerprint()
  local crc = core.crc32(self:checksums())
  if self.labels then crc = core.crc32(self.labels, crc) end
  if self.natural and not self.noted_crc then self.noted_crc = annotation_crc(self) end
  return {
    images = self.n, height = self.height, width = self.width, channels = self.channels,
    checksum = ("crc32:%08x"):format(crc), annotations = self.noted_crc and ("crc32:%08x"):format(self.noted_crc),
  }
end

-- "2 attributes, boxes of 3 classes, masks, captions", as far as there are any; or nil.
local function annotated(set)
  local parts = {}
  if set.attributes then parts[1] = check.count(core.size(set.attributes, 2), "attribute") end
  if set.boxes then
    parts[#parts + 1] = "boxes" .. (set.box_classes and " of " .. check.count(#set.box_classes, "class") or "")
  end
  if set.mask then parts[#parts + 1] = "masks" end
  if set.captions then parts[#parts + 1] = "captions" end
  return parts[1] and table.concat(parts, ", ")
end

--- Returns what, how many, how large, which classes and other annotations; below it, one a line, indented, the notes.
-- Cannot fail.
-- @function Set:describe
-- @treturn string
function methods:describe()
  local parts = {("%s (%s): %s of %dx%d%s, %s"):format(self.source, self.format, check.count(self.n, "image"),
    self.height, self.width, self.size and "" or " (height x width)", self.channels == 1 and "grey" or "colour")}
  if self.classes then
    local names = check.shown(table.concat(self.classes, " ", 1, math.min(#self.classes, 12)))
    parts[#parts + 1] = ("%s: %s%s"):format(check.count(#self.classes, "class"), names,
      #self.classes > 12 and " ..." or "")
  else
    parts[#parts + 1] = "no classes"
  end
  parts[#parts + 1] = annotated(self)
  local lines = {table.concat(parts, ", "), table.unpack(self.notes)}
  return (table.concat(lines, "\n"):gsub("\n", "\n  "))
end

local mt = {
  __index = methods,
  __len = function(set) return set.n end,
  __tostring = function(set) return set:describe() end,
}

local natural = check.option.integer {lo = 0}

-- The shape (N,H,W,C) of what the fields have, or nil.
local function shape_of(fields)
  local images = fields.images
  if core.is_tensor(images) then
    return core.dtype(images) == "u8" and core.dim(images) == 4 and core.shape(images) or nil
  end
  if images == nil and fields.pictures then return fields.pictures:shape() end
  if images ~= nil or not check.callable(fields.rows) then return nil end
  local shape = {fields.n, fields.height, fields.width, fields.channels}
  for k = 1, 4 do if not natural.accept(shape[k]) then return nil end end
  return shape
end

-- A set's own method `rows` with its argument and result checked.
local function checked(rows)
  return function(set, list)
    list = core.rows(list, set.n)
    local images = rows(set, list)
    local want = {core.size(list, 1), set.height, set.width, set.channels}
    if core.is_tensor(images) and core.dtype(images) == "u8"
      and check.shape_string(core.shape(images)) == check.shape_string(want) then return images end
    return check.fail("data.set", "method 'rows' of the set: expected u8 tensor %s, got %s", check.shape_string(want),
      check.found(images))
  end
end

--- Makes a data set of its fields. The images are a tensor, the sizes are read off it; or they lie elsewhere.
-- @tparam table fields  those above, and what follows
-- @tparam[opt] Tensor fields.images  u8 (N,H,W,C)
-- @tparam[opt] function fields.rows  f(set, list i32 (n), from 0) -> u8 (n,H,W,C), in place of `images`: reads or draws
--   them when they are wanted; `n`, `height`, `width` and `channels` say how large they are
-- @tparam[opt] userdata fields.pictures  of gan.data.store, in place of both: on disk
-- @tparam[opt] function fields.captions  f(set, i) -> list of strings; i counts from 1
-- @tparam[opt] function fields.boxes  f(set, i) -> list of boxes
-- @tparam[opt] function fields.mask  f(set, i) -> u8 (H,W)
-- @tparam[opt] Tensor fields.attributes  real (N,A)
-- @treturn Set  the same table
-- @raise if there are no images u8 (N,H,W,C), and no way to them; if attributes are not (N,A)
-- @usage local set = gan.data.set.new {images = pictures, source = "mine", format = "tensor"}
function M.new(fields)
  local shape = type(fields) == "table" and shape_of(fields)
  if not shape then
    return check.fail("data.set.new", "field 'images': expected an u8 tensor (N,H,W,C), got %s",
      check.found(type(fields) == "table" and fields.images or nil))
  end
  if not fields.images and not fields.pictures then fields.rows = checked(fields.rows) end
  fields.n, fields.height, fields.width, fields.channels = shape[1], shape[2], shape[3], shape[4]
  fields.size = shape[2] == shape[3] and shape[2] or nil
  fields.splits, fields.notes = fields.splits or {}, fields.notes or {}
  if fields.natural == nil then fields.natural = true end
  local a = fields.attributes
  if a ~= nil and not (core.is_tensor(a) and core.dtype(a) == "real" and core.dim(a) == 2
    and core.size(a, 1) == fields.n) then
    return check.fail("data.set.new", "field 'attributes': expected a real tensor (%d,A), got %s", fields.n,
      check.found(a))
  end
  for _, name in ipairs(annotations) do
    local f = fields[name]
    if f then fields[name] = function(set, i) return f(set, index(set, name, i)) end end
  end
  return setmetatable(fields, mt)
end

return M
