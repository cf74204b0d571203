-- Metrics in training: the weights do not notice, a resumed run has the same best, files say what was measured and how.
local core = require "gan.core"
local checkpoint = require "gan.file.safetensors"
local json = require "gan.file.json"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/dcgan.lua"
local TINY = "--data shapes --limit 40 --size 16 --ngf 2 --ndf 2 --z 8 --batch 4 --threads 1 --snap 0 "
local METRICS = "--metrics kid,fid,pr --metrics-every 6 --metrics-n 30 --features pixels "
local dir

local function trained(words)
  local code, out, err = script.run(SCRIPT, TINY .. "--outdir " .. dir .. " " .. words)
  assert.same({0, ""}, {code, err}, out)
  return out
end

local function path(name, file) return ("%s/%s/%s"):format(dir, name, file or "checkpoint_last.safetensors") end
local function bytes(...) return temp.read(path(...)) end

local function lines(name, file)
  local list = {}
  for line in io.lines(path(name, file)) do list[#list + 1] = assert(json.decode(line)) end
  return list
end

-- All of a checkpoint but what the metrics keep there, as text.
local function contents(name)
  local tree, out = assert(checkpoint.load(path(name))), {}
  tree.measure = nil
  local function walk(t, where)
    for k, v in pairs(t) do
      local here = where .. "." .. tostring(k)
      if core.is_tensor(v) then
        out[here] = core.crc32(v)
      elseif type(v) == "table" then
        walk(v, here)
      else
        out[here] = v
      end
    end
  end
  walk(tree, "")
  return out
end

describe("measure.training", function()
  setup(function()
    dir = temp.dir()
    trained(METRICS .. "--best fid --name whole --steps 30")
  end)
  teardown(temp.clean)

  it("leaves training as it is", function()
    trained "--name plain --steps 30"
    assert.same(contents "plain", contents "whole")
    assert.same({}, checkpoint.load(path "plain").measure)
  end)

  it("gives the same bytes with one and two threads", function()
    trained(METRICS .. "--best fid --name two --steps 30 --threads 2")
    assert.is_true(bytes "two" == bytes "whole")
  end)

  it("writes curves and protocols", function()
    local stats, at = lines("whole", "stats.jsonl"), {}
    for _, record in ipairs(stats) do
      if record.fid then
        at[#at + 1] = record.step
        for _, name in ipairs {"kid", "precision", "recall", "D"} do assert.is_number(record[name]) end
      end
    end
    assert.same({6, 12, 18, 24, 30}, at)
    for _, name in ipairs {"kid", "fid", "precision", "recall"} do
      local list = lines("whole", "metric-" .. name .. ".jsonl")
      assert.equal(5, #list)
      for i, r in ipairs(list) do
        assert.same({name, 6 * i, "pixels", 30, 30, "all", "shapes", 0, 6 * i, true}, {
          r.metric, r.step, r.features, r.n_real, r.n_fake, r.split, r.data, r.seed, r.run.step, r.run.ema,
        })
      end
    end
  end)

  it("keeps the best checkpoint", function()
    local best
    for _, r in ipairs(lines("whole", "metric-fid.jsonl")) do if not best or r.value < best.value then best = r end end
    local tree = assert(checkpoint.load(path("whole", "checkpoint_best.safetensors")))
    assert.equal(best.step, tree.run.step)
    assert.same({"fid", best.value, best.step}, {tree.measure.metric, tree.measure.value, tree.measure.step})
    assert.same(tree.measure, checkpoint.load(path "whole").measure)
  end)

  it("resumes exactly", function()
    trained(METRICS .. "--best fid --name half --steps 13")
    local out = trained(METRICS .. "--best fid --name half --steps 30")
    assert.is_truthy(out:find("goes on from step 13", 1, true))
    for _, file in ipairs {"checkpoint_last.safetensors", "checkpoint_best.safetensors"} do
      assert.is_true(bytes("whole", file) == bytes("half", file), file)
    end
    for _, file in ipairs {"metric-fid.jsonl", "metric-precision.jsonl"} do
      assert.equal((bytes("whole", file):gsub("/whole", "")), (bytes("half", file):gsub("/half", "")))
    end
  end)

  it("keeps what was the best when a run goes on from a later step, and drops lines that are undone", function()
    trained(METRICS .. "--name again --steps 12")
    local tree = checkpoint.load(path "again")
    -- As if the process had ended after the checkpoint and before its copy.
    os.remove(path("again", "checkpoint_best.safetensors"))
    local f = io.open(path("again", "metric-kid.jsonl"), "a")
    f:write '{"metric":"kid","step":18,"value":-7}\n'
    f:close()
    trained(METRICS .. "--name again --steps 13")
    if tree.measure.step == 12 then
      assert.equal(12, checkpoint.load(path("again", "checkpoint_best.safetensors")).run.step)
    end
    assert.equal(2, #lines("again", "metric-kid.jsonl"))
    -- A better value than any: nothing takes its place.
    tree = assert(checkpoint.load(path "again"))
    tree.measure.value = -1000
    assert(checkpoint.save(path "again", tree))
    trained(METRICS .. "--name again --steps 24")
    assert.equal(-1000, checkpoint.load(path "again").measure.value)
    -- Other images, other numbers: they are not compared.
    local out = trained("--metrics kid --metrics-every 6 --metrics-n 20 --features pixels --name again --steps 30")
    assert.is_truthy(out:find("the best is looked for anew", 1, true))
    assert.equal(30, checkpoint.load(path("again", "checkpoint_best.safetensors")).run.step)
    -- A run that goes on without them does not forget.
    trained "--name again --steps 32"
    assert.equal(30, checkpoint.load(path "again").measure.step)
    -- Nothing given: as it was, without.
    local code, text = script.run(SCRIPT, ("--resume %s/again --steps 36"):format(dir))
    assert.equal(0, code)
    assert.is_nil(text:find("step 36: kid", 1, true))
  end)

  it("says in one line what is wrong", function()
    temp.write(dir .. "/bad.safetensors", "nothing")
    for words, what in pairs {
      ["--metrics fdi"] = "--metrics: unknown 'fdi' (did you mean 'fid'?)",
      ["--metrics kid --best fid"] = "--best: fid is not among --metrics kid",
      ["--metrics kid --best kdi"] = "(did you mean 'kid'?)",
      ["--metrics nearest --best nearest"] = "--best: expected one of fid, kid, precision",
      ["--metrics is"] = "--metrics: is: needs a network with classes, random_conv has none",
      ["--best kid"] = "--best: needs --metrics",
      ["--metrics kid --features " .. dir .. "/bad.safetensors"] = "--features: " .. dir .. "/bad.safetensors",
      ["--metrics kid --features no/such"] = "--features: no/such",
      ["--metrics kid --metrics-every 0"] = "--metrics-every: expected",
    } do
      local code, _, err = script.run(SCRIPT, TINY .. "--outdir " .. dir .. " --name wrong --steps 2 " .. words)
      assert.equal(1, code, words)
      assert.is_truthy(err:find(what, 1, true), words .. "\n" .. err)
      assert.equal(#err, err:find "\n", err)
    end
    assert.is_nil(lfs.attributes(dir .. "/wrong"))
    assert.is_truthy(trained("--metrics kid --metrics-every 9 --name short --steps 2"):find(
      "nothing will be measured", 1, true))
  end)
end)
