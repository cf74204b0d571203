--- Reads a folder of PNG and JPEG pictures, nested at will; the sub-folders are the classes.
-- @internal gan.data.format.folder
local core = require "gan.core"
local set = require "gan.data.set"
local image = require "gan.data.image"
local lfs = require "lfs"

local M = {text = "a folder of PNG/JPEG"}

local LISTED = 20 -- unreadable pictures named one by one in an error

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

local function problem_list(path, problems, total)
  local lines = { ("%s: %d of %d pictures cannot be read:"):format(path, #problems, total) }
  for i = 1, math.min(#problems, LISTED) do lines[#lines + 1] = "  " .. problems[i] end
  if #problems > LISTED then lines[#lines + 1] = ("  and %d more"):format(#problems - LISTED) end
  return table.concat(lines, "\n")
end

-- Reads every file once, into one tensor. Where no channels are asked for it has colour if any picture has: grey ones
-- that came before the first with colour are widened.
-- Returns the images; the first picture, and one of another size, if there is one: {path, h, w}; what cannot be read.
local function read_all(files, o)
  local images, first, odd, problems, bg = nil, nil, nil, {}, o.background
  local function load(i, bytes) return core.image_load_(images, i, bytes, bg[1], bg[2], bg[3]) end
  for i, file in ipairs(files) do
    local bytes, problem = image.bytes(file.path)
    local h, w, c
    if bytes and not images then
      h, w, c = core.image_info(bytes)
      if h then images = core.full({#files, o.size or h, o.size or w, o.channels or (c >= 3 and 3 or 1)}, 0, "u8") end
    end
    if bytes and images then h, w, c = load(i, bytes) end
    if not h then
      problems[#problems + 1] = problem or ("%s: %s"):format(file.path, w)
    else
      if c >= 3 and not o.channels and core.size(images, 4) == 1 then
        images = core.cat({images, images, images}, 4)
        load(i, bytes)
      end
      first = first or {path = file.path, h = h, w = w}
      if h ~= first.h or w ~= first.w then odd = odd or {path = file.path, h = h, w = w} end
    end
  end
  return images, first, odd, problems
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
  local images, first, odd, problems = read_all(files, o)
  if odd and not o.size then
    return nil, ("%s: pictures differ in size (%s is %dx%d, %s is %dx%d); give --size"):format(
      path, first.path, first.h, first.w, odd.path, odd.h, odd.w)
  end
  if #problems > 0 then
    table.sort(problems)
    return nil, problem_list(path, problems, #files)
  end
  local labels, classes = classes_of(files)
  return set.new {images = images, labels = labels, classes = classes, source = path, format = "folder"}
end

return M
