--- Sorts out what lies in a folder or an archive: pictures, their splits and classes, and what is no picture.
-- @internal gan.data.tree
local classes = require "gan.data.classes"
local check = require "gan.check"
local core = require "gan.core"
local limit = require "gan.data.limit"
local set = require "gan.data.set"
local store = require "gan.data.store"

local M = {}

local LISTED = 20 -- folders that a note lists
local KINDS = 16  -- of files that a note counts one by one
local DOT = ("."):byte()
local DIM = 0.5   -- part of the range of 16 bits; below it a note says so

local function set_of(words)
  local out = {}
  for word in words:gmatch "%S+" do out[word] = true end
  return out
end

local pictures = set_of "png jpg jpeg jpe jfif webp gif tif tiff bmp ppm pgm pbm pnm"

-- Their content is not asked: some texts begin as pictures do.
local others = set_of [[txt csv tsv json jsonl xml html htm md yaml yml ini cfg log lua py sh m mat npy npz pkl pt pth
  ckpt safetensors h5 hdf5 db zip gz tgz bz2 xz tar 7z rar pdf doc docx xls xlsx mp4 mov avi mkv webm mp3 wav heic heif
  avif svg psd ico]]

-- What file managers, archivers and cameras leave behind, in small letters.
local junk = {["lost+found"] = true, ["system volume information"] = true, ["icon\r"] = true}
for word in ([[@eadir __macosx thumbs.db ehthumbs.db desktop.ini $recycle.bin recycler #recycle @recycle #snapshot
  __pycache__ lost.dir]]):gmatch "%S+" do junk[word] = true end

local split_of = {
  train = "train", training = "train", val = "val", valid = "val", validation = "val",
  test = "test", testing = "test", eval = "eval", evaluation = "eval",
}
local order = {"train", "val", "test", "eval"}

-- What pictures are by content (core.image_kind).
local kinds = {JPEG = true, PNG = true, WebP = true, GIF = true, TIFF = true, BMP = true, PNM = true}

--- Tells whether first bytes are a picture's. Cannot fail.
function M.is_picture(head) return kinds[core.image_kind(head)] or false end

local known = {} -- an extension as it is spelt -> in small letters; false: none, as it has no letter

local function extension_of(name)
  local extension = name:match ".%.(%w+)$"
  if not extension then return nil end
  local small = known[extension]
  if small == nil then
    small = extension:find "%a" and extension:lower() or false
    known[extension] = small
  end
  return small or nil
end

--- Tells whether a name is one that pictures have. Cannot fail.
function M.is_named(name) return pictures[extension_of(name)] or false end

-- Files that may be a set by themselves, or are told how to become one.
local sets = set_of [[npy npz zip gz tgz tar bz2 xz 7z rar h5 hdf5 mat mdb parquet arrow tfrecord pkl mp4 mov avi mkv
  webm]]

local methods = {}

--- Makes a collector. Cannot fail.
-- @tparam string path  of the folder or archive, for messages
-- @treturn Sorter
function M.new(path)
  return setmetatable({
    path = path, pictures = {}, passed = {}, folders = {}, full = {},
  }, {__index = methods})
end

--- Counts something that is passed over: an extension, or a thing. Cannot fail.
-- @function Sorter:pass
-- @tparam string what  ".heic", or "dangling link|", where "|" is the place of a plural's s
function methods:pass(what) self.passed[what] = (self.passed[what] or 0) + 1 end

--- Tells whether the name of a file or folder is one that no user gave: hidden, or a program's. Cannot fail.
-- A hidden picture is counted.
-- @function Sorter:skips
-- @tparam string name  without its folder
-- @treturn boolean
function methods:skips(name)
  local hidden = name:byte() == DOT
  if not hidden and pictures[extension_of(name)] then return false end -- no junk is called so
  if hidden and name:sub(2, 2) ~= "_" and pictures[extension_of(name)] then self:pass "hidden picture|" end
  return hidden or junk[name:lower()] or false
end

--- Adds a file: a picture, or what is passed over. Files come in the order of their names.
-- Cannot fail.
-- @function Sorter:add
-- @tparam string dir  its folder below the path, "cats/black"; "." is the top
-- @tparam string base  its name there, "a.png"
-- @tparam string path  of the file that it is, or lies in
-- @tparam function peek  f(path, ...) -> first bytes, or nil; asked where the extension does not say what it is
-- @param ...  any values for `peek`
-- @treturn table  the picture's entry, `path`, `name`, `dir` and `kind`; nil where it is none
function methods:add(dir, base, path, peek, ...)
  local extension = extension_of(base)
  if not pictures[extension] then
    if sets[extension] then self.file = self.file or path end
    local head = not others[extension] and peek(path, ...)
    if not (head and M.is_picture(head)) then
      self:pass(head == "" and "empty file|" or extension and "." .. extension
        or "file| without an extension")
      return nil
    end
  end
  local entry = {
    path = path, dir = dir, name = dir == "." and base or dir .. "/" .. base,
    kind = extension and "." .. extension or "file| without an extension",
  }
  self.pictures[#self.pictures + 1] = entry
  while dir and not self.full[dir] do
    self.full[dir] = true
    dir = dir:match "^(.*)/"
  end
  return entry
end

--- Returns what names are sorted by: the order in which folders are read, where all of `a` comes before `a-b` and
-- `a.png`, though `/` is a larger byte. Cannot fail.
-- @tparam string name  below the path
-- @treturn string
function M.key(name) return (name:gsub("/", "\0")) end

--- Puts the pictures in the order of their names. Cannot fail.
-- @function Sorter:sort
function methods:sort()
  local key = {}
  for _, entry in ipairs(self.pictures) do key[entry] = M.key(entry.name) end
  table.sort(self.pictures, function(a, b) return core.before(key[a], key[b]) end)
end

--- Adds a folder, which may turn out to have no picture. Cannot fail.
-- @function Sorter:folder
-- @tparam string name  below the path
function methods:folder(name) self.folders[#self.folders + 1] = name end

--- Takes labels that a file at the top gives: then folders are no classes. Cannot fail.
-- @function Sorter:labels
-- @tparam table given  of gan.data.stylegan
function methods:labels(given) self.given = given end

-- "2 .heic, 1 .txt, 3 dangling links": extensions first.
local function counts(t)
  local names, out = {}, {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names, function(a, b)
    local p, q = a:sub(1, 1) == ".", b:sub(1, 1) == "."
    if p ~= q then return p end
    return core.before(a, b)
  end)
  local rest = 0
  for i, name in ipairs(names) do
    if i > KINDS then rest = rest + t[name]
    else out[i] = ("%d %s"):format(t[name], (name:gsub("|", t[name] > 1 and "s" or ""))) end
  end
  if rest > 0 then out[#out + 1] = ("%d of other kinds"):format(rest) end
  local phone = t[".heic"] or t[".heif"] or t[".avif"]
  return table.concat(out, ", ") .. (phone and " (HEIC and AVIF: mogrify -format jpg FILES converts them)" or "")
end

local function listed(names, most)
  return check.shown(table.concat(names, ", ", 1, math.min(#names, most)) .. (#names > most and ", ..." or ""))
end

-- The parts: name -> folder, and their names in order; nil where there are none; or false and a message.
local function splits_of(self)
  local folder, names, twice = {}, {}, nil
  for dir in pairs(self.full) do
    local split = not dir:find "/" and split_of[dir:lower()]
    if split then
      if folder[split] then
        local a, b = folder[split], dir
        if core.before(b, a) then a, b = b, a end
        twice = ("%s: the folders %s and %s are both the split '%s'"):format(self.path, a, b, split)
      end
      folder[split] = dir
    end
  end
  for _, split in ipairs(order) do if folder[split] then names[#names + 1] = split end end
  if not folder.train or #names < 2 then return nil end
  if twice then return false, twice end
  return folder, names
end

-- Leaf folders without a picture.
local function empty_folders(self)
  local out, inner = {}, {}
  for _, name in ipairs(self.folders) do inner[name:match "^(.*)/" or "."] = true end
  for _, name in ipairs(self.folders) do
    if not self.full[name] and not inner[name] then out[#out + 1] = name end
  end
  return out
end

-- Folders at the top that are called as parts are, sorted; where there are no splits.
local function lone_splits(self)
  local out = {}
  for dir in pairs(self.full) do
    if not dir:find "/" and split_of[dir:lower()] then out[#out + 1] = dir end
  end
  core.sort(out)
  return out
end

-- A folder below which the parts lie that were looked for at the top.
local function splits_below(self)
  local only
  for dir in pairs(self.full) do
    if dir == "." or only and not dir:find "/" then return nil end
    if not dir:find "/" then only = dir end
  end
  local found = {}
  for dir in pairs(self.full) do
    local inner = dir:sub(1, #only + 1) == only .. "/" and dir:sub(#only + 2)
    if inner and split_of[inner:lower()] then found[split_of[inner:lower()]] = true end
  end
  return found.train and (found.val or found.test or found.eval) and only or nil
end

-- Deals the pictures to the splits: name -> list of entries, with `classes`, a list of names, and `flat`, whether all
-- lie in the split's own folder. Without splits there is one part, 1. The second result lists what is in no split.
local function parts_of(self, folder)
  local parts, count, stray = {}, {}, {}
  for _, entry in ipairs(self.pictures) do
    local name, class = 1, entry.dir
    if folder then
      local top, rest = entry.dir:match "^([^/]*)/?(.*)$"
      name, class = split_of[top:lower()], rest ~= "" and rest or "."
      if folder[name] ~= top then name, count[top] = nil, (count[top] or 0) + 1 end
    end
    if name then
      local part = parts[name] or {classes = {}, flat = true}
      parts[name] = part
      part[#part + 1], part.classes[#part + 1], part.flat = entry, class, part.flat and class == "."
    end
  end
  for top, n in pairs(count) do
    stray[#stray + 1] = ("%d in %s"):format(n, top == "." and "the folder itself" or top)
  end
  core.sort(stray)
  return parts, stray
end

-- The names of all classes, whichever part has them, in their order.
local function classes_of(parts)
  local names, there = {}, {}
  for _, part in pairs(parts) do
    for _, class in ipairs(part.flat and {} or part.classes) do
      if not there[class] then there[class], names[#names + 1] = true, class end
    end
  end
  classes.sort(names)
  return names
end

--- Chooses the pictures that are opened: those of a split, where there are splits, and so many as are wanted.
--
-- `train` with `val`, `test` or `eval` directly below the path are splits; so are valid, validation, training, testing
-- and evaluation, and capital letters. A class is a folder that has pictures in it, named by its path below the path or
-- split; "." is the top. All splits count the same classes, so that labels agree; pictures in one folder have none.
-- @function Sorter:choose
-- @tparam table o  checked options of gan.data.open: `split`, `limit`
-- @treturn table  `entries`, a list; `labels`, a list of integers, and `classes`, or nil; `attributes`, a list of
--   vectors, or nil; `split`, `splits`, `notes`,
--   `passed`: for `set`
-- @error if there is no picture, or no such split
function methods:choose(o)
  if #self.pictures == 0 then
    return nil, ("%s: no pictures in it (%s)"):format(self.path,
      next(self.passed) and "it holds " .. counts(self.passed) or "it is empty")
  end
  local folder, splits = splits_of(self)
  if folder == false then return nil, splits end
  if not folder and o.split then
    return nil, ("%s: has no splits (train beside val, test or eval in it)"):format(self.path)
  end
  local split = folder and (o.split or "train")
  if folder and not folder[split] then
    return nil, ("%s: no split '%s' in it (there is: %s)"):format(self.path, split, table.concat(splits, ", "))
  end
  local parts, stray = parts_of(self, folder)
  local notes, empty = {}, empty_folders(self)
  if empty[1] then
    notes[1] = ("no picture in %s: no %s"):format(listed(empty, LISTED), empty[2] and "classes" or "class")
  end
  if folder then
    if stray[1] then notes[#notes + 1] = "pictures in no split, left out: " .. listed(stray, LISTED) end
  else
    local lone, below = lone_splits(self), splits_below(self)
    if lone[1] then
      local train = split_of[lone[1]:lower()] == "train"
      local are, them = "is no split", "it"
      if lone[2] then are, them = "are no splits", "them" end
      notes[#notes + 1] = ("%s %s: there is no %s beside %s"):format(table.concat(lone, ", "), are,
        train and "val, test or eval" or "train", them)
    elseif below then
      notes[#notes + 1] = ("train and its like are classes here; to have them as splits, give %s/%s"):format(
        self.path, below)
    end
  end
  local own, names = parts[split or 1], classes_of(parts)
  local all, vectors
  if self.given then
    local list = {}
    for i, entry in ipairs(own) do list[i] = entry.name end
    all, names, vectors = self.given.of(list, notes)
  elseif not own.flat and #names > 1 then
    local number = {}
    for i, name in ipairs(names) do number[name] = i - 1 end
    all = {}
    for i, class in ipairs(own.classes) do all[i] = number[class] end
  end
  local good, of_good = {}, (all or vectors) and {}
  for i, entry in ipairs(own) do
    if not entry.bad then
      good[#good + 1] = entry
      if of_good then of_good[#good] = (all or vectors)[i] end
    end
  end
  local entries, of = {}, {}
  for k, i in ipairs(limit.rows(#good, o.limit, all and of_good)) do
    entries[k] = good[i]
    if of_good then of[k] = of_good[i] end
  end
  local labels = all and of
  return {
    entries = entries, labels = labels, attributes = vectors and of, classes = labels and names, split = split,
    splits = splits or {}, notes = notes, passed = self.passed, rest = #good - #entries,
  }
end

--- Chooses pictures and reads them. Where some cannot be read that may be left out, others take their place, so that
-- there are as many as `limit` says if that many can be read.
-- @function Sorter:read
-- @tparam table o  checked options of gan.data.open
-- @tparam[opt] function place  f(entry) -> true, or nil and a message: says where a chosen picture lies
-- @treturn table  of `choose`
-- @treturn table  of gan.data.store
-- @error as `choose`, `place` and gan.data.store
function methods:read(o, place)
  local left_out = {}
  while true do
    local chosen, message = self:choose(o)
    if not chosen then return nil, message end
    for _, entry in ipairs(place and chosen.entries or {}) do
      local ok
      ok, message = place(entry)
      if not ok then return nil, message end
    end
    local read, bad
    read, message, bad = store.open(chosen.entries, o, self.path)
    bad = read and read.bad or bad or {}
    for _, b in ipairs(bad) do
      chosen.entries[b[1]].bad = true
      left_out[#left_out + 1] = b
    end
    if #bad == 0 or not o.skip_bad or chosen.rest == 0 then
      if read then read.bad = left_out
      elseif #left_out > #bad then message = store.none(self.path, left_out) end
      return read and chosen, read or message
    end
  end
end

local usual = set_of ".png .jpg .jpeg"

-- What was read and passed over: "9 .webp read; left out: 2 .heic, 3 dangling links"; nil where all is as usual.
local function tally(chosen, kept)
  local rare, parts = {}, {}
  for _, i in ipairs(kept) do
    local kind = chosen.entries[i].kind
    if not usual[kind] then rare[kind] = (rare[kind] or 0) + 1 end
  end
  if next(rare) then parts[1] = counts(rare) .. " read" end
  if next(chosen.passed) then parts[#parts + 1] = "left out: " .. counts(chosen.passed) end
  return parts[1] and table.concat(parts, "; ")
end

-- Adds what was done to the n pictures.
local function add_notes(notes, read, o, fields, n)
  local function note(fmt, ...) notes[#notes + 1] = fmt:format(...) end
  local function of_all(count)
    if n == 1 then return "the picture" end
    return (count == n and "all %d pictures" or "%d of %d pictures"):format(count, n)
  end
  if #read.bad > 0 then
    local line = ("%d of %s cannot be read, left out (--skip-bad):"):format(
      #read.bad, check.count(#read.bad + n, "picture"))
    notes[#notes + 1] = store.list(line, read.bad)
  end
  if read.turned > 0 then
    note("%s turned upright, as EXIF says (--no-exif leaves them as they are)", of_all(read.turned))
  end
  if read.enlarged > 0 then
    note("%s enlarged to %dx%d, which interpolates (--fit pad does not)",
      of_all(read.enlarged), o.size, o.size)
  end
  local part = read.range and ("%.0f %%"):format(100 * read.range)
  if part and o.stretch_range then
    note("16-bit pictures use %s of their range, which is stretched to all of it (--stretch-range)", part)
  elseif part and read.range < DIM then
    note("16-bit pictures use %s of their range: they are dark (--stretch-range makes the largest value white)", part)
  elseif o.stretch_range and not part then
    note "--stretch-range changes nothing: no picture has 16 bits"
  end
  notes[#notes + 1] = fields.labels and classes.without_images(fields.classes, fields.labels)
end

--- Makes the set of pictures that were chosen and read.
-- @tparam table chosen  of `choose`
-- @tparam table read  of gan.data.store
-- @tparam table o  checked options of gan.data.open
-- @tparam table fields  further ones for gan.data.set.new: `source`, `format`
-- @treturn Set
function M.set(chosen, read, o, fields)
  local labels, vectors = chosen.labels and {}, chosen.attributes and {}
  for k, i in ipairs(read.kept) do
    if labels then labels[k] = chosen.labels[i] end
    if vectors then vectors[k] = chosen.attributes[i] end
  end
  for _, name in ipairs {"classes", "split", "splits", "notes"} do fields[name] = chosen[name] end
  for _, name in ipairs {"images", "pictures", "crcs"} do fields[name] = read[name] end
  fields.labels = labels
  local counted = tally(chosen, read.kept)
  if counted then table.insert(fields.notes, 1, counted) end
  add_notes(fields.notes, read, o, fields, #read.kept)
  fields.labels = labels and core.tensor(labels, "i32")
  if vectors and vectors[1] then
    local names = {}
    for k = 1, #vectors[1] do names[k] = tostring(k - 1) end
    fields.attributes, fields.attribute_names = core.tensor(vectors), names
  end
  return set.new(fields)
end

return M
