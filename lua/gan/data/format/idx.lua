--- Reads IDX files, plain or gzip, as MNIST and its like have them: Fashion-MNIST, KMNIST, EMNIST, QMNIST.
--
-- They are images (magic 0x00000803) with their labels: bytes (0x00000801), or QMNIST's rows of numbers (0x00000c02),
-- of which the first is the class. torchvision keeps them in NAME/raw.
-- Source: the format note on Y. LeCun's MNIST page; Cohen et al. 2017, arXiv:1702.05373 (EMNIST's names).
-- @internal gan.data.format.idx
local core = require "gan.core"
local check = require "gan.check"
local budget = require "gan.file.budget"
local limit = require "gan.data.limit"
local pixels = require "gan.data.pixels"
local text = require "gan.file.text"
local lfs = require "lfs"

local M = {text = "IDX", arrays = true}

local IMAGES, LABELS, NUMBERS = 0x803, 0x801, 0xc02
local CHUNK = 1 << 18 -- bytes of images taken at a time
local SLACK = 1 << 20 -- bytes that may be missing at the end of a file, to tell in which image

local split_of = {train = "train", t10k = "test", test = "test"} -- word in a file's name -> split
local splits = {"train", "test"}
local torchvision = {"MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST"} -- folders that it makes, with raw/ inside
local others = {"cifar-10-batches-py", "cifar-10-batches-bin", "cifar-100-python", "cifar-100-binary"} -- beside them

local function is_folder(path) return lfs.attributes(path, "mode") == "directory" end

-- What a file's name says: set ("" of MNIST, "emnist-letters"), split, and "images" or "labels".
local function parse(name)
  local stem = name:match "^(.*)%.gz$" or name
  local before, kind = stem:match "^(.-)%-(images)[-.]idx3%-ubyte$"
  if not kind then before, kind = stem:match "^(.-)%-(labels)[-.]idx1%-ubyte$" end
  if not kind then before, kind = stem:match "^(.-)%-(labels)[-.]idx2%-int$" end
  local of, word = (before or ""):match "^(.-)%-?(%w+)$"
  if split_of[word] then return of, split_of[word], kind end
  return nil
end

-- The sets in a folder: set -> split -> {images = path, labels = path}; and their names, sorted.
local function sets_in(folder)
  local found, names, list = {}, {}, {}
  local ok, iterate, state = pcall(lfs.dir, folder)
  if not ok then check.pass_memory(iterate) end
  if not ok then return found, names end
  for name in iterate, state do -- there may be 100,000 pictures in it
    if name:find("idx", 1, true) then list[#list + 1] = name end
  end
  core.sort(list) -- what is not packed comes before its .gz
  for _, name in ipairs(list) do
    local of, split, kind = parse(name)
    local path = folder .. "/" .. name
    if of and lfs.attributes(path, "mode") == "file" then
      found[of] = found[of] or {}
      found[of][split] = found[of][split] or {}
      found[of][split][kind] = found[of][split][kind] or path
    end
  end
  for of, by_split in pairs(found) do
    for split, files in pairs(by_split) do if not files.images then by_split[split] = nil end end
    if next(by_split) then names[#names + 1] = of else found[of] = nil end
  end
  core.sort(names)
  return found, names
end

-- The folders at or below a path that hold IDX files, as torchvision lays them out; the path's own comes alone.
local function homes(path)
  for _, folder in ipairs {path, path .. "/raw"} do
    if is_folder(folder) and #select(2, sets_in(folder)) > 0 then return {folder} end
  end
  local list = {}
  for _, name in ipairs(torchvision) do
    local folder = ("%s/%s/raw"):format(path, name)
    if is_folder(folder) and #select(2, sets_in(folder)) > 0 then list[#list + 1] = folder end
  end
  return list
end

--- Tells whether a file begins as IDX does, or a folder holds IDX files of a known name.
function M.detect(path, head)
  if head then return head:sub(1, 3) == "\0\0\8" end
  return #homes(path) > 0
end

local function is_packed(path)
  local f = io.open(path, "rb")
  local head = f and f:read(2)
  if f then f:close() end
  return head == "\x1f\x8b"
end

-- Opens a file and checks its header of `dims` sizes. What they promise is compared with the file before anything is
-- allocated.
local function open(path, magic, dims)
  local reader, message = core.reader(path)
  if not reader then return nil, message end
  local function fail(fmt, ...)
    reader:close()
    return nil, ("%s: " .. fmt):format(path, ...)
  end
  local head, problem = reader:read(4)
  if not head then
    reader:close()
    return nil, problem
  end
  if #head < 4 then return fail("truncated IDX file (%s)", check.count(#head, "byte")) end
  local found, width = string.unpack(">I4", head), 1
  if magic == LABELS and found == NUMBERS then dims, width = 2, 4
  elseif found ~= magic then
    return fail("IDX magic 0x%08x (expected 0x%08x, %s)", found, magic, magic == IMAGES and "images" or "labels")
  end
  head, problem = reader:read(4 * dims)
  if not head then
    reader:close()
    return nil, problem
  end
  if #head < 4 * dims then return fail("truncated IDX header (%d of %d bytes)", 4 + #head, 4 + 4 * dims) end
  local size, want = {string.unpack(">" .. ("I4"):rep(dims), head)}, width * 1.0
  size[dims + 1] = nil -- where unpack stopped
  for i = 1, dims do want = want * size[i] end
  if dims == 3 and (size[2] < 1 or size[3] < 1 or size[2] > 16384 or size[3] > 16384) then
    return fail("images of %dx%d (expected 1 to 16384 a side)", size[2], size[3])
  end
  if dims == 2 and (size[2] < 1 or size[2] > 1000) then
    return fail("%d numbers a label (expected 1 to 1000)", size[2])
  end
  if size[1] < 1 then return fail("holds no %s", magic == IMAGES and "images" or "labels") end
  local bytes = lfs.attributes(path, "size") or 0
  local most = 1100 * bytes -- gzip's best is 1032 : 1
  if not is_packed(path) then most = math.min(most, bytes + SLACK) end
  if want > most then
    return fail("header promises %s (%.0f bytes), the file has %d", check.count(size[1], "entry"), want, bytes)
  elseif is_packed(path) and want > budget.inflated(bytes) then
    return fail("%.0f bytes, of a file of %d (at most %d are unpacked; gunzip does)", want, bytes,
      budget.inflated(bytes))
  elseif size[1] > budget.IMAGES then
    return fail("%s (at most %d are read)", check.count(size[1], "entry"), budget.IMAGES)
  end
  return reader, size
end

-- A reader at the end of its data: anything left over is an error, and so is a wrong checksum, which gzip tells only
-- here.
local function finish(reader, path)
  local rest, problem = reader:read(1)
  reader:close()
  if not rest then return nil, problem end
  if #rest > 0 then return nil, ("%s: more data than its header says"):format(path) end
  return true
end

-- The images that `rows` lists, from a reader behind its header: a filler, or what gan.data.pixels left on disk; or nil
-- and a message.
local function read_images(reader, size, path, rows, o)
  local total, h, w = size[1], size[2], size[3]
  local p = {rows = rows, height = h, width = w, channels = 1}
  if not is_packed(path) then
    local found, message = pixels.on_disk(p, o, path, { {path = path, offset = 16, count = total} })
    if found or message then return found, message end
  end
  local filler = pixels.new(p, o)
  local per, done = math.max(1, CHUNK // (h * w)), 0
  while done < total and not filler:full() do
    local count = math.min(per, total - done)
    local bytes, problem = reader:read(count * h * w)
    if not bytes or #bytes < count * h * w then
      return nil, problem or ("%s: truncated IDX file (header says %s, data ends in image %d)"):format(
        path, check.count(total, "image"), done + #bytes // (h * w) + 1)
    end
    filler:add(bytes)
    done = done + count
  end
  if done == total then
    local ok, problem = finish(reader, path)
    if not ok then return nil, problem end
  end
  return filler
end

-- The classes of a file of labels: a list of `total` integers; or nil, message.
local function read_labels(path, total, images_path)
  local reader, size = open(path, LABELS, 1)
  if not reader then return nil, size end
  if size[1] ~= total then
    reader:close()
    return nil, ("%s: %s, but %s has %s"):format(path, check.count(size[1], "label"), images_path,
      check.count(total, "image"))
  end
  local record = size[2] and 4 * size[2] or 1
  local labels = {}
  for i = 1, total, 4096 do
    local count = math.min(4096, total - i + 1)
    local bytes, problem = reader:read(count * record)
    if not bytes or #bytes < count * record then
      reader:close()
      return nil, problem or ("%s: truncated IDX file (%d of %s)"):format(path, i - 1 + #bytes // record,
        check.count(total, "label"))
    end
    for k = 0, count - 1 do
      local label = size[2] and (">i4"):unpack(bytes, k * record + 1) or bytes:byte(k + 1)
      if label < 0 or label > 65535 then
        reader:close()
        return nil, ("%s: label %d of entry %d (expected 0 to 65535)"):format(path, label, i + k)
      end
      labels[i + k] = label
    end
  end
  local ok, problem = finish(reader, path)
  if not ok then return nil, problem end
  return labels
end

-- The names of EMNIST's classes, label -> name: of its letters, or of the mapping beside the file ("10 65": A).
local function emnist_names(path)
  local folder, part = path:match "^(.-)([^/]*)$"
  part = part:match "^emnist%-(%l+)%-"
  local names, found = {}, false
  local s = part and text.read(("%semnist-%s-mapping.txt"):format(folder, part), budget.SMALL) or ""
  for line in s:gmatch "[^\r\n]+" do
    local label, code, lower = line:match "^(%d+) (%d+) ?(%d*)%s*$"
    code = tonumber(part == "letters" and lower ~= "" and lower or code)
    if not code or code < 33 or code > 126 or #label > 5 then return {} end
    names[tonumber(label)], found = string.char(code), true
  end
  if part == "letters" and not found then
    for k = 1, 26 do names[k] = string.char(96 + k) end
  end
  return names
end

-- The labels that belong to a file of images given by its own name, if they are there.
local function beside(path)
  local folder, name = path:match "^(.*/)([^/]*)$"
  if not folder then folder, name = "", path end
  local other, n = name:gsub("images", "labels"):gsub("idx3", "idx1")
  if n == 0 or other == name then return nil end
  local stem = other:gsub("%.gz$", "")
  for _, candidate in ipairs {other, other .. ".gz", stem, (stem:gsub("idx1%-ubyte$", "idx2-int"))} do
    if lfs.attributes(folder .. candidate, "mode") == "file" then return folder .. candidate end
  end
  return nil
end

-- What a path means: the files {images =, labels =}, the split they are, the list of those there are, and all files by
-- split; or nil, message.
local function resolve(path, split)
  local folder, of, own
  if is_folder(path) then
    local list, given = homes(path), {}
    for i, home in ipairs(list) do given[i] = home:match "([^/]+)/raw$" end
    if given[1] and list[1] ~= path .. "/raw" then
      for _, name in ipairs(others) do if is_folder(path .. "/" .. name) then given[#given + 1] = name end end
    end
    if #given > 1 then
      return nil, ("%s: holds several sets (give the folder of one: %s)"):format(path, table.concat(given, ", "))
    end
    folder = list[1]
    local found, names = sets_in(folder)
    if #names > 1 then
      local first = found[names[1]].train or found[names[1]].test
      return nil, ("%s: holds several sets (%s): give the file of images of one, such as %s"):format(
        path, table.concat(names, ", "):gsub("^, ", "MNIST, "), first.images)
    end
    of = names[1]
  else
    local name
    folder, name = path:match "^(.*)/([^/]*)$"
    folder, name = folder or ".", name or path
    local kind
    of, own, kind = parse(name)
    if not of or kind ~= "images" then
      if split then return nil, ("%s: a single file has no splits"):format(path) end
      return {images = path, labels = beside(path)}, nil, {}, {}
    end
  end
  local there, by_split = {}, sets_in(folder)[of] or {}
  for _, name in ipairs(splits) do if by_split[name] then there[#there + 1] = name end end
  split = split or own or "train"
  if own == split then
    return {images = path, labels = beside(path) or by_split[split].labels}, split, there, by_split
  end
  if not by_split[split] then
    return nil, ("%s: no split '%s' in it (there is: %s)"):format(path, split, table.concat(there, ", "))
  end
  return by_split[split], split, there, by_split
end

-- The labels of the other splits: a list of lists. What cannot be read is told when that split is opened.
local function labels_of_others(by_split, split)
  local lists = {}
  for name, files in pairs(by_split) do
    if name ~= split and files.labels then
      local reader, size = open(files.images, IMAGES, 3)
      if reader then
        reader:close()
        lists[#lists + 1] = read_labels(files.labels, size[1], files.images)
      end
    end
  end
  return lists
end

--- Opens a file of images, or the split of a folder; see gan.data.open.
function M.open(path, o)
  local files, split, there, by_split = resolve(path, o.split)
  if not files then return nil, split end
  local reader, size = open(files.images, IMAGES, 3)
  if not reader then return nil, size end
  local labels, classes, message
  local notes = {}
  if files.labels then
    labels, message = read_labels(files.labels, size[1], files.images)
    if not labels then
      reader:close()
      return nil, message
    end
    classes = pixels.classes(labels, labels_of_others(by_split, split), notes, emnist_names(files.images))
  end
  local rows = limit.rows(size[1], o.limit, labels)
  local filler
  filler, message = read_images(reader, size, files.images, rows, o)
  reader:close()
  if not filler then return nil, message end
  return pixels.set(filler, {
    labels = labels, classes = classes, source = path, format = "IDX", split = split, splits = there, notes = notes,
  })
end

return M
