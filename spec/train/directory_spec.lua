-- Run directories: numbering, snapshots, statistics cut back; what a command line sees of them is in dcgan_spec.
local command = require "gan.command"
local options = require "gan.train.options"
local rundir = require "gan.train.directory"
local lfs = require "lfs"
local file = require "gan.file.text"
local temp = require "spec.support.temp"

local declared = command.declare(options.training)

describe("train.directory", function()
  local dir
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  local function values(over)
    local v = command.parse(declared, {}, {name = "t", summary = ""})
    v.outdir = dir .. "/deep/runs"
    for k, x in pairs(over or {}) do v[k] = x end
    return v
  end

  it("takes the next number, and makes what is missing above", function()
    local v = values()
    local place = assert(rundir.enter({}, v.outdir, "a"))
    assert.equal(dir .. "/deep/runs/00000-a", place.dir)
    lfs.mkdir(dir .. "/deep/runs/00041-other")
    lfs.mkdir(dir .. "/deep/runs/notes")
    assert.equal(dir .. "/deep/runs/00042-b", assert(rundir.enter({}, v.outdir, "b")).dir)
    lfs.mkdir(dir .. "/deep/runs/100000-more")
    assert.equal(dir .. "/deep/runs/100001-b", assert(rundir.enter({}, v.outdir, "b")).dir)
  end)

  it("does not enter a locked run, nor make a directory where it cannot", function()
    local place = assert(rundir.enter({dir = dir .. "/x"}, values().outdir, "a"))
    local second, message = rundir.enter({dir = dir .. "/x"}, values().outdir, "a")
    assert.is_nil(second)
    assert.equal(dir .. "/x: another process is training there (another: --resume new, --name)", message)
    place.lock:close()
    temp.write(dir .. "/x/checkpoint_last.safetensors", "") -- a short run came and went since `locate`
    second, message = rundir.enter({dir = dir .. "/x"}, values().outdir, "a")
    assert.is_nil(second)
    assert.equal(dir .. "/x: another process has trained there meanwhile; nothing was overwritten, give another --name",
      message)
    assert(rundir.enter({dir = dir .. "/x", from = dir .. "/x/checkpoint_last.safetensors"}, values().outdir, "a"))
      .lock:close()
    temp.write(dir .. "/file", "")
    second, message = rundir.enter({dir = dir .. "/file/x"}, values().outdir, "a")
    assert.is_nil(second)
    assert.equal(dir .. "/file: expected a directory, found a file", message)
  end)

  -- Where a command finds its run: place, message.
  local function locate(over)
    local v, given = values(over), {}
    v.outdir = dir
    for name in pairs(over or {}) do given[name] = true end
    return rundir.locate(declared, v, given, function() return {options = {}} end)
  end

  local function holds(name, names)
    temp.remove(dir .. "/" .. name)
    lfs.mkdir(dir .. "/" .. name)
    for _, own in ipairs(names) do temp.write(("%s/%s/%s"):format(dir, name, own), names[own] or "") end
    return dir .. "/" .. name
  end

  it("takes a directory for free that holds no more than a run's beginning", function()
    local whole = {"options.json", ["options.json"] = '{"options":{"lr":0.5}}'}
    for _, names in ipairs {
      {}, {".lock"}, {".options.json.gan-0123456789ab.tmp"}, {"options.json.tmp", ".lock"}, {"options.json"},
      {"options.json", ["options.json"] = '{"opt'}, {"log.txt"}, {"reals.png", "stats.jsonl"}, {"fakes_init.png"},
      whole, {"options.json", "nets.lua", "log.txt", ["options.json"] = "{}"},
    } do
      local path = holds("a", names)
      assert.same({dir = path}, locate {name = "a"})
      assert.same({dir = path}, locate {name = "a", resume = "new"})
      temp.write(dir .. "/file", "")
      local from = dir .. "/file"
      assert.same({dir = path, from = from, stored = {options = {}}}, locate {name = "a", resume = from})
      local place, message = locate {resume = path .. "/"}
      if names == whole then assert.same({path, 0.5}, {place.dir, place.stored.options.lr})
      elseif names[1] then assert.same({dir = path}, place)
      else assert.equal(("--resume: %s: no run (it has no options.json)"):format(path), message) end
    end
    for _, names in ipairs {
      {"thesis.txt"}, {"nets.lua"}, {"checkpoint_last.safetensors"}, {"options.json", "fakes_000010.png"},
      {"log.txt", "snapshot_000010.safetensors"}, {"log.txt", ".profile"},
    } do
      local path = holds("a", names)
      for _, over in ipairs {{name = "a"}, {name = "a", resume = "new"}, {name = "a", resume = dir .. "/file"},
        {resume = path}} do
        local place, message = locate(over)
        assert.is_nil(place)
        assert.is_truthy(message:find(path, 1, true), message)
      end
    end
  end)

  it("goes on where the same command has started from a checkpoint", function()
    local path, from = holds("a", {"checkpoint_last.safetensors", "options.json"}), temp.write(dir .. "/file", "")
    temp.write(path .. "/options.json", ('{"options":{"resume":"%s"}}'):format(from))
    assert.equal(path .. "/checkpoint_last.safetensors", assert(locate {name = "a", resume = from}).from)
    temp.write(path .. "/options.json", ('{"options":{"resume":"%s"}}'):format(path))
    local place, message = locate {name = "a", resume = from}
    assert.is_nil(place)
    assert.is_truthy(message:find("exists; a checkpoint starts a run of its own", 1, true), message)
  end)

  it("begins in a numbered directory where a run of that name has not begun", function()
    local outdir = dir .. "/deep/runs"
    local first = assert(rundir.enter({}, outdir, "a")) -- as if it had been killed
    local run = {recipe = "r", declared = declared, options = values {data = "x/a.bin", size = 8}, total = 3, data = {}}
    lfs.mkdir(outdir .. "/00001-a-r-8")
    lfs.mkdir(outdir .. "/00002-b-r-8")
    temp.write(outdir .. "/00002-b-r-8/log.txt", "")
    local place = assert(rundir.recognise({}, run, print))
    assert.equal("a-r-8", rundir.label(run))
    assert.equal(outdir .. "/00001-a-r-8", place.spare)
    local other = assert(rundir.enter({dir = place.spare}, outdir, "a-r-8"))
    assert.equal(outdir .. "/00003-a-r-8", assert(rundir.enter({spare = place.spare}, outdir, "a-r-8")).dir)
    other.lock:close()
    assert.equal(place.spare, assert(rundir.enter(place, outdir, "a-r-8")).dir)
    place.lock:close()
    temp.write(place.spare .. "/checkpoint_last.safetensors", "")
    assert.equal(outdir .. "/00003-a-r-8", rundir.recognise({}, run, print).spare)
    assert.equal(outdir .. "/00004-a-r-8", assert(rundir.enter({spare = place.spare}, outdir, "a-r-8")).dir)
    run.options.resume = "new"
    temp.remove(place.spare .. "/checkpoint_last.safetensors")
    assert.is_nil(rundir.recognise({}, run, print).spare)
    first.lock:close()
  end)

  it("reads options.json with care", function()
    for text, what in pairs {
      ["]"] = "expected the options of a run: ",
      ["{}"] = "expected the options of a run",
      ["3"] = "expected the options",
    } do
      temp.write(dir .. "/options.json", text)
      local t, message = rundir.read_options(dir, declared)
      assert.is_nil(t)
      assert.is_truthy(message:find(dir .. "/options.json: " .. what, 1, true), message)
    end
    temp.write(dir .. "/options.json", '{"options":{"batch":64,"lr":0.5}}')
    assert.equal("integer", math.type(rundir.read_options(dir, declared).options.batch))
  end)

  it("keeps the newest snapshots", function()
    temp.write(dir .. "/checkpoint_last.safetensors", "abc")
    for step = 5, 20, 5 do
      assert.is_true(file.link(dir .. "/checkpoint_last.safetensors",
        ("%s/snapshot_%06d.safetensors"):format(dir, step)))
      file.prune(dir, "^snapshot_%d+%.safetensors$", 2)
    end
    assert.same({"checkpoint_last.safetensors", "snapshot_000015.safetensors", "snapshot_000020.safetensors"},
      temp.list(dir))
    assert.equal("abc", temp.read(dir .. "/snapshot_000020.safetensors"))
    assert.is_nil((file.link(dir .. "/missing", dir .. "/snapshot_000020.safetensors")))
    assert.equal("abc", temp.read(dir .. "/snapshot_000020.safetensors")) -- what was there stays
    assert.is_true(file.link(dir .. "/snapshot_000015.safetensors", dir .. "/snapshot_000020.safetensors"))
    assert.equal(3, #temp.list(dir)) -- no temporary name is left
    assert.is_nil((file.link(dir .. "/missing", dir .. "/snapshot_000030.safetensors")))
    assert.is_nil((file.link(dir .. "/snapshot_000015.safetensors", dir .. "/no/such")))
  end)

  it("cuts statistics back to the step that is resumed", function()
    local path = temp.write(dir .. "/stats.jsonl", '{"step":1}\n{"step":2,"D":1}\n{"step":3}\n{"st')
    assert.is_true(file.rewind(path, 2))
    assert.equal('{"step":1}\n{"step":2,"D":1}\n', temp.read(path))
    assert.is_true(file.rewind(dir .. "/none", 2))
    assert.is_nil(lfs.attributes(dir .. "/none"))
  end)
end)
