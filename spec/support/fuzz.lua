--- Calls what a script can reach with random arguments, in a process of its own:
-- `lua spec/support/fuzz.lua SEED COUNT LOG SPEC,SPEC,... [PATTERN]`.
--
-- Arguments are made from those of calls that worked: of the cases of ops, and of the tests of specs, which run first.
-- The same seed makes the same calls; PATTERN restricts them to names that match. The first line of LOG is the call
-- that was running.
--
-- It ends with 0 if the process survives, no call takes 5 s or 300 MB, and tensor memory comes back. The last line is
-- JSON: `tried`, `returned`, `stopped` (loops that were asked to be long), `reached` and `missed`, public names.
local log = assert(io.open(arg[3], "w"))
local fence = require "spec.support.fence"
local recorded = require "spec.support.recorded"
local autograd = require "gan.autograd"
local core = require "gan.core"
local json = require "gan.file.json"
local lfs = require "lfs"
local maker = require "spec.support.cases"
local public = require "spec.support.public"
local rehearse = require "spec.support.rehearse"
local temp = require "spec.support.temp"
local values = require "spec.support.values"

local LONGEST, MOST = 5, 300 << 20 -- seconds and bytes that a call may take
local SHORT = 1000000              -- instructions of a test
local SPARE = 2 << 20              -- bytes of tensors for a call: refuses what would take seconds, as large data sets
local LEFT = 16 << 20              -- bytes of tensors that may be left beyond what specs and their arguments held
local PATIENCE, ROOM = 1, 60000    -- seconds, and KB of Lua's, at which a loop in Lua is stopped: it was asked for more

local seed, count, pattern = tonumber(arg[1]), tonumber(arg[2]), arg[5] or ""
math.randomseed(seed)
local random, pick, chance = math.random, values.pick, values.chance

-- ---- what is called ----

-- Not for random arguments: they change how the run itself works, or take their time to measure.
local skip = {}
for name in ([[core.memory_fail_after core.file_fail_after core.memory_limit core.library core.set_node
  core.picture_seconds core.catch_interrupt core.fma_peak gan.op gan.autograd.op
  gan.nn.walk.register]]):gmatch "%S+" do skip[name] = true end

recorded.modules()
for _, key in ipairs(public.order) do
  local f = public.public[key].value
  if type(f) == "function" then recorded.before(public.public[key].names[1], f) end
end
for _, v in ipairs {core.full({1}, 0), core.rng(1)} do recorded.look(v) end

local cases = {} -- ops that have some
for name, def in pairs(autograd.registry) do
  recorded.before("gan." .. name, def.call)
  if def.cases and name:find(pattern) then cases[#cases + 1] = {def = def, entry = recorded.entry(def.call)} end
end
table.sort(cases, function(a, b) return a.def.name < b.def.name end)

local chosen, considered = {}, 0

-- Names the entries that are new, and takes those that are wanted.
local function choose()
  for i = considered + 1, #recorded.entries do
    local e = recorded.entries[i]
    local place = public.place(e.f)
    local at = place and public.public[place]
    e.public = at or public.public[tostring(e.stand_in)] or public.public[tostring(e.f)]
    if e.public then
      e.name = e.public.names[1]
      e.manual = public.by_place[place or ""]
      for _, name in ipairs(e.public.names) do e.manual = e.manual or public.by_name[name] end
    end
    e.tried, e.came_back, e.number = 0, 0, i
    if not skip[e.name] and e.name:find(pattern) then chosen[#chosen + 1] = e end
  end
  considered = #recorded.entries
  table.sort(chosen, function(a, b)
    if a.name ~= b.name then return a.name < b.name end
    return a.number < b.number
  end)
end

-- ---- calls ----

local tried, returned, stopped = 0, 0, 0
local began, kilobytes

local function too_long()
  if os.clock() - began > PATIENCE or collectgarbage "count" > kilobytes + ROOM then
    stopped = stopped + 1
    error("too long", 0)
  end
end

local function keep(v)
  local kind = type(v)
  if core.is_tensor(v) then
    if core.numel(v) > 100000 then return end -- an expanded view: legal, and hours to read
    pcall(core.clone, v) -- reads all of it: a view beyond its memory shows
  end
  if kind == "userdata" or kind == "table" then values.pool[random(values.POOL)] = v end
end

local function fail(what, ...)
  fence.say(what:format(...), "\n")
  pcall(temp.remove, fence.dir)
  fence.exit(1)
end

local function shown(name, args)
  local list = {}
  for i = 1, args.n do
    local ok, text = pcall(values.describe, args[i])
    list[i] = ok and text or "?"
  end
  return ("%s(%s)"):format(name, table.concat(list, ", "))
end

-- In a coroutine, which may be left where it yields, or closed.
local function aside(f, ...)
  local co = coroutine.create(f)
  debug.sethook(co, too_long, "", 100000)
  local result = table.pack(coroutine.resume(co, ...))
  if coroutine.status(co) == "suspended" then
    local end_ = random(3)
    if end_ == 1 then coroutine.close(co) elseif end_ == 2 then coroutine.resume(co, values.any()) end
    return
  end
  if not result[1] then error(result[2], 0) end
  return table.unpack(result, 2, result.n)
end

local function call(step, e, f, args)
  log:seek("set", 0)
  log:write(("%d: %s\n"):format(step, shown(e.name, args)))
  log:flush()
  local before, highest = core.rss() -- the most so far may lie above, as memory was given back
  core.memory_limit(core.memory().live + SPARE)
  began, kilobytes = os.clock(), collectgarbage "count"
  debug.sethook(too_long, "", 100000)
  local result = chance(0.1) and table.pack(pcall(aside, f, table.unpack(args, 1, args.n)))
    or table.pack(pcall(f, table.unpack(args, 1, args.n)))
  debug.sethook()
  local took = os.clock() - began
  core.memory_limit(nil)
  local _, most = core.rss()
  tried, e.tried = tried + 1, e.tried + 1
  if took > LONGEST then fail("%d: %s took %.1f s", step, shown(e.name, args), took) end
  if most > highest and most - before > MOST then
    fail("%d: %s took %d MB", step, shown(e.name, args), (most - before) >> 20)
  end
  if not result[1] then return nil end
  returned, e.came_back = returned + 1, e.came_back + 1
  for i = 2, math.min(result.n, 4) do keep(result[i]) end
  return result[2]
end

local function case_of(def)
  local all = def.cases(maker(core, random(100)))
  local case, n = pick(all), 0
  for k in pairs(case) do if math.type(k) == "integer" and k > n then n = k end end
  local args = {n = n}
  for i = 1, n do args[i] = case[i] end
  return args
end

local function differentiate(step, y, args)
  local wrt = {}
  for i = 1, args.n do if core.is_tensor(args[i]) and core.node(args[i]) then wrt[#wrt + 1] = args[i] end end
  if #wrt == 0 or not core.is_tensor(y) or core.dtype(y) ~= "real" or core.numel(y) > 100000 then return end
  local ones = core.full(core.shape(y), 1)
  local o = {seed = chance(0.9) and ones or values.any(), create_graph = chance(0.3), allow_unused = true}
  call(step, recorded.entry(autograd.grad), autograd.grad, {n = 3, y, wrt, o})
end

-- An argument list for a function: near one that worked, or of the types in the manual; at times with another object of
-- its kind.
local function arguments(e)
  if #e.seeds > 0 and chance(0.95) then
    local args = values.near_arguments(pick(e.seeds))
    local kind = chance(0.02) and #recorded.objects > 0 and pick(recorded.objects)
    if kind then args[1], args.n = pick(kind), math.max(args.n, 1) end
    return args
  end
  local args = e.manual and chance(0.7) and values.typed_arguments(e.manual.params) or values.arguments()
  if e.name:find ":" then
    local kind = e.name:find "^Tensor:" and {values.tensor()} or #recorded.objects > 0 and pick(recorded.objects)
    table.insert(args, 1, kind and pick(kind) or false)
    args.n = args.n + 1
  end
  return args
end

local function one(step)
  if #cases > 0 and chance(0.2) then
    local case = pick(cases)
    local args = values.near_arguments(case_of(case.def))
    local y = call(step, case.entry, case.def.call, args)
    if y then differentiate(step, y, args) end
  elseif #chosen > 0 then
    local e
    for _ = 1, 4 do -- what has arguments that worked comes first
      e = pick(chosen)
      if #e.seeds > 0 then break end
    end
    call(step, e, e.f, arguments(e))
  end
  if chance(0.02) then core.threads(random(2)) end
end

-- ---- specs ----

local tests = {}

-- Runs a test, as far as a number of instructions: not of seconds, so that a seed makes the same calls.
local function run(test)
  recorded.on = true
  debug.sethook(function() error("too long", 0) end, "", SHORT)
  local ok, result = pcall(test)
  debug.sethook()
  recorded.on = false
  core.memory_fail_after(0)
  core.file_fail_after(0)
  core.threads(1)
  return ok and result
end

for path in arg[4]:gmatch "[^,]+" do
  for _, test in ipairs(rehearse.tests(path)) do
    if run(test) then tests[#tests + 1] = test end
  end
end

-- ---- the loop ----

choose()
fence.shut = true
local home = lfs.currentdir()
assert(lfs.chdir(fence.dir))
local clear = fence.open("/proc/self/clear_refs", "w") -- forgets the most that was resident
if clear then
  clear:write "5"
  clear:close()
end

local function live()
  for _ = 1, 3 do collectgarbage() end
  return core.memory().live
end
local before = live()
for step = 1, count do
  math.randomseed(seed, step) -- whatever specs drew meanwhile
  one(step)
  if step % 500 == 0 then
    values.pool = {}
    if #tests > 0 then
      fence.shut = false
      assert(lfs.chdir(home))
      for _ = 1, 2 do run(pick(tests)) end -- objects were closed, and files are gone
      assert(lfs.chdir(fence.dir))
      fence.shut = true
      choose()
    end
  end
end

local reached, missed = {}, {}
for _, e in ipairs(recorded.entries) do
  if e.public then
    if e.came_back > 0 then reached[#reached + 1] = e.name elseif e.tried > 0 then missed[#missed + 1] = e.name end
  end
  e.seeds = {}
end
for i = 1, #tests do tests[i] = nil end
values.pool, recorded.objects = {}, {}
local left = live()
if left > before + LEFT then fail("%d bytes of tensors are left, %d before", left, before) end
assert(lfs.chdir(home))
temp.remove(fence.dir)
fence.say(json.encode {
  tried = tried, returned = returned, stopped = stopped, functions = #chosen, left = left,
  reached = #reached > 0 and reached or json.list, missed = #missed > 0 and missed or json.list,
}, "\n")
