-- Measuring through the command line: a run, its pictures, two sets; JSON and nothing else where that was asked for;
-- every wrong use in one line.
local core = require "gan.core"
local grid = require "gan.show.grid"
local json = require "gan.file.json"
local gan = require "gan"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/evaluate.lua"
local dir

local function run(words)
  local code, out, err = script.run(SCRIPT, "--threads 1 " .. words)
  assert.equal(0, code, err)
  return out, err
end

-- The results of --json by their names; every line must be one.
local function results(words)
  local out, err = run(words .. " --json")
  local got = {}
  for line in out:gmatch "[^\n]+" do
    local r = assert(json.decode(line), line)
    got[r.metric] = r
  end
  return got, err
end

local function fails(words, what)
  local code, out, err = script.run(SCRIPT, "--threads 1 " .. words)
  assert.equal(1, code, words)
  assert.equal("", out)
  assert.is_truthy(err:find(what, 1, true), ("%s\nexpected: %s\ngot: %s"):format(words, what, err))
  local last = err:gsub("\n  [^\n]*", ""):match "([^\n]*)\n$" -- but for a list's lines
  assert.equal("evaluate.lua: ", last:sub(1, 14))
end

-- A folder of pictures of one set.
local function pictures(path, images)
  lfs.mkdir(path)
  for i = 1, core.size(images, 1) do
    assert(grid.save(("%s/%03d.png"):format(path, i), core.narrow(images, 1, i, 1), {pad = 0}))
  end
  return path
end

describe("evaluate.lua", function()
  local OF_RUN
  setup(function()
    dir = temp.dir()
    local code, _, err = script.run("experiments/dcgan.lua",
      "--data shapes --limit 60 --size 16 --ngf 2 --ndf 2 --z 8 --batch 4 --threads 1 "
      .. "--steps 30 --name a --metrics fid,kid,pr --metrics-n 40 --metrics-every 30 --outdir " .. dir)
    assert.equal(0, code, err)
    OF_RUN = "--run " .. dir .. "/a "
  end)
  teardown(temp.clean)

  it("gives the numbers that were measured in training", function()
    local got = results(OF_RUN .. "--metrics fid,kid,pr --n 40 --batch 7")
    for _, name in ipairs {"fid", "kid", "precision", "recall"} do
      local there = json.decode(temp.read(("%s/a/metric-%s.jsonl"):format(dir, name)))
      for _, key in ipairs {
        "value", "n_real", "n_fake", "split", "features", "features_hash", "seed", "resize", "dim",
      } do
        assert.equal(there[key], got[name][key], name .. " " .. key)
      end
      assert.same({30, true}, {got[name].run.step, got[name].run.ema})
    end
    assert.not_equal(got.fid.value, results(OF_RUN .. "--metrics fid --n 40 --no-ema").fid.value)
    assert.is_false(results(OF_RUN .. "--metrics fid --n 40 --no-ema").fid.run.ema)
  end)

  it("gives the same for the pictures of a run", function()
    assert.equal(0, (script.run("experiments/generate.lua",
      OF_RUN .. "--threads 1 --seeds 0-39 --out " .. dir .. "/drawn")))
    local a = results(OF_RUN .. "--metrics fid,kid,pr --n 40")
    local b, err = results(("--images %s/drawn --data shapes --size 16 --n 40 --metrics fid,kid,pr"):format(dir))
    assert.equal(("%s/drawn"):format(dir), b.fid.images)
    for _, name in ipairs {"n_real", "n_fake", "features_hash"} do assert.equal(a.fid[name], b.fid[name]) end
    assert.is_nil(b.fid.run)
    -- The real images are others: the run has 60 of them, the set thousands. With those 60 the numbers are the same.
    local folder = pictures(dir .. "/sixty", gan.data.shapes {count = 60, size = 16}.images)
    b = results(("--images %s/drawn --data %s --n 60 --metrics fid,kid,pr"):format(dir, folder))
    a = results(("--run %s/a --data %s --n 60 --metrics fid"):format(dir, folder))
    assert.same({60, 40, 60, 60}, {b.fid.n_real, b.fid.n_fake, a.fid.n_real, a.fid.n_fake})
    assert.matches("60 real images, 40 others", b.fid.warnings[#b.fid.warnings])
    assert.is_truthy(err:find("warning: n = 40 is not above the 224 features", 1, true), err)
  end)

  it("takes two halves of a set, and two sets of any kind", function()
    local got = results "--a fake --b fake --size 16 --n 200 --features pixels --metrics kid,nearest"
    assert.is_true(got.nearest.value > 0.1) -- no picture is in both
    assert.is_true(math.abs(got.kid.value) < 0.05)
    assert.same({200, 200}, {got.kid.n_real, got.kid.n_fake})
    assert.equal(30, results(("--a %s/sixty --b %s/sixty --metrics kid"):format(dir, dir)).kid.n_real)
    got = results(("--a %s/sixty --b fake --size 16 --n 20 --n-real 100 --metrics kid"):format(dir))
    assert.same({60, 20}, {got.kid.n_real, got.kid.n_fake})
    got = results(("--a %s/sixty --b fake --size 16 --n 30 --metrics kid,diversity"):format(dir))
    assert.same({dir .. "/sixty", "fake"}, {got.kid.data, got.kid.images})
    -- Grey beside colour.
    pictures(dir .. "/grey", core.full({20, 16, 16, 1}, 99, "u8"))
    assert.equal(20, results(("--a %s/sixty --b %s/grey --metrics kid"):format(dir, dir)).kid.n_fake)
    assert.equal(20, results(("--a %s/grey --b %s/sixty --metrics kid --n 20"):format(dir, dir)).kid.n_fake)
  end)

  it("prints a table, and the picture of the nearest", function()
    local out, err = run(OF_RUN .. "--n 50 --metrics kid,nearest,ppl --seed 3")
    for _, text in ipairs {dir .. "/a/checkpoint_last.safetensors, step 30, averaged weights against shapes (all)",
      "random_conv crc32:", "D 224", "seed 3",
      "kid ", "nearest ", "ppl ", "a/nearest.png"} do
      assert.is_truthy(out:find(text, 1, true), out)
    end
    assert.is_truthy(err:find("shapes: 50 of 50 images", 1, true), err)
    local h, w, c = core.image_info(temp.read(dir .. "/a/nearest.png"))
    assert.same({16 * 18 + 2, 6 * 18 + 2, 3}, {h, w, c})
    out, err = run(OF_RUN .. "--n 40")
    assert.is_nil(out:find("\nis ", 1, true))
    assert.is_truthy(err:find("is: left out, it needs a network with classes, random_conv has none", 1, true), err)
  end)

  it("takes a checkpoint by its bare name, in the run's directory", function()
    temp.remove(dir .. "/a/nearest.png")
    local code, out, err = script.run(lfs.currentdir() .. "/" .. SCRIPT,
      "--run checkpoint_last.safetensors --n 50 --metrics nearest", {dir = dir .. "/a"})
    assert.equal(0, code, err)
    assert.is_truthy(out:find("./nearest.png: generated", 1, true), out)
    assert.is_truthy(lfs.attributes(dir .. "/a/nearest.png"))
  end)

  it("measures real images once", function()
    local words = OF_RUN .. "--metrics fid --n 40 --features pixels --stats " .. dir .. "/s.npz"
    local fresh, again = results(words), results(words)
    assert.is_true(math.abs(fresh.fid.value - again.fid.value) < 1e-6 * fresh.fid.value)
    assert.equal(40, again.fid.n_real)
    local _, err = results(words .. " --data no/such/thing") -- they are not even opened
    assert.is_nil(err:find("no/such", 1, true))
  end)

  it("says in one line what is wrong", function()
    lfs.mkdir(dir .. "/empty")
    pictures(dir .. "/one", core.full({1, 16, 16, 3}, 99, "u8"))
    pictures(dir .. "/mixed", core.full({2, 16, 16, 3}, 99, "u8"))
    grid.save(dir .. "/mixed/x.png", core.full({1, 8, 16, 3}, 99, "u8"), {pad = 0})
    temp.write(dir .. "/bad.npz", "PK\3\4 nothing")
    temp.write(dir .. "/broken.safetensors", "nothing")
    lfs.mkdir(dir .. "/torn")
    temp.write(dir .. "/torn/a.png", temp.read(dir .. "/one/001.png"):sub(1, -20))
    for words, what in pairs {
      [""] = "give one of --run DIR, --images DIR --data PATH, and --a PATH --b PATH",
      ["--run a --images b"] = "got --run, --images",
      ["--images x"] = "--data is missing", ["--a x"] = "--b is missing", ["--b x"] = "--a is missing",
      ["--a x --b y --data z"] = "--data belongs",
      [OF_RUN .. "--split-b test"] = "--split-b belongs to --b", ["--run no/such"] = "no/such: cannot read",
      ["--run " .. dir .. "/broken.safetensors"] = "expected a safetensors file",
      [OF_RUN .. "--metrics fid,kdi"] = "metrics: unknown 'kdi' (did you mean 'kid'?)",
      [OF_RUN .. "--metrics is"] = "is: needs a network with classes",
      [OF_RUN .. "--split dev"] = "--split: expected train, val, test or eval, got 'dev'",
      [OF_RUN .. "--n 0"] = "--n: expected an integer",
      [OF_RUN .. "--size 32"] = "--size 32: the run draws 16x16", [OF_RUN .. "--n 1"] = "needs at least 2 images",
      [OF_RUN .. "--features no/such"] = "--features: no/such", [OF_RUN .. "--features pixel"] = "--features: ",
      [OF_RUN .. "--features " .. dir .. "/broken.safetensors"] = "broken.safetensors: expected a",
      [OF_RUN .. "--metrics fid --stats " .. dir .. "/bad.npz"] = "bad.npz",
      [OF_RUN .. "--data " .. dir .. "/empty"] = "empty: no pictures in it (it is empty)",
      ["--a fake --b " .. dir .. "/empty"] = "empty: no pictures in it (it is empty)",
      ["--a fake --b no/such"] = "no/such: cannot open",
      ["--a fake --b " .. dir .. "/one --size 16"] = "needs at least 2 images, " .. dir .. "/one has 1",
      [("--a %s/one --b %s/one"):format(dir, dir)] = "one image has no two halves",
      ["--a fake --b " .. dir .. "/mixed"] = "pictures differ in size",
      ["--a fake --size 16 --b " .. dir .. "/torn"] =
        "torn: 1 of 1 pictures cannot be read; --skip-bad leaves them out:\n  a.png: truncated PNG",
      [("--a %s/sixty --b fake"):format(dir)] = "images of 16x16, fake: of 32x32; give --size",
      ["--a fake --b fake --metrics ppl"] = "ppl: needs a generator",
      ["--a fake --b fake --metric kid"] = "did you mean '--metrics'?",
      ["--a fake --b fake --split train"] = "fake: has no splits",
      [OF_RUN .. "--metrics nearest --n 20 --sheet /no/such/x.png"] = "cannot write",
    } do
      fails(words, what)
    end
  end)

  it("never takes NaN for a number", function()
    local tree = assert(gan.file.safetensors.load(dir .. "/a/checkpoint_last.safetensors"))
    for _, t in pairs(tree.ema.shadow or tree.ema) do
      if core.is_tensor(t) then core.copy_(t, core.full({}, 0 / 0)) end
    end
    assert(gan.file.safetensors.save(dir .. "/nan.safetensors", tree))
    fails("--run " .. dir .. "/nan.safetensors --n 20 --metrics kid", "NaN")
    run("--run " .. dir .. "/nan.safetensors --n 20 --metrics kid --no-ema")
  end)
end)
