-- A run may end anywhere between two of its files: the same command goes on, and its directory then holds what a run
-- leaves that nobody disturbed. File operations of small runs end them here, in this process; spec/torture kills them
-- at system calls.
local attacked = require "spec.support.attacked"
local core = require "gan.core"
local grid = require "gan.show.grid"
local inside = require "spec.support.inside"
local lfs = require "lfs"
local temp = require "spec.support.temp"
local text = require "gan.file.text"

local dir

-- Calls at which files change or are about to: {table, name}.
local places = {
  {core, "file_create"}, {core, "file_link"}, {text, "append"}, {text, "append_to"}, {io, "open"}, {lfs, "mkdir"},
  {os, "rename"}, {os, "remove"},
}

-- Runs f; it ends by an error at the n-th of these calls. Returns true if it came to that.
local function end_at(n, f)
  local count, old = 0, {}
  for i, p in ipairs(places) do
    local original = p[1][p[2]]
    old[i] = original
    p[1][p[2]] = original and function(...)
      count = count + 1
      if count >= n then error("the process ends here", 0) end
      return original(...)
    end
  end
  f()
  for i, p in ipairs(places) do p[1][p[2]] = old[i] end
  return count >= n
end

-- Name -> the words that it has beside those of the attack's runs, and operations that it has at least.
local cases = {
  metrics = {"--steps 4 --snap 2 --metrics-every 2", 30}, rollback = {"", 30}, own_net = {"--steps 1 --snap 1", 20},
  from = {"--steps 2 --snap 2", 20},
}

describe("train.due", function()
  local save = grid.save
  setup(function()
    dir = temp.dir()
    function grid.save(path, images) -- making a PNG takes longer than all the rest
      return text.write(path, ("%08x"):format(core.crc32(core.contiguous(images))))
    end
  end)
  teardown(function()
    grid.save = save
    temp.clean()
  end)

  local function run(name)
    local words = attacked.words(name, dir)
    for option, value in cases[name][1]:gmatch "(%-%-%S+) (%S+)" do
      words = words:gsub(option:gsub("%-", "%%-") .. " %S+", option .. " " .. value)
    end
    local script, rest = words:match "^(%S+) (.*)$"
    -- A page reads all files of a run: the smallest run is enough to end it there.
    return inside.run(script, rest .. " --threads 1" .. (name == "own_net" and "" or " --report none"))
  end

  -- Ends a run everywhere, and lets it go on. prepare: makes what is there before.
  local function holds(name, least, prepare, go)
    local function fresh()
      attacked.remove(name, dir)
      prepare()
    end
    fresh()
    assert.equal(0, (go()))
    local should, at = attacked.holds(dir .. "/" .. name), 0
    repeat
      fresh()
      at = at + 1
      local ended = end_at(at, go)
      if lfs.attributes(dir .. "/" .. name) then
        temp.write(("%s/%s/.options.json.gan-0123456789ab.tmp"):format(dir, name), "{") -- kills leave these
      end
      local code, _, err = go()
      assert.same({0, ""}, {code, err}, "ended at file operation " .. at)
      assert.is_nil(attacked.difference(should, dir .. "/" .. name), "ended at file operation " .. at)
    until not ended
    assert.is_true(at > least, at)
  end

  for name, case in pairs(cases) do
    it("makes what is missing, wherever a run ended: " .. name, function()
      holds(name, case[2], function() attacked.prepare(name, dir) end, function() return run(name) end)
    end)
  end

  it("leaves the same where a run that goes back is stopped as by Ctrl-C, after whichever step", function()
    attacked.remove("rollback", dir)
    assert.equal(0, (run "rollback"))
    local should, interrupted = attacked.holds(dir .. "/rollback"), core.interrupted
    for at = 1, 6 do
      attacked.remove("rollback", dir)
      local asked = 0
      rawset(core, "interrupted", function()
        asked = asked + 1
        return asked >= at
      end)
      local code = run "rollback"
      rawset(core, "interrupted", interrupted)
      assert.equal(130, code)
      assert.equal(0, (run "rollback"))
      assert.is_nil(attacked.difference(should, dir .. "/rollback", true), "stopped after step " .. at)
    end
  end)

  it("does so where a run begins at a checkpoint of another, or goes on with a change", function()
    local function train(words)
      return inside.run("experiments/dcgan.lua", ("--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 "
        .. "--threads 1 --snap 2 --report none --outdir %s --name %s"):format(dir, words))
    end
    local function base() assert.equal(0, (train "base --steps 2")) end
    base()
    local from = dir .. "/base/snapshot_000002.safetensors"
    holds("branch", 20, function() end, function() return train("branch --steps 4 --resume " .. from) end)
    holds("base", 20, base, function() return train "base --steps 4 --lr 0.001 --change lr" end)
  end)

  it("removes snapshots that are too many, as one that could not be removed stays", function()
    local function train()
      return inside.run("experiments/dcgan.lua", ("--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 "
        .. "--threads 1 --snap 2 --steps 6 --snapshots 2 --outdir %s --name many"):format(dir))
    end
    local remove = os.remove
    rawset(os, "remove", function(path)
      if path:find "snapshot_" then return nil, path .. ": Permission denied", 13 end
      return remove(path)
    end)
    local code, _, err = train()
    rawset(os, "remove", remove)
    assert.same({0, ""}, {code, err})
    assert.is_true(text.exists(dir .. "/many/snapshot_000002.safetensors"))
    assert.equal(0, (train()))
    assert.is_false(text.exists(dir .. "/many/snapshot_000002.safetensors"))
    assert.is_true(text.exists(dir .. "/many/snapshot_000004.safetensors"))
  end)
end)
