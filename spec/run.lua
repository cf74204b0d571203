-- Runs busted in this very interpreter (Debian's `busted` may start another Lua). One spec file, or busted's arguments: here. A folder: each
-- file in a process of its own, as many at a time as there are cores, and what failed is shown whole. A full collection walks everything
-- that lives, so one process for all of them would take three times as long.
local file = ... or "spec"
local lfs = require "lfs"
if not file:find "^%-" and not lfs.attributes(file) then
  io.stderr:write(("no such spec: %s\n"):format(file))
  os.exit(1)
end
if file:find "^%-" or lfs.attributes(file, "mode") ~= "directory" or select("#", ...) > 1 then
  require "busted.runner" {standalone = false}
  return
end

local function specs(folder, out)
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    if name:sub(1, 1) ~= "." and lfs.attributes(path, "mode") == "directory" then specs(path, out)
    elseif name:find "_spec%.lua$" then out[#out + 1] = path end
  end
  return out
end

-- The long ones first, so that none is left alone at the end: the registry, then whatever starts processes or trains.
local function rank(path) return path:find "registry" and 0 or path:find "experiments" and 1 or path:find "train" and 2 or 3 end
local list = specs(file, {})
table.sort(list, function(a, b)
  local ra, rb = rank(a), rank(b)
  if ra ~= rb then return ra < rb end
  return a < b
end)

local function read(path)
  local f = io.open(path, "rb")
  local text = f and f:read "a" or ""
  if f then f:close() end
  return text
end

local logs = os.tmpname()
os.remove(logs)
assert(lfs.mkdir(logs))
local lua, i = arg[-1], -1
while arg[i - 1] do i = i - 1 lua = arg[i] end
local names = assert(io.open(logs .. "/list", "w"))
for k, path in ipairs(list) do names:write(k, " ", path, "\n") end
names:close()
local one = ([['%s' spec/run.lua "$2" >'%s'/"$1" 2>&1; echo "$1"]]):format(lua, logs)
local cores = require("gan.core").cores()
local pipe = assert(io.popen(("xargs -P %d -n 2 sh -c '%s' sh <'%s/list'"):format(cores, one:gsub("'", [['\'']]), logs)))
local passed, failed, skipped = 0, 0, 0
for line in pipe:lines() do
  local path, text = list[math.tointeger(line)], read(logs .. "/" .. line)
  local p, f = text:match "(%d+) passed, (%d+) failed[^\n]*\n$"
  passed, failed = passed + (p or 0), failed + (f or 1) -- a process that died counts as one failure
  skipped = skipped + (text:match "failed, (%d+) skipped\n$" or 0)
  if f ~= "0" then io.write("\n", path, ":\n", text) end
  io.write(path, " ", p or "no result", "\n")
  io.flush()
  os.remove(logs .. "/" .. line)
end
pipe:close()
os.remove(logs .. "/list")
lfs.rmdir(logs)
io.write(("%d passed, %d failed%s\n"):format(passed, failed, skipped > 0 and (", %d skipped"):format(skipped) or ""))
os.exit(failed == 0 and passed > 0)
