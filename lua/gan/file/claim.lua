--- Settles which of several processes gets a thing: a directory to write in, the next number of a folder.
-- @internal gan.file.claim
local budget = require "gan.file.budget"
local core = require "gan.core"
local json = require "gan.file.json"
local lfs = require "lfs"
local text = require "gan.file.text"

local M = {}

local EEXIST = 17

-- ---- locks ----

-- Tells processes of one number apart: when it started, in ticks since the machine did; nil where /proc does not say.
local function start_of(pid)
  local stat = text.read(("/proc/%d/stat"):format(pid))
  local fields, i = stat and stat:match ".*%)(.*)" or "", 2
  for field in fields:gmatch "%S+" do
    i = i + 1
    if i == 22 then return math.tointeger(field) end
  end
end

-- Says who we are. A container may share the host's name and have other process numbers: then the namespace differs.
local function own()
  local pid, host = core.process()
  local space = lfs.symlinkattributes("/proc/self/ns/pid", "target")
  return {pid = pid, host = host, space = space, start = start_of(pid)}
end

local function is_here(owner)
  local me = own()
  return owner.host == me.host and owner.space == me.space
end

local function is_gone(owner)
  return is_here(owner) and (not core.process_runs(owner.pid) or start_of(owner.pid) ~= owner.start)
end

local File = {}
File.__index = File

--- Gives the lock back. Closing twice does nothing, nor does it in a child made by fork(). Cannot fail.
function File:close()
  local held = self.held
  self.held = nil -- first: where this is called in the middle of itself, the file may be another's by now
  if held and core.process() == self.pid and text.read(self.path) == held then os.remove(self.path) end
end
File.__gc, File.__close = File.close, File.close

-- Removes the file of a process that is gone; one that took its place meanwhile is put back.
local function remove_stale(path, seen)
  local aside = core.file_temp(path)
  if not os.rename(path, aside) then return end
  if text.read(aside) ~= seen then lfs.link(aside, path) end
  os.remove(aside)
end

-- A lock that is a file: it names its process, so that one left behind is known on the machine that left it.
local function by_file(dir)
  local me = own()
  local path, held = dir .. "/.lock", json.encode(me) .. "\n"
  for _ = 1, 3 do
    local made, message = core.file_new(path, held)
    if made then return setmetatable({path = path, held = held, pid = me.pid}, File) end
    if made == nil then return nil, message end
    local seen = text.read(path, budget.SMALL)
    local owner = seen and json.decode(seen)
    if seen and not (type(owner) == "table" and math.type(owner.pid) == "integer") then
      return nil, ("%s: another process is taking this lock, or left it unfinished: then remove it"):format(path)
    end
    if seen and not is_gone(owner) then
      if is_here(owner) then return nil end
      return nil, ("%s: held by process %d on %s; if that has ended, remove this file"):format(path, owner.pid,
        tostring(owner.host))
    end
    if seen then remove_stale(path, seen) end
  end
  return nil
end

--- Locks a directory against other processes.
-- Where the file system has no locks (Lustre, some NFS and FUSE), or GAN_LOCK=file is in the environment, a file
-- `.lock` in the directory stands for one. What a process of this machine left behind is taken over.
-- @tparam string dir  its path
-- @treturn table  the lock, held until its `close`, or until the process ends
-- @treturn string  a warning where a file stands for the lock; else nil
-- @error if another process holds it: without a message where it runs on this machine
function M.lock(dir)
  local why = "GAN_LOCK=file"
  if os.getenv "GAN_LOCK" ~= "file" then
    local lock, message, missing = core.file_lock(dir)
    if not missing then return lock, message end
    why = message
  end
  local lock, message = by_file(dir)
  if not lock then return nil, message end
  return lock, ("%s: no lock of the file system (%s); the file .lock keeps other processes out"):format(dir, why)
end

-- ---- numbers ----

local HOUR = 3600 -- seconds, after which the process that made a mark did not live to use it

-- Removes the marks that processes which were killed have left: of numbers that are taken, whoever takes such a mark
-- goes on to the next; and those of long ago.
local function remove_marks(folder, is_taken)
  for _, name in ipairs(core.folder(folder) or {}) do
    local n = math.tointeger(name:match "^%.number%-(%d+)$")
    local mark = folder .. "/" .. name
    local made = n and lfs.attributes(mark, "modification")
    if made and (is_taken(n) or os.time() - made > HOUR) then lfs.rmdir(mark) end
  end
end

--- Takes the next number of a folder, which no other process gets.
-- @tparam string folder  where the numbered things are made; it must be there
-- @tparam function newest  () -> the largest number that is taken, -1 where none is
-- @tparam function is_taken  f(number) -> true if it is
-- @tparam function make  f(number) -> true, or nil and a message: makes the thing of this number
-- @treturn boolean  true
-- @error if nothing can be made there
function M.number(folder, newest, is_taken, make)
  local n = newest()
  while true do
    n = n + 1
    local mark = ("%s/.number-%d"):format(folder, n)
    local ok, message, code = lfs.mkdir(mark) -- one process alone succeeds
    if ok then
      local free = not is_taken(n)
      if free then ok, message = make(n) end
      lfs.rmdir(mark)
      if free then
        remove_marks(folder, is_taken)
        return ok, message
      end
    elseif code ~= EEXIST and not lfs.attributes(mark) then
      return nil, ("%s: cannot make a directory: %s"):format(folder, message)
    end
  end
end

--- Lists what is numbered in a folder: names such as "00041-demo", five digits at least. Cannot fail.
-- @tparam string folder  its path
-- @treturn table  list of {number =, name =}, highest number first; empty where there is no such folder
function M.numbered(folder)
  local list = {}
  for _, name in ipairs(text.names(folder) or {}) do
    local number = name:match "^(%d%d%d%d%d+)%-"
    if number then list[#list + 1] = {number = math.tointeger(number) or 0, name = name} end
  end
  table.sort(list, function(a, b) return a.number > b.number end)
  return list
end

--- Makes the folder of the next number in a folder, which no other process gets, whatever its label is.
-- @tparam string folder  where; it must be there
-- @tparam string label  what follows the number
-- @treturn string  path of the new one, such as "runs/00042-demo"
-- @error if it cannot be made
function M.next(folder, label)
  local path
  local function newest()
    local last = M.numbered(folder)[1]
    return last and last.number or -1
  end
  local function is_taken(n)
    for _, e in ipairs(M.numbered(folder)) do if e.number == n then return true end end
  end
  local ok, message = M.number(folder, newest, is_taken, function(n)
    path = ("%s/%05d-%s"):format(folder, n, label)
    return text.make_folder(path)
  end)
  if not ok then return nil, message end
  return path
end

return M
