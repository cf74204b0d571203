-- Runs the parts of the attack and shows what came of them. `make torture` calls it; README.md says what a part is.
--
--   lua5.4 spec/torture/run.lua MINUTES SEED [PARTS...]
--
-- The minutes are divided among the parts, of which as many run at a time as there are cores. What a part says goes to
-- build/torture/PART.log. The exit code is 1 if anything failed.
require "spec.support.part" -- finds the library
local core = require "gan.core"
local json = require "gan.file.json"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local HUNG = 4 -- minutes that a part may take beyond its share before it counts as hanging

local HERE, DIR = "spec/torture", "build/torture"

local minutes, seed = tonumber(arg[1] or 10), math.tointeger(tonumber(arg[2] or 0))
local wanted = table.concat({table.unpack(arg, 3)}, " ")

local function stop(message)
  io.stderr:write("torture: ", message, "\n")
  os.exit(1)
end
if not minutes or not seed then stop "expected minutes and a seed, both numbers" end

-- The parts there are: name -> `build`, the sanitizer whose build they run on, or nil.
local parts, names = {}, {}
for file in lfs.dir(HERE) do
  local name = file:match "^([%w_]+)%.lua$"
  if name and name ~= "run" then
    parts[name] = {name = name, build = temp.read(HERE .. "/" .. file):match "\n%-%- build: (%l+)"}
    names[#names + 1] = name
  end
end
table.sort(names)
local list = {}
for name in (wanted:find "%S" and wanted or table.concat(names, " ")):gmatch "%S+" do
  if not parts[name] then stop(("no part '%s': there are %s"):format(name, table.concat(names, ", "))) end
  list[#list + 1] = parts[name]
end

local function quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end
local function ok(command) return (os.execute(command)) == true end

for _, dir in ipairs {"build", DIR} do lfs.mkdir(dir) end

-- Makes the builds that parts need. Where the compiler has no such runtime, they are skipped.
local builds = {}
for _, p in ipairs(list) do
  local name = p.build
  if name and builds[name] == nil then
    local pipe = io.popen(("${CC:-cc} -print-file-name=lib%s.so"):format(name))
    local path = pipe:read "l"
    pipe:close()
    builds[name] = path and path:find "/" and "made" or "the compiler has no lib" .. name
    if builds[name] == "made" and not ok(("${MAKE:-make} --no-print-directory %s A=-v >%s/%s.log 2>&1"):format(name,
      DIR, name)) then
      stop(("`make %s` failed: %s/%s.log"):format(name, DIR, name))
    end
  end
end

local at_once = math.min(core.cores(), #list)
local share = minutes * at_once / #list
local lua, i = arg[-1], -1
while arg[i - 1] do
  i = i - 1
  lua = arg[i]
end

-- A shell script that runs the part of a number, and says "NUMBER begins", then "NUMBER CODE".
local cases, numbers = {}, {}
for k, p in ipairs(list) do
  p.log = ("%s/%s.log"):format(DIR, p.name)
  p.skipped = p.build and builds[p.build] ~= "made" and builds[p.build] or nil
  local words = ("%s/%s.lua %.2f %d"):format(HERE, p.name, share, seed)
  p.command = p.build and ('make %s A="%s"'):format(p.build, words) or "lua5.4 " .. words
  local command = p.build and ("${MAKE:-make} --no-print-directory %s A=%s"):format(p.build, quote(words))
    or quote(lua) .. " " .. words
  if not p.skipped then
    numbers[#numbers + 1] = k
    cases[#cases + 1] = ("%d) timeout -k 10 %d sh -c %s >%s 2>&1 ;;"):format(k, math.ceil(60 * (share + HUNG)),
      quote(command), p.log)
  end
end
local script = temp.write(DIR .. "/jobs.sh",
  ("echo $1 begins\ncase $1 in\n%s\nesac\necho $1 $?\n"):format(table.concat(cases, "\n")))

local function last_line(path)
  local line
  for l in temp.read(path):gmatch "[^\n]+" do line = l:find "^{" and l or line end
  return line and json.decode(line)
end

local MOST = 80 -- letters of a failure in the table

local function row(p)
  local r = p.result
  local first = r.first_failure and r.first_failure.what:gsub("%s+", " ") -- whole below the table
    or r.tried == 0 and "none tried: give it more minutes" or "none"
  return ("%-12s %8s %9s  %s"):format(p.name, p.skipped and "" or ("%d"):format(r.tried),
    p.skipped and "" or ("%d"):format(r.survived), p.skipped and "skipped: " .. p.skipped
      or #first > MOST and first:sub(1, MOST - 3) .. "..." or first)
end

local head = ("%-12s %8s %9s  %s"):format("part", "tried", "survived", "first failure")
io.write(("%d parts, %d at a time, %.1f minutes each, seed %d\n"):format(#list, at_once, share, seed))
local failed, began = false, {}
local pipe = assert(io.popen(("echo %s | xargs -P %d -n 1 sh %s"):format(quote(table.concat(numbers, " ")), at_once,
  script)))
for line in pipe:lines() do
  local k, word = line:match "^(%d+) (%w+)"
  local p = list[math.tointeger(k)]
  if word == "begins" then
    began[p] = core.clock()
    io.write(p.name, " begins\n")
  else
    local r = last_line(p.log)
    if type(r) ~= "table" or type(r.tried) ~= "number" or type(r.survived) ~= "number" then
      local why = word == "124" and "did not end in time" or word == "137" and "was killed"
        or "ended with code " .. word
      r = {tried = 1, survived = 0, first_failure = {what = ("the part %s; see %s"):format(why, p.log),
        command = p.command}}
    elseif word ~= "0" and r.tried == r.survived and not r.skipped then
      r.first_failure = r.first_failure or {what = "the part ended with code " .. word, command = p.command}
    end
    p.result, p.skipped = r, r.skipped
    io.write(("%s ends after %.1f minutes\n"):format(p.name, (core.clock() - began[p]) / 60))
  end
  io.flush()
end
pipe:close()
os.remove(script)

io.write("\n", head, "\n")
for _, p in ipairs(list) do io.write(row(p), "\n") end
for _, p in ipairs(list) do
  local first = p.result and p.result.first_failure
  if first then
    failed = true
    io.write(("\n%s: %s\n  again: %s\n  log: %s\n"):format(p.name, first.what, first.command, p.log))
  end
end
os.exit(not failed, true)
