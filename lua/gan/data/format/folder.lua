--- Reads a folder of PNG and JPEG pictures, nested at will; the sub-folders are the classes.
-- @internal gan.data.format.folder
local core = require "gan.core"
local set = require "gan.data.set"
local store = require "gan.data.store"
local lfs = require "lfs"

local M = {text = "a folder of PNG/JPEG"}

local function begins_as_picture(head) return head:sub(1, 4) == "\x89PNG" or head:sub(1, 3) == "\xff\xd8\xff" end

--- Tells whether a path is a folder; or a picture, to say that its folder is wanted.
function M.detect(_, head) return head == nil or begins_as_picture(head) end

local function is_picture(path, name)
  local ext = name:lower():match "%.(%w+)$"
  if ext == "png" or ext == "jpg" or ext == "jpeg" then return true end
  local f = io.open(path, "rb")
  local head = f and f:read(8) or ""
  if f then f:close() end
  return begins_as_picture(head)
end

-- Collects {dir, path} of every picture below `path`; `seen` stops symbolic links that lead back up.
local function walk(path, dir, files, seen)
  local a = lfs.attributes(path)
  if not a then return true end
  local id = a.dev .. ":" .. a.ino
  if seen[id] then return true end
  seen[id] = true
  local ok, iterate, state = pcall(lfs.dir, path)
  if not ok then
    return nil, ("%s: cannot open (%s)"):format(path, (tostring(iterate):match "([^:]*)$":gsub("^ ", "")))
  end
  local names = {}
  for name in iterate, state do
    if name:sub(1, 1) ~= "." then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local full = path .. "/" .. name
    local mode = lfs.attributes(full, "mode")
    if mode == "directory" then
      local fine, message = walk(full, dir == "." and name or dir .. "/" .. name, files, seen)
      if not fine then return nil, message end
    elseif mode == "file" and is_picture(full, name) then
      files[#files + 1] = { dir = dir, path = full }
    end
  end
  return true
end

local function classes_of(files)
  local names, index = {}, {}
  for _, file in ipairs(files) do
    if not index[file.dir] then
      index[file.dir] = true
      names[#names + 1] = file.dir
    end
  end
  if #names < 2 then return nil end
  table.sort(names)
  for i, name in ipairs(names) do index[name] = i - 1 end
  local labels = {}
  for i, file in ipairs(files) do labels[i] = index[file.dir] end
  return core.tensor(labels, "i32"), names
end

--- Opens a folder; see gan.data.open. The class of a picture is its folder's path below `path` ("." for the top); with
-- all pictures in one folder there are no classes. Order: by path, so that the same folder gives the same set. Hidden
-- files and files that are no pictures are passed over.
function M.open(path, o)
  if lfs.attributes(path, "mode") == "file" then
    return nil, ("%s: a single picture (expected the folder it is in)"):format(path)
  end
  if o.split then return nil, ("%s: a folder of pictures has no splits (give the sub-folder)"):format(path) end
  local files = {}
  local ok, message = walk(path:match "^(.-)/+$" or path, ".", files, {})
  if not ok then return nil, message end
  if #files == 0 then return nil, ("%s: no PNG or JPEG pictures in it"):format(path) end
  for i = #files, (o.limit or #files) + 1, -1 do files[i] = nil end
  local read, problem = store.open(files, o, path)
  if not read then return nil, problem end
  local kept = {}
  for i, at in ipairs(read.kept) do kept[i] = files[at] end
  local labels, classes = classes_of(kept)
  return set.new {
    images = read.images, pictures = read.pictures, crcs = read.crcs, labels = labels, classes = classes, source = path,
    format = "folder",
  }
end

return M
