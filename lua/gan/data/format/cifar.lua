--- Reads CIFAR-10 and CIFAR-100, binary (.bin) and as Python's pickles: 32x32 pictures as three planes, with labels.
--
-- Of CIFAR-100, the fine labels are the classes; the coarse ones are the set's field `coarse`, i32 (N), and their names
-- `coarse_classes`. Pickles are read as data, nothing in them is executed.
-- Source: A. Krizhevsky's CIFAR page, "binary version" and "python version".
-- @internal gan.data.format.cifar
local core = require "gan.core"
local check = require "gan.check"
local budget = require "gan.file.budget"
local limit = require "gan.data.limit"
local pixels = require "gan.data.pixels"
local ndarray = require "gan.file.ndarray"
local text = require "gan.file.text"
local lfs = require "lfs"

local M = {text = "CIFAR-10/100", arrays = true}

local SIDE, CHUNK = 32, 256
local PIXELS = 3 * SIDE * SIDE
local cifar10 = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

-- folder: as the archive unpacks; train, test: patterns of files; names, coarse_names: files of class names, a line
-- each, or keys in the pickle `meta`; fine, coarse: where in a record its label is, or the keys of their lists.
local layouts = {
  {
    set = "CIFAR-10", folder = "cifar-10-batches-bin", train = "^data_batch_(%d+)%.bin$", test = "^test_[%w_]+%.bin$",
    bytes = 1, fine = 1, classes = 10, names = "batches.meta.txt", missing = {"data_batch_N.bin", "test_batch.bin"},
  }, {
    set = "CIFAR-10", folder = "cifar-10-batches-py", train = "^data_batch_(%d+)$", test = "^test_batch$",
    meta = "batches.meta", fine = "labels", classes = 10, names = "label_names",
    missing = {"data_batch_N", "test_batch"},
  }, {
    set = "CIFAR-100", folder = "cifar-100-binary", train = "^train%.bin$", test = "^test%.bin$",
    bytes = 2, fine = 2, coarse = 1, classes = 100, names = "fine_label_names.txt",
    coarse_names = "coarse_label_names.txt", missing = {"train.bin", "test.bin"},
  }, {
    set = "CIFAR-100", folder = "cifar-100-python", train = "^train$", test = "^test$", meta = "meta",
    fine = "fine_labels", coarse = "coarse_labels", classes = 100, names = "fine_label_names",
    coarse_names = "coarse_label_names", missing = {"train", "test"},
  },
}
local splits = {"train", "test"}

local function is(v, kind) return type(v) == "table" and v.kind == kind end

local function size_of(path) return lfs.attributes(path, "mode") == "file" and lfs.attributes(path, "size") or 0 end

local function is_pickle(path)
  local f = io.open(path, "rb")
  local head = f and f:read(2)
  if f then f:close() end
  return head ~= nil and head:find "^\x80[\2-\5]" ~= nil
end

-- The files of a folder that are part of a set: layout -> split -> list {path =, number =, name =}, in the order of the
-- numbers; a layout without files has no entry. A folder is listed once, as there may be 100,000 pictures in it.
local function files_in(folder)
  local found = {}
  local ok, iterate, state = pcall(lfs.dir, folder)
  if not ok then check.pass_memory(iterate) end
  if not ok then return found end
  for name in iterate, state do
    for _, layout in ipairs(name:find "^[dt]" and layouts or {}) do -- as all the patterns begin
      for _, split in ipairs(splits) do
        local number = name:match(layout[split])
        local path = folder .. "/" .. name
        if number and lfs.attributes(path, "mode") == "file" and (layout.bytes or is_pickle(path)) then
          found[layout] = found[layout] or {}
          found[layout][split] = found[layout][split] or {}
          table.insert(found[layout][split], {path = path, number = tonumber(number) or 0, name = name})
        end
      end
    end
  end
  for _, by_split in pairs(found) do
    for _, files in pairs(by_split) do
      table.sort(files, function(a, b)
        if a.number ~= b.number then return a.number < b.number end
        return core.before(a.name, b.name)
      end)
    end
  end
  return found
end

-- The sets in a folder or in the archive's own folders below it: a list of {folder =, layout =, files = split -> list},
-- one of each set.
local function homes(path)
  local list, seen, here = {}, {}, files_in(path)
  for _, layout in ipairs(layouts) do
    local below = path .. "/" .. layout.folder
    local folder, files = path, here[layout]
    if not files then folder, files = below, files_in(below)[layout] end
    if files and not seen[layout.set] then
      seen[layout.set] = true
      list[#list + 1] = {folder = folder, layout = layout, files = files}
    end
  end
  return list
end

-- The layout that a single file belongs to, and its split; or nil.
local function layout_of(path)
  local name = path:match "[^/]*$"
  for _, layout in ipairs(layouts) do
    for _, split in ipairs(splits) do
      if name:find(layout[split]) and (layout.bytes or is_pickle(path)) then return layout, split end
    end
  end
  if not name:find "%.bin$" then return nil end
  local bytes = size_of(path)
  return layouts[bytes % (1 + PIXELS) ~= 0 and bytes % (2 + PIXELS) == 0 and 3 or 1]
end

--- Tells whether a file has the name, or a folder holds the batches, of a CIFAR set. The bytes say nothing.
function M.detect(path, head)
  if head then return layout_of(path) ~= nil end
  return #homes(path) > 0
end

-- The names of classes, from a text or a pickle in the folder; or nil.
local function class_names(folder, layout, key, least)
  local list = {}
  if layout.meta then
    local meta = ndarray.load(folder .. "/" .. layout.meta)
    local names = is(meta, "dict") and meta.index[key]
    if not is(names, "list") then return nil end
    for i = 1, math.min(names.n, 1000) do
      if type(names[i]) ~= "string" then return nil end
      list[i] = names[i]
    end
  else
    local s = key and text.read(folder .. "/" .. key, budget.SMALL) or ""
    for name in s:gmatch "[^\r\n]+" do list[#list + 1] = name end
  end
  return #list >= least and #list <= 256 and list or nil
end

local function numbers(n)
  local list = {}
  for k = 1, n do list[k] = tostring(k - 1) end
  return list
end

-- Calls f(bytes, labels, coarse) with the records of a .bin file, piece by piece, until it returns true: whole records,
-- and lists of their labels. Returns true; or nil, message.
local function each_binary(file, layout, f)
  local record = layout.bytes + PIXELS
  local size = size_of(file.path)
  if size == 0 or size % record ~= 0 then
    return nil, ("%s: %d bytes is not a number of %s records of %d bytes"):format(file.path, size, layout.set, record)
  end
  local reader, message = core.reader(file.path)
  if not reader then return nil, message end
  local stop
  for done = 0, size // record - 1, CHUNK do
    local count = math.min(CHUNK, size // record - done)
    local bytes
    bytes, message = reader:read(count * record)
    if not bytes or #bytes < count * record then
      reader:close()
      return nil, message or ("%s: truncated (data ends in record %d)"):format(file.path, done + #bytes // record + 1)
    end
    local labels, coarse = {}, layout.coarse and {}
    for k = 1, count do
      labels[k] = bytes:byte((k - 1) * record + layout.fine)
      if coarse then coarse[k] = bytes:byte((k - 1) * record + layout.coarse) end
    end
    stop = f(bytes, labels, coarse)
    if stop then break end
  end
  reader:close()
  return true
end

-- The integers of a list of a pickle, as many as n; or nil.
local function integers(list, n)
  if not is(list, "list") or list.n ~= n then return nil end
  for i = 1, n do if math.type(list[i]) ~= "integer" then return nil end end
  return list
end

-- The same of a pickle: {data: u8 (N,3072), labels: list, ...}.
local function each_pickle(file, layout, f)
  local batch, message = ndarray.load(file.path)
  if not batch then return nil, message end
  local data = is(batch, "dict") and batch.index.data
  if not is(data, "array") or data.format ~= "u1" or #data.shape ~= 2 or data.shape[2] ~= PIXELS or data.fortran then
    return nil, ("%s: no batch of %s (expected a dictionary with 'data', an array u1 (N,%d))"):format(
      file.path, layout.set, PIXELS)
  end
  local n = data.shape[1]
  local labels = integers(batch.index[layout.fine], n)
  local coarse = layout.coarse and integers(batch.index[layout.coarse], n)
  if not labels or layout.coarse and not coarse then
    local key = labels and layout.coarse or layout.fine
    return nil, ("%s: no batch of %s (expected '%s', a list of %d integers)"):format(file.path, layout.set, key, n)
  end
  f(data.bytes, labels, coarse)
  return true
end

-- The labels of all files, fine and coarse; or nil, message. Pixels of pickles, which are read whole, stay in
-- `file.bytes` for `fill` up to `room` bytes.
local function read_labels(files, layout, classes, room)
  local labels, coarse = {}, layout.coarse and {}
  for _, file in ipairs(files) do
    local bad
    local first = #labels
    local ok, message = (layout.bytes and each_binary or each_pickle)(file, layout, function(bytes, fine, rough)
      if layout.meta and #bytes <= room then file.bytes, room = bytes, room - #bytes end
      for k = 1, #fine do
        local y, z = fine[k], coarse and rough[k] or 0
        if y < 0 or y >= classes or z < 0 or z > 255 then
          local wrong, most = y, classes
          if y >= 0 and y < classes then wrong, most = z, 256 end
          bad = ("label %d in record %d (expected 0 to %d)"):format(wrong, #labels - first + 1, most - 1)
          return true
        end
        labels[#labels + 1] = y
        if coarse then coarse[#labels] = z end
      end
    end)
    if not ok then return nil, message end
    if bad then return nil, ("%s: %s"):format(file.path, bad) end
  end
  return labels, coarse
end

-- What a path means: folder, layout, files, the split they are and those there are; or nil, message.
local function resolve(path, split)
  if lfs.attributes(path, "mode") ~= "directory" then
    if split then return nil, ("%s: a single file has no splits"):format(path) end
    local layout = layout_of(path)
    if not layout then return nil, path .. ": no file of a CIFAR set" end
    return path:match "^(.*)/[^/]*$" or ".", layout, { {path = path} }, nil, {}
  end
  local list = homes(path)
  if #list > 1 then
    return nil, ("%s: holds several sets (give the folder of one: %s, %s)"):format(
      path, list[1].folder, list[2].folder)
  end
  local folder, layout, there = list[1].folder, list[1].layout, {}
  for _, name in ipairs(splits) do if list[1].files[name] then there[#there + 1] = name end end
  split = split or "train"
  local files = list[1].files[split]
  if not files then
    return nil, ("%s: no %s in it (split '%s'; there is: %s)"):format(
      path, layout.missing[split == "test" and 2 or 1], split, table.concat(there, ", "))
  end
  return folder, layout, files, split, there
end

-- The images of all files, in memory; or nil, message.
local function fill(p, o, files, layout)
  local filler = pixels.new(p, o)
  local function add(bytes)
    filler:add(bytes)
    return filler:full()
  end
  for _, file in ipairs(files) do
    local ok, message = file.bytes, nil
    if ok then add(file.bytes) else ok, message = (layout.bytes and each_binary or each_pickle)(file, layout, add) end
    file.bytes = nil
    if not ok then return nil, message end
    if filler:full() then break end
  end
  return filler
end

--- Opens one file or the split of a folder; see gan.data.open.
function M.open(path, o)
  local folder, layout, files, split, there = resolve(path, o.split)
  if not folder then return nil, layout end
  local classes = class_names(folder, layout, layout.names, layout.meta and 1 or layout.classes)
    or layout.classes == 10 and cifar10 or numbers(layout.classes)
  if layout.bytes and #classes ~= layout.classes then classes = layout.classes == 10 and cifar10 or numbers(100) end
  local labels, coarse = read_labels(files, layout, #classes, o.cache)
  if not labels then return nil, coarse end
  if #labels == 0 then return nil, ("%s: holds no images"):format(path) end
  local rows = limit.rows(#labels, o.limit, labels)
  local p = {rows = rows, height = SIDE, width = SIDE, channels = 3, planar = true, skip = layout.bytes or 0}
  local found, message
  if layout.bytes then
    local parts = {}
    for i, file in ipairs(files) do
      parts[i] = {path = file.path, offset = layout.bytes, count = size_of(file.path) // (layout.bytes + PIXELS)}
    end
    found, message = pixels.on_disk(p, o, path, parts)
    if message then return nil, message end
  end
  if not found then
    found, message = fill(p, o, files, layout)
    if not found then return nil, message end
  end
  return pixels.set(found, {
    labels = labels, classes = classes, source = path, format = layout.set, split = split, splits = there, notes = {},
    coarse = coarse and core.tensor(pixels.labels(coarse, rows), "i32"),
    coarse_classes = coarse and class_names(folder, layout, layout.coarse_names, 1),
  })
end

return M
