--- Reads COCO's JSON: boxes, polygons, both forms of runs, captions. A file of any size comes an entry at a time.
-- Source: cocodataset/cocoapi; a polygon becomes pixels as its maskApi.c has it (csrc/kernels/rle.h).  Differs: four
-- numbers are no box, but a polygon with too few.
-- @internal gan.data.format.coco
local catalogue = require "gan.data.catalogue"
local check = require "gan.check"
local core = require "gan.core"
local layout = require "gan.data.layout"
local text = require "gan.file.text"

local M = {text = "COCO's .json"}

local PIECE = 1 << 16 -- bytes that are read at a time
local MOST = 254      -- objects of an image that have masks
local VOID = 255
local NAMES = {"_annotations.coco.json", "instances.json", "annotations.json", "coco.json", "captions.json"}
local splits = {train = "train", val = "val", valid = "val", test = "test"}

-- The files of a folder `annotations`, by the part that they are of: list of `{files =, dir =, split =, part =}`.
local function parts_of(path)
  local dir = layout.folder(path, {"annotations"})
  local by, out = {}, {}
  for _, name in ipairs(dir and core.folder(dir) or {}) do
    local part = name:match "^instances_(.+)%.json$" or name:match "^captions_(.+)%.json$"
    if part then
      if not by[part] then
        by[part] = {files = {}, dir = path, part = part, split = splits[part:match "^%a+" or ""]}
        out[#out + 1] = by[part]
      end
      table.insert(by[part].files, dir .. "/" .. name)
    end
  end
  if #out > 1 then
    for _, part in ipairs(out) do if not part.split then return {} end end
  elseif out[1] then out[1].split = nil end
  return out
end

local function files_of(path)
  if layout.is(path) then
    local dir, name = text.folder_of(path), path:match "[^/]*$"
    return {{files = {path}, dir = dir, part = name:match "_(.+)%.json$"}}
  end
  local out = parts_of(path)
  if out[1] then return out end
  for _, at in ipairs(layout.find(path, NAMES)) do
    out[#out + 1] = {files = {at.file}, dir = at.dir, split = at.split}
  end
  return out
end

--- Tells whether a path is a JSON file, or a folder that has COCO's by a usual name.
function M.detect(path, head)
  if head then return text.extension(path) == "json" and head:find "^[\xef\xbb\xbf%s]*{" ~= nil end
  return files_of(path)[1] ~= nil
end

-- Calls f(name, value) for each entry of a file. true, or nil and a message.
local function entries(path, f)
  local file, message = core.reader(path)
  if not file then return nil, message end
  local reader, ok = core.json_reader(), nil
  local first = true
  while true do
    local piece
    piece, message = file:read(PIECE)
    if not piece or piece == "" then break end
    if first then piece, first = piece:gsub("^\xef\xbb\xbf", ""), false end
    local list
    list, message = reader:feed(piece)
    if not list then break end
    for i = 1, #list, 2 do f(list[i], list[i + 1]) end
  end
  if not message then ok, message = reader:finish() end
  reader:close()
  file:close()
  return ok, message and ("%s: %s"):format(path, message)
end

-- n numbers out of a text of doubles; or nil.
local function numbers(v, n)
  if type(v) ~= "string" or #v ~= 8 * n then return nil end
  return {("d"):rep(n):unpack(v)}
end

local function whole(v)
  local n = type(v) == "number" and math.tointeger(v)
  return n or nil
end

local function id_of(v) return whole(v) or type(v) == "string" and v or nil end

-- What a file has, into t: images, categories, objects and captions by their image's id.
local function read(c, t, path)
  local name = path:match "[^/]*$"
  local seen = {images = {}, categories = {}, annotations = {}}
  local function fresh(kind, id, what)
    if id == nil then
      c:problem(nil, "%s: %s has no id", name, what)
      return false
    elseif seen[kind][id] then
      c:problem(nil, "%s: %s: the id is there twice", name, what)
      return false
    end
    seen[kind][id] = true
    return true
  end
  local function image(v)
    local id = id_of(v.id)
    local what = ("image %s"):format(id or #t.order + 1)
    if not fresh("images", id, what) then return end
    if type(v.file_name) ~= "string" then
      c:problem(nil, "%s: %s has no file_name", name, what)
    elseif not t.images[id] then
      t.images[id] = {file = v.file_name, height = whole(v.height), width = whole(v.width)}
      t.order[#t.order + 1] = id
    end
  end
  local function annotation(v)
    local id, of = id_of(v.id), id_of(v.image_id)
    local what = ("annotation %s"):format(id or "without an id")
    if not fresh("annotations", id, what) then return end
    if of == nil then return c:problem(nil, "%s: %s has no image_id", name, what) end
    local list = v.caption ~= nil and t.captions or t.objects
    list[of] = list[of] or {}
    if v.caption == nil then
      table.insert(list[of], {
        what = id, file = name, category = id_of(v.category_id), bbox = v.bbox, area = tonumber(v.area),
        crowd = v.iscrowd == 1 or v.iscrowd == true, outline = v.segmentation,
      })
    elseif type(v.caption) == "string" then table.insert(list[of], v.caption)
    else c:problem(nil, "%s: %s: the caption is no text", name, what) end
    return nil
  end
  return entries(path, function(section, v)
    if not seen[section] then return end
    if type(v) ~= "table" then c:problem(nil, "%s: an entry of %s is no object", name, section)
    elseif section == "images" then image(v)
    elseif section == "annotations" then annotation(v)
    else
      local id = id_of(v.id)
      if not fresh("categories", id, ("category %s"):format(id or "")) then return end
      if type(v.name) ~= "string" then c:problem(nil, "%s: category %s has no name", name, id)
      else t.categories[id] = v.name end
    end
  end)
end

-- The names of categories by rising id, those called alike told apart; id -> name.
local function names_of(categories)
  local ids, names, of, used = {}, {}, {}, {}
  for id in pairs(categories) do ids[#ids + 1] = id end
  table.sort(ids, function(a, b)
    if type(a) ~= type(b) then return type(a) == "number" end
    if type(a) == "number" then return a < b end
    return core.before(a, b)
  end)
  for _, id in ipairs(ids) do
    local name = categories[id]
    if used[name] then name = ("%s (%s)"):format(name, id) end
    used[name], of[id], names[#names + 1] = true, name, name
  end
  return names, of
end

-- The runs of a text of doubles, or of COCO's text; or nil and a message.
local function runs_of(v, h, w)
  local size = numbers(v.size, 2)
  if not size then return nil, "runs without a size of height and width" end
  if size[1] ~= h or size[2] ~= w then
    return nil, ("runs of %.6gx%.6g, the image is %dx%d (height x width)"):format(size[1], size[2], h, w)
  end
  local runs, message = v.counts
  if type(runs) ~= "string" then return nil, "runs without counts" end
  if runs:find "\0" then -- doubles: whole numbers have zeros in them, COCO's texts none
    local out = {}
    for i = 1, #runs, 8 do
      local n = math.tointeger((("d"):unpack(runs, i)))
      if not n or n < 0 or n > 0x7fffffff then return nil, "runs with a count that is no whole number" end
      out[#out + 1] = ("I4"):pack(n)
    end
    runs = table.concat(out)
  else
    runs, message = core.rle_decode(runs)
    if not runs then return nil, message end
  end
  local sum = core.rle_measure(runs, h)
  if sum ~= h * w then return nil, ("runs of %d pixels, the image has %d"):format(sum, h * w) end
  return runs
end

-- The outlines of an object: a list of texts of doubles, or runs; what is wrong is told. nil where it has none.
local function outline_of(c, record, object, where)
  local v, h, w = object.outline, record.height, record.width
  if type(v) ~= "table" then
    if v ~= nil then c:problem(record, "%s: the segmentation is neither polygons nor runs", where) end
    return nil
  end
  if v.counts ~= nil or v.size ~= nil then
    local runs, message = runs_of(v, h, w)
    if not runs then c:problem(record, "%s: %s", where, message) end
    return runs and {runs = runs}
  end
  local out = {}
  for _, points in ipairs(v) do
    if type(points) ~= "string" then
      c:problem(record, "%s: the segmentation is no list of polygons", where)
      return nil
    elseif #points < 48 or #points % 16 ~= 0 then
      c:passed("polygon| of fewer than 3 points or an odd count of numbers, left out", where)
    else
      out[#out + 1] = points
    end
  end
  return out[1] and out
end

-- The runs of an outline, as one.
local function united(outline, h, w)
  local all = outline.runs
  for _, points in ipairs(outline) do
    local runs, message = core.rle_polygon(points, h, w)
    if not runs then return nil, message end
    all = all and core.rle_merge(all, runs) or runs
  end
  return all
end

-- Paints the objects of a record, largest first, crowds before all others.
local function painter(record)
  local h, w, objects = record.height, record.width, record.painted
  return function(mask, window, place, lost)
    for _, object in ipairs(objects) do
      local value = object.crowd and VOID or lost[object.number] or object.number
      local outline = object.outline
      for k = 1, outline.runs and 1 or #outline do
        local runs = outline.runs or core.rle_polygon(outline[k], h, w)
        if runs then core.rle_paint_(mask, runs, h, w, value, window, place) end
      end
    end
  end
end

local function in_order(a, b)
  if a.crowd ~= b.crowd then return a.crowd end
  if a.size ~= b.size then return a.size > b.size end
  return a.place < b.place
end

local function box_of(c, record, object, where)
  local b = numbers(object.bbox, 4)
  if b then return b[1], b[2], b[1] + b[3], b[2] + b[4] end
  if object.bbox ~= nil then
    return c:problem(record, "%s: the bbox is no list of x, y, width and height", where)
  elseif not object.outline then
    return c:problem(record, "%s: neither a bbox nor a segmentation", where)
  end
  local runs, message = united(object.outline, record.height, record.width)
  if not runs then return c:problem(record, "%s: %s", where, message) end
  return select(3, core.rle_measure(runs, record.height))
end

-- The boxes and outlines of a record's objects.
local function objects_of(c, record, objects, class)
  record.boxes, record.painted = {}, {}
  local sized = (record.height or 0) > 0 and (record.width or 0) > 0
  for place, object in ipairs(objects) do
    local where = ("%s: annotation %s"):format(object.file, object.what)
    if object.outline ~= nil and not sized then
      c:problem(record, "%s: the image %s has no height and width", where, record.name)
      object.outline = nil
    end
    object.outline = outline_of(c, record, object, where)
    object.place, object.size = place, object.area or 0
    if object.outline then table.insert(record.painted, object) end
    if not class[object.category] then
      c:problem(record, "%s: there is no category %s", where, object.category or "in it")
    elseif not object.crowd then
      local x0, y0, x1, y1 = box_of(c, record, object, where)
      if x0 then
        object.size = object.area or (x1 - x0) * (y1 - y0)
        local box = {class = class[object.category], x0 = x0, y0 = y0, x1 = x1, y1 = y1}
        object.box = box
        table.insert(record.boxes, box)
      end
    end
  end
  table.sort(record.painted, in_order)
  local n = 0
  for _, object in ipairs(record.painted) do
    if not object.crowd then
      n = n + 1
      object.number = n
      if object.box then object.box.id = n end
    end
    object.box, object.bbox = nil, nil
  end
  if n > MOST then c:problem(record, "%s: %d objects with masks (at most %d)", record.name, n, MOST) end
  return record.painted[1] ~= nil
end

-- The folder that the pictures of a part are in: the first of the usual ones that has the first of them.
local function folder_of(at, file)
  local up = at.dir .. "/.."
  for _, dir in ipairs {
    at.dir, at.part and at.dir .. "/" .. at.part or at.dir, at.dir .. "/images",
    at.part and at.dir .. "/images/" .. at.part or at.dir, at.part and up .. "/" .. at.part or at.dir, up .. "/images",
    at.part and up .. "/images/" .. at.part or at.dir, up,
  } do
    local path = layout.join(dir, file)
    if path and layout.is(path) then return dir end
  end
  return at.dir
end

-- Adds the records of a part. Tells whether any has a mask.
local function add(c, at, t, class)
  local dir, masks, some = t.order[1] and folder_of(at, t.images[t.order[1]].file), false, {}
  local has_objects, there = next(t.objects) ~= nil, {}
  for _, id in ipairs(t.order) do
    local image = t.images[id]
    local path = layout.join(dir, image.file)
    if not path then
      c:problem(nil, "image %s: '%s' is no path below the pictures' folder", id, check.shown(image.file))
    else
      local record = c:add {
        path = path, name = image.file, split = at.split, height = image.height, width = image.width,
        captions = t.captions[id],
      }
      if there[path] then c:problem(record, "%s: two images have this file_name", image.file) end
      there[path] = true
      if has_objects then
        masks = objects_of(c, record, t.objects[id] or {}, class) or masks
        some[#some + 1] = record
      end
    end
    t.objects[id], t.captions[id] = nil, nil
  end
  for _, rest in ipairs {t.objects, t.captions} do
    for id in pairs(rest) do c:problem(nil, "annotations of image %s, which is not listed", id) end
  end
  if masks then for _, record in ipairs(some) do record.paint = painter(record) end end
  return masks
end

--- Opens a file or a folder; see gan.data.open.
function M.open(path, o)
  local c, masks = catalogue.new(path, "COCO"), false
  local parts, categories = files_of(path), {}
  for _, at in ipairs(parts) do
    at.found = {images = {}, order = {}, categories = categories, objects = {}, captions = {}}
    for _, file in ipairs(at.files) do
      local ok, message = read(c, at.found, file)
      if not ok then c:problem(nil, "%s", message) end
    end
  end
  local names, class = names_of(categories)
  if not c.problems[1] then
    for _, at in ipairs(parts) do masks = add(c, at, at.found, class) or masks end
  end
  c.box_names = names[1] and names
  if masks then c.mask_kind, c.mask_names = "instance", {"ground", table.unpack(names)} end
  return c:open(o)
end

return M
