-- Keeps what random calls do to files inside one folder, and lets them start and end no process. Loaded before the
-- library, some of which keeps io.open and the like.
local core = require "gan.core"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local M = {
  dir = temp.quick_folder(), -- the folder
  shut = false,              -- whether also reading is fenced, and relative paths lie in the folder
}

local nowhere = assert(io.open("/dev/null", "w"))

local function is_inside(path)
  if type(path) ~= "string" then return true end -- it raises by itself
  if path:find "%.%." then return false end
  if path:sub(1, 1) == "/" then return (path .. "/"):sub(1, #M.dir + 1) == M.dir .. "/" end
  return M.shut
end

-- f, whose first arguments are paths, as many as are said. writes(...): whether it writes, if it is not always so.
local function fenced(f, paths, writes)
  return function(...)
    local is_writing = not writes or writes(...)
    for i = 1, paths do
      local path = select(i, ...)
      if (is_writing or M.shut) and not is_inside(path) then return nil, tostring(path) .. ": outside the fence" end
    end
    return f(...)
  end
end

local open = io.open
local function by_mode(_, mode) return type(mode) == "string" and mode:find "[wa+]" ~= nil end
local function never() return false end
os.remove, os.rename = fenced(os.remove, 1), fenced(os.rename, 2) -- luacheck: ignore
lfs.mkdir, lfs.rmdir, lfs.link, lfs.touch = fenced(lfs.mkdir, 1), fenced(lfs.rmdir, 1), fenced(lfs.link, 2),
  fenced(lfs.touch, 1)
io.open = fenced(io.open, 1, by_mode) -- luacheck: ignore
for name, f in pairs(core) do
  if type(name) == "string" and name:find "^file_" and type(f) == "function" then
    core[name] = fenced(f, name == "file_link" and 2 or 1, name == "file_open" and never or nil)
  end
end

local count = 0
function os.tmpname() -- luacheck: ignore
  count = count + 1
  local path = ("%s/t%d"):format(M.dir, count)
  assert(io.open(path, "w")):close()
  return path
end

local function refuse(what)
  return function() error(what, 2) end
end
M.exit, M.open = os.exit, open
os.exit, os.execute, io.popen = refuse "ends", refuse "no processes", refuse "no processes" -- luacheck: ignore

-- What is said goes nowhere; M.say says it.
local out = io.stdout
function M.say(...) out:write(...) end
io.stdout, io.stderr = nowhere, nowhere -- luacheck: ignore
io.output(nowhere)
function print() end -- luacheck: ignore

return M
