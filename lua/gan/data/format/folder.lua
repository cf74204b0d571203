--- Reads a folder of pictures, nested at will; sub-folders are classes, `train` and its like splits.
-- @internal gan.data.format.folder
local budget = require "gan.file.budget"
local check = require "gan.check"
local core = require "gan.core"
local store = require "gan.data.store"
local stylegan = require "gan.data.stylegan"
local text = require "gan.file.text"
local tree = require "gan.data.tree"
local lfs = require "lfs"

local M = {text = "a folder of pictures"}

local HEAD = 64   -- bytes that tell what a file is

--- Tells whether a path is a folder; or a picture, to say that its folder is wanted.
function M.detect(_, head) return head == nil or tree.is_picture(head) end

local FILE = {mode = "file"}

local function peek(path)
  local f = io.open(path, "rb")
  if not f then return nil end
  local head = f:read(HEAD)
  f:close()
  return head or ""
end

-- The kinds of what is neither file nor folder, as lfs calls them.
local special = {
  ["named pipe"] = "pipe|", socket = "socket|", ["char device"] = "device|", ["block device"] = "device|",
}

local function id_of(a) return a.dev .. ":" .. a.ino end

-- The folder itself and those that it lies in: a link to one of them leads back up.
local function around(path)
  local seen, a = {}, lfs.attributes(path)
  while a and not seen[id_of(a)] do
    seen[id_of(a)] = true
    path = path .. "/.."
    a = lfs.attributes(path)
  end
  return seen
end

local walk

-- Walks a folder {name, id}, unless it has been met.
local function enter(t, path, folder, seen, links, bad)
  if seen[folder.id] then
    t:pass "link| to a folder that is there already"
  else
    seen[folder.id] = true
    t:folder(folder.name)
    walk(t, path, folder.name, seen, links, bad)
  end
end

-- Adds all below path/dir to the tree t. `seen` has the folders that were met, links: those that symbolic links lead
-- to, to be walked once every folder has been met by its own name; bad: {folder, message} of what cannot be opened.
function walk(t, path, dir, seen, links, bad)
  local here = dir == "." and path or path .. "/" .. dir
  local all, odd = core.folder(here) -- with 100,000 pictures in it, asking each file what it is takes long
  if not all then
    bad[#bad + 1] = {dir, ("%s: cannot open the folder (%s)"):format(dir, odd)}
    return
  end
  local names = {}
  for _, name in ipairs(all) do
    if not t:skips(name) then names[#names + 1] = name end
  end
  for _, name in ipairs(names) do
    local full = here .. "/" .. name
    local a = FILE
    if odd[name] then a = lfs.attributes(full) end
    local plain = a and a.mode == "file"
    if plain and not (name == stylegan.NAME and dir == ".") then
      t:add(dir, name, full, peek)
    elseif plain then
      local s, why = text.read(full, budget.JSON)
      t:labels(stylegan.read(s, why))
    elseif not a then
      t:pass(lfs.symlinkattributes(full) and "dangling link|" or "vanished file|")
    elseif a.mode == "directory" then
      local folder = {name = dir == "." and name or dir .. "/" .. name, id = id_of(a)}
      if lfs.symlinkattributes(full, "mode") == "link" then links[#links + 1] = folder
      else enter(t, path, folder, seen, links, bad) end
    else
      t:pass(special[a.mode] or a.mode)
    end
  end
end

--- Opens a folder; see gan.data.open. The order is by path, so that the same folder gives the same set. Hidden files
-- and what programs leave behind are passed over silently, everything else is counted in the notes.
function M.open(path, o)
  if lfs.attributes(path, "mode") == "file" then
    return nil, ("%s: a single picture (expected the folder it is in)"):format(path)
  end
  local t, bad, seen, links = tree.new(path), {}, around(path), {}
  local top = path:match "^(.-)/+$" or path
  walk(t, top, ".", seen, links, bad)
  local i = 1
  while links[i] do -- those that a linked folder has come behind
    enter(t, top, links[i], seen, links, bad)
    i = i + 1
  end
  if links[1] then t:sort() end
  if #bad > 0 and not o.skip_bad then
    return nil, store.list(("%s: %s cannot be read; --skip-bad leaves them out:"):format(
      path, check.count(#bad, "folder")), bad)
  end
  for _ = 1, #bad do t:pass "unreadable folder|" end
  local chosen, read = t:read(o)
  if not chosen then
    if t.file and not t.pictures[1] then read = read .. "; give the file itself: " .. t.file end
    return nil, read
  end
  return tree.set(chosen, read, o, {source = path, format = "folder"})
end

return M
