-- Runs specs with busted in this very interpreter (Debian's `busted` may start another Lua).
--
--   lua5.4 spec/run.lua spec/nn/conv_spec.lua        one file: here
--   lua5.4 spec/run.lua spec/ops spec/nn_spec.lua    folders or several files: each file in a process of its own, as
--                                                    many at a time as there are cores; shows what failed whole
--   lua5.4 spec/run.lua --quick                      the same without the slow ones
--   lua5.4 spec/run.lua --filter=padding FILE        whatever else begins with a dash is for busted
--
-- A full collection walks everything that lives, so one process for all of them would take three times as long.
local lfs = require "lfs"
local paths = {...}
local quick = paths[1] == "--quick"
if quick then table.remove(paths, 1) end
if not paths[1] then paths[1] = "spec" end

local for_busted = paths[1]:find "^%-" ~= nil
for _, path in ipairs(for_busted and {} or paths) do
  if not lfs.attributes(path) then
    io.stderr:write(("no such spec: %s\n"):format(path))
    os.exit(1)
  end
end
require "gan.wait" -- as a program has it: the same products in all processes
if for_busted or not quick and #paths == 1 and lfs.attributes(paths[1], "mode") == "file" then
  require "busted.runner" {standalone = false}
  return
end

local core = require "gan.core"

-- Left out by --quick: what starts processes, trains for long, or fuzzes. The rest takes a minute on two cores.
local slow = {
  "^spec/experiments/", "^spec/install_spec", "^spec/fuzz_spec", "^spec/torture_spec", "^spec/game/ring_spec",
  "^spec/train/run_spec", "^spec/train/due_spec", "^spec/hostile_spec", "^spec/measure/training_spec",
}

local function is_slow(path)
  for _, pattern in ipairs(slow) do
    if path:find(pattern) then return true end
  end
  return false
end

local list, seen = {}, {}
local function collect(path)
  if lfs.attributes(path, "mode") == "directory" then
    for name in lfs.dir(path) do
      if name:find "_spec%.lua$" or name:find "^[^.]+$" then collect(path .. "/" .. name) end
    end
  elseif path:find "%.lua$" and not seen[path] and not (quick and is_slow(path)) then
    seen[path] = true
    list[#list + 1] = path
  end
end
for _, path in ipairs(paths) do collect((path:gsub("/+$", ""))) end

-- The long ones first, so that none is left alone at the end: the registry, then whatever starts processes or trains.
local function rank(path)
  return path:find "registry" and 0 or path:find "experiments" and 1 or path:find "train" and 2 or 3
end
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
while arg[i - 1] do
  i = i - 1
  lua = arg[i]
end
local names = assert(io.open(logs .. "/list", "w"))
for k, path in ipairs(list) do names:write(k, " ", path, "\n") end
names:close()
-- Each process says "NUMBER begins", then NUMBER.
local one = ([[echo "$1 begins"; '%s' spec/run.lua "$2" >'%s'/"$1" 2>&1; echo "$1"]]):format(lua, logs)
local all = ("xargs -P %d -n 2 sh -c '%s' sh <'%s/list'"):format(core.cores(), one:gsub("'", [['\'']]), logs)
local pipe = assert(io.popen(all))
local passed, failed, skipped, began = 0, 0, 0, {}
for line in pipe:lines() do
  local number, begins = line:match "^(%d+)(.*)$"
  local k = math.tointeger(number)
  if begins ~= "" then
    began[k] = core.clock()
  else
    local path, text = list[k], read(logs .. "/" .. k)
    local p, f = text:match "(%d+) passed, (%d+) failed[^\n]*\n$"
    passed, failed = passed + (p or 0), failed + (f or 1) -- a process that died counts as one failure
    skipped = skipped + (text:match "failed, (%d+) skipped\n$" or 0)
    if f ~= "0" then io.write("\n", path, ":\n", text) end
    io.write(("%s %s  %.1f s\n"):format(path, p or "no result", core.clock() - began[k]))
    io.flush()
    os.remove(logs .. "/" .. k)
  end
end
pipe:close()
os.remove(logs .. "/list")
lfs.rmdir(logs)
io.write(("%d passed, %d failed%s\n"):format(passed, failed, skipped > 0 and (", %d skipped"):format(skipped) or ""))
os.exit(failed == 0 and passed > 0)
