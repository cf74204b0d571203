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

  it("reads options.json with care", function()
    for text, what in pairs {
      ["]"] = "expected the options of a run: ",
      ["{}"] = "expected the options of a run",
      ["3"] = "expected the options",
    } do
      temp.write(dir .. "/options.json", text)
      local t, message = rundir.read_options(dir)
      assert.is_nil(t)
      assert.is_truthy(message:find(dir .. "/options.json: " .. what, 1, true), message)
    end
    temp.write(dir .. "/options.json", '{"options":{"batch":64,"lr":0.5}}')
    assert.equal("integer", math.type(rundir.read_options(dir).options.batch))
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
