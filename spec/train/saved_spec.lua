-- Runs whose checkpoints are damaged: they go back to the last whole one, or stop in one line.
local core = require "gan.core"
local gan = require "gan"
local inside = require "spec.support.inside"
local json = require "gan.file.json"
local temp = require "spec.support.temp"

local dir

local function dcgan(words)
  return inside.run("experiments/dcgan.lua", "--data fake --limit 16 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 "
    .. "--threads 1 --snap 2 --outdir " .. dir .. " " .. words)
end

local function path(run, name) return ("%s/%s/%s"):format(dir, run, name or "checkpoint_last.safetensors") end

-- Flips the last bit of a file, or that at a place, also under its other names.
local function damage(file, at)
  local bytes, f = temp.read(file), assert(io.open(file, "r+b"))
  f:seek("set", (at or #bytes) - 1)
  f:write(string.char(bytes:byte(at or -1) ~ 1))
  f:close()
end

local function copy(from, to)
  gan.file.text.make_folder(path(to, ""))
  for _, name in ipairs(temp.list(path(from, ""))) do
    -- Names of one file stay that: what damages one damages all.
    local last = temp.read(path(from)) == temp.read(path(from, name)) and name ~= "checkpoint_last.safetensors"
    if last then assert(gan.file.text.link(path(to), path(to, name)))
    else temp.write(path(to, name), temp.read(path(from, name))) end
  end
end

-- The bytes of a run's checkpoints and pictures.
local function bytes_of(run)
  local out = {}
  for _, name in ipairs(temp.list(path(run, ""))) do
    if name:find "%.safetensors$" or name:find "%.png$" then out[name] = temp.read(path(run, name)) end
  end
  return out
end

local DIFFERS = " is damaged (its checksum differs)"

describe("train.saved", function()
  setup(function()
    dir = temp.dir()
    assert.same(0, (dcgan "--name whole --steps 6"))
  end)
  teardown(temp.clean)

  it("goes back to the newest whole checkpoint, and ends with the same bytes", function()
    local whole = bytes_of "whole"
    assert.truthy(whole["checkpoint_previous.safetensors"])
    for i, case in ipairs {
      {"checkpoint_previous.safetensors", "checkpoint_last.safetensors: tensor 'run.z'" .. DIFFERS},
      {"checkpoint_previous.safetensors", "checkpoint_last.safetensors: the header" .. DIFFERS, at = 100},
      {"snapshot_000004.safetensors", "checkpoint_previous.safetensors: tensor 'run.z'" .. DIFFERS, both = true},
    } do
      local name = "fallen" .. i
      copy("whole", name)
      damage(path(name), case.at)
      if case.both then damage(path(name, "checkpoint_previous.safetensors")) end
      local code, out, err = dcgan(("--name %s --steps 6"):format(name))
      assert.same({0, ""}, {code, err})
      local line = ("%s; goes back to step 4, %s"):format(path(name, case[2]), path(name, case[1]))
      if case.both then line = ("%s: tensor 'run.z'%s; %s"):format(path(name, "snapshot_000006.safetensors"), DIFFERS,
        line:match "goes back.*") end
      assert.truthy(out:find(path(name, case[2]), 1, true) and out:find(line, 1, true), out)
      assert.truthy(temp.read(path(name, "log.txt")):find(line, 1, true))
      local told
      for _, l in ipairs(gan.file.text.json_lines(path(name, "stats.jsonl"))) do told = told or l.value.notice end
      assert.truthy(told:find(line, 1, true))
      assert.same(whole, bytes_of(name))
      assert.truthy(select(2, dcgan(("--name %s --steps 6"):format(name))):find("already at step 6 of 6", 1, true))
    end
  end)

  it("does not need the last checkpoint to be there", function()
    copy("whole", "gone")
    os.remove(path "gone")
    assert.same({0, ""}, {(dcgan "--name gone --steps 6"), select(3, dcgan "--name gone --steps 6")})
    assert.same(bytes_of "whole", bytes_of "gone")
  end)

  it("stops in one line where none is whole, and overwrites nothing", function()
    copy("whole", "lost")
    local names = {"checkpoint_last", "checkpoint_previous", "snapshot_000006", "snapshot_000004"}
    for i, name in ipairs(names) do
      names[i] = path("lost", name .. ".safetensors")
      if i ~= 3 then damage(names[i]) end -- the third is the first
    end
    local function all()
      local out = {}
      for _, name in ipairs(temp.list(path("lost", ""))) do out[name] = temp.read(path("lost", name)) end
      return out
    end
    local before = all()
    local code, _, err = dcgan "--name lost --steps 8"
    for i, name in ipairs(names) do names[i] = ("%s: tensor 'run.z'%s"):format(name, DIFFERS) end
    assert.same({1, ("dcgan.lua: %s\n"):format(table.concat(names, "; "))}, {code, err})
    assert.same(before, all())
  end)

  it("says to who names a damaged file which other is whole", function()
    copy("whole", "named")
    local tree = assert(gan.file.safetensors.load(path "named"))
    local bytes = temp.read(path "named")
    local name, weight = next(tree.G)
    damage(path "named", assert(bytes:find(core.to_bytes(weight), 1, true)))
    local line = ("%s: tensor 'G.%s'%s (%s is whole)\n"):format(path "named", name, DIFFERS,
      path("named", "checkpoint_previous.safetensors"))
    for script, words in pairs {
      generate = "--out " .. dir .. "/x.png --seeds 1 --run " .. dir .. "/named",
      evaluate = "--metrics diversity --n 2 --run " .. path "named",
    } do
      local code, _, err = inside.run(("experiments/%s.lua"):format(script), words)
      assert.same({1, ("%s.lua: %s"):format(script, line)}, {code, err})
    end
    local code, _, err = dcgan(("--resume %s --name branch --steps 7"):format(path "named"))
    assert.same({1, "dcgan.lua: " .. line}, {code, err})
  end)

  it("reads a checkpoint without checksums with a notice", function()
    copy("whole", "old")
    local bytes = temp.read(path "old")
    local length = ("<I8"):unpack(bytes)
    local header = bytes:sub(9, 8 + length):gsub('"gan%.crc32[^"]*":"[^"]*",', ""):gsub(" *$", "")
    header = header .. (" "):rep(-#header % 8)
    temp.write(path "old", ("<I8"):pack(#header) .. header .. bytes:sub(9 + length))
    local line = path "old" .. ": has no checksums, as an older version wrote it: damage would go unnoticed\n"
    local code, _, err = inside.run("experiments/generate.lua", ("--seeds 1 --out %s/x.png --run %s/old"):format(dir,
      dir))
    assert.same({0, "generate.lua: warning: " .. line}, {code, err})
    _, _, err = inside.run("experiments/evaluate.lua", "--metrics diversity --n 2 --run " .. path "old")
    assert.equal("evaluate.lua: warning: " .. line, err:match "^evaluate.lua: warning: [^\n]*checksums[^\n]*\n")
    local out
    code, out = dcgan "--name old --steps 6"
    assert.same({0, true}, {code, out:find(line, 1, true) ~= nil}, out)
  end)

  it("goes on from before averages had statistics: they begin as the net's", function()
    copy("whole", "before")
    local tree = assert(gan.file.safetensors.load(path "whole"))
    local own = gan.train.trained.open(path "whole")
    assert.not_equal(core.to_bytes(own.ema.shadow_statistics[1]), core.to_bytes(own.ema.statistics[1]))
    for i in ipairs(own.ema.statistics) do tree.ema["shadow_statistics." .. i] = nil end
    assert(gan.file.safetensors.save(path "before", tree))
    local text = temp.read(path("before", "options.json")):gsub('"ema_kimg": *[%d.e+-]+', '"ema": 0.999')
    temp.write(path("before", "options.json"), text)
    local before = gan.train.trained.open(path "before").ema
    for i, t in ipairs(before.statistics) do
      assert.equal(core.to_bytes(t), core.to_bytes(before.shadow_statistics[i]))
      assert.equal(core.to_bytes(own.ema.statistics[i]), core.to_bytes(t))
    end
    local code, _, err = dcgan "--name before --steps 7"
    assert.same({0, ""}, {code, err})
    assert.same(0, (dcgan "--name whole7 --steps 7"))
    local got, want = gan.train.trained.open(path "before"), gan.train.trained.open(path "whole7")
    for i, t in ipairs(want.ema.shadow) do assert.equal(core.to_bytes(t), core.to_bytes(got.ema.shadow[i])) end
    local decay, average = 0.5 ^ (20 / 7), got.ema -- half-life at step 7: a twentieth of 7 batches
    for c = 1, 2 do
      local was, is = own.ema.statistics[1]:get(c), average.statistics[1]:get(c)
      assert.is_true(math.abs(decay * was + (1 - decay) * is - average.shadow_statistics[1]:get(c)) < 1e-6)
    end
    code, _, err = dcgan "--name before --steps 8 --ema-kimg 0"
    assert.same({1, true}, {code, err:find("was started with --ema-kimg 32, now 0", 1, true) ~= nil}, err)
  end)

  it("goes on whatever became of its numbers", function()
    for i, text in ipairs {
      "", "{", "\0\xff\n{}\n[1]\n7\n\"x\"\nnull\n", '{"step":"x"}\n{"step":{}}\n{"step":1e400}\n',
    } do
      local name = "numbers" .. i
      copy("whole", name)
      temp.write(path(name, "stats.jsonl"), text)
      local code, _, err = dcgan(("--name %s --steps 8"):format(name))
      assert.same({0, ""}, {code, err})
      local lines = gan.file.text.json_lines(path(name, "stats.jsonl"))
      assert.equal(8, lines[#lines].value.step)
      for line in temp.read(path(name, "stats.jsonl")):gmatch "[^\n]+" do assert.truthy(json.decode(line)) end
    end
  end)
end)
