--- Upsets the library's work in the middle: a debug hook that raises, closes, collects or calls again at any
-- instruction, finalizers that do so, coroutines that stop in callbacks and are dropped. In a process of its own:
-- `lua spec/support/upset.lua SEED COUNT LOG [PATTERN]`.
--
-- It ends with 0 if the process survives COUNT times and the library works afterwards as before: gradients, batches and
-- files are the same bytes; neither memory, descriptors nor threads are left. LOG says what was going on; PATTERN
-- restricts it to scenes that match. The last line is JSON: `tried`, `raised`, `kinds`.
local gan = require "gan"
local autograd = require "gan.autograd"
local core = require "gan.core"
local json = require "gan.file.json"
local lfs = require "lfs"
local temp = require "spec.support.temp"
local work = require "spec.support.work"

local seed, count, pattern = tonumber(arg[1]), tonumber(arg[2]), arg[4] or ""
local log = assert(io.open(arg[3], "w"))
math.randomseed(seed)
core.threads(2)
warn "@off" -- errors in finalizers
local random = math.random
local function pick(list) return list[random(#list)] end

local dir = temp.quick_folder()
local scenes = work.scenes(dir)
local function shut(scene) for _, f in ipairs(scene.close) do f() end end

-- ---- what upsets them ----

local raised = 0
local objects = {} -- scenes that finalizers reach for

-- A hook that acts at its call `at`.
local function hook(at, act)
  local n = 0
  return function()
    n = n + 1
    if n == at then
      debug.sethook()
      act()
    end
  end
end

-- Calls f with a hook. An error is no failure; it may come up to three times, also behind f's end.
local function hooked(f, h, events)
  local ok
  local function inner()
    debug.sethook(h, events, 1)
    ok = pcall(f)
    debug.sethook()
  end
  for _ = 1, 3 do
    local within = inner
    inner = function()
      pcall(within)
      debug.sethook()
    end
  end
  inner()
  if not ok then raised = raised + 1 end
end

local function length(f)
  local n = 0
  debug.sethook(function() n = n + 1 end, "", 1)
  pcall(f)
  debug.sethook()
  return n
end

-- Objects whose finalizers act when they are collected: in the middle of something.
local function litter(n, act)
  for _ = 1, n do setmetatable({}, {__gc = act}) end
end

local ways = {}

local function events() return pick {"", "", "l", "c", "r"} end

ways["hook raises"] = function(scene, n)
  hooked(scene.work, hook(random(n), function() error(pick {"from a hook", {}, false}, 0) end), events())
end
-- Also in what tidies up after the first error.
ways["hook raises twice"] = function(scene, n)
  local at, times = random(n), random(2, 3)
  hooked(scene.work, function()
    at = at - 1
    if at >= 0 then return end
    times = times - 1
    if times == 0 then debug.sethook() end
    error("from a hook", 0)
  end, "")
end
ways["hook closes"] = function(scene, n)
  hooked(scene.work, hook(random(n), function() shut(scene) end), events())
end
ways["hook calls again"] = function(scene, n)
  hooked(scene.work, hook(random(n), function() pcall(scene.work) end), events())
end
ways["hook collects"] = function(scene, n)
  litter(3, function() shut(scene) end)
  hooked(scene.work, hook(random(n), function() collectgarbage() end), events())
end
ways["hook yields"] = function(scene, n)
  local co = coroutine.create(scene.work)
  debug.sethook(co, hook(random(n), function() coroutine.yield() end), "", 1)
  coroutine.resume(co)
end
ways["finalizers act"] = function(scene)
  local other = pick(objects)
  local acts = {
    function() shut(scene) end,
    function() error "from a finalizer" end,
    function() if other then pcall(other.work) end end,
    function() gan.no_grad(function() return core.full({100}, 1) * 2 end) end,
    function() coroutine.wrap(function() gan.no_grad(coroutine.yield) end)() end,
  }
  local mode = random(3)
  if mode == 1 then collectgarbage "generational" elseif mode == 2 then collectgarbage("incremental", 10, 1000) end
  local steps, every = 0, random(400)
  hooked(scene.work, function()
    steps = steps + 1
    if steps % every == 0 and steps < 40 * every then litter(2, pick(acts)) end
  end, "")
  collectgarbage("incremental", 200, 100)
  collectgarbage()
end
-- Several at a time, in turns, some of which are left where they are or closed.
ways["coroutines take turns"] = function(scene)
  local all = {}
  for i = 1, random(2, 4) do
    local s = i == 1 and scene or scenes[pick(scenes)]()
    all[i] = {scene = s, co = coroutine.create(s.work)}
  end
  work.pause = function() if coroutine.isyieldable() then coroutine.yield() end end
  for _ = 1, random(60) do
    local c = pick(all)
    if coroutine.status(c.co) == "suspended" then
      local what = random(40)
      if what == 1 then coroutine.close(c.co)
      elseif what == 2 then shut(c.scene)
      elseif what == 3 then collectgarbage()
      else coroutine.resume(c.co) end
    end
  end
  work.pause = function() end
  for _, c in ipairs(all) do
    if random(2) == 1 then
      while coroutine.status(c.co) == "suspended" do coroutine.resume(c.co) end
    end
    shut(c.scene)
  end
end
-- In turns to the end: each gives the bytes that it gives alone.
ways["coroutines finish"] = function(scene, _, expected)
  local co = coroutine.create(scene.work)
  local other = scenes[pick(scenes)]()
  local beside = coroutine.create(other.work)
  work.pause = function() if coroutine.isyieldable() then coroutine.yield() end end
  local ok, result
  repeat
    ok, result = coroutine.resume(co)
    if random(2) == 1 and coroutine.status(beside) == "suspended" then coroutine.resume(beside) end
  until coroutine.status(co) == "dead"
  work.pause = function() end
  shut(other)
  assert(ok, result)
  assert(result == expected, "other bytes beside another coroutine")
end

-- ---- what must hold ----

local function entries(path)
  local n = 0
  if lfs.attributes(path, "mode") == "directory" then for _ in lfs.dir(path) do n = n + 1 end end
  return n
end

-- Descriptors, threads and files that there are.
local function held()
  for _ = 1, 3 do collectgarbage() end
  return {descriptors = entries "/proc/self/fd", threads = entries "/proc/self/task", files = entries(dir),
    live = core.memory().live}
end

local names, expected, lengths = {}, {}, {}
for name in pairs(scenes) do if name:find(pattern) then names[#names + 1] = name end end
table.sort(names)
for i, name in ipairs(names) do
  local make = scenes[name]
  scenes[i] = name -- for pick
  local s = make()
  expected[name] = s.work()
  shut(s)
  s = make()
  lengths[name] = length(s.work)
  shut(s)
end
local kinds = {}
for name in pairs(ways) do kinds[#kinds + 1] = name end
table.sort(kinds)

local function fail(i, what, message)
  io.write(("%d: %s: %s\n"):format(i, what, message))
  temp.remove(dir)
  os.exit(1)
end

local function check(i, what, name)
  if not autograd.is_recording() then fail(i, what, "nothing is recorded any more") end
  local s = scenes[name]()
  local ok, result = pcall(s.work)
  shut(s)
  if not ok then fail(i, what, "then work raises: " .. tostring(result)) end
  if result ~= expected[name] then fail(i, what, "then work gives other bytes") end
end

local at_first
local tally = {}
for i = 1, count do
  local name, kind = pick(names), pick(kinds)
  local what = ("%s: %s"):format(name, kind)
  log:seek "set"
  log:write(("%-80s\n"):format(("%d: %s"):format(i, what)))
  log:flush()
  local s = scenes[name]()
  objects[random(4)] = s
  local ok, message = pcall(ways[kind], s, lengths[name], expected[name])
  debug.sethook()
  work.pause = function() end
  if not ok then fail(i, what, tostring(message)) end
  shut(s)
  check(i, what, pick {name, pick(names)})
  tally[kind] = (tally[kind] or 0) + 1
  if i % 50 == 0 then
    objects = {}
    s = nil -- luacheck: ignore
    local now = held()
    at_first = at_first or now
    for k, v in pairs(now) do
      if v > at_first[k] + (k == "live" and 1 << 20 or 0) then
        fail(i, "of the last 50", ("%s: %d, at first %d"):format(k, v, at_first[k]))
      end
    end
  end
end
temp.remove(dir)
print(json.encode {tried = count, raised = raised, kinds = tally})
