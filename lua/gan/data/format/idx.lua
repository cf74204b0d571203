--- Reads IDX files, plain or gzip, as MNIST and Fashion-MNIST have them.
--
-- They are images (magic 0x00000803) with their labels (0x00000801).
-- Source: the format note on Y. LeCun's MNIST page.
-- @internal gan.data.format.idx
local core = require "gan.core"
local set = require "gan.data.set"
local lfs = require "lfs"

local M = {text = "IDX"}

local IMAGES, LABELS = 0x803, 0x801
local CHUNK = 1 << 18 -- bytes of images taken at a time

local prefix = { train = "train", test = "t10k" }

-- The file of a split in a folder, whichever way it is spelt.
local function find(folder, split, what)
  for _, sep in ipairs {"-", "."} do
    for _, ending in ipairs {"", ".gz"} do
      local kind = what == "images" and "idx3" or "idx1"
      local path = ("%s/%s-%s%s%s-ubyte%s"):format(folder, prefix[split], what, sep, kind, ending)
      if lfs.attributes(path, "mode") == "file" then return path end
    end
  end
  return nil
end

--- Tells whether a file begins as IDX does, or a folder holds IDX files of a known name.
function M.detect(path, head)
  if head then return head:sub(1, 3) == "\0\0\8" end
  return (find(path, "train", "images") or find(path, "test", "images")) ~= nil
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
  local head, problem = reader:read(4 + 4 * dims)
  if not head then
    reader:close()
    return nil, problem
  end
  if #head < 4 then return fail("truncated IDX file (%d bytes)", #head) end
  local found = string.unpack(">I4", head)
  if found ~= magic then
    return fail("IDX magic 0x%08x (expected 0x%08x, %s)", found, magic, magic == IMAGES and "images" or "labels")
  end
  if #head < 4 + 4 * dims then return fail("truncated IDX header (%d of %d bytes)", #head, 4 + 4 * dims) end
  local size, want = {string.unpack(">" .. ("I4"):rep(dims), head, 5)}, 1.0
  for i = 1, dims do want = want * size[i] end
  if dims == 3 and (size[2] < 1 or size[3] < 1 or size[2] > 16384 or size[3] > 16384) then
    return fail("images of %dx%d (expected 1 to 16384 a side)", size[2], size[3])
  end
  if size[1] < 1 then return fail("holds no %s", magic == IMAGES and "images" or "labels") end
  local bytes = lfs.attributes(path, "size") or 0
  if want > 1100 * bytes then -- gzip's best is 1032 : 1
    return fail("header promises %d entries (%.0f bytes), the file has %d bytes", size[1], want, bytes)
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

local function read_images(path, o)
  local reader, size = open(path, IMAGES, 3)
  if not reader then return nil, size end
  local total, h, w = size[1], size[2], size[3]
  local n = math.min(total, o.limit or total)
  local images = core.full({n, o.size or h, o.size or w, o.channels or 1}, 0, "u8")
  local per, done = math.max(1, CHUNK // (h * w)), 0
  while done < n do
    local count = math.min(per, n - done)
    local bytes, problem = reader:read(count * h * w)
    if not bytes or #bytes < count * h * w then
      reader:close()
      return nil, problem or ("%s: truncated IDX file (header says %d images, data ends in image %d)"):format(
        path, total, done + #bytes // (h * w) + 1)
    end
    core.image_unpack_(images, done + 1, bytes, h, w, 1, false, 0)
    done = done + count
  end
  if n == total then
    local ok, problem = finish(reader, path)
    if not ok then return nil, problem end
  end
  reader:close()
  return images, total
end

local function read_labels(path, total, images_path, n)
  local reader, size = open(path, LABELS, 1)
  if not reader then return nil, size end
  if size[1] ~= total then
    reader:close()
    return nil, ("%s: %d labels, but %s has %d images"):format(path, size[1], images_path, total)
  end
  local bytes, problem = reader:read(total)
  if not bytes or #bytes < total then
    reader:close()
    return nil, problem or ("%s: truncated IDX file (%d of %d labels)"):format(path, #bytes, total)
  end
  local ok
  ok, problem = finish(reader, path)
  if not ok then return nil, problem end
  local labels, most = {}, 0
  for i = 1, n do
    labels[i] = bytes:byte(i)
    if labels[i] > most then most = labels[i] end
  end
  local classes = {}
  for k = 0, most do classes[k + 1] = tostring(k) end
  return core.tensor(labels, "i32"), classes
end

-- The labels that belong to a file of images given by its own name, if they are there.
local function beside(path)
  local folder, name = path:match "^(.*/)([^/]*)$"
  if not folder then folder, name = "", path end
  local other, n = name:gsub("images", "labels"):gsub("idx3", "idx1")
  if n == 0 or other == name then return nil end
  for _, candidate in ipairs { other, other .. ".gz", (other:gsub("%.gz$", "")) } do
    if lfs.attributes(folder .. candidate, "mode") == "file" then return folder .. candidate end
  end
  return nil
end

--- Opens a file of images, or the split of a folder; see gan.data.open.
function M.open(path, o)
  local images_path, split, splits = path, nil, {}
  local labels_path
  if lfs.attributes(path, "mode") == "directory" then
    split = o.split or "train"
    for _, name in ipairs {"train", "test"} do
      if find(path, name, "images") then splits[#splits + 1] = name end
    end
    images_path, labels_path = find(path, split, "images"), find(path, split, "labels")
    if not images_path then
      return nil, ("%s: no %s-images-idx3-ubyte[.gz] in it (split '%s')"):format(path, prefix[split], split)
    end
  else
    if o.split then return nil, ("%s: a single file has no splits"):format(path) end
    labels_path = beside(path)
  end
  local images, total = read_images(images_path, o)
  if not images then return nil, total end
  local labels, classes
  if labels_path then
    labels, classes = read_labels(labels_path, total, images_path, core.size(images, 1))
    if not labels then return nil, classes end
  end
  return set.new {
    images = images, labels = labels, classes = classes, source = path, format = "IDX", split = split, splits = splits,
  }
end

return M
