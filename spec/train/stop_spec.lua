-- Ends of programs; and that the library has no other one.
local core = require "gan.core"
local stop = require "gan.train.stop"
local inside = require "spec.support.inside"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local function sources(folder, out)
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    if name:sub(1, 1) ~= "." and lfs.attributes(path, "mode") == "directory" then sources(path, out)
    elseif name:find "%.lua$" then out[#out + 1] = path end
  end
  return out
end

describe("train.stop", function()
  it("ends a program with one line", function()
    local code, out, err = inside.call("x.lua", "", function() stop.failed("x.lua", "no %s\n here\nat all", "data") end)
    assert.same({1, "", "x.lua: no data here at all\n"}, {code, out, err})
    local list = "2 of 3 files:\n  a.png: HTML\n    b.png: text\n  and\nmore\n"
    err = select(3, inside.call("x.lua", "", function() stop.failed("x.lua", list) end))
    assert.equal("x.lua: 2 of 3 files:\n  a.png: HTML\n  b.png: text\n  and more \n", err)
    assert.same({130, "", ""}, {inside.call("x.lua", "", stop.interrupted)})
    assert.same({130, "", "x.lua: why\n"}, {inside.call("x.lua", "", stop.interrupted, "x.lua", "why")})
  end)

  it("gives scripts their three words", function()
    local must, over, finish = stop.script "x.lua"
    assert.same({7, nil, "b"}, {must(7, nil, "b")})
    local _, _, err = inside.call("x.lua", "", function() must(nil, "100% gone") end)
    assert.equal("x.lua: 100% gone\n", err)
    _, _, err = inside.call("x.lua", "", function() over("step %d", 3) end)
    assert.equal("x.lua: step 3\n", err)
    local flush = core.flush_output
    for _, case in ipairs {{0, "", true}, {1, "x.lua: full\n", nil, "full", false}, {130, "", nil, "unread", true}} do
      core.flush_output = function() return table.unpack(case, 3, 5) end
      local code, _, text = inside.call("x.lua", "", finish)
      assert.same({case[1], case[2]}, {code, text})
    end
    core.flush_output = flush
  end)

  it("ends a program in one line where memory runs out and nobody catches the error", function()
    local script = require "spec.support.script"
    local dir = temp.dir()
    local small = "--data fake --limit 16 --size 16 --ngf 2 --ndf 2 --z 4 --batch 8 --threads 1 --outdir " .. dir
    local from_start = "require 'gan' require 'gan.core'.memory_limit(200000)"
    local from_step = "require 'gan' local core = require 'gan.core' " -- an optimiser's, the first
      .. "local f = core.collect_step core.collect_step = function() core.memory_limit(1) f() end"
    assert.equal(0, (script.run("experiments/dcgan.lua", small .. " --steps 1 --name a")))
    local a = dir .. "/a"
    local keeps = "[^\n]*; " .. dir .. "/%s/checkpoint_last.safetensors keeps step %d"
    local cases = {
      {"dcgan", small .. " --steps 9 --name a", keeps:format("a", 1), from_step},
      {"wgan", small .. " --steps 1 --name b", keeps:format("b", 0), from_step},
      {"dcgan", small .. " --ngf 4000 --name c", "[^\n]*"},
      {"generate", "--run " .. a .. " --seeds 0-999 --grid", "[^\n]*"},
      {"evaluate", "--run " .. a .. " --n 1000 --metrics fid", "[^\n]*"},
      {"classifier", "--data fake --size 16 --limit 99 --out " .. dir .. "/c.safetensors", "[^\n]*"},
    }
    for _, case in ipairs(cases) do
      local name, words, rest, chunk = table.unpack(case)
      local code, _, err = script.run(("experiments/%s.lua"):format(name), words,
        {chunk = chunk or from_start})
      assert.equal(1, code, name .. err)
      assert.matches("^" .. name .. "%.lua: [%w_%. ]*: out of memory %(" .. rest .. "\n$", err)
    end
    for chunk, exit in pairs {["gan.zeros {9999}"] = 7, ["print(pcall(gan.zeros, {9999}))"] = 0,
        ["coroutine.resume(coroutine.create(gan.zeros), {9999})"] = 0} do
      local head = "gan = require 'gan' local core = require 'gan.core' core.memory_limit(9999) "
        .. "require('gan.train.stop').when_exhausted(function(m) os.exit(m:find ': out of memory' and 7 or 8) end) "
      assert.equal(exit, (script.run(temp.write(dir .. "/x.lua", head .. chunk), "")), chunk)
    end
    temp.clean()
  end)

  it("is the only place that ends a process, and prints only where a run speaks", function()
    local found = {}
    for _, path in ipairs(sources("lua/gan", {})) do
      local text = temp.read(path):gsub("%-%-[^\n]*", "")
      if text:find "os%.exit" then found[#found + 1] = path end
      if text:find "io%.stdout" or text:find "io%.stderr" or text:find "io%.write" then
        found[#found + 1] = "prints: " .. path
      end
    end
    table.sort(found)
    assert.same({"lua/gan/train/stop.lua", "prints: lua/gan/show/console.lua", "prints: lua/gan/train/stop.lua"}, found)
  end)

  describe("by signals", function()
    local script = require "spec.support.script"
    -- Steps that never end: in Lua, in a hook, in one call of C.
    local endless = {
      lua = "while true do end",
      hook = "debug.sethook(function() while true do end end, '', 1)",
      c = "local _ = (('a'):rep(1e5)):find(('a*'):rep(30) .. 'b')",
    }
    local dir
    setup(function() dir = temp.dir() end)
    teardown(temp.clean)

    -- Sends signals, with pauses in seconds, to a program in such a step: its exit code, nil if it goes on. Where it is
    -- to end, the last one comes again: to a process that has had no processor between two of them, both are one.
    local function sent(step, signals, within)
      local ready = dir .. "/ready"
      os.remove(ready)
      local p = script.start(temp.write(dir .. "/step.lua", ([[
        require "gan.wait"
        require "gan.core".catch_interrupt(true)
        io.open(%q, "w"):close()
        %s]]):format(ready, endless[step])), "")
      while not lfs.attributes(ready) do os.execute "sleep 0.01" end
      for _, signal in ipairs(signals) do
        if type(signal) == "number" then os.execute("sleep " .. signal)
        else p.kill(signal) end
      end
      for i = 1, (within or 5) * 100 do
        if not p.alive() then return (p.wait()) end
        if not within and i % 100 == 0 then p.kill(signals[#signals]) end
        os.execute "sleep 0.01"
      end
      p.kill "KILL"
      p.wait()
    end

    it("at the second one, whatever the step does", function()
      for step in pairs(endless) do assert.equal(130, sent(step, {"INT", 0.15, "INT"}), step) end
      assert.equal(143, sent("c", {"INT", "TERM"}))
      assert.equal(130, sent("lua", {"TERM", 0.15, "INT"}))
      assert.is_number(sent("lua", {"TERM", "INT"})) -- the system may turn them round
      assert.equal(143, sent("lua", {"TERM", "TERM", "TERM", 0.15, "TERM"}))
      assert.equal(143, sent("lua", {"HUP", "HUP", "TERM", 0.15, "TERM"}))
    end)

    it("not at the first, or at a terminal's hang-ups", function()
      assert.is_nil(sent("lua", {"TERM"}, 0.3))
      assert.is_nil(sent("lua", {"HUP", "HUP", "HUP", "INT"}, 0.3))
    end)
  end)
end)
