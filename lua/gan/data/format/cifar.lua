--- Reads CIFAR-10 binary files: records of one label byte and a 32x32 picture as three planes.
-- Source: A. Krizhevsky's CIFAR-10 page, "binary version".
-- @internal gan.data.format.cifar
local core = require "gan.core"
local set = require "gan.data.set"
local image = require "gan.data.image"
local lfs = require "lfs"

local M = {text = "CIFAR-10 .bin", arrays = true}

local SIDE, RECORD, CHUNK = 32, 1 + 3 * 32 * 32, 256
local names = { "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck" }

-- The files of a split, in the order of their numbers.
local function find(folder, split)
  local files = {}
  for name in lfs.dir(folder) do
    local number = split == "train" and name:match "^data_batch_(%d+)%.bin$"
      or split == "test" and name:match "^test_[%w_]+%.bin$" and 0
    if number then files[#files + 1] = { path = folder .. "/" .. name, number = tonumber(number), name = name } end
  end
  table.sort(files, function(a, b)
    if a.number ~= b.number then return a.number < b.number end
    return a.name < b.name
  end)
  return files
end

-- The archive's own folder may be given by its parent.
local function home(path)
  local inner = path .. "/cifar-10-batches-bin"
  return lfs.attributes(inner, "mode") == "directory" and inner or path
end

--- Tells whether a file has the name, or a folder holds the batches, of CIFAR-10. The bytes say nothing.
function M.detect(path, head)
  if head then return path:find "%.bin$" ~= nil end
  path = home(path)
  return #find(path, "train") > 0 or #find(path, "test") > 0
end

local function class_names(folder)
  local text = image.bytes(folder .. "/batches.meta.txt")
  local list = {}
  for name in (text or ""):gmatch "[^\r\n]+" do list[#list + 1] = name end
  return #list == #names and list or names
end

local function read(file, images, first, labels, n)
  local reader, message = core.reader(file.path)
  if not reader then return nil, message end
  local done = 0
  while done < n do
    local count = math.min(CHUNK, n - done)
    local bytes, problem = reader:read(count * RECORD)
    if not bytes or #bytes < count * RECORD then
      reader:close()
      return nil, problem or ("%s: truncated (data ends in record %d)"):format(file.path, done + #bytes // RECORD + 1)
    end
    for k = 1, count do
      local label = bytes:byte((k - 1) * RECORD + 1)
      if label >= #names then
        reader:close()
        return nil, ("%s: label %d in record %d (expected 0 to %d)"):format(file.path, label, done + k, #names - 1)
      end
      labels[#labels + 1] = label
    end
    core.image_unpack_(images, first + done, bytes, SIDE, SIDE, 3, true, 1)
    done = done + count
  end
  reader:close()
  return true
end

--- Opens one .bin file or the split of a folder; see gan.data.open.
function M.open(path, o)
  local files, folder, split
  local splits = {}
  if lfs.attributes(path, "mode") == "directory" then
    folder = home(path)
    split = o.split or "train"
    for _, name in ipairs {"train", "test"} do
      if #find(folder, name) > 0 then splits[#splits + 1] = name end
    end
    files = find(folder, split)
    if split ~= "train" and split ~= "test" then
      return nil, ("%s: no split '%s' (there are: train, test)"):format(path, split)
    end
    if #files == 0 then
      local missing = split == "test" and "test_batch" or "data_batch_N"
      return nil, ("%s: no %s.bin in it (split '%s')"):format(path, missing, split)
    end
  else
    if o.split then return nil, ("%s: a single file has no splits"):format(path) end
    files, folder = { { path = path } }, path:match "^(.*)/[^/]*$" or "."
  end
  local total = 0
  for _, file in ipairs(files) do
    local bytes = lfs.attributes(file.path, "size") or 0
    if bytes == 0 or bytes % RECORD ~= 0 then
      return nil, ("%s: %d bytes is not a number of CIFAR-10 records of %d bytes"):format(file.path, bytes, RECORD)
    end
    file.n = bytes // RECORD
    total = total + file.n
  end
  local n = math.min(total, o.limit or total)
  local side, labels, done = o.size or SIDE, {}, 0
  local images = core.full({n, side, side, o.channels or 3}, 0, "u8")
  for _, file in ipairs(files) do
    local count = math.min(file.n, n - done)
    local ok, message = read(file, images, done + 1, labels, count)
    if not ok then return nil, message end
    done = done + count
    if done == n then break end
  end
  return set.new {
    images = images, labels = core.tensor(labels, "i32"), classes = class_names(folder), source = path,
    format = "CIFAR-10", split = split, splits = splits,
  }
end

return M
