-- A run's checkpoints: which there are, which are whole, what is said of a damaged one.
local checkpoint = require "gan.model.checkpoint"
local gan = require "gan"
local lfs = require "lfs"
local temp = require "spec.support.temp"

describe("model.checkpoint", function()
  local dir
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  local function path(name) return ("%s/%s"):format(dir, name) end
  local function save(name, step, more)
    local run = {step = step, options = '{"z":8}'}
    for k, v in pairs(more or {}) do run[k] = v end
    assert(gan.file.safetensors.save(path(name), {run = run, w = gan.ones(4)}))
    return path(name)
  end
  -- Flips a bit of the last tensor.
  local function damage(name)
    local bytes = temp.read(path(name))
    return temp.write(path(name), bytes:sub(1, -2) .. string.char(bytes:byte(-1) ~ 8))
  end

  it("goes from the newest to the oldest, and takes the first that is whole", function()
    for i, name in ipairs {"checkpoint_last", "checkpoint_good", "snapshot_000010", "snapshot_000020",
      "checkpoint_previous", "checkpoint_best"} do
      save(name .. ".safetensors", i)
    end
    temp.write(path "snapshot_000030.safetensors.tmp", "x")
    local list = {path "checkpoint_last.safetensors", path "checkpoint_previous.safetensors",
      path "snapshot_000020.safetensors", path "snapshot_000010.safetensors", path "checkpoint_good.safetensors",
      path "checkpoint_best.safetensors"}
    assert.same(list, checkpoint.of(dir))
    assert.same({}, checkpoint.of(dir .. "/none"))
    local messages = {}
    for i, one in ipairs(list) do
      local tree, which, damaged, notice = checkpoint.first(list)
      assert.same({one, messages}, {which, damaged})
      assert.is_nil(notice)
      assert.equal(({1, 5, 4, 3, 2, 6})[i], tree.run.step)
      messages[i] = damage(one:match "[^/]*$") .. ": tensor 'w' is damaged (its checksum differs)"
    end
    assert.same({nil, table.concat(messages, "; ")}, {checkpoint.first(list)})
  end)

  it("says of a damaged one which other is whole, where there is a run", function()
    local one, other = save("checkpoint_last.safetensors", 2), save("snapshot_000001.safetensors", 1)
    damage "checkpoint_last.safetensors"
    local what = one .. ": tensor 'w' is damaged (its checksum differs)"
    assert.same({nil, what}, {checkpoint.load(one)})
    temp.write(path "options.json", "{}")
    assert.same({nil, ("%s (%s is whole)"):format(what, other)}, {checkpoint.load(one)})
    assert.same({nil, ("%s (%s is whole)"):format(what, other)}, {checkpoint.first {one}})
    local tree, options, data = checkpoint.load(one, function(name) return name:find "^run" end)
    assert.same({2, {z = 8}}, {tree.run.step, options})
    assert.is_nil(data)
    assert.equal(2, checkpoint.step(one))
    damage "snapshot_000001.safetensors"
    assert.same({nil, what .. " (no other checkpoint of the run is whole)"}, {checkpoint.load(one)})
    assert.matches("No such file or directory$", select(2, checkpoint.load(path "missing")))
  end)

  it("tells what is no checkpoint of a run", function()
    local function refused(what, more)
      local tree, message = checkpoint.settings(save("x", 1, more))
      assert.is_nil(tree)
      assert.equal(path "x" .. ": " .. what, message)
    end
    for _, options in ipairs {"", "7", "[", 7, {}, {a = "b"}, true, gan.ones(2)} do
      refused("expected the checkpoint of a run (that of another program?)", {options = options})
    end
    local none = "data: expected what tells them from others, got "
    for _, case in ipairs {
      {"", none .. "nil"}, {"7", none .. "7"}, {7, none .. "false"}, {{}, none .. "false"},
      {gan.ones(1), none .. "false"},
      {"{}", "data: checksum: expected a text, got nil"},
      {'{"channels":"x"}', "data: channels: expected an integer >= 0, got string 'x'"},
      {'{"images":1.5}', "data: images: expected an integer >= 0, got 1.5"},
      {'{"height":-1}', "data: height: expected an integer >= 0, got -1"},
      {'{"checksum":"","classes":{"a":1}}', "data: classes: expected a list of names, got table"},
      {'{"checksum":"","classes":[7]}', "data: classes: expected a list of names, got table"},
    } do refused(case[2], {data = case[1]}) end
    local data = {images = 1, height = 1, width = 1, channels = 1, checksum = "x", classes = {"a", "b"}}
    save("x", 1, {data = gan.file.json.encode(data)})
    assert.same({options = {z = 8}, data = data}, checkpoint.settings(path "x"))
    for _, step in ipairs {-1, 1.5, "x", math.maxinteger, true, {}} do
      assert.is_nil(checkpoint.step(save("x", step)))
    end
    assert.is_nil(checkpoint.step(path "missing"))
    lfs.mkdir(path "folder")
    assert.is_nil(checkpoint.step(path "folder"))
  end)
end)
