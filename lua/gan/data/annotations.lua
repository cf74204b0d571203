--- Tells what a set has beside its images, and brings it into batches, moved as the images are.
-- @module gan.data.annotations
local check = require "gan.check"
local core = require "gan.core"
local geometry = require "gan.data.geometry"

local M = {}

--- Names what an image may have, in the order in which messages list it. Cannot fail.
M.KINDS = {"labels", "attributes", "boxes", "mask", "captions"}

local kinds = {}
for _, kind in ipairs(M.KINDS) do kinds[kind] = true end

--- Lists what a set has. Cannot fail.
-- @tparam table set  a data set
-- @treturn table  list of some of KINDS
function M.of(set)
  local out = {}
  for _, kind in ipairs(M.KINDS) do if set[kind] then out[#out + 1] = kind end end
  return out
end

--- Says what a set lacks of what a program needs.
-- @tparam table set  a data set
-- @tparam string ...  of KINDS
-- @treturn boolean  true where it has all of them
-- @error naming what is missing, and listing what there is
-- @raise if a name is none of KINDS
function M.needs(set, ...)
  local missing, has = {}, M.of(set)
  for i, kind in ipairs {...} do
    if not kinds[kind] then return check.expected("data.annotations.needs", i + 1, "kind", "one of KINDS", kind) end
    if not set[kind] then missing[#missing + 1] = kind end
  end
  if not missing[1] then return true end
  return nil, ("%s: has no %s (it has %s)"):format(check.shown(tostring(set.source or "the data set")),
    table.concat(missing, ", no "), has[1] and "images with " .. table.concat(has, ", ") or "images alone")
end

--- Takes the option `annotations` of gan.data.batches: true, false or a list of KINDS. Cannot fail.
M.option = check.option.where {
  expected = 'true, false or a list of "attributes", "boxes", "mask", "captions"',
  accept = function(v)
    if type(v) == "boolean" then return v end
    if type(v) ~= "table" then return nil end
    for _, kind in ipairs(v) do if not kinds[kind] or kind == "labels" then return nil end end
    return v
  end,
}

-- The words of a caption whose image is mirrored.
local swapped = {left = "right", right = "left", Left = "Right", Right = "Left", LEFT = "RIGHT", RIGHT = "LEFT"}
local function mirrored(caption) return (caption:gsub("%a+", swapped)) end

-- The largest K boxes of a list, in its order.
local function largest(boxes, most)
  if #boxes <= most then return boxes end
  local order, out, taken = {}, {}, {}
  for i = 1, #boxes do order[i] = i end
  table.sort(order, function(a, b)
    local p, q = geometry.area(boxes[a]), geometry.area(boxes[b])
    if p ~= q then return p > q end
    return a < b
  end)
  for k = 1, most do taken[order[k]] = true end
  for i, box in ipairs(boxes) do if taken[i] then out[#out + 1] = box end end
  return out
end

local Beside = {}
Beside.__index = Beside

-- The boxes of each image of a batch, moved; and the numbers in its mask of those that were left out: lists.
local function boxes_of(self, rows, moves)
  local set, o, all, gone = self.set, self.options, {}, {}
  for i, row in ipairs(rows) do
    local flip, dy, dx = table.unpack(moves[i])
    local kept, lost = {}, {}
    for _, box in ipairs(set:boxes(row + 1)) do
      local now = geometry.shift(box, flip, dy, dx, set.height, set.width)
      local as_it_was = flip == 0 and dy == 0 and dx == 0
      if as_it_was or geometry.visible(now, geometry.area(box), o.min_visible, o.min_side) then kept[#kept + 1] = now
      elseif box.id then lost[box.id] = 255 end
    end
    local few = largest(kept, self.most)
    if #few < #kept then
      local there = {}
      for _, box in ipairs(few) do there[box] = true end
      for _, box in ipairs(kept) do if not there[box] and box.id then lost[box.id] = 255 end end
    end
    all[i], gone[i] = few, lost
  end
  return all, gone
end

local function box_tensors(out, all, most)
  local edges, classes, ids = {}, {}, {}
  for _, boxes in ipairs(all) do
    for k = 1, most do
      local b = boxes[k]
      classes[#classes + 1], ids[#ids + 1] = b and b.class or -1, b and b.id or -1
      for _, edge in ipairs {"x0", "y0", "x1", "y1"} do edges[#edges + 1] = b and b[edge] or 0 end
    end
  end
  out.boxes = core.reshape(core.tensor(edges), {#all, most, 4})
  out.box_classes = core.reshape(core.tensor(classes, "i32"), {#all, most})
  out.box_ids = core.reshape(core.tensor(ids, "i32"), {#all, most})
end

-- Bytes (n,H,W) of what a loader made of them.
local function bytes_of(real)
  local s = core.shape(real)
  return core.reshape(core.image_quantise(real), {s[1], s[2], s[3]})
end

-- The masks of a batch, moved as its images: of files by their own loader, which draws the same rows and moves.
local function masks_of(self, rows, moves)
  local set = self.set
  if self.loader then
    local real = self.loader:next()
    return bytes_of(real)
  end
  local list = {}
  for i, row in ipairs(core.to_table(rows)) do
    list[i] = core.reshape(set:mask(row + 1), {1, set.height, set.width, 1})
  end
  return bytes_of(core.batch(core.cat(list, 1), moves))
end

-- The masks of instances with those that were left out void, or with classes in the place of numbers.
local function relabelled(mask, all, gone, classes)
  local parts = {}
  for i, boxes in ipairs(all) do
    local map = gone[i]
    if classes then
      for id = 1, 254 do map[id] = 255 end -- objects without a box have no class
      for _, box in ipairs(boxes) do if box.id then map[box.id] = box.class + 1 end end
    end
    local one = core.narrow(mask, 1, i, 1)
    parts[i] = next(map) and geometry.relabel(one, map) or one
  end
  return core.cat(parts, 1)
end

--- Returns the annotations of a batch.
-- @function Beside:of
-- @tparam integer epoch  the batch's
-- @tparam Tensor rows  i32 (N), from 0
-- @tparam Tensor moves  i32 (N,3)
-- @treturn table  as gan.data.batches says
-- @raise naming the file, if a mask on disk has changed or is gone
function Beside:of(epoch, rows, moves)
  local set, want, out = self.set, self.want, {}
  local row, move = core.to_table(rows), core.to_table(moves)
  if want.attributes then out.attributes = core.gather_rows(set.attributes, rows) end
  local all, gone
  if want.boxes or want.mask and self.instances then all, gone = boxes_of(self, row, move) end
  if want.boxes then box_tensors(out, all, self.most) end
  if want.mask then
    out.mask = masks_of(self, rows, moves)
    if self.instances and all then out.mask = relabelled(out.mask, all, gone, self.classes) end
  end
  if want.captions then
    local lists, counts = {}, {}
    for i, r in ipairs(row) do
      lists[i] = set:captions(r + 1)
      counts[i] = #lists[i]
    end
    out.captions = {}
    for i, k in ipairs(core.to_table(self.rng:choose(epoch, rows, core.tensor(counts, "i32")))) do
      local caption = lists[i][k + 1] or ""
      out.captions[i] = move[i][1] ~= 0 and mirrored(caption) or caption
    end
  end
  return out
end

--- Goes where the images' loader goes. Cannot fail.
-- @function Beside:seek
-- @tparam integer epoch  of the next batch
-- @tparam integer position  how many images of the epoch come before it
function Beside:seek(epoch, position) if self.loader then self.loader:seek(epoch, position) end end

--- Stops the masks' thread. Cannot fail.
-- @function Beside:close
function Beside:close() if self.loader then self.loader:close() end end

-- The most boxes that an image of the set has.
local function most_of(set)
  local most = 1
  for i = 1, set.n do most = math.max(most, #set:boxes(i)) end
  return most
end

--- Makes what brings a set's annotations into batches: `of`, `seek`, `close`.
-- @tparam table set  a data set
-- @tparam table o  checked options of gan.data.batches
-- @tparam function loader  f(pictures) -> core loader of them, which draws as that of the images
-- @treturn table
-- @error if the set lacks one of those that are asked for; if they do not fit mirror images; if its masks know no
--   classes or no instances
function M.beside(set, o, loader)
  local want, list = {}, o.annotations
  if list == true then
    list = {}
    for _, kind in ipairs(M.of(set)) do if kind ~= "labels" then list[#list + 1] = kind end end
  end
  local ok, message = M.needs(set, table.unpack(list))
  if not ok then return nil, message end
  for _, kind in ipairs(list) do want[kind] = true end
  if not set.height then return nil, "option 'annotations': expected a set that gan.data.set.new made" end
  if o.mirror and set.mirrors == false and list[1] then
    return nil, ("option 'mirror': mirror images of %s have other annotations"):format(
      check.shown(tostring(set.source)))
  end
  local kind = set.mask_kind
  if want.mask and o.mask_kind and kind ~= o.mask_kind and (kind ~= "instance" or not set.boxes) then
    return nil, ("option 'mask_kind': masks of %s do not tell %s (they have %s)"):format(
      check.shown(tostring(set.source)), o.mask_kind == "class" and "classes" or "instances",
      kind and kind == "class" and "classes" or "numbers of objects without classes")
  end
  return setmetatable({
    set = set, options = o, want = want, most = o.most_boxes or want.boxes and most_of(set) or math.huge,
    instances = set.boxes and kind == "instance", classes = o.mask_kind == "class" and kind == "instance",
    loader = want.mask and set.mask_pictures and loader(set.mask_pictures) or nil,
    rng = want.captions and core.rng(o.seed, "data.caption"),
  }, Beside)
end

return M
