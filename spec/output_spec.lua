-- Output that does not arrive, in real processes: pipes that nobody reads, full disks, closed descriptors, terminals
-- that close. Runs end saved, as after Ctrl-C; scripts write their files; nothing ends in a traceback.
local json = require "gan.file.json"
local lfs = require "lfs"
local safetensors = require "gan.file.safetensors"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local DCGAN = "experiments/dcgan.lua"
local SMALL = "--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 "
local LONG = SMALL .. "--steps 1000000 "
local dir

-- Runs a script, its standard output as the shell's words say; returns its exit code and its standard error.
local function run(file, words, output)
  os.execute(("{ OMP_WAIT_POLICY=passive '%s' %s %s; echo $? >%s/code; } 2>%s/err </dev/null %s"):format(
    script.lua(), file, words, dir, dir, output))
  return tonumber(temp.read(dir .. "/code")), temp.read(dir .. "/err")
end

local function saved_step(name)
  return assert(safetensors.load(("%s/%s/checkpoint_last.safetensors"):format(dir, name))).run.step
end

describe("output", function()
  setup(function()
    dir = temp.dir()
    local code, out, err = script.run(DCGAN, SMALL .. "--steps 3 --name whole --outdir " .. dir)
    assert(code == 0, out .. err)
  end)
  teardown(temp.clean)

  -- A run of a million steps ended, and goes on from what it saved.
  local function is_stopped(name, code, err, what)
    assert.equal(130, code, err)
    if what then
      assert.equal(("dcgan.lua: standard output: %s; stopped, all is saved in %s/%s\n"):format(what, dir, name), err)
    end
    local log = temp.read(("%s/%s/log.txt"):format(dir, name))
    local at = tonumber(log:match "\nstopped after step (%d+) of 1000000, all is saved; go on with: [^\n]+\n$")
    assert.equal(at, saved_step(name), log)
    assert.is_truthy(log:find("options (* not the default)", 1, true))
    local last
    for line in io.lines(("%s/%s/stats.jsonl"):format(dir, name)) do last = json.decode(line) end
    assert.equal(at, last.step)
    local out
    code, out, err = script.run(DCGAN, ("--resume %s/%s --steps %d"):format(dir, name, at + 1))
    assert.equal(0, code, err)
    assert.is_truthy(out:find("goes on from step " .. at, 1, true), out)
  end

  it("into a pipe that is closed ends a run saved", function()
    local code, err = run(DCGAN, LONG .. "--snap 50 --name head --outdir " .. dir, "| head -1 >/dev/null")
    is_stopped("head", code, err, "Broken pipe")
    code, err = run(DCGAN, LONG .. "--snap 50 --name none --outdir " .. dir, "| true")
    is_stopped("none", code, err, "Broken pipe")
  end)

  it("on a full disk ends a run saved", function()
    if not lfs.attributes "/dev/full" then return end
    local code, err = run(DCGAN, LONG .. "--name full --outdir " .. dir, ">/dev/full")
    is_stopped("full", code, err, "No space left on device")
  end)

  it("is not needed by a run that ends", function()
    local bytes = temp.read(dir .. "/whole/checkpoint_last.safetensors")
    for name, output in pairs {closed = ">&-", both = ">&- 2>&-"} do
      local code, err = run(DCGAN, ("%s--steps 3 --name %s --outdir %s %s"):format(SMALL, name, dir, output), "")
      assert.equal(0, code, err)
      assert.is_true(bytes == temp.read(("%s/%s/checkpoint_last.safetensors"):format(dir, name)), output)
      assert.is_truthy(temp.read(("%s/%s/log.txt"):format(dir, name)):find "done: 3 steps[^\n]*\n$")
    end
  end)

  it("of a terminal that closes: SIGHUP ends a run saved", function()
    local p = script.start(DCGAN, LONG .. "--name hup --outdir " .. dir)
    while p.alive() and not lfs.attributes(dir .. "/hup/fakes_000010.png") do os.execute "sleep 0.02" end
    for _ = 1, 4 do p.kill "HUP" end -- the shell and the terminal may each send one
    is_stopped("hup", (p.wait()))
  end)

  it("of a run under nohup: SIGHUP changes nothing", function()
    local hang_up = [[
      package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
      package.cpath = (os.getenv "GAN_BUILD" or "build") .. "/?.so;" .. package.cpath
      require "gan.wait"
      local core = require "gan.core"
      local catch = core.catch_interrupt
      function core.catch_interrupt(on)
        catch(on)
        if on then os.execute "kill -HUP $PPID" end
      end]]
    for env, expected in pairs {[""] = 130, nohup = 0} do
      local words = ("%s--steps 3 --name nohup%d --outdir %s"):format(SMALL, expected, dir)
      local code, out = script.run(DCGAN, words, {env = env, chunk = hang_up})
      assert.equal(expected, code, out)
    end
  end)

  it("of a script that closes early or is full: its files are there, and no traceback", function()
    local run_of = "--run " .. dir .. "/whole "
    for _, case in ipairs {
      {"generate.lua", run_of .. "--seeds 1 --grid", "whole/generated.png"}, {"plot.lua", run_of, "whole/curves.svg"},
      {"explore.lua", run_of, "whole/explorer.html"}, {"atlas.lua", run_of .. "--steps 9", "whole/atlas.png"},
      {"compare.lua", ("%s/whole %s/closed"):format(dir, dir), "compare.html"},
      {"evaluate.lua", run_of .. "--n 16 --metrics nearest", "whole/nearest.png"},
      {"evaluate.lua", run_of .. "--n 16 --metrics nearest --json", "whole/nearest.png"},
      {"ablation.lua", "--group ksteps --seeds 1 --steps 2 --n 10 --jobs 1 --out " .. dir .. "/ab", "ab/ring.md"},
      {"classifier.lua", "--data shapes --size 16 --limit 64 --width 2 --epochs 1 --batch 32 --threads 1 --out "
        .. dir .. "/c.safetensors"},
    } do
      local name, words, file = table.unpack(case)
      for output, expected in pairs {["2>&1 | true"] = 130, [">/dev/full"] = name == "classifier.lua" and 130 or 1} do
        if file then temp.remove(dir .. "/" .. file) end
        local code, err = run("experiments/" .. name, words, output)
        assert.equal(expected, code, name .. output .. err)
        assert.is_nil(err:find "traceback", err)
        if file then assert.is_truthy(lfs.attributes(dir .. "/" .. file), name .. output) end
        if expected == 1 then
          assert.is_truthy(err:find(name .. ": standard output: ", 1, true), err)
        end
      end
    end
  end)
end)
