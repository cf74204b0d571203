-- The benchmarks run, say what they should, and refuse what makes no sense. Sizes are tiny: nothing is measured here.
local core = require "gan.core"
local json = require "cjson"
local script = require "spec.support.script"

local function run(name, words) return script.run("experiments/bench/" .. name, words) end

-- What a benchmark prints with --json; `tables`: that many lines at least before it.
local function result(name, words, tables)
  local code, out, err = run(name, words .. " --json")
  assert.equal("", err)
  assert.equal(0, code, out)
  local lines = {}
  for line in out:gmatch "[^\n]+" do lines[#lines + 1] = line end
  assert.is_true(tables and #lines > tables or #lines == 1, out)
  local value = json.decode(lines[#lines])
  assert.equal("gan", value.who)
  return value
end

local function positive(t, ...)
  for _, key in ipairs {...} do assert.is_true(type(t[key]) == "number" and t[key] > 0, key) end
end

local function fails(name, words, what)
  local code, out, err = run(name, words)
  assert.equal(1, code, out .. err)
  assert.is_truthy(err:find(what, 1, true), ("%s %s\nexpected: %s\ngot: %s"):format(name, words, what, err))
  assert.equal(name .. ": ", err:sub(1, #name + 2))
  assert.equal(#err, err:find "\n", err)
end

describe("experiments/bench", function()
  it("measures a peak that no thread count brings to zero", function()
    assert.is_true(core.fma_peak() > 0.1)
  end)

  it("times a training step", function()
    local line = result("step.lua", "--size 16 --channels 1 --batch 4 --width 4 --z 5 --steps 2 --threads 1")
    assert.same({"dcgan", 16, 1, 4, 1}, {line.net, line.size, line.channels, line.batch, line.threads})
    positive(line, "s_step", "rss_mb", "params", "lossD", "lossG")
    assert.near(line.batch / line.s_step, line.img_s, 1e-3 * line.img_s)
    line = result("step.lua", "--net sndcgan --size 16 --batch 2 --width 4 --steps 1")
    assert.same({"sndcgan", 16, 3}, {line.net, line.size, line.channels})
    positive(line, "s_step", "img_s", "rss_mb")
    line = result("step.lua", "--size 16 --batch 2 --width 4 --steps 1 --profile --table", 10)
    assert.is_true(line.other_share > 0 and line.other_share < 1, line.other_share)
  end)

  it("times the layers of a training step", function()
    local line = result("layers.lua", "--size 16 --batch 4 --width 4 --rounds 1 --table", 6)
    assert.equal(6, #line.layers)
    for _, l in ipairs(line.layers) do positive(l, "s_step", "ratio") end
    assert.equal("plain", line.layers[1].name)
  end)

  it("compares last layers", function()
    local words = "--size 16 --batch 4 --width 2 --steps 3 --seeds 1 --n 12 --threads 1"
    local line = result("last_layer.lua", words .. " --table", 5)
    assert.equal(4, #line.games)
    for i, kind in ipairs {"spectral", "plain", "gain", "nobias"} do
      assert.equal(kind, line.games[i].kind)
      positive(line.games[i], "fid", "own_fid", "apart")
    end
    fails("last_layer.lua", words .. " --last odd", "--last: expected some of gain, nobias, plain, spectral, got 'odd'")
    fails("last_layer.lua", words .. " --data nowhere", "--data: nowhere: cannot open")
    fails("last_layer.lua", words .. " --lr x", "--lr")
  end)

  it("times penalties", function()
    for _, penalty in ipairs {"r1", "gp"} do
      local line = result("penalty.lua",
        ("--penalty %s --size 16 --channels 1 --batch 2 --width 4 --z 5 --steps 1 --no-torch"):format(penalty))
      assert.equal(penalty, line.penalty)
      positive(line, "s_step", "s_penalised", "ratio", "rss_mb")
    end
    fails("penalty.lua", "--penalty r3", "--penalty: expected one of r1, gp, got 'r3'")
  end)

  it("times augmentation beside a step", function()
    local line = result("augment.lua", "--size 16 --batch 2 --width 4 --rounds 1 --threads 1 --table", 9)
    assert.equal(7, #line.ops)
    for _, op in ipairs(line.ops) do assert.is_true(op.ms >= 0, op.name) end
    positive(line, "s_step", "share_any")
    fails("augment.lua", "--size 17", "--size: expected 16, 32, 64 or 128, got 17")
  end)

  it("times drawing", function()
    local line = result("generate.lua", "--size 16 --images 5 --batch 2 --width 4")
    assert.equal(5, line.images)
    positive(line, "s_generate", "img_s", "rss_mb")
    assert.near(line.images / line.s_generate, line.img_s, 1e-3 * line.img_s)
  end)

  it("times features", function()
    local line = result("features.lua", "--batch 2 --batches 2 --eighths 1 --profile --table", 30)
    assert.same({"inception", 2, 607620}, {line.net, line.batch, line.params})
    positive(line, "s_batch", "img_s", "rss_mb", "mean")
    assert.near(line.batch / line.s_batch, line.img_s, 1e-3 * line.img_s)
  end)

  it("times each pass of each convolution", function()
    local line = result("conv.lua", "--batch 2 --width 4 --ms 1 --table", 11)
    positive(line, "ms_4x4", "ms_3x3")
    assert.is_true(#line.layers >= 11)
    for _, l in ipairs(line.layers) do
      positive(l, "peak", "gflop")
      for _, pass in ipairs {"y", "dx", "dw"} do positive(l[pass], "gflop_s", "share") end
    end
  end)

  it("measures each engine's errors by double precision", function()
    local line = result("conv.lua", "--errors --batch 2 --width 4")
    local count, y = {}, {}
    for _, e in ipairs(line.errors) do
      count[e.engine] = (count[e.engine] or 0) + 1
      y[e.engine] = e.y
      for _, pass in ipairs {"y", "dx", "dw"} do
        assert.is_true(e[pass] > 1e-9 and e[pass] < 1e-5, e.layer .. " " .. pass)
      end
    end
    assert.same({direct = 15, winograd2 = 13, winograd4 = 13}, count)
    assert.is_true(y.direct < y.winograd4) -- the option reached the kernel
  end)

  it("times memory-bound kernels", function()
    local line = result("pointwise.lua", "--megabytes 1 --ms 1")
    assert.is_true(#line.kernels > 20)
    for _, k in ipairs(line.kernels) do positive(k, "ms", "gb_s", "bandwidth", "share") end
  end)

  it("times data", function()
    local line = result("load.lua",
      "--images 300 --pictures 5 --size 16 --batch 4 --batches 2 --files 20 --steps 1 --width 4")
    positive(line, "idx_img_s", "png_img_s", "png_disk_img_s", "shapes_img_s", "cifar_img_s", "batches_img_s", "held",
      "step_cpu_s", "png_img_cpu_s", "png_share", "batches_share", "many1_img_s", "many2_img_s", "many_growth")
    assert.is_true(line.held >= 1 and line.held <= 1.2, line.held)
  end)

  it("times the start", function()
    local line = result("start.lua", "--runs 1")
    positive(line.gan, "ms_process")
  end)

  it("compares the training curves of the engines", function()
    local line = result("curves.lua", "--size 16 --width 8 --batch 4 --seeds 2 --steps 3 --window 2")
    assert.equal(2 * 4, #line.curves)
    local first, last = line.curves[1], line.curves[8]
    assert.same({1, 2, "lossD", 3, 3, "D(G(z))"},
      {first.first, first.last, first.what, last.first, last.last, last.what})
    for _, c in ipairs(line.curves) do positive(c, "direct", "winograd2", "winograd4", "seeds") end
  end)

  it("runs them all with one command, as a table and as JSON", function()
    local path = os.tmpname()
    local code, out, err = run("run.lua",
      ("--quick --no-torch --no-kernels --batch 2 --width 4 --steps 1 --json %s"):format(path))
    local file = assert(io.open(path))
    local text = file:read "a"
    file:close()
    os.remove(path)
    assert.same({0, ""}, {code, err})
    assert.is_truthy(out:find("dcgan 64x64x3 b2", 1, true), out)
    local doc = json.decode(text)
    assert.equal(4, #doc.step)
    assert.same({"r3gan", 32}, {doc.step[4].net, doc.step[4].size})
    positive(doc.step[1].gan, "s_step", "img_s", "rss_mb")
    assert.equal(6, #doc.layers.layers)
    assert.same({"r1", "gp"}, {doc.penalty[1].penalty, doc.penalty[2].penalty})
    positive(doc.penalty[2], "ratio")
    positive(doc.generate.gan, "s_generate")
    positive(doc.features.gan, "s_batch", "img_s")
    positive(doc.start.gan, "ms_process")
    positive(doc.profile, "other_share")
    for _, peak in ipairs(doc.fma_peak) do positive(peak, "before", "after") end
    fails("run.lua", "--json /nowhere/at/all.json", "--json: /nowhere/at/all.json")
  end)

  it("names options that are none", function()
    fails("step.lua", "--batch 0", "--batch: expected an integer in 1..")
    fails("step.lua", "--steps x", "--steps: expected an integer in 1..")
    fails("step.lua", "--sise 3", "unknown option '--sise'")
    fails("step.lua", "--size 17", "--size: expected 16, 32, 64 or 128, got 17")
    fails("step.lua", "--net sndcgan --size 17", "--size: expected a multiple of 8 from 16 on, got 17")
    fails("step.lua", "--net vgan", "--net: expected one of dcgan, sndcgan, r3gan, got 'vgan'")
    fails("step.lua", "--channels 2", "--channels: expected 1 or 3, got 2")
    fails("conv.lua", "--ms 0", "--ms: expected an integer in 1..")
    fails("pointwise.lua", "big", "too many arguments")
    fails("load.lua", "--size 8", "--size: expected an integer in 16..512, got '8'")
    fails("curves.lua", "--data /nowhere", "--data: ")
    fails("start.lua", "--threads 65", "--threads: expected an integer in 1..64, got '65'")
    fails("features.lua", "--eighths 9", "--eighths: expected an integer in 1..8")
    fails("generate.lua", "--size 17", "--size: expected one of 16, 32, 64, 128, got '17'")
  end)
end)
