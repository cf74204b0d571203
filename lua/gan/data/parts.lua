--- Puts the parts that data come in together: training and test images as one set, with the same classes.
-- @internal gan.data.parts
local core = require "gan.core"
local classes = require "gan.data.classes"
local limit = require "gan.data.limit"
local new = require("gan.data.set").new

local M = {}

--- Makes a set's labels count the classes as another's do.
-- @tparam Set set  changed
-- @tparam Set other
-- @treturn Set  set
-- @error if it has a class that the other has not
function M.same_classes(set, other)
  if not (set.classes and other.classes) then return set end
  local map, moved = classes.map(set.classes, other.classes)
  if not map then
    return nil, ("%s: the classes of %s are not those of %s: %s"):format(set.source, set.split, other.split, moved)
  end
  if moved then set.labels = core.gather_rows(core.tensor(map, "i32"), set.labels) end
  set.classes = other.classes
  return set
end

-- The tensors that all parts have by a name, one behind the other; nil where one lacks it.
local function cat(parts, name)
  local list = {}
  for i, part in ipairs(parts) do
    list[i] = part[name]
    if not list[i] then return nil end
  end
  return core.cat(list, 1)
end

-- The images of parts, some of which are on disk: the method `rows` of their set.
local function rows_of(parts)
  return function(_, list)
    local of, own = {}, {} -- part -> its share: places in the list; numbers in the part
    for at, row in ipairs(core.to_table(list)) do
      local k = 1
      while row >= parts[k].n do k, row = k + 1, row - parts[k].n end
      of[k], own[k] = of[k] or {}, own[k] or {}
      table.insert(of[k], at)
      table.insert(own[k], row)
    end
    local images, from, n = {}, {}, 0 -- from: place in the list -> row of the images that were read
    for k, part in ipairs(parts) do
      if own[k] then images[#images + 1] = part:rows(own[k]) end
      for i, at in ipairs(of[k] or {}) do from[at] = n + i - 1 end
      n = n + #(of[k] or {})
    end
    return images[1] and core.rows(from, core.cat(images, 1)) or parts[1]:rows {}
  end
end

-- Whether all parts have the same list of names, or none has any.
local function agree(parts, names)
  local first = parts[1][names]
  for _, part in ipairs(parts) do
    local own = part[names]
    if (own == nil) ~= (first == nil) or own and table.concat(own, "\n") ~= table.concat(first, "\n") then
      return false
    end
  end
  return true
end

-- Gives the fields what all parts have beside labels; what only some have is told.
local function annotate(fields, parts)
  for _, kind in ipairs {"attributes", "boxes", "mask", "captions"} do
    local names = ({attributes = "attribute_names", boxes = "box_classes", mask = "mask_classes"})[kind]
    local has = 0
    for _, part in ipairs(parts) do has = has + (part[kind] and 1 or 0) end
    if has == #parts and (not names or agree(parts, names)) then
      fields[names or kind] = parts[1][names or kind]
      fields[kind] = kind == "attributes" and cat(parts, kind) or function(_, i)
        local k = 1
        while i > parts[k].n do k, i = k + 1, i - parts[k].n end
        return parts[k][kind](parts[k], i)
      end
    elseif has > 0 then
      table.insert(fields.notes, ("no %s: not all splits have the same"):format(kind))
    end
  end
  fields.mask_kind, fields.mirrors = parts[1].mask_kind, parts[1].mirrors
end

local function joined(parts, o)
  local first, has, lacks = parts[1], {}, {}
  local fields = {
    height = first.height, width = first.width, channels = first.channels, n = 0, images = cat(parts, "images"),
    labels = cat(parts, "labels"), coarse = cat(parts, "coarse"), coarse_classes = first.coarse_classes,
    source = first.source, format = first.format, splits = first.splits, split = "all",
    notes = {("splits %s together"):format(table.concat(first.splits, ", "))},
  }
  for _, part in ipairs(parts) do
    fields.n = fields.n + part.n
    table.insert(part.labels and has or lacks, part.split)
    for _, note in ipairs(part.notes) do table.insert(fields.notes, part.split .. ": " .. note) end
  end
  if fields.labels then fields.classes = first.classes
  elseif has[1] then
    table.insert(fields.notes, ("no classes: %s has none"):format(table.concat(lacks, ", ")))
  end
  annotate(fields, parts)
  if not fields.images then
    local crcs = {}
    for i, part in ipairs(parts) do crcs[i] = part:checksums() end
    fields.rows, fields.crcs = rows_of(parts), core.cat(crcs, 1)
  end
  local set = new(fields)
  if not o.limit or o.limit >= set.n then return set end
  local list = limit.rows(set.n, o.limit, set.labels and core.to_table(set.labels))
  for i, row in ipairs(list) do list[i] = row - 1 end
  return set:subset(list)
end

--- Opens all the parts of a path as one set: the images of the first split, then those of the next.
-- A limit is of the whole.
-- @tparam function open  f(path, o) -> Set, or nil and a message: opens one split, o.split or the usual one
-- @tparam string path
-- @tparam table o  checked options of gan.data.open
-- @treturn Set  the one there is, where data do not come in parts
-- @error as `open`; if the parts differ in size or classes
function M.open(open, path, o)
  local room = o.cache
  local function opened(split, channels)
    local own = {}
    for name, v in pairs(o) do own[name] = v end
    own.split, own.channels, own.cache = split, channels, room
    local part, message = open(path, own)
    if part and part.images then room = math.max(0, room - core.numel(part.images)) end
    return part, message
  end
  local first, message = opened(nil, o.channels)
  if not first or not first.split then return first, message end
  local function all(channels)
    local parts, colour = {}, 1
    for i, name in ipairs(first.splits) do
      parts[i] = first
      if name ~= first.split or channels ~= o.channels then parts[i], message = opened(name, channels) end
      if not parts[i] then return nil, message end
      colour = math.max(colour, parts[i].channels)
    end
    for _, part in ipairs(parts) do -- grey ones and colour, where the user does not say which
      if part.channels ~= colour then
        room = o.cache
        return all(colour)
      end
    end
    return parts
  end
  local parts
  parts, message = all(o.channels)
  if not parts then return nil, message end
  for _, part in ipairs(parts) do
    if part.height ~= parts[1].height or part.width ~= parts[1].width then
      return nil, ("%s: the images of %s are %dx%d, those of %s %dx%d (height x width); give --size"):format(path,
        parts[1].split, parts[1].height, parts[1].width, part.split, part.height, part.width)
    end
    local ok
    ok, message = M.same_classes(part, parts[1])
    if not ok then return nil, message end
  end
  return joined(parts, o)
end

return M
