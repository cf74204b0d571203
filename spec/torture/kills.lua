-- Small runs are killed, at a random time or at a random system call, once or several times in a row. Then the same
-- command goes on, with one thread or two. It survived if the run ends and its directory holds, byte for byte, what a
-- run leaves that nobody killed: checkpoints, pictures, options, numbers, and nothing else.
--
--   lua5.4 spec/torture/kills.lua MINUTES SEED [N]       the N-th case alone
local part = require "spec.support.part"
local attacked = require "spec.support.attacked"
local core = require "gan.core"

local p = part.start "kills"
local only = math.tointeger(p.words[1])

-- Calls at which something is made, written or read, and so many as a small run has of them.
local calls = {openat = 400, write = 200, fsync = 20, rename = 12, close = 300, read = 400, unlink = 15, link = 4,
  mmap = 100, newfstatat = 200, munmap = 10, flock = 1, mkdir = 2}
local names = {}
for name in pairs(calls) do names[#names + 1] = name end
table.sort(names)

local seconds = {} -- that a run takes which nobody kills

-- How one life of a run ends: opt of attacked.start, and its description.
local function death(name)
  if attacked.has_strace() and math.random(2) == 1 then
    local call = names[math.random(#names)]
    local at = math.random(calls[call])
    local rule = ("%s:signal=SIGKILL:when=%d"):format(call, at)
    return {tracer = ("strace -f -qq -o /dev/null -e trace=%s -e inject=%s"):format(call, rule)},
      ("at %s %d"):format(call, at)
  end
  local after = math.random() * 1.1 * seconds[name]
  return {kill = after}, ("after %.3f s"):format(after)
end

local n = 0
while (p:goes_on() or only) and (not only or n < only) do
  n = n + 1
  math.randomseed(p.seed, n)
  local name = attacked.names[(n + p.seed) % #attacked.names + 1]
  if not only or n == only then
    if not seconds[name] then
      attacked.reference(name, p.work)
      local began = core.clock()
      attacked.goes_on(name, p.work)
      seconds[name] = core.clock() - began
    end
    attacked.prepare(name, p.work)
    local lives, told = math.random(3), {}
    for i = 1, lives do
      local opt, how = death(name)
      opt.threads = math.random(2)
      told[i] = how
      local ended, code, err = attacked.start(name, p.work, opt)
      if ended == "exit" and code ~= 0 then told[i] = ("%s, where it said: %s"):format(how, err) end
    end
    local wrong = attacked.goes_on(name, p.work, {threads = math.random(2)})
    p:count(not wrong, ("%s, killed %s: %s"):format(name, table.concat(told, ", "), wrong),
      ("lua5.4 spec/torture/kills.lua 1 %d %d"):format(p.seed, n))
    if wrong then p:save(name) end
  end
end
p:finish()
