-- Every system call of a small run is its last one, or fails: fresh, going on, with metrics, going back, a classifier.
-- After a failure the run has gone on, or ended with exit code 1 and one line: no traceback, no signal, no hang. Then
-- the same command, undisturbed, must leave what a run leaves that nobody disturbed (spec/support/attacked.lua).
--
-- What fails while a program or a module is loaded is the loader's business and Lua's, whose traceback may tell of it:
-- there only a signal or a hang counts. So is what fails in threads that ask for no file of the run.
-- Needs strace. Calls are counted in each thread by itself.
--
--   lua5.4 spec/torture/syscalls.lua MINUTES SEED                          all points, in the order of the seed
--   lua5.4 spec/torture/syscalls.lua MINUTES SEED plain [rename [SIGKILL]] those of one run, call, fault
--   lua5.4 spec/torture/syscalls.lua 1 0 plain write ENOSPC+ 17+           one: the 17th write and all after it
local part = require "spec.support.part"
local attacked = require "spec.support.attacked"
local temp = require "spec.support.temp"

local RUNS = {"plain", "going_on", "metrics", "rollback", "classifier"}

-- How calls fail. With a "+": that one and all after it. (brk returns what it could have: an error would make the C
-- library believe in a heap at the end of the address space.)
local errors = {
  openat = "EACCES EIO ENOMEM ENOSPC EINTR EMFILE EMFILE+", read = "EIO EINTR", pread64 = "EIO",
  write = "ENOSPC ENOSPC+ EIO EINTR", fsync = "EIO EIO+ ENOSPC EINTR", close = "EIO EINTR ENOSPC",
  rename = "EIO EACCES ENOSPC EACCES+", link = "EPERM EIO ENOSPC EPERM+", unlink = "EIO EACCES EACCES+",
  mkdir = "EACCES ENOSPC", mmap = "ENOMEM ENOMEM+", brk = "0 0+", mremap = "ENOMEM", mprotect = "ENOMEM",
  munmap = "EINVAL", madvise = "EINVAL", flock = "EINTR ENOLCK EWOULDBLOCK", clone3 = "EAGAIN ENOMEM EAGAIN+",
  getrandom = "EINTR EAGAIN ENOSYS+", ftruncate = "EIO", newfstatat = "EACCES EIO", getdents64 = "EIO", lseek = "EIO",
  fcntl = "EINVAL", ioctl = "EIO", pipe2 = "EMFILE", sysinfo = "EFAULT", readlink = "EACCES", getcwd = "EACCES",
}

-- Calls that only ask: who is killed there is killed before the next one.
local asks = {getpid = true, getrusage = true, rt_sigaction = true, rt_sigprocmask = true, sysinfo = true}

local p = part.start "syscalls"
if not attacked.has_strace() then p:skip "there is no strace that may trace here" end

local STRACE = "strace -f -qq -o %s -e trace=%s" -- with --seccomp-bpf, strace 6.1 loses the signals

-- The system calls of a run: list of {name, `count` in the thread that has most of them, `own`: the number of a call of
-- the main thread -> true where it is the library's}.
local function calls_of(name)
  attacked.prepare(name, p.work)
  local path = p.work .. "/trace"
  local how, code, err = attacked.start(name, p.work, {
    tracer = STRACE:format(path, "'!futex,exit_group,exit,execve' -y")})
  if how ~= "exit" or code ~= 0 then error(("%s under strace: %s %d: %s"):format(name, how, code, err)) end
  local calls, main, loaded = {}, nil, false
  for line in io.lines(path) do
    local pid, call, words = line:match "^(%d+) +([%w_]+)%((.*)"
    if pid then
      main = main or pid
      loaded = loaded or words:find(p.work, 1, true)
      calls[call] = calls[call] or {name = call, count = 0, own = {}}
      local c = calls[call]
      c[pid] = (c[pid] or 0) + 1
      c.count = math.max(c.count, c[pid])
      c.own[c[pid]] = c.own[c[pid]] or pid == main and loaded and not words:find '%.lua[">]'
    end
  end
  os.remove(path)
  local list = {}
  for _, c in pairs(calls) do list[#list + 1] = c end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- One line for the user: "program: what", perhaps with a list below it.
local function is_one_line(err)
  return err:find "^[%w_.]+: [^\n]+\n" and not err:gsub("\n  [^\n]*", ""):find "\n." and not err:find "traceback"
    and not err:find "%.lua:%d+:"
end

-- A module that is loaded when it is first used may fail to be, as at the start.
local function is_loading(err) return err:find "module '[%w_.]+' not found" end

local GONE = 130 -- the exit code of a run whose console is gone: all is saved

local killed, alive = 0, 0
local sound = {} -- states of a directory from which the run goes on

-- All that lies in a run's directory, as it is.
local function state(name)
  local path, out = p.work .. "/" .. name, {}
  if os.rename(path, path) then
    for _, file in ipairs(temp.list(path)) do out[#out + 1] = file .. "\0" .. temp.read(path .. "/" .. file) end
  end
  return name .. "\0" .. table.concat(out, "\0")
end

-- Tries one point: nil, or a text that says what is wrong.
local function attack(name, call, fault, at, own)
  attacked.reference(name, p.work)
  attacked.prepare(name, p.work)
  local kill = fault == "SIGKILL"
  local kind = kill and "signal" or fault:find "^%d" and "retval" or "error"
  local rule = ("%s:%s=%s:when=%s"):format(call, kind, fault:gsub("%+$", ""), at)
  local how, code, err = attacked.start(name, p.work, {
    tracer = STRACE:format("/dev/null", call) .. " -e inject=" .. rule, threads = 1})
  if how == "hang" then return "hangs" end
  if kill then
    if how == "signal" then killed = killed + 1 else alive = alive + 1 end
    if how == "exit" and code ~= 0 then return ("ended with code %d: %s"):format(code, err) end
  elseif how == "signal" then return ("died of signal %d"):format(code)
  elseif own and code ~= 0 and not (code == 1 and (is_one_line(err) or is_loading(err))
    or call == "write" and (err == "" or code == GONE and is_one_line(err))) then
    return ("ended with code %d and said: %s"):format(code, err:sub(1, 600))
  end
  local s = state(name)
  if sound[s] then return nil end
  local wrong = attacked.goes_on(name, p.work, {stopped = code == GONE})
  if not wrong then sound[s] = true end
  return wrong and wrong .. (not kill and err ~= "" and "; it had said: " .. err:sub(1, 300) or "")
end

local function try(name, call, fault, at, own)
  local wrong = attack(name, call, fault, at, own)
  p:count(not wrong, ("%s, %s %s: %s: %s"):format(name, call, at, fault, wrong),
    ("lua5.4 spec/torture/syscalls.lua 1 0 %s %s %s %s"):format(name, call, fault, at))
  if wrong then p:save(name) end
end

if p.words[4] then
  local name, call, fault, at = table.unpack(p.words)
  local own = true
  for _, c in ipairs(calls_of(name)) do
    if c.name == call then own = c.own[tonumber(at:match "%d+")] end
  end
  try(name, call, fault, at, own)
  p:finish()
end

-- First what the library calls, then what happens before there is one.
local own, early = {}, {}
local run, call, fault = table.unpack(p.words)
for _, name in ipairs(run and {run} or RUNS) do
  for _, c in ipairs(calls_of(name)) do
    for n = 1, (not call or call == c.name) and c.count or 0 do
      for f in ((asks[c.name] and "" or "SIGKILL ") .. (errors[c.name] or "")):gmatch "%S+" do
        local points = c.own[n] and own or early
        if not fault or fault == f then
          points[#points + 1] = {name, c.name, f, n .. (f:match "%+$" or ""), c.own[n]}
        end
      end
    end
  end
end
local function shuffle(list)
  for i = #list, 2, -1 do
    local k = math.random(i)
    list[i], list[k] = list[k], list[i]
  end
end
shuffle(own)
shuffle(early)
print(("%d points, and %d before the library is loaded"):format(#own, #early))
table.move(early, 1, #early, #own + 1, own)
for i, point in ipairs(own) do
  if not p:goes_on() then
    print(("tried %d of %d points"):format(i - 1, #own))
    break
  end
  try(table.unpack(point, 1, 5))
end
-- The number of some calls varies by one or two: few runs go past their last one, unless strace does not do its work.
if alive > killed then
  p:count(false, ("%d runs were to be killed, and %d were"):format(alive + killed, killed), p:again(p.seed))
end
p:finish()
