-- Measuring through the command line: a run, its pictures, two sets; JSON and nothing else where that was asked for;
-- every wrong use in one line.
local core = require "gan.core"
local grid = require "gan.show.grid"
local json = require "gan.file.json"
local gan = require "gan"
local lfs = require "lfs"
local inside = require "spec.support.inside"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/evaluate.lua"
local dir

local function run(words)
  local code, out, err = inside.run(SCRIPT, "--threads 1 " .. words)
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
  local code, out, err = inside.run(SCRIPT, "--threads 1 " .. words)
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
    local anew = results(OF_RUN .. "--metrics fid --n 40 --standing 2").fid
    assert.same({2, true}, {anew.run.standing, anew.run.ema})
    assert.not_equal(got.fid.value, anew.value)
  end)

  it("says how large the images were, and how they became so", function()
    local of_run = results(OF_RUN .. "--metrics kid --n 20").kid
    assert.same({"16x16x3", "crop"}, {of_run.image, of_run.fit})
    local words = "--a shapes --b fake --size 20 --fit pad --features pixels --metrics kid --n 20"
    local of_two = results(words).kid
    assert.same({"20x20x3", "pad"}, {of_two.image, of_two.fit})
    assert.matches("\nimages 20x20x3, fit pad; features pixels, ", (run(words)))
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
    local most = math.maxinteger
    local late = results(("--a %s/sixty --b fake --size 16 --metrics kid --n 20 --seed %d"):format(dir, most))
    assert.equal(most, late.kid.seed)
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
    local out, err = run(words) -- they are not even opened
    assert.is_nil(err:find("shapes: 40 of 40 images", 1, true), err)
    assert.is_truthy(out:gsub("%s+", " "):find("against shapes (all), by " .. dir .. "/s.npz", 1, true), out)
    fails(words .. " --data no/such/thing", "no/such/thing: cannot open")
    fails(words .. " --data fake", "s.npz: of shapes (60 images, ")
    assert.equal(40, results(words .. " --data shapes").fid.n_real)
  end)

  it("takes statistics that others computed, and says what they do not say", function()
    local known = gan.file.npz.load(dir .. "/s.npz")
    assert(gan.file.npz.save(dir .. "/others.npz", {mu = known.mu, sigma = known.sigma}))
    local out, err = run(("--images %s/drawn --metrics fid --features pixels --stats %s/others.npz"):format(dir, dir))
    assert.is_truthy(
      out:gsub("%s+", " "):find("against " .. dir .. "/others.npz, which does not say of what it is", 1, true), out)
    assert.is_truthy(err:find("others.npz does not say of which images its numbers are", 1, true), err)
    assert(gan.file.npz.save(dir .. "/drawn.npz", {mu = known.mu, sigma = known.sigma}))
    os.remove(dir .. "/drawn.npz")
    run(("--a %s/drawn --b fake --size 16 --n 40 --metrics fid --stats %s/drawn.npz"):format(dir, dir))
    fails(("--images %s/drawn --metrics fid --stats %s/drawn.npz"):format(dir, dir),
      "drawn.npz: of the very images of " .. dir .. "/drawn: give --a and --b")
    fails(("--images fake --size 32 --metrics fid --stats %s/drawn.npz"):format(dir), "have 32x32: give --size")
  end)

  it("says where a run's own data are other images than those of the statistics", function()
    run(("--a shapes --b fake --size 16 --n 40 --metrics fid --stats %s/all.npz"):format(dir))
    local _, err = run(OF_RUN .. "--n 40 --metrics fid --stats " .. dir .. "/all.npz")
    assert.is_truthy(err:find("all.npz: of shapes (all), which are other images than the run learnt from", 1, true),
      err)
    _, err = run(OF_RUN .. "--n 40 --metrics fid --features pixels --stats " .. dir .. "/s.npz")
    assert.is_nil(err:find("other images", 1, true), err)
  end)

  it("sees a set on both sides, whatever it is called and however it is sorted", function()
    local images = gan.data.shapes {count = 60, size = 16}.images
    lfs.mkdir(dir .. "/again")
    for i = 1, 60 do
      local path = ("%s/again/%s"):format(dir, i % 2 == 0 and "odd" or "even")
      lfs.mkdir(path)
      assert(grid.save(("%s/%03d.png"):format(path, 99 - i), core.narrow(images, 1, i, 1), {pad = 0}))
    end
    for _, words in ipairs {
      "--a %s/sixty --b %s/again", "--a %s/sixty/ --b %s/./sixty", "--images %s/sixty --data %s/again",
    } do
      words = words:format(dir, dir)
      local got, err = results(words .. " --metrics kid,nearest --features pixels")
      assert.same({30, 30}, {got.kid.n_real, got.kid.n_fake})
      assert.is_true(got.nearest.value > 0.05, got.nearest.value) -- no picture is in both halves
      assert.is_truthy(err:find(": each side gets half of the images", 1, true), err)
    end
  end)

  it("knows a run's own data by what they are", function()
    local images = gan.data.shapes {count = 30, size = 16}.images
    pictures(dir .. "/thirty", images)
    local code, _, err = inside.run("experiments/dcgan.lua", ("--data %s/thirty --limit 20 --size 16 --ngf 2 --ndf 2 "
      .. "--z 8 --batch 4 --threads 1 --steps 2 --name t --outdir %s"):format(dir, dir))
    assert.equal(0, code, err)
    local words = ("--run %s/t --metrics kid,nearest"):format(dir)
    local before
    before, err = results(words)
    assert.equal(20, before.kid.n_real)
    assert.is_nil(err:find("the run was started with", 1, true), err)
    assert(os.rename(dir .. "/thirty", dir .. "/elsewhere"))
    fails(words, "thirty: cannot open (No such file or directory); --data PATH says where the run's data are now")
    local moved = results(("%s --data %s/elsewhere"):format(words, dir))
    assert.same({20, before.nearest.value}, {moved.kid.n_real, moved.nearest.value})
    assert(os.rename(dir .. "/elsewhere", dir .. "/thirty"))
    assert(grid.save(dir .. "/thirty/003.png", core.narrow(images, 1, 1, 1), {pad = 0}))
    _, err = results(words)
    assert.is_truthy(err:find("thirty: the run was started with other data", 1, true), err)
    _, err = results(words .. " --background black")
    assert.is_nil(err:find("the run was started with", 1, true), err)
    assert.equal(30, results(("%s --data %s/thirty"):format(words, dir)).kid.n_real) -- no longer its own: all of them
  end)

  it("asks for the data of a run whose script opened them", function()
    temp.write(dir .. "/own.lua", [[
local gan = require "gan"
local run = gan.train.run {recipe = "own", sizes = {16}, open = function()
  return gan.data.shapes {count = 40, size = 16, seed = 5}
end}
run:train {G = run:generator "dcgan", D = run:discriminator "dcgan"}
]])
    local code, out, err = inside.run(dir .. "/own.lua",
      "--size 16 --ngf 2 --ndf 2 --z 8 --batch 4 --threads 1 --steps 2 --name own --outdir " .. dir)
    assert.equal(0, code, err)
    assert.is_nil(out:find("data shapes", 1, true), out)
    assert.is_nil(temp.read(dir .. "/own/options.json"):find('"data":"', 1, true))
    fails(("--run %s/own --n 20"):format(dir), "own/checkpoint_last.safetensors: its script opened the data, and no "
      .. "script is executed here: give the real images, --data PATH")
    assert.equal(20, results(("--run %s/own --n 20 --data shapes --metrics kid"):format(dir)).kid.n_real)
  end)

  it("opens its images as the options of data say", function()
    local at = dir .. "/parts"
    for _, folder in ipairs {at, at .. "/train", at .. "/test"} do lfs.mkdir(folder) end
    pictures(at .. "/train/x", core.full({4, 8, 16, 3}, 99, "u8"))
    pictures(at .. "/test/x", core.full({4, 8, 16, 3}, 100, "u8"))
    temp.write(at .. "/test/x/bad.png", "<html>")
    local words = ("--a %s --b %s --size 16 --metrics diversity,kid --features pixels --split-b test "):format(at, at)
    fails(words, "test/x/bad.png: ")
    local got, said = results(words .. "--skip-bad")
    local text = "parts:\n  split test (there is also train)\n  1 of 5 pictures cannot be read, left out (--skip-bad)"
    assert.is_truthy(said:find(text .. ":\n    test/x/bad.png: HTML", 1, true), said)
    assert.equal(4, got.kid.n_fake)
    assert.equal("test", got.kid.split_images)
    assert.not_equal(got.kid.value, results(words .. "--skip-bad --fit pad --background 0").kid.value)
  end)

  it("takes --split for the real images alone, and for those of a file of statistics", function()
    local at, stats = dir .. "/halves", dir .. "/halves.npz"
    for _, folder in ipairs {at, at .. "/train", at .. "/test"} do lfs.mkdir(folder) end
    pictures(at .. "/train/x", core.full({4, 16, 16, 3}, 99, "u8"))
    pictures(at .. "/test/x", core.full({3, 16, 16, 3}, 100, "u8"))
    pictures(dir .. "/flat", core.full({3, 16, 16, 3}, 7, "u8"))
    local words = "--images " .. dir .. "/flat --features pixels "
    local got = results(words .. "--metrics kid --split test --data " .. at)
    assert.same({"test", "all", 3}, {got.kid.split, got.kid.split_images, got.kid.n_real})
    words = words .. "--metrics fid --stats " .. stats
    results(words .. " --split test --data " .. at)
    assert.equal("test", results(words .. " --split test").fid.split)
    fails(words .. " --split val", ("--split val: %s is of %s (test); give --data, too, or"):format(stats, at))
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
      ["--a x --b y --net z"] = "--net belongs to --run",
      ["--a fake --b fake --sheet x.jpg"] = "x.jpg: pictures are written as PNG",
      ["--a fake --b fake --stats x.txt"] = "x.txt: statistics are written as .npz: give a name that ends in .npz",
      ["--images x --metrics fid --stats " .. dir .. "/none.npz"] = "--data is missing",
      [OF_RUN .. "--net x.lua"] = "--net x.lua: the generator of ",
      ["--run " .. dir] = ": not a run, but a folder of them: name one, such as ",
      ["--a shapes --b fake --standing 2"] = "--standing belongs to --run",
      [OF_RUN .. "--split-b test"] = "--split-b belongs to --b", ["--run no/such"] = "no/such: cannot read",
      ["--run " .. dir .. "/broken.safetensors"] = "expected a safetensors file",
      [OF_RUN .. "--metrics fid,kdi"] = "metrics: unknown 'kdi' (did you mean 'kid'?)",
      [OF_RUN .. "--metrics is"] = "is: needs a network with classes",
      [OF_RUN .. "--split dev"] = "--split: expected train, val, test, eval or all, got 'dev'",
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
        "torn: the picture cannot be read:\n  a.png: truncated PNG",
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
