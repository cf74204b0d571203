-- A run's event file: what is in it, and that no step is there twice, wherever the run was stopped or killed.
local core = require "gan.core"
local events = require "gan.show.events"
local gan = require "gan"
local inside = require "spec.support.inside"
local reported = require "spec.support.reported"
local script = require "spec.support.script"
local slow = require "spec.support.slow_events"
local temp = require "spec.support.temp"

local TINY = "--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --report none --steps 8 "
  .. "--snap 3 --metrics kid --features pixels --metrics-n 16 --metrics-every 4 "
local dir

local function train(words, hooks)
  local list = {[0] = "test.lua"}
  if not words:find "%-%-log%-every" then words = "--log-every 2 " .. words end
  for w in (TINY .. "--outdir " .. dir .. " " .. words):gmatch "%S+" do list[#list + 1] = w end
  return inside.call("test.lua", "", function()
    local run = gan.train.run {recipe = "test", sizes = {16}, arg = list}
    run:train {G = run:generator "dcgan", D = run:discriminator "dcgan", hooks = hooks}
  end)
end

-- What a run's file says, without clocks and memory: "step tag" -> value.
local function said(name)
  local path = ("%s/%s"):format(dir, name)
  local file = assert(events.find(path))
  local out, wall = {}, 0
  for i, e in ipairs(slow.read(temp.read(path .. "/" .. file))) do
    assert.equal(i == 1 and "brain.Event:2" or nil, e.version)
    assert.is_true(e.wall >= wall)
    wall = e.wall
    for _, v in ipairs(e.values) do
      local key = ("%d %s"):format(e.step, v[1])
      assert.is_nil(out[key], key .. " is there twice")
      local clock = v[1] == "other/memory" or v[1] == "other/images_per_second"
      if type(v[2]) == "table" then v[2].png = core.crc32(v[2].png) end
      out[key] = clock and 0 or v[2]
    end
  end
  return out
end

describe("show.events", function()
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  it("has numbers and pictures, each step once, wherever a run was stopped or killed", function()
    assert.equal(0, (train "--name whole --tensorboard"))
    local whole = said "whole"
    local png = temp.read(dir .. "/whole/fakes_000006.png")
    assert.same({h = 146, w = 146, c = 3, png = core.crc32(png)}, whole["6 samples"])
    for _, key in ipairs {"0 samples", "0 real", "3 samples", "8 samples", "2 loss/D", "8 loss/G", "4 metric/kid",
      "8 metric/kid", "6 D/fake", "8 lr/lr_D"} do assert.is_truthy(whole[key], key) end
    for _, key in ipairs {"3 loss/D", "6 metric/kid", "2 other/step", "2 other/kimg"} do
      assert.is_nil(whole[key], key)
    end
    local interrupted = core.interrupted
    for at = 1, 7, 2 do
      local asked = 0
      rawset(core, "interrupted", function() asked = asked + 1 return asked == at end)
      local code = train(("--name stopped%d --tensorboard"):format(at))
      rawset(core, "interrupted", interrupted)
      assert.equal(130, code)
      assert.equal(0, (train(("--name stopped%d"):format(at)))) -- and goes on with it
      assert.same(whole, said("stopped" .. at))
    end
    for _, at in ipairs {3, 5, 8} do
      local name = "killed" .. at
      assert.is_nil((train(("--name %s --tensorboard"):format(name), {after_step = function(_, step)
        if step == at then error "killed" end
      end})))
      collectgarbage() -- gives its lock back
      local path = ("%s/%s/%s"):format(dir, name, events.find(("%s/%s"):format(dir, name)))
      temp.write(path, temp.read(path) .. "\24\0\0\0torn")
      assert.equal(0, (train("--name " .. name)))
      assert.same(whole, said(name))
    end
  end)

  it("drops what came after the checkpoint, which a run that goes on may do otherwise", function()
    assert.is_nil((train("--name a --tensorboard --log-every 1", {after_step = function(_, step)
      if step == 6 then error "killed" end -- after the record of step 5; the checkpoint is of step 4, the best one
    end})))
    collectgarbage()
    assert.is_true(math.abs(said "a"["5 lr/lr_D"] - 6e-4) < 1e-9)
    assert.equal(0, (train("--name a --log-every 1 --lr 1e-4 --change lr")))
    local now = said "a"
    for key, lr in pairs {["4 lr/lr_D"] = 6e-4, ["5 lr/lr_D"] = 1e-4, ["8 lr/lr_D"] = 1e-4} do
      assert.is_true(math.abs(now[key] - lr) < 1e-9, ("%s: %g"):format(key, now[key]))
    end
  end)

  it("begins with what a run has that had none, and is made of an old run by a script", function()
    assert.equal(0, (train "--name whole --tensorboard"))
    local whole = said "whole"
    assert.equal(0, (train("--name late --steps 5")))
    assert.equal(0, (train("--name late --steps 8 --tensorboard")))
    local late = said "late"
    late["5 samples"] = nil -- its last picture then, and its last record
    for key in pairs(late) do if key:find "^5 " then late[key] = nil end end
    assert.same(whole, late)
    assert.equal(0, (train "--name old"))
    local code, out, err = script.run("experiments/tensorboard.lua", dir .. "/old/")
    assert.same({0, "", ("%s/old/%s\n"):format(dir, events.find(dir .. "/old"))}, {code, err, out})
    assert.same(whole, said "old")
  end)

  it("says in one line what is wrong", function()
    reported.run(dir, "a", {pictures = {10}})
    assert.equal(0, (script.run("experiments/tensorboard.lua", ("%s/a --out %s/b"):format(dir, dir))))
    assert.is_truthy(said "b"["10 samples"])
    for words, what in pairs {
      [""] = "name a run", ["D/a D/b"] = "D/b: one run at a time", ["D/c"] = "D/c: no such run",
      ["D"] = "D: not a run, but a folder of them", ["D/a --out D/b"] = "D/b/events.out.tfevents.",
      ["D/a --out /dev/null/x"] = "/dev/null",
    } do
      local code, _, message = script.run("experiments/tensorboard.lua", (words:gsub("D(%f[/ %z])", dir .. "%1")))
      assert.equal(1, code, words)
      assert.is_truthy(message:find("tensorboard.lua: " .. what:gsub("D(%f[/:])", dir .. "%1"), 1, true), message)
      assert.equal(#message, message:find "\n", message)
    end
  end)
end)
