-- A run speaks through its recorder alone: on disk, and in silence.
local gan = require "gan"
local core = require "gan.core"
local inside = require "spec.support.inside"
local lfs = require "lfs"
local temp = require "spec.support.temp"
local lines_of = require("gan.file.text").json_lines

local TINY = "--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 "
local dir

local function words(text)
  local list = {[0] = "test.lua"}
  for w in (TINY .. "--outdir " .. dir .. "/runs " .. text):gmatch "%S+" do list[#list + 1] = w end
  return list
end

-- Trains a DCGAN; returns its parameters as bytes, and the run.
local function train(text, recorder, hooks)
  local run = gan.train.run {recipe = "test", sizes = {16}, arg = words(text), recorder = recorder}
  local G, D = run:generator "dcgan", run:discriminator "dcgan"
  run:train {G = G, D = D, hooks = hooks}
  local bytes = {}
  for _, net in ipairs {G, D} do
    for _, p in ipairs((net:params())) do bytes[#bytes + 1] = core.to_bytes(p) end
  end
  return table.concat(bytes), run
end

describe("train.recorder", function()
  local silent = gan.train.recorder.silent
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  it("trains in silence, to the same bytes", function()
    local loud, quiet
    local code, out, err = inside.call("test.lua", "", function() loud = train "--steps 6 --snap 2 --name a" end)
    assert.same({0, ""}, {code, err})
    assert.is_truthy(out:find "done: 6 steps[^\n]*\n$")
    assert.is_nil(out:find "[\r\27]") -- no terminal, no live line
    assert.is_table(lfs.attributes(dir .. "/runs/a"))
    dir = temp.dir()
    local snapshots = 0
    code, out, err = inside.call("test.lua", "", function()
      quiet = train("--steps 6 --snap 2 --name a --metrics kid --features pixels --metrics-every 3", silent(),
        {on_snapshot = function() snapshots = snapshots + 1 end})
    end)
    assert.same({0, "", ""}, {code, out, err})
    assert.equal(0, snapshots)
    assert.same({}, temp.list(dir))
    assert.is_true(loud == quiet)
  end)

  -- What a run has recorded, without what its clock and its memory say.
  local function recorded(name)
    local list = {}
    for i, l in ipairs(lines_of(("%s/runs/%s/stats.jsonl"):format(dir, name))) do
      list[i] = l.value
      for _, clock in ipairs {"seconds", "eta", "images_per_second", "memory"} do list[i][clock] = nil end
    end
    return list
  end

  it("records means over every N steps, the same wherever a run was stopped or killed, or how fast it is", function()
    local how, seconds = "--steps 8 --snap 5 --log-every 3 --report none --seed 3 --name ", 0
    local clock, interrupted = core.clock, core.interrupted
    local function go(name, hooks) return inside.call("test.lua", "", function() train(how .. name, nil, hooks) end) end
    assert.equal(0, (go "whole"))
    local whole = recorded "whole"
    assert.same({3, 6, 8}, {whole[1].step, whole[2].step, whole[3].step})
    assert.is_nil(whole[4])
    local seen, sum = 0, 0 -- of the last three: a record has their mean
    rawset(core, "clock", function() seconds = seconds + 4 return clock() + seconds end)
    local slow, _, err = go("slow", {after_step = function(_, step, values)
      if step > 3 and step < 7 then seen, sum = seen + 1, sum + values.D end
    end})
    rawset(core, "clock", clock)
    assert.same({0, 3}, {slow, seen}, err)
    assert.same(whole, recorded "slow")
    assert.is_true(math.abs(sum / 3 - whole[2].D) < 1e-6)
    for at = 1, 7 do
      local asked = 0
      rawset(core, "interrupted", function() asked = asked + 1 return asked == at end)
      local code = go("stopped" .. at)
      rawset(core, "interrupted", interrupted)
      assert.equal(130, code)
      assert.equal(0, (go("stopped" .. at)))
      assert.same(whole, recorded("stopped" .. at))
    end
    assert.is_nil((go("killed", {after_step = function(_, step) if step == 7 then error "killed" end end})))
    assert.same({3, 6}, {recorded "killed"[1].step, recorded "killed"[2].step})
    collectgarbage() -- gives its lock back
    assert.equal(0, (go "killed")) -- from step 5
    assert.same(whole, recorded "killed")
  end)

  it("goes on in silence where a run on disk stands, and leaves it as it is", function()
    inside.call("test.lua", "", function() train "--steps 4 --name a" end)
    local last = dir .. "/runs/a/checkpoint_last.safetensors"
    local before = temp.read(last)
    local half = train("--steps 6 --name a", silent())
    assert.equal(before, temp.read(last))
    dir = temp.dir()
    assert.is_true(half == (train("--steps 6", silent())))
  end)

  it("raises in silence where a program would end", function()
    for text, what in pairs {
      ["--batc 3"] = "unknown option '--batc' (did you mean '--batch'?)",
      ["--batch 25"] = "--batch 25 is more than the data",
      ["--data no/such"] = "no/such",
      ["--on-collapse rollback"] = "--on-collapse rollback: there is nothing to go back to",
    } do
      local ok, message = pcall(train, text, silent())
      assert.is_false(ok)
      assert.is_truthy(message:find("train.run: ", 1, true) and message:find(what, 1, true), message)
    end
    local ok, message = pcall(train, "--steps 9 --snap 0", silent(), {
      after_step = function(_, step, values) if step == 3 then values.D = 0 / 0 end end})
    assert.is_false(ok)
    assert.matches("recorder_spec.lua:%d+: train.run: step 3: D is NaN; stopped %(a lower %-%-lr may help%)$", message)
    assert.same({}, temp.list(dir))
  end)

  it("ends a run whose data on disk change", function()
    local folder = dir .. "/data"
    lfs.mkdir(folder)
    local set = gan.data.shapes {count = 12, size = 16}
    for i = 1, 12 do gan.data.image.write(("%s/%d.png"):format(folder, i), set:image(i)) end
    local hooks = {after_step = function(_, step) if step == 5 then os.remove(folder .. "/7.png") end end}
    local text = ("--data %s --limit 12 --cache 1K --steps 20 --snap 2 --name a"):format(folder)
    local code, _, err = inside.call("test.lua", "", function() train(text, nil, hooks) end)
    assert.equal(1, code)
    local want = ("test.lua: %s/7.png has changed since the data were opened: cannot open (No such file or directory); "
      .. "%s/runs/a/checkpoint_last.safetensors keeps step "):format(folder, dir)
    assert.equal(want, err:sub(1, #want))
    assert.matches("^[468]\n$", err:sub(#want + 1)) -- it is in one of the next three batches
    gan.data.image.write(folder .. "/7.png", set:image(7))
    local memory = train(("--data %s --limit 12 --steps 6 --mirror"):format(folder), silent())
    assert.is_true(memory == train(("--data %s --limit 12 --steps 6 --mirror --cache 2K"):format(folder), silent()))
    code = inside.call("test.lua", "", function() train(text) end)
    assert.same({0, true}, {code, lfs.attributes(dir .. "/runs/a/snapshot_000020.safetensors") ~= nil})
  end)

  local STATUS = {step = 1, total = 2, seconds = 0, memory = 0, epoch = 0, D = 0.5, x = 0 / 0}
  local LINE = "step 1/2  0:00:00  D 0.500  x nan  epoch 0.00"

  -- What a recorder writes on a console that is a terminal, or is none.
  local function speak(terminal)
    local recorder = gan.train.recorder.disk "test.lua"
    recorder.console.terminal, recorder.dir = terminal, dir
    local _, out = inside.call("test.lua", "", function()
      recorder:say "before"
      recorder:open(0)
      recorder:say("%d%%", 50)
      recorder:record(STATUS)
      recorder:status(STATUS)
      recorder:open(0) -- after a rollback
      recorder:say "after 100%"
      recorder:close()
    end)
    return (out:gsub("%-?nan", "nan"))
  end

  it("writes lines on the console and in files, those from before there are any, too", function()
    assert.equal(("before\n50%%\n%s\nafter 100%%\n"):format(LINE), speak(false))
    assert.equal(speak(false):rep(2), (temp.read(dir .. "/log.txt"):gsub("%-?nan", "nan")))
    os.remove(dir .. "/log.txt")
    os.remove(dir .. "/stats.jsonl")
    assert.is_truthy(speak(true):find("50%\n\r" .. LINE, 1, true))
    assert.equal(("before\n50%%\n%s\nafter 100%%\n"):format(LINE), (temp.read(dir .. "/log.txt"):gsub("%-?nan", "nan")))
    assert.equal("", temp.read(dir .. "/stats.jsonl")) -- the second open went back to step 0
  end)

  it("keeps numbers as JSON lines, and goes back in them", function()
    local recorder = gan.train.recorder.disk "test.lua"
    recorder.dir = dir
    inside.call("test.lua", "", function()
      recorder:open(0)
      recorder:record(STATUS)
      recorder:record {step = 2, D = 1}
      recorder:record({step = 3, value = 4}, "fid")
      recorder:rewind(2, {"fid", "kid"})
      recorder:close()
    end)
    assert.equal('{"D":0.5,"epoch":0,"memory":0,"seconds":0,"step":1,"total":2,"x":null}\n{"D":1,"step":2}\n',
      temp.read(dir .. "/stats.jsonl"))
    assert.equal("", temp.read(dir .. "/metric-fid.jsonl"))
  end)

  it("ends the program where a file cannot be written", function()
    local recorder = gan.train.recorder.disk "test.lua"
    local code, _, err = inside.call("test.lua", "", function() recorder:must(nil, "runs/x: the disk is full") end)
    assert.same({1, "test.lua: runs/x: the disk is full\n"}, {code, err})
    assert.same({1, 2, 3}, {recorder:must(1, 2, 3)})
    recorder.dir = "no/such"
    code, _, err = inside.call("test.lua", "", function() recorder:record({step = 1}, "fid") end)
    assert.same({1, "test.lua: no/such/metric-fid.jsonl: No such file or directory\n"}, {code, err})
    local full = io.open("/dev/full", "a")
    if not full then return end
    recorder.dir, recorder.early, recorder.files = "runs/x", nil, {["log.txt"] = full}
    code, _, err = inside.call("test.lua", "", function() recorder:say "text" end)
    assert.same({1, "test.lua: runs/x/log.txt: cannot write: No space left on device\n"}, {code, err})
  end)
end)
