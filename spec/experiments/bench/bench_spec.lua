-- The benchmarks run, say what they should, and refuse what makes no sense. Sizes are tiny: nothing is measured here.
local core = require "gan.core"
local json = require "cjson"
local script = require "spec.support.script"

local function run(name, words) return script.run("experiments/bench/" .. name, words) end

-- What a benchmark prints with --json; `tables`: that many lines at least before it.
local function result(name, words, tables)
  local code, out, err = run(name, words .. " --json")
  assert.are.equal("", err)
  assert.are.equal(0, code, out)
  local lines = {}
  for line in out:gmatch "[^\n]+" do lines[#lines + 1] = line end
  assert.is_true(tables and #lines > tables or #lines == 1, out)
  local value = json.decode(lines[#lines])
  assert.are.equal("gan", value.who)
  return value
end

local function positive(t, ...)
  for _, key in ipairs {...} do assert.is_true(type(t[key]) == "number" and t[key] > 0, key) end
end

local function fails(name, words, what)
  local code, out, err = run(name, words)
  assert.are.equal(1, code, out .. err)
  assert.is_truthy(err:find(what, 1, true), ("%s %s\nexpected: %s\ngot: %s"):format(name, words, what, err))
  assert.are.equal(name .. ": ", err:sub(1, #name + 2))
  assert.are.equal(#err, err:find "\n", err)
end

describe("experiments/bench", function()
  it("measures a peak that no thread count brings to zero", function()
    assert.is_true(core.fma_peak() > 0.1)
  end)

  it("times a training step", function()
    local line = result("step.lua", "--size 16 --channels 1 --batch 4 --width 4 --z 5 --steps 2 --threads 1")
    assert.are.same({"dcgan", 16, 1, 4, 1}, {line.net, line.size, line.channels, line.batch, line.threads})
    positive(line, "s_step", "rss_mb", "params", "lossD", "lossG")
    assert.near(line.batch / line.s_step, line.img_s, 1e-3 * line.img_s)
    line = result("step.lua", "--net sndcgan --size 16 --batch 2 --width 4 --steps 1")
    assert.are.same({"sndcgan", 16, 3}, {line.net, line.size, line.channels})
    positive(line, "s_step", "img_s", "rss_mb")
  end)

  it("times drawing", function()
    local line = result("generate.lua", "--size 16 --images 5 --batch 2 --width 4")
    assert.are.equal(5, line.images)
    positive(line, "s_generate", "img_s", "rss_mb")
    assert.near(line.images / line.s_generate, line.img_s, 1e-3 * line.img_s)
  end)

  it("names options that are none", function()
    fails("step.lua", "--batch 0", "--batch: expected an integer in 1..")
    fails("step.lua", "--steps x", "--steps: expected an integer in 1..")
    fails("step.lua", "--sise 3", "unknown option '--sise'")
    fails("step.lua", "--size 17", "--size: expected 16, 32, 64 or 128, got 17")
    fails("step.lua", "--net sndcgan --size 17", "--size: expected a multiple of 8, got 17")
    fails("step.lua", "--net vgan", "--net: expected one of dcgan, sndcgan, got 'vgan'")
    fails("step.lua", "--channels 2", "--channels: expected 1 or 3, got 2")
    fails("generate.lua", "--size 17", "--size: expected one of 16, 32, 64, 128, got '17'")
  end)
end)
