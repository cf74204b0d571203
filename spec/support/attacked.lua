-- Small runs for the attack (spec/torture): their commands, how they are started, and whether what they left is what a
-- run leaves that nobody disturbed.
local core = require "gan.core"
local json = require "gan.file.json"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local M = {}

local LIMIT = 60 -- seconds that a run of a quarter of a second may take, on a machine that does other things, too

local TINY = "--data shapes --limit 24 --size 16 --ngf 4 --ndf 4 --z 4 --batch 4 --steps 6 --snap 2"

--- The runs: name -> script and words. `before`: words of a run that was there first, and goes on; `source`: words of
-- another run that lies in DIR/source; `out`: no run, but one file.
M.runs = {
  plain = {"experiments/dcgan.lua", TINY},
  going_on = {"experiments/dcgan.lua", TINY, before = TINY:gsub("steps 6", "steps 4")},
  from = {"experiments/dcgan.lua", TINY .. " --seed 1 --freeze-d 1 --from DIR/source", source = TINY},
  conditional = {"experiments/cgan.lua", TINY},
  wgan_gp = {"experiments/wgan_gp.lua", TINY .. " --dsteps 2"},
  replay = {"experiments/replay.lua", TINY .. " --mirror"},
  own_net = {"experiments/own_net.lua", TINY},
  ring = {"experiments/ring.lua", "--batch 16 --steps 6 --snap 2 --ngf 4 --ndf 4"},
  blocks = {"experiments/hinge_sn.lua", TINY .. " --blocks 2 --gsteps 2"},
  metrics = {"experiments/dcgan.lua",
    TINY .. " --metrics kid,diversity --metrics-every 2 --metrics-n 16 --features pixels"},
  rollback = {"spec/support/failing_run.lua", TINY .. " --on-collapse rollback"},
  classifier = {"experiments/classifier.lua",
    "--data shapes --limit 24 --size 16 --width 2 --epochs 2 --batch 8 --net resnet", out = true},
}

--- Their names, sorted.
M.names = {}
for name in pairs(M.runs) do M.names[#M.names + 1] = name end
table.sort(M.names)

--- The words of a run whose directory is DIR/NAME.
function M.words(name, dir, before)
  local run = M.runs[name]
  local place = run.out and ("--out %s/%s/net.safetensors"):format(dir, name)
    or ("--outdir %s --name %s"):format(dir, name)
  return ("%s %s %s"):format(run[1], (before or run[2]):gsub("DIR", (dir:gsub("%%", "%%%%"))), place)
end

local function lua()
  local i = 0
  while arg[i - 1] do i = i - 1 end
  return arg[i]
end

--- Runs a command with a time limit, its output in files.
-- @tparam string command as typed; LUA stands for the interpreter
-- @tparam[opt] table opt env: assignments; kill: seconds after which it is killed; out: file for its output
-- @treturn string "exit", "signal" or "hang"
-- @treturn integer exit code or signal
-- @treturn string what it wrote on its standard error
function M.execute(command, opt)
  opt = opt or {}
  local err = os.tmpname()
  local env = ("env OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive %s "):format(opt.env or "")
  -- In the foreground timeout does not kill itself with its group: it returns when the process is gone, and its lock.
  local limit = opt.kill and ("timeout --foreground -s KILL %.4f "):format(opt.kill)
    or ("timeout -k 5 %d "):format(LIMIT)
  local began = core.clock()
  local _, how, code = os.execute(("{ %s%s%s >%s 2>%s </dev/null; } 2>/dev/null"):format(limit, env,
    (command:gsub("%f[%w_]LUA%f[^%w_]", lua())), opt.out or "/dev/null", err))
  local text = temp.read(err)
  os.remove(err)
  if how == "exit" and code > 128 and code ~= 130 then how, code = "signal", code - 128 end -- 130: a run's own
  if not opt.kill and core.clock() - began >= LIMIT then how = "hang" end
  return how, code, text
end

--- Runs a small run to its end or its death: M.execute's results.
-- @tparam string name of the run
-- @tparam string dir where its directory lies
-- @tparam[opt] table opt of execute; tracer: what stands before the interpreter; threads; before: other words
function M.start(name, dir, opt)
  opt = opt or {}
  local words = M.words(name, dir, opt.before)
  return M.execute(("%s LUA %s --threads %d"):format(opt.tracer or "", words, opt.threads or 1), opt)
end

local function must_end_well(name, ...)
  local how, code, err = ...
  if how ~= "exit" or code ~= 0 then error(("%s: %s %d: %s"):format(name, how, code, err)) end
end

--- Puts a run's directory into the state in which the attack finds it: none, or what a first run left.
function M.prepare(name, dir)
  local run, path, kept = M.runs[name], dir .. "/" .. name, dir .. "/before_" .. name
  M.remove(name, dir)
  if run.out then return lfs.mkdir(path) end
  if run.source and not lfs.attributes(dir .. "/source", "mode") then
    must_end_well(name, M.execute(("LUA %s %s --outdir %s --name source --threads 1"):format(run[1], run.source, dir)))
  end
  if not run.before then return end
  if not run.made then -- once in a process: the library may have changed
    must_end_well(name, M.start(name, dir, {before = run.before}))
    M.remove("before_" .. name, dir)
    os.rename(path, kept)
    run.made = true
  end
  os.execute(("cp -Rp %s %s"):format(kept, path))
end

-- What differs between two runs that nobody disturbed: clocks, memory, how long the command was to be that trained.
local varying = {seconds = true, eta = true, images_per_second = true, memory = true, total = true}

local function plain(v)
  if type(v) ~= "table" then return tostring(v) end
  local names = {}
  for k in pairs(v) do if not varying[k] then names[#names + 1] = k end end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for i, k in ipairs(names) do names[i] = ("%s=%s"):format(k, plain(v[k])) end
  return "{" .. table.concat(names, ",") .. "}"
end

-- The status lines of a log without clocks, speed, memory and the length of the run.
local function status_lines(log)
  local list = {}
  for line in log:gmatch "[^\n]+" do
    if line:find "^step %d+/" then
      list[#list + 1] = line:gsub("%d+:%d%d:%d%d", ""):gsub(" eta ", ""):gsub("%d+ img/s", ""):gsub("%d+%.%d+ GB", "")
        :gsub("^(step %d+)/%d+", "%1"):gsub(" +", " ")
    end
  end
  return table.concat(list, "\n")
end

-- A file as far as it is the same in every run; nil for what is not looked at.
local function content(path, name)
  if name == ".lock" then return nil end
  local bytes = temp.read(path)
  if name == "log.txt" then return status_lines(bytes) end
  if name == "report.html" then -- whole, and of the end
    return ("%s %s"):format(bytes:match "<title>[^<]*: (%l+)</title>", bytes:sub(-8))
  end
  if name:find "%.jsonl$" then
    local list = {}
    for line in bytes:gmatch "[^\n]*\n?" do
      local t = line:find "\n$" and json.decode(line)
      -- A notice tells of the attack: the last checkpoint could not be read, and the one before was taken.
      if type(t) ~= "table" or not t.notice then list[#list + 1] = t and plain(t) or line end
    end
    return table.concat(list, "\n")
  elseif name == "options.json" then
    local t = json.decode(bytes)
    if type(t) ~= "table" or type(t.options) ~= "table" then return bytes end
    t.options.threads = nil
    return plain(t)
  end
  return bytes
end

--- Returns what a run's directory holds: name -> content.
function M.holds(dir)
  local out = {}
  if lfs.attributes(dir, "mode") ~= "directory" then return out end
  for name in lfs.dir(dir) do
    if name ~= "." and name ~= ".." then out[name] = content(dir .. "/" .. name, name) end
  end
  return out
end

-- Tells whether a file is as it should be. A log may have lines twice, where a run went on from before them.
local function is_as(bytes, should, name)
  if name ~= "log.txt" then return bytes == should end
  for line in should:gmatch "[^\n]+" do if not (bytes .. "\n"):find(line .. "\n", 1, true) then return false end end
  return true
end

-- What tells of a run that it was stopped in between: a number more, for fewer steps, and a checkpoint more.
local of_a_stop = {["log.txt"] = true, ["stats.jsonl"] = true, ["checkpoint_previous.safetensors"] = true}

--- Compares what a directory holds with what it should: a text that says what is other, or nil.
-- @tparam table should of `holds`
-- @tparam string dir
-- @tparam[opt=false] boolean stopped the run was stopped in between, as by Ctrl-C, and could save
function M.difference(should, dir, stopped)
  local is, found = M.holds(dir), {}
  for name, bytes in pairs(should) do
    if is[name] == nil then found[#found + 1] = name .. " is missing"
    elseif not is_as(is[name], bytes, name) and not (stopped and of_a_stop[name]) then
      found[#found + 1] = name .. " differs"
    end
  end
  for name in pairs(is) do if should[name] == nil then found[#found + 1] = name .. " is left over" end end
  table.sort(found)
  return found[1] and table.concat(found, ", ") or nil
end

local undisturbed = {}

--- Returns what a run holds that nobody disturbed. It lay where those lie that are compared with it: paths are told.
function M.reference(name, dir)
  if not undisturbed[name] then
    M.prepare(name, dir)
    must_end_well(name, M.start(name, dir))
    undisturbed[name] = M.holds(dir .. "/" .. name)
    M.prepare(name, dir)
  end
  return undisturbed[name]
end

--- Removes a run's directory.
function M.remove(name, dir)
  local path = dir .. "/" .. name
  if lfs.attributes(path, "mode") then temp.remove(path) end
end

--- Runs a small run again to its end, and compares: nil, or a text that says what is wrong. opt: of `start`; stopped.
function M.goes_on(name, dir, opt)
  local should = M.reference(name, dir)
  local how, code, err = M.start(name, dir, opt)
  if how ~= "exit" or code ~= 0 then
    return ("the same command does not go on: %s %d: %s"):format(how, code, err:sub(1, 400))
  end
  return M.difference(should, dir .. "/" .. name, opt and opt.stopped)
end

local strace

--- Tells whether there is an strace that works here.
function M.has_strace()
  if strace == nil then
    strace = os.execute "strace -f -qq -o /dev/null -e trace=openat -e inject=openat:error=EIO:when=1000 true \z
      >/dev/null 2>&1" == true
  end
  return strace
end

return M
