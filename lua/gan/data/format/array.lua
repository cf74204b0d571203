--- Reads NumPy's arrays of pictures, .npy and .npz: u8 (N,H,W), (N,H,W,C) or (N,C,H,W), C = 1 or 3.
--
-- In an archive the only such array is taken, else the one named images, x, data or arr_0. Labels are integers (N) or
-- (N,1), named labels, label, y or targets, or arr_1. Names such as x_train and x_test, or train_images, are splits.
-- @internal gan.data.format.array
local core = require "gan.core"
local check = require "gan.check"
local budget = require "gan.file.budget"
local limit = require "gan.data.limit"
local pixels = require "gan.data.pixels"
local npz = require "gan.file.npz"
local zip = require "gan.file.zip"

local M = {text = ".npy, .npz", arrays = true}

local CHUNK = 1 << 18 -- bytes of images taken at a time
local LARGEST = 16384 -- pixels a side
local MOST_LABEL = 65535

local splits = {"train", "val", "test", "eval"}
local words = { -- in a name -> split; before what they end with: eval, val
  {"validation", "val"}, {"valid", "val"}, {"train", "train"}, {"test", "test"}, {"eval", "eval"}, {"val", "val"},
}
local image_names = {"images", "image", "x", "data", "arr_0"}
local label_names = {"labels", "label", "y", "targets", "target", "arr_1"}

local function ends_npy(name) return name:find "%.npy$" ~= nil end

--- Tells whether a file is an array, or an archive of arrays.
function M.detect(path, head)
  if not head then return false end
  if head:sub(1, 6) == "\x93NUMPY" then return true end
  if head:sub(1, 4) ~= "PK\3\4" then return false end
  if path:lower():find "%.npz$" then return true end
  local n = #head >= 30 and ("<I2"):unpack(head, 27) or 0
  if n > 0 and 30 + n <= #head and not ends_npy(head:sub(31, 30 + n)) then return false end -- the first member's name
  local z = zip.open(path)
  if not z then return false end
  local all = #z.names > 0
  for _, name in ipairs(z.names) do all = all and ends_npy(name) end
  z:close()
  return all
end

-- What a name says: what it names, in small letters, and the split, or nil.
local function parse(name)
  name = name:lower()
  for _, w in ipairs(words) do
    local base = name:match("^" .. w[1] .. "_(.+)$") or name:match("^(.-)_?" .. w[1] .. "$")
    if base then return base == "" and "images" or base, w[2] end
  end
  return name
end

-- How an array's shape is read: {n =, height =, width =, channels =, planar =}; or nil, and why not.
local function picture_of(a)
  local s = a.shape
  local p
  if #s == 3 then
    if s[3] <= 4 then return nil, "a single picture?" end
    p = {n = s[1], height = s[2], width = s[3], channels = 1}
  elseif #s == 4 and (s[4] == 1 or s[4] == 3) then
    p = {n = s[1], height = s[2], width = s[3], channels = s[4]}
  elseif #s == 4 and (s[2] == 1 or s[2] == 3) then
    p = {n = s[1], height = s[3], width = s[4], channels = s[2], planar = true}
  else
    return nil, #s == 4 and s[4] == 4 and "four channels" or nil
  end
  if a.descr ~= "|u1" and a.descr ~= "<u1" then return nil, "not u8" end
  if p.n < 1 or p.height < 1 or p.width < 1 or p.height > LARGEST or p.width > LARGEST then return nil, "its size" end
  return p
end

-- The arrays of a file: a list of headers with name, base, split, picture and member; the archive, or nil; and notes.
-- Or nil, message.
local function arrays_of(path, head)
  local list, notes = {}, {}
  local function add(name, a, member)
    a.name, a.member = name, member
    a.base, a.split = parse(name)
    a.picture, a.why_not = picture_of(a)
    list[#list + 1] = a
  end
  if head ~= "PK\3\4" then
    local a, message = npz.header(path)
    if not a then return nil, message end
    add(path:match "([^/]*)$":gsub("%.npy$", ""), a)
    return list, nil, notes
  end
  local z, message = zip.open(path)
  if not z then return nil, message end
  if #z.names > budget.ARRAYS then
    z:close()
    return z:fail("%d members (of arrays at most %d are read)", #z.names, budget.ARRAYS)
  end
  for _, member in ipairs(z.names) do
    if ends_npy(member) then
      local a
      a, message = npz.header(path, z, member)
      if not a then
        z:close()
        return nil, message
      end
      add(member:sub(1, -5), a, member)
    else
      notes[#notes + 1] = ("'%s' is passed over: not an array (.npy)"):format(member)
    end
  end
  return list, z, notes
end

local function listed(list)
  local out = {}
  for i = 1, math.min(#list, 8) do
    out[i] = ("'%s' %s %s"):format(list[i].name, list[i].descr, check.shape_string(list[i].shape))
  end
  return table.concat(out, ", ") .. (#list > 8 and ", ..." or "")
end

-- What to do with arrays of which none is taken for pictures.
local function no_images(path, list)
  local how = ""
  for _, a in ipairs(list) do
    if #a.shape == 3 or #a.shape == 4 then
      local load = path:find "%.npz$" and ("np.load('%s')['%s']"):format(path, a.name) or ("np.load('%s')"):format(path)
      local save = ("python3 -c \"import numpy as np; x = %s; np.save('images.npy', "):format(load)
      if a.descr:find "[<>=]f" then
        how = "; of numbers in [0,1]: " .. save .. "(x * 255).round().astype('uint8'))\""
      elseif a.why_not == "not u8" then
        how = "; of integers in 0..255: " .. save .. "x.astype('uint8'))\""
      elseif a.why_not == "four channels" then
        how = "; of RGBA: " .. save .. "x[..., :3])\""
      elseif a.why_not == "a single picture?" then
        how = "; of one picture: " .. save .. "x[None])\""
      end
      if how ~= "" then break end
    end
  end
  return nil, ("%s: holds no images: %s (expected u8 (N,H,W), (N,H,W,C) or (N,C,H,W), C = 1 or 3%s)"):format(
    path, #list > 0 and listed(list) or "it is empty", how)
end

-- The array of a list with one of the names, in their order; or nil.
local function named(list, names)
  for _, name in ipairs(names) do
    for _, a in ipairs(list) do if a.base == name then return a end end
  end
  return nil
end

-- The array of images that is meant, its split, and the splits there are; or nil, message.
local function choose(path, list, split)
  local all, by_split, there = {}, {}, {}
  for _, a in ipairs(list) do
    if a.picture then
      all[#all + 1] = a
      by_split[a.split or ""] = by_split[a.split or ""] or {}
      table.insert(by_split[a.split or ""], a)
    end
  end
  if #all == 0 then return no_images(path, list) end
  for _, name in ipairs(splits) do if by_split[name] then there[#there + 1] = name end end
  if split and not by_split[split] then
    return nil, ("%s: no split '%s' in it (there is: %s)"):format(path, split,
      #there > 0 and table.concat(there, ", ") or "none")
  end
  if not split and not by_split[""] then split = by_split.train and "train" or there[1] end
  local some = by_split[split or ""]
  local images = #some == 1 and some[1] or named(some, image_names)
  if not images then
    return nil, ("%s: holds several arrays of images: %s (name one of them 'images')"):format(path, listed(some))
  end
  if images.picture.n > budget.IMAGES then
    return nil, ("%s: '%s' has %d images (of an array at most %d are read)"):format(path, images.name, images.picture.n,
      budget.IMAGES)
  end
  return images, split, there
end

-- The pictures of an array: a filler, or what gan.data.pixels left on disk; or nil, message. Bytes that lie in the file
-- as they are wanted are read piece by piece, others through a tensor.
local function load(path, z, a, p, o)
  local n = a.picture.n
  local record = p.height * p.width * p.channels
  local per = math.max(1, CHUNK // record)
  local at, how = 0, "stored"
  if z then
    local message
    at, message, how = z:place(a.member)
    if not at then return nil, message end
  end
  local next_bytes, finish
  if how == "stored" and not a.fortran then
    local found, message = pixels.on_disk(p, o, path, { {path = path, offset = at + a.start, count = n} })
    if found or message then return found, message end
  end
  if how == "stored" and not a.fortran then
    local file, message = core.file_open(path)
    if not file then return nil, message end
    local head
    local ok, why = file:seek(at)
    if ok then head, why = file:read(a.start) end
    if not head then
      file:close()
      return nil, why
    end
    local crc = core.crc32(head)
    next_bytes = function(_, count)
      local bytes, problem = file:read(count * record)
      if bytes then crc = core.crc32(bytes, crc) end
      return bytes, problem
    end
    finish = function(whole)
      file:close()
      if whole and z and crc ~= z.members[a.member].crc then
        return z:fail("member '%s' is damaged (its checksum differs)", a.member)
      end
      return true
    end
  else
    local t, message
    if z then t, message = npz.member(z, a.member) else t, message = npz.load_array(path) end
    if not t then return nil, message end
    next_bytes = function(done, count) return core.to_bytes(core.narrow(t, 1, done + 1, count)) end
    finish = function() return true end
  end
  local filler, done = pixels.new(p, o), 0
  while done < n and not filler:full() do
    local count = math.min(per, n - done)
    local bytes, message = next_bytes(done, count)
    if not bytes then
      finish()
      return nil, message
    end
    filler:add(bytes)
    done = done + count
  end
  local ok, message = finish(done == n)
  if not ok then return nil, message end
  return filler
end

-- The labels in the file for an array of images: a list, or nil where there are none; nil or a message; and the array
-- that is told of, or used.
local function labels_of(z, list, images, notes)
  local candidates, n = {}, images.picture.n
  for _, a in ipairs(list) do
    if a.split == images.split and not a.picture then candidates[#candidates + 1] = a end
  end
  local a = named(candidates, label_names)
  if not a then return nil end
  local s = a.shape
  if not a.descr:find "^[<|][iu][1248]$" or not a.width or not (#s == 1 or #s == 2 and s[2] == 1) then
    notes[#notes + 1] = ("'%s' %s %s is not used: no labels (expected integers (N): i1, i2, i4, i8 or u1, as "
      .. ".astype('int64') makes them)"):format(a.name, a.descr, check.shape_string(s))
    return nil, nil, a
  end
  if s[1] ~= n then
    return z:fail("'%s': %s, but '%s' has %s", a.name, check.count(s[1], "label"), images.name, check.count(n, "image"))
  end
  local t, message = npz.member(z, a.member)
  if not t then return nil, message end
  local labels = core.to_table(core.reshape(t, {n}))
  for i, y in ipairs(labels) do
    if y < 0 or y > MOST_LABEL then
      return z:fail("'%s': label %d of entry %d (expected 0 to %d)", a.name, y, i, MOST_LABEL)
    end
  end
  return labels, nil, a
end

local function read(path, z, list, notes, o)
  local images, split, there = choose(path, list, o.split)
  if not images then return nil, split end
  local p = images.picture
  if p.planar then
    notes[#notes + 1] = ("'%s' %s is read as (N,C,H,W)"):format(images.name, check.shape_string(images.shape))
  end
  local labels, message, told, classes
  if z then
    labels, message, told = labels_of(z, list, images, notes)
    if message then return nil, message end
  end
  for _, a in ipairs(list) do
    if a.why and a ~= told then
      notes[#notes + 1] = ("'%s' is passed over: %s"):format(a.name, a.why)
    elseif a.split == images.split and a ~= images and a ~= told then
      notes[#notes + 1] = ("'%s' %s %s is not used"):format(a.name, a.descr, check.shape_string(a.shape))
    end
  end
  if labels then
    local others = {}
    for _, name in ipairs(there) do
      local other = name ~= split and choose(path, list, name) -- what is wrong with it is told when it is opened
      others[#others + 1] = other and labels_of(z, list, other, {}) or nil
    end
    classes = pixels.classes(labels, others, notes)
  end
  local rows = limit.rows(p.n, o.limit, labels)
  local found
  found, message = load(path, z, images, {
    rows = rows, height = p.height, width = p.width, channels = p.channels, planar = p.planar and p.channels == 3,
  }, o)
  if not found then return nil, message end
  return pixels.set(found, {
    labels = labels, classes = classes, source = path, format = "NumPy", split = split, splits = there, notes = notes,
  })
end

--- Opens an array or an archive of arrays; see gan.data.open.
function M.open(path, o)
  local file, size = core.file_open(path)
  if not file then return nil, size end
  local head, message = file:read(math.min(size, 4))
  file:close()
  if not head then return nil, message end
  if head:sub(1, 2) == "\x1f\x8b" then return nil, path .. ": an array in gzip (unpack it: gunzip)" end
  local list, z, notes = arrays_of(path, head)
  if not list then return nil, z end
  local s
  s, message = read(path, z, list, notes, o)
  if z then z:close() end
  return s, message
end

return M
