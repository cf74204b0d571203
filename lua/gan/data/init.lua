--- Opens data sets, whatever their format, and gives shuffled batches in [-1,1].
--
--     local set = assert(gan.data.open "shapes")
--     for real, labels in gan.data.batches(set, {batch = 64}) do print(real) end
--
-- @module gan.data
local core = require "gan.core"
local check = require "gan.check"
local parts = require "gan.data.parts"
local scaled = require "gan.data.scaled"
local lfs = require "lfs"
require "gan.ops" -- the tensors in a set have their methods

local M = {
  asked = require "gan.data.asked",
  batches = require "gan.data.batches",
  conditions = require "gan.data.conditions",
  image = require "gan.data.image",
  custom = require("gan.data.custom").new,
  ring = require("gan.data.ring").new,
  stacked = require("gan.data.stacked").new,
  text = require "gan.data.text",
}

--- Returns bytes as numbers in [-1,1], as batches have them: 0 is -1, 255 is 1.
-- @tparam Tensor bytes  u8, any shape
-- @treturn Tensor  real, the same shape
-- @raise if they are no u8 tensor
function M.to_real(bytes)
  if not core.is_tensor(bytes) or core.dtype(bytes) ~= "u8" then
    return check.expected("data.to_real", 1, "bytes", "an u8 tensor", bytes)
  end
  return scaled(bytes)
end

-- name -> opener of what needs no file
local built_in = {shapes = require "gan.data.shapes", fake = require "gan.data.fake"}
M.shapes, M.fake = built_in.shapes.set, built_in.fake.set

-- The formats, each asked whether a path is its own before the next. A new one is one file in format/, and its word.
local formats = {
  "idx", "cifar", "array", "zip", "coco", "jsonl", "table", "celeba", "foreign", "voc", "masks", "captions", "folder",
}

local texts = {}
for i, name in ipairs(formats) do
  formats[i] = require("gan.data.format." .. name)
  texts[#texts + 1] = formats[i].text
end

--- Names the formats that `open` reads, for help and errors: "IDX, .npy, .npz or a folder of pictures".
M.formats = table.concat(texts, ", ", 1, #texts - 1) .. " or " .. texts[#texts]

local option = check.option

--- Names the parts that data may come in, and "all" of them together. Cannot fail.
M.SPLITS = {"train", "val", "test", "eval", "all"}

--- Names the ways to make a picture of another shape a square. Cannot fail.
M.FITS = {"crop", "pad", "stretch"}

local known = {
  size = option.integer {lo = 1, hi = M.image.LARGEST}, channels = option.word {1, 3},
  fit = option.word {default = "crop", table.unpack(M.FITS)}, background = M.image.colour {},
  exif = option.boolean {default = true}, stretch_range = option.boolean {default = false},
  split = option.word(M.SPLITS), limit = option.integer {lo = 1}, skip_bad = option.boolean {default = false},
  cache = option.bytes {default = 2 << 30}, count = option.integer {lo = 1}, seed = option.integer {},
}

-- The first bytes of a file, unpacked where it is gzip; or nil and a message.
local function head_of(path)
  local reader, message = core.reader(path)
  if not reader then return nil, message end
  local head
  head, message = reader:read(64)
  reader:close()
  return head, message
end

local LONGEST = 4096 -- bytes of a path that a file may have

-- What stands behind a message's last colon. (A pattern that may begin anywhere would take minutes for a long path.)
local function cause(message) return message:match "^.*: ?(.*)$" or message end

local function without_slash(path) return path:match "^(.*[^/])/+$" or path end

-- What is near a path that is not there: another name in the same folder, or the first folder that is missing.
local function neighbour(path)
  if #path > LONGEST then return "" end
  if path:sub(1, 1) == "~" then return " (shells replace ~ only where a word begins: --data ~/x, not --data=~/x)" end
  local folder, name = path:match "^(.*/)([^/]*)$"
  folder, name = folder or "", name or path
  local names = folder == "" and check.names(built_in) or {}
  local ok, iterate, state = pcall(lfs.dir, folder == "" and "." or folder)
  if not ok then
    check.pass_memory(iterate)
    local above = without_slash(folder)
    if lfs.attributes(above) then return (" (%s is no folder that can be read)"):format(above) end
    return neighbour(above):gsub("^ %(did", (" (there is no %s; did"):format(above))
  end
  for other in iterate, state do names[#names + 1] = other end
  core.sort(names)
  local near = check.nearest(name, names)
  return near and (" (did you mean '%s%s'?)"):format(folder, near) or ""
end

local function format_of(path)
  local mode, message = lfs.attributes(path, "mode")
  if not mode then return nil, ("%s: cannot open (%s)%s"):format(path, cause(message), neighbour(path)) end
  local head
  if mode == "file" then
    head, message = head_of(path)
    if not head then return nil, message end
  elseif mode == "directory" then
    local ok, problem = pcall(lfs.dir, path)
    if not ok then check.pass_memory(problem) end
    if not ok then return nil, ("%s: cannot open (%s)"):format(path, cause(tostring(problem))) end
  else
    return nil, ("%s: neither a file nor a folder (%s)"):format(path, mode)
  end
  for _, format in ipairs(formats) do
    if format.detect(path, head) then return format end
  end
  if not head then return nil, ("%s: holds no data set (expected %s)"):format(path, M.formats) end
  local kind = core.image_kind(head)
  if kind == "git-lfs pointer" then kind = kind .. "; git lfs pull fetches it" end
  local bytes = head:sub(1, 8):gsub(".", function(c) return (" %02x"):format(c:byte()) end)
  return nil, ("%s: unknown format (expected %s; the file %s)"):format(path, M.formats,
    kind and "is " .. kind or "begins with" .. bytes)
end

--- Opens a data set and checks all of it. What a path may be:
--
-- * an IDX file, plain or .gz, or a folder of them, as MNIST and its like have it; torchvision's folder `MNIST/raw`, or
--   one above it; of EMNIST's parts, one by its file of images
-- * a file of CIFAR-10 or CIFAR-100, binary or in its Python form, or a folder of them
-- * an array of NumPy, .npy or .npz: u8 (N,H,W), (N,H,W,C) or (N,C,H,W), with labels (N), and splits where names say
--   so (x_train, y_train, x_test, y_test)
-- * a folder of pictures, nested at will; its sub-folders are the classes, numbers in their order, other names in the
--   order of bytes. `train` with `val`, `test` or `eval` directly in it are splits; all splits count the same classes.
--   Labels in `dataset.json` at the top, as stylegan has it, come before folders; lists of numbers are attributes
-- * a table of pictures, .csv or .tsv: columns file, label, caption, split, and any of 0 and 1, which is an attribute;
--   or metadata.jsonl; or the folder of `metadata`, `captions`, `labels`, `annotations` or `attributes`.csv or .tsv
-- * COCO's JSON, or a folder with instances_*.json and captions_*.json in `annotations`, or _annotations.coco.json
-- * CelebA's folder, with list_attr_celeba.txt; a folder of Pascal VOC's XML files, or one with Annotations in it
-- * a folder `images` beside `masks`, `instances` or their like, PNG whose pixels are numbers; or beside `text` or
--   `captions`; pictures with .txt files of the same names
-- * a .zip of pictures: as the folder that it unpacks to, without a folder around all of them
-- * "shapes", drawn by the library (gan.data.shapes), or "fake", noise (gan.data.fake); what lies here by such a name
--   comes first
--
-- What a folder holds besides is passed over, and counted in the set's `notes`; so are a class without a picture,
-- pictures in no split, and those that were turned, enlarged or left out.
--
-- @tparam string path  one of these
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.size  side of the square that images are fitted to; default: as they are, if all are equal
-- @tparam[opt] integer opt.channels  1 or 3; default: 3 if any picture has colour
-- @tparam[opt="crop"] string opt.fit  how another shape is made a square: "crop" cuts the longer side's ends off, "pad"
--   puts a border around, "stretch" changes the proportions
-- @tparam[opt] number|string|table opt.background  what transparent pixels and borders show: 0..255, {r,g,b}, "white",
--   "black" or "#rrggbb"; default: white; of arrays black
-- @tparam[opt=true] boolean opt.exif  turns photographs upright, as their EXIF orientation says
-- @tparam[opt=false] boolean opt.stretch_range  brightens 16-bit images until the largest value of them all is white
-- @tparam[opt] string opt.split  "train" (default), "val", "test" or "eval", of data that come in such parts; "all":
--   all of them, one behind the other
-- @tparam[opt] integer opt.limit  only so many images: each class gives its first ones, by turns
-- @tparam[opt=false] boolean opt.skip_bad  leaves out files that cannot be read, and lists them in the set's `notes`
-- @tparam[opt="2G"] integer|string opt.cache  bytes of memory for images; larger sets are read from disk when needed
-- @tparam[opt] integer opt.count  how many pictures, of the built-in sets
-- @tparam[opt] integer opt.seed  theirs
-- @treturn Set
-- @error naming the file, if it is missing, damaged, or of no known format
-- @raise if an option is unknown or impossible
function M.open(path, opt)
  if type(path) ~= "string" or path == "" or path:find "\0" then
    return check.expected("data.open", 1, "path", "a path", path)
  end
  local o = check.options("data.open", opt, known)
  local own, here = built_in[path], lfs.attributes(path, "mode")
  if own and not here then
    if o.split and o.split ~= "all" then return nil, ("%s: has no splits (take another seed)"):format(path) end
    return own.open(o)
  end
  if o.count or o.seed then
    return check.fail("data.open", "options count and seed are for the built-in sets, not for '%s'", path)
  end
  local format, message = format_of(without_slash(path))
  if not format then return nil, message end
  o.background = o.background or M.image.colour {}.accept(format.arrays and "black" or "white")
  local set
  if o.split == "all" then set, message = parts.open(format.open, path, o)
  else set, message = format.open(path, o) end
  if not set then return nil, message end
  if set.split and set.split ~= "all" and set.splits[2] then
    local rest = {}
    for _, name in ipairs(set.splits) do if name ~= set.split then rest[#rest + 1] = name end end
    table.insert(set.notes, 1, ("split %s (there is also %s)"):format(set.split, table.concat(rest, ", ")))
  end
  if own then
    table.insert(set.notes, 1, ("%s: the %s here, not the built-in set"):format(path,
      here == "directory" and "folder" or "file"))
  end
  return set
end
M.open = core.without_locale(M.open) -- names are compared, and small letters made of capitals

--- Tells whether two paths are one place: the same file or folder, however it is spelt, or the same built-in set.
-- Cannot fail.
-- @tparam string a  as `open` takes it
-- @tparam string b  the same
-- @treturn boolean
function M.same_place(a, b)
  local p, q = lfs.attributes(a), lfs.attributes(b)
  if p and q then return p.dev == q.dev and p.ino == q.ino end
  return not p and not q and a == b
end

local train_test = require "gan.data.train_test"

--- Opens labelled images to train a classifier on, and others to test it on.
-- They are the split "train" of a path that has splits, and the first of "test", "val" and "eval" that has classes.
-- Elsewhere every tenth image, drawn at random by `seed`, is for the test.
-- @tparam string path  as for `open`
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.size  as for `open`, as the next ones are
-- @tparam[opt] integer opt.channels
-- @tparam[opt="crop"] string opt.fit
-- @tparam[opt] number|string|table opt.background
-- @tparam[opt=true] boolean opt.exif
-- @tparam[opt=false] boolean opt.stretch_range
-- @tparam[opt=false] boolean opt.skip_bad
-- @tparam[opt="2G"] integer|string opt.cache
-- @tparam[opt] integer opt.limit  so many images of each split, or of the whole
-- @tparam[opt=0] integer opt.seed  of the choice
-- @treturn Set  to train on
-- @treturn Set  to test on
-- @error as for `open`, or if the images have no classes
-- @raise if an option is unknown or impossible
function M.train_test(path, opt) return train_test(M.open, path, opt) end

local files = {"annotations", "classes", "geometry", "identity", "options", "set"} -- loaded on first use

return check.room("gan.data", M, files)
