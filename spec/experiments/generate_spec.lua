-- Pictures from a run through the command line: the same seed is the same picture, whatever is drawn beside it.
local gan = require "gan"
local core = require "gan.core"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/generate.lua"
local dir

local function generate(words)
  local code, out, err = script.run(SCRIPT, words)
  assert.equal("", err)
  assert.equal(0, code)
  return out
end

local function fails(words, what)
  local code, _, err = script.run(SCRIPT, words)
  assert.equal(1, code, words)
  assert.is_truthy(err:find(what, 1, true), ("%s\nexpected: %s\ngot: %s"):format(words, what, err))
  assert.equal("generate.lua: ", err:sub(1, 14))
  assert.equal(#err, err:find "\n", err)
end

describe("generate.lua", function()
  setup(function()
    dir = temp.dir()
    local words = "--data shapes --limit 40 --size 16 --ngf 2 --ndf 2 --z 8 --batch 4 --threads 1 --steps 30 --name a "
      .. "--outdir " .. dir
    local code, _, err = script.run("experiments/dcgan.lua", words)
    assert.equal(0, code, err)
  end)
  teardown(temp.clean)

  it("ends at Ctrl-C without a traceback", function()
    local p = script.start(SCRIPT, ("--run %s/a --seeds 0-99999 --out %s/never"):format(dir, dir))
    os.execute "sleep 0.5"
    assert.is_true(p.alive())
    p.kill "INT"
    assert.same({130, ""}, {p.wait()})
  end)

  it("draws the same picture for the same seed", function()
    local out = generate("--run " .. dir .. "/a --seeds 3-6,9")
    assert.is_truthy(out:find("generated: 5 pictures, step 30", 1, true))
    assert.same({"seed000003.png", "seed000004.png", "seed000005.png", "seed000006.png", "seed000009.png"},
      temp.list(dir .. "/a/generated"))
    generate(("--run %s/a/checkpoint_last.safetensors --seeds 5 --out %s/one --threads 2"):format(dir, dir))
    local five = temp.read(dir .. "/a/generated/seed000005.png")
    assert.equal(five, temp.read(dir .. "/one/seed000005.png"))
    assert.not_equal(five, temp.read(dir .. "/a/generated/seed000006.png"))
  end)

  it("takes a checkpoint by its bare name, in the run's directory", function()
    local here = lfs.currentdir()
    for words, answer in pairs {["--grid"] = "./generated.png: 2 pictures", [""] = "./generated: 2 pictures"} do
      local code, out, err = script.run(here .. "/experiments/generate.lua",
        "--seeds 1-2 --run checkpoint_last.safetensors " .. words, {dir = dir .. "/a"})
      assert.same({0, ""}, {code, err})
      assert.equal(answer .. ", step 30\n", out)
    end
    temp.remove(dir .. "/a/generated")
  end)

  it("draws a sheet, of the averaged weights or of the others, truncated or not", function()
    generate("--run " .. dir .. "/a --grid --seeds 0-9 --columns 5")
    local h, w, c = core.image_info(temp.read(dir .. "/a/generated.png"))
    assert.same({2 * 18 + 2, 5 * 18 + 2, 3}, {h, w, c})
    local sheets = {}
    for i, words in ipairs {"", "--no-ema", "--trunc 0.5", "--ema --columns 4", "--standing 2",
      "--standing 2 --threads 2", "--standing 2 --no-ema"} do
      generate(("--run %s/a --grid --seeds 0-15 --out %s/%d.png %s"):format(dir, dir, i, words))
      sheets[i] = temp.read(dir .. "/" .. i .. ".png")
    end
    assert.not_equal(sheets[1], sheets[2])
    assert.not_equal(sheets[1], sheets[3])
    assert.equal(sheets[1], sheets[4])
    assert.equal(sheets[5], sheets[6])
    for i = 1, 4 do assert.not_equal(sheets[i], sheets[5]) end
    assert.not_equal(sheets[5], sheets[7])
    assert.not_equal(sheets[2], sheets[7])
  end)

  it("writes what the name of --out says", function()
    local run = "--run " .. dir .. "/a "
    local out = generate(("%s--seeds 5 --out %s/five.png"):format(run, dir))
    assert.equal(dir .. "/five.png: 1 picture, step 30\n", out)
    generate(("%s--seeds 4-5 --out %s/both"):format(run, dir))
    assert.equal(temp.read(dir .. "/both/seed000005.png"), temp.read(dir .. "/five.png"))
    lfs.mkdir(dir .. "/dir.png") -- a directory that is there is one, whatever its name
    generate(("%s--seeds 5 --out %s/dir.png"):format(run, dir))
    assert.same({"seed000005.png"}, temp.list(dir .. "/dir.png"))
    generate(("%s--seeds 4-5 --out %s/lr0.001"):format(run, dir)) -- no extension: a number's end
    assert.same({"seed000004.png", "seed000005.png"}, temp.list(dir .. "/lr0.001"))
    generate(("%s--seeds 4-5 --grid --out %s/SHEET.PNG"):format(run, dir))
    assert.equal("\x89PNG", temp.read(dir .. "/SHEET.PNG"):sub(1, 4))
    for words, what in pairs {
      ["--seeds 5 --out " .. dir .. "/x.jpg"] =
        "--out " .. dir .. "/x.jpg: pictures are written as PNG: give a name that ends in .png",
      ["--grid --out " .. dir .. "/x.svg"] = "x.svg: pictures are written as PNG",
      ["--seeds 5-6 --out " .. dir .. "/pic.png"] = "--out " .. dir .. "/pic.png: 2 pictures do not go into one file: "
        .. "give --grid for one sheet of them, or a directory",
      ["--grid --out " .. dir .. "/both"] = "both: is a directory; give --grid a file",
    } do
      fails(run .. words, what)
    end
    for _, name in ipairs {"x.jpg", "x.svg", "pic.png"} do assert.is_nil(lfs.attributes(dir .. "/" .. name)) end
  end)

  it("says in one line what is wrong", function()
    temp.write(dir .. "/bad.safetensors", "nothing")
    gan.file.safetensors.save(dir .. "/other.safetensors", {G = {w = gan.ones(2)}})
    gan.file.safetensors.save(dir .. "/odd.safetensors",
      {G = {w = gan.ones(2)},
        run = {options = '{"z":8}', nets = {generator = {model = "dcgan", options = '{"size":16,"z":8,"ngf":2}'}}}})
    gan.file.safetensors.save(dir .. "/bare.safetensors", {G = {w = gan.ones(2)}, run = {options = "{}"}})
    local run = "--run " .. dir .. "/a "
    for words, what in pairs {
      [""] = "--run is missing", ["--run no/such"] = "no/such: cannot read",
      ["--run " .. dir] = ": not a run, but a folder of them: name one, such as " .. dir .. "/a",
      ["--run " .. dir .. "/bad.safetensors"] = "bad.safetensors: expected a safetensors file",
      ["--run " .. dir .. "/other.safetensors"] = "other.safetensors: expected the checkpoint of a run",
      ["--run " .. dir .. "/odd.safetensors"] = "odd.safetensors: does not hold a generator",
      ["--run " .. dir .. "/bare.safetensors"] = "bare.safetensors: does not say how its generator was made",
      [run .. "--class 3"] = "--class: " .. dir .. "/a/checkpoint_last.safetensors is not conditional",
      [run .. "--net x.lua"] = "--net x.lua: the generator of " .. dir .. "/a/checkpoint_last.safetensors is not",
      [run .. "--seeds 9-3"] = "--seeds: expected seeds such as 0-63 or 1,5,9-12, got '9-3'",
      [run .. "--seeds x"] = "got 'x'",
      [run .. "--seeds=1,,2"] = "got '1,,2'",
      [run .. "--seeds 0-999999999"] = "at most 100000 seeds", [run .. "--trunc 0"] = "--trunc: expected a number",
      [run .. "--trunc -1"] = "--trunc:",
      [run .. "--sedes 3"] = "did you mean '--seeds'?",
      [run .. "--grid --out " .. dir .. "/no/where.png"] = "where.png: cannot write",
      [run .. "--out " .. dir .. "/no/where"] = "where: cannot make the directory",
      [run .. "--out " .. dir .. "/bad.safetensors"] = "do not go into one file",
      [run .. "--out " .. dir .. "/a/log.txt/x"] = "cannot make the directory",
    } do
      fails(words, what)
    end
  end)
end)
