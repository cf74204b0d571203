-- A directory of its own for one spec: local temp = require "spec.support.temp"; temp.dir(), temp.write(path, bytes),
-- temp.read(path).
local lfs = require "lfs"

local M = {}

local made = {}

local function remove(path)
  if lfs.symlinkattributes(path, "mode") == "directory" then
    for name in lfs.dir(path) do
      if name ~= "." and name ~= ".." then remove(path .. "/" .. name) end
    end
    lfs.rmdir(path)
  else
    os.remove(path)
  end
end

M.remove = remove

--- Makes a new empty directory, which the caller removes.
function M.folder()
  local path = os.tmpname()
  os.remove(path)
  assert(lfs.mkdir(path))
  return path
end

--- The same in memory, where that is to be had: for files by the hundred thousand.
function M.quick_folder()
  local path = os.tmpname()
  os.remove(path)
  local quick = path:gsub("^/tmp/", "/dev/shm/")
  if not lfs.mkdir(quick) then
    quick = path
    assert(lfs.mkdir(quick))
  end
  return quick
end

--- Makes a new empty directory, which M.clean() removes.
function M.dir()
  local path = M.folder()
  made[#made + 1] = path
  return path
end

function M.clean()
  while #made > 0 do remove(table.remove(made)) end
end

function M.write(path, bytes)
  os.remove(path) -- a new file costs nothing; cutting an old one makes some file systems wait for the disk
  local f = assert(io.open(path, "wb"))
  assert(f:write(bytes))
  f:close()
  return path
end

function M.read(path)
  local f = assert(io.open(path, "rb"))
  local bytes = f:read "a"
  f:close()
  return bytes
end

--- Returns the sorted names in a directory.
function M.list(path)
  local names = {}
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

return M
