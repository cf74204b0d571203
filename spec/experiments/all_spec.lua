-- Every recipe: a run that was killed in its third step and goes on with two threads ends in the bytes of a whole one
-- with one thread, its generator can be drawn from, and its script is short and explains itself.
local gan = require "gan"
local core = require "gan.core"
local inside = require "spec.support.inside"
local killed = require "spec.support.killed"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

-- name -> a list of cases, each the words that the recipe gets beside WORDS.
local recipes = {
  dcgan = {"", "--blocks 2", "--pack 2 --blocks 2"}, gan2014 = {"--ngf 8 --ndf 6"}, lsgan = {""}, hinge_sn = {""},
  wgan = {"--burn-in 1 --dsteps 1"}, wgan_gp = {"--dsteps 2"},
  r1 = {"", "--every 3"}, dragan = {""}, relativistic = {""}, minibatch = {"", "--layer stddev"},
  replay = {"--capacity 6", "--memory buffer --capacity 6"}, virtual_batch_norm = {""}, cgan = {""},
  acgan = {"", "--pack 2 --limit 64"},
  projection = {""}, text_to_image = {"--encoder-steps 3 --text 4", "--encoder bag --encoder-steps 0 --blocks 2"},
  attributes = {"", "--conditioning concat --blocks 2"},
  sndcgan = {""}, sngan_resnet = {"--size 32 --dsteps 2 --batch 2 --decay 5"},
  large_batch = {"--blocks 2", "--blocks 4"}, ksteps = {"--dsteps 2 --gsteps 2", "--plan lead"},
  layout_to_image = {"--size 32 ", "--size 32 --blocks 2"},
  mask_to_image = {"--size 32 ", "--size 32 --blocks 2 --mismatch 0.5"}, pix2pix = {"", "--blocks 2 --l1 10"},
  own_net = {""}, own_augment = {"", "--strength 1 --blocks 2"},
  ring = {"--norm spectral --penalty r1 --replay 6 --noise 0.1 --classic", "--pack 2",
    "--penalty gp --loss wgan --minibatch discrimination --dsteps 2"},
  start = {
    "", "--norm none --conditional --loss rp", "--net sndcgan --pack 2 --size 24", "--net r3gan --ngf 8 --ndf 8",
  },
  r3gan = {"--ngf 8 --ndf 8"}, stacked_mnist = {"--data fake --size 32 --metrics none"},
}
local points, own = {ring = true}, {own_net = "nets.lua"} -- own: the file that makes their nets
-- What their pictures are made of: options of generate.lua.
local asked = {
  layout_to_image = function(dir)
    return {layout = temp.write(dir .. "/a.json", '{"objects": [{"class": "star", "box": [0, 0, 0.5, 0.5]}]}')}
  end,
  mask_to_image = function(dir)
    local map = core.tensor({{{0}, {1}}, {{8}, {255}}}, "u8")
    assert(gan.data.image.write(dir .. "/a.png", map))
    return {mask = dir .. "/a.png"}
  end,
}
asked.pix2pix = asked.mask_to_image
local elsewhere = {bsa = true} -- begins with another's run, and has a spec of its own

local WORDS = "--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --snap 1 "

describe("recipe", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function command(name, extra, words)
    local base = points[name] and "--ngf 6 --ndf 6 --z 4 --batch 4 --snap 1 " or WORDS
    if name == "layout_to_image" then base = base:gsub("%-%-z %d+ ", "") end
    for option in extra:gmatch "%-%-%w+ " do base = base:gsub(option:gsub("%-", "%%-") .. "%S+ ", "") end
    return ("experiments/%s.lua"):format(name), ("%s%s %s --outdir %s"):format(base, extra, words, dir)
  end
  local function train(...)
    local code, out, err = inside.run(command(...))
    assert.equal("", err)
    assert.equal(0, code, out)
    return out
  end
  local function bytes(run) return temp.read(("%s/%s/checkpoint_last.safetensors"):format(dir, run)) end

  it("is in the table", function()
    local missing = {}
    for file in lfs.dir "experiments" do
      local name = file:match "^(.*)%.lua$"
      if name and temp.read("experiments/" .. file):find "gan%.train%.run" and not recipes[name]
        and not elsewhere[name] then
        missing[#missing + 1] = name
      end
    end
    assert.same({}, missing)
  end)

  it("begins as every script does", function()
    local function first_lines(file)
      return temp.read("experiments/" .. file):match "\n([^-\n][^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*)"
    end
    local first = first_lines "dcgan.lua"
    assert.is_truthy(first:find '"base.lua"[^\n]*$')
    for file in lfs.dir "experiments" do
      if file:find "%.lua$" and file ~= "base.lua" and file ~= own.own_net then
        assert.equal(first, first_lines(file), file)
      end
    end
  end)

  it("runs nothing of the directory in which it is started", function()
    local here, code = lfs.currentdir(), nil
    local there = dir .. "/poisoned's"
    for _, folder in ipairs {"", "/gan", "/copy"} do lfs.mkdir(there .. folder) end
    for name in ("lfs cjson argparse base gan gan/init gan/core gan/wait gan/check nets"):gmatch "%S+" do
      for _, ending in ipairs {".lua", ".so"} do
        temp.write(there .. "/" .. name .. ending, ("io.stderr:write 'poison: %s%s\n' os.exit(7)"):format(name, ending))
      end
    end
    temp.write(there .. "/readlink", "#!/bin/sh\necho './lfs.lua'")
    os.execute(("chmod +x %q"):format(there .. "/readlink"))
    local function clean(file, words, opt)
      opt = opt or {}
      opt.dir = there
      local out, err
      code, out, err = script.run(file, words, opt)
      assert.is_nil((out .. err):find("poison", 1, true), err)
      return out, err
    end
    for _, name in ipairs {"own_net", "generate", "explore", "evaluate", "plot", "compare", "tensorboard",
      "classifier", "ablation"} do
      local out = clean(("%s/experiments/%s.lua"):format(here, name), "--help")
      assert.is_truthy(out:find("--help", 1, true), name)
    end
    local words = "--data fake --limit 4 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --dry-run"
    clean(here .. "/experiments/own_net.lua", words)
    assert.equal(0, code)
    clean("-e 'arg = {\"--help\"} dofile \"" .. here .. "/experiments/dcgan.lua\"'", "")
    local pipe = io.popen(("cd %q && '%s' - --help <%s/experiments/dcgan.lua 2>&1"):format(there, script.lua(), here))
    assert.matches("^Usage: ", pipe:read "a") -- nobody knows where its base.lua is
    pipe:close()
    temp.write(there .. "/copy/it's.lua", temp.read "experiments/dcgan.lua") -- without base.lua beside it
    clean("copy/it\\'s.lua", "--help")
    clean(here .. "/experiments/dcgan.lua", "--help", {env = 'PATH=".:$PATH"'})
    assert.equal(0, code)
    clean(here .. "/experiments/dcgan.lua", "--help", {chunk = "io.popen = function() return nil, 'no process' end"})
    assert.equal(0, code)
    -- what its owner names is used
    temp.write(there .. "/copy/argparse.lua", "io.stderr:write 'named' os.exit(7)")
    local _, err = clean(here .. "/experiments/dcgan.lua", "--help", {env = "LUA_PATH_5_4='./copy/?.lua;;'"})
    assert.same({7, "named"}, {code, err})
  end)

  it("removes what a program that was killed has left half-written where it writes", function()
    local run = dir .. "/written"
    train("dcgan", "--metrics fid --metrics-n 10", "--steps 1 --name written")
    for words, folder in pairs {
      ["plot --run " .. run .. " --out @/a.svg"] = "", ["generate --run " .. run .. " --seeds 1 --out @/a.png"] = "",
      ["generate --run " .. run .. " --seeds 1 --out @/pictures"] = "/pictures",
      ["explore --run " .. run .. " --out @/a.html"] = "",
      ["atlas --steps 2 --n-train 10 --run " .. run .. " --out @/a.png"] = "",
      ["evaluate --metrics nearest --n 10 --features pixels --sheet @/a.png --run " .. run] = "",
      ["evaluate --metrics fid --n 10 --features pixels --stats @/a.npz --run " .. run] = "",
      ["ablation --jobs 0 --out @"] = "",
    } do
      local there = temp.dir()
      lfs.mkdir(there .. "/pictures")
      local left = temp.write(there .. folder .. "/.a.gan-0123456789ab.tmp", "half")
      local code, _, err = script.run("experiments/" .. words:gsub(" ", ".lua ", 1):gsub("@", there), "")
      assert.equal(0, code, words .. err)
      assert.is_nil(lfs.attributes(left), words)
    end
  end)

  it("finds what lies beside it by its own path, whatever its folder is called", function()
    local odd = dir .. "/it's\na $(touch x)"
    lfs.mkdir(odd)
    temp.write(odd .. "/dcgan.lua", temp.read "experiments/dcgan.lua")
    temp.write(odd .. "/base.lua", "print 'beside' os.exit(0)")
    lfs.link(odd .. "/dcgan.lua", odd .. "/-f.lua", true)
    local typed = "'" .. odd:gsub("'", [['\'']]) .. "/dcgan.lua'"
    for _, case in ipairs {{typed}, {"dcgan.lua", odd}, {"./-f.lua", odd}} do
      assert.same({0, "beside\n", ""}, {script.run(case[1], "", {dir = case[2]})})
    end
    assert.same({"-f.lua", "base.lua", "dcgan.lua"}, temp.list(odd))
  end)

  local names = {}
  for name in pairs(recipes) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    for i, extra in ipairs(recipes[name]) do
      it(("%s %s: goes on to the same bytes, with one thread or two"):format(name, extra), function()
        local whole, half = ("%s%da"):format(name, i), ("%s%db"):format(name, i)
        train(name, extra, "--steps 3 --threads 1 --name " .. whole)
        local file, typed = command(name, extra, "--steps 3 --threads 2 --name " .. half)
        local code, out = script.run(file, typed, {chunk = killed})
        assert.is_true(code == 9 or code == 128 + 9, ("%s %s"):format(code, out))
        local said = train(name, extra, "--steps 3 --threads 2 --name " .. half)
        assert.is_truthy(said:find("goes on from step 2", 1, true), said)
        assert.is_true(bytes(whole) == bytes(half), "the bytes differ")
        local trained = assert(gan.train.trained.open(dir .. "/" .. whole,
          {net = own[name] and ("%s/%s/%s"):format(dir, whole, own[name])}))
        assert.equal(3, trained.step)
        local y = trained.classes and assert(gan.latent.labels(trained.classes, {0, 1, 2}, "heart"))
        if y then assert.same({6, 6, 6}, y:to_table()) end
        local told = require("gan.model.told").of(trained, asked[name] and asked[name](dir) or {}, {0, 1, 2})
        local images = gan.nn.evaluate(trained.G, gan.latent.of_seeds({0, 1, 2}, trained.options.z), y or told,
          {batch = 2, average = trained.ema})
        assert.same(points[name] and {3, 2} or {3, trained.options.size, trained.options.size, 3}, images:shape())
        local sum = core.sum(images):item()
        assert.equal(sum, sum)
      end)
    end

    it(name .. " is short and explains itself", function()
      local text = temp.read(("experiments/%s.lua"):format(name))
      local _, lines = text:gsub("\n", "")
      assert.is_true(lines < 60, lines)
      assert.is_truthy(text:find "^%-%- %u" and text:find "arXiv:%d" or points[name])
      local code, out = inside.run(("experiments/%s.lua"):format(name), "--help")
      assert.equal(0, code)
      for _, option in ipairs {
        "outdir", "name", "batch", "steps", "ngf", "ndf", "seed", "threads", "resume", "on-collapse", "dry-run",
      } do
        assert.is_truthy(out:find("--" .. option, 1, true), option)
      end
    end)
  end

  it("says in one line that the data have no classes", function()
    lfs.mkdir(dir .. "/flat")
    local files = require "spec.support.files"
    for k = 1, 4 do temp.write(("%s/flat/%d.png"):format(dir, k), files.plain(16, 60 * k, 0, 0)) end
    for _, name in ipairs {"cgan", "acgan", "projection"} do
      local code, _, err = inside.run(("experiments/%s.lua"):format(name),
        ("--data %s/flat --size 16 --steps 1 --outdir %s"):format(dir, dir))
      assert.equal(1, code)
      local message = "%s.lua: --data %s/flat has no classes, which this recipe needs: give labelled data, or a folder "
        .. "with a sub-folder for each class\n"
      assert.equal(message:format(name, dir), err)
    end
  end)

  it("says in one line that the data have no captions, no attributes, and what they have", function()
    for name, kind in pairs {text_to_image = "captions", attributes = "attributes"} do
      local code, _, err = inside.run(("experiments/%s.lua"):format(name),
        ("--data %s/flat --size 16 --steps 1 --outdir %s"):format(dir, dir))
      assert.equal(1, code)
      assert.equal(("%s.lua: --data %s/flat: has no %s (it has images alone), which this recipe needs\n"):format(name,
        dir, kind), err)
    end
    local code, _, err = inside.run("experiments/attributes.lua", WORDS .. "--mirror --outdir " .. dir)
    assert.same({1, "attributes.lua: --mirror: mirror images of these data have other annotations\n"}, {code, err})
  end)

  it("draws what a caption says, and what attributes say", function()
    local sheets = {}
    local function draw(run, words, said, noticed)
      local code, out, err = script.run("experiments/generate.lua",
        ("--run %s/%s --seeds 0-3 --grid --no-ema --out %s/told.png %s"):format(dir, run, dir, words))
      assert.same({0, noticed or ""}, {code, err})
      assert.is_truthy(out:find("4 pictures" .. said .. ", step 3", 1, true), out)
      sheets[#sheets + 1] = temp.read(dir .. "/told.png")
      return sheets[#sheets]
    end
    local red = draw("text_to_image1a", "--caption 'a red circle'", " of 'a red circle'")
    assert.equal(red, draw("text_to_image1a", "--caption 'A red circle!'", " of 'A red circle!'"))
    assert.not_equal(red, draw("text_to_image1a", "--caption red", " of 'red'"))
    assert.not_equal(red, draw("text_to_image1a", "", ""))
    draw("text_to_image1a", "--caption 'a rde circle'", " of 'a rde circle'", "generate.lua: 1 word not in the "
      .. "vocabulary, taken as <unk>: 'rde' (did you mean 'red'?)\n")
    red = draw("attributes2a", "--attributes red,circle", " of red,circle")
    assert.equal(red, draw("attributes2a", "--attributes 'circle, red'", " of circle, red"))
    assert.not_equal(red, draw("attributes2a", "--attributes red", " of red"))
    local function fails(run, words, message)
      local code, _, err = script.run("experiments/generate.lua", ("--run %s/%s %s"):format(dir, run, words))
      assert.equal(1, code)
      assert.is_truthy(err:find(message, 1, true), err)
    end
    fails("attributes1a", "--attributes rde", "got 'rde' (did you mean 'red'?)")
    fails("attributes1a", "--caption red", "was not trained on captions, but on attributes")
    fails("cgan1a", "--caption red", "was not trained on captions\n")
    fails("text_to_image1a", "--caption '?!'", "--caption: '?!' has no words")
    fails("text_to_image1a", "--caption '\xff'", "byte 1 is not UTF-8")
  end)

  it("draws what a layout says, and what a mask says", function()
    asked.layout_to_image(dir)
    asked.mask_to_image(dir)
    local function draw(run, words)
      return inside.run("experiments/generate.lua", ("--run %s/%s --seeds 0-3 --out %s/placed.png %s"):format(dir, run,
        dir, words))
    end
    for run, words in pairs {layout_to_image1a = "--layout %s/a.json", mask_to_image1a = "--mask %s/a.png",
      pix2pix1a = "--mask %s/a.png"} do
      local code, out, err = draw(run, "--grid " .. words:format(dir))
      local notice = ("generate.lua: %s/a.png: 2x2, fitted to %s (height x width)\n"):format(dir,
        run:find "mask" and "32x32" or "16x16")
      assert.same({0, run:find "layout" and "" or notice}, {code, err})
      assert.is_truthy(out:find(("4 pictures of %s/a."):format(dir), 1, true), out)
      local h, w = core.image_info(temp.read(dir .. "/placed.png"))
      local side = run:find "pix2pix" and 18 or 34
      assert.same({2 * side + 2, 4 * side + 2}, {h, w}) -- two rows of two, each beside its condition
    end
    temp.write(dir .. "/b.json", '{"objects": [{"class": "horse", "box": [0, 0, 2, 0.5]}]}')
    assert(gan.data.image.write(dir .. "/b.png", core.tensor({{{9}, {77}}}, "u8")))
    for words, message in pairs {
      ["layout_to_image1a "] = "--layout FILE is missing: " .. dir .. "/layout_to_image1a",
      ["layout_to_image1a --mask a.png"] = "was not trained on masks, but on boxes",
      ["layout_to_image1a --layout nowhere.json"] = "--layout: nowhere.json",
      ["layout_to_image1a --layout DIR/b.json"] = "b.json: object 1: expected a class (circle square",
      ["layout_to_image1a --layout DIR/a.png"] = "--layout: " .. dir .. "/a.png: ",
      ["mask_to_image1a "] = "--mask FILE is missing",
      ["mask_to_image1a --mask DIR/b.png"] = "b.png: has the classes 9, 77; the run knows 0 to 8 (ground circle",
      ["mask_to_image1a --mask DIR/a.json"] = "--mask: " .. dir .. "/a.json",
      ["pix2pix1a --layout DIR/a.json"] = "was not trained on boxes, but on masks",
      ["dcgan1a --layout DIR/a.json"] = "was not trained on boxes\n", ["dcgan1a --mask DIR/a.png"] = "on masks\n",
    } do
      local run, rest = words:match "^(%S+) (.*)$"
      local code, _, err = draw(run, "--grid " .. rest:gsub("DIR", dir))
      assert.equal(1, code, words)
      assert.is_truthy(err:find(message, 1, true), err)
      assert.is_nil(err:find("\n.", 1), err)
    end
  end)

  it("says in one line that the data have no boxes, no mask", function()
    for name, kind in pairs {layout_to_image = "boxes", mask_to_image = "mask", pix2pix = "mask"} do
      local code, _, err = inside.run(("experiments/%s.lua"):format(name),
        ("--data %s/flat --size 32 --steps 1 --outdir %s"):format(dir, dir))
      local message = "%s.lua: --data %s/flat: has no %s (it has images alone), which this recipe needs\n"
      assert.same({1, message:format(name, dir, kind)}, {code, err})
    end
  end)

  it("draws a row for each class, and the asked class", function()
    local dir_name = dir .. "/cgan1a"
    local h, w, c = core.image_info(temp.read(dir_name .. "/fakes_init.png"))
    assert.same({8 * 18 + 2, 8 * 18 + 2, 3}, {h, w, c})
    local sheets = {}
    for i, words in ipairs {"", "--class heart", "--class #6", "--class moon"} do
      local code, out, err = inside.run("experiments/generate.lua",
        ("--run %s --seeds 0-7 --grid --no-ema --out %s/%d.png %s"):format(dir_name, dir, i, words))
      assert.equal("", err)
      assert.equal(0, code)
      assert.equal(i == 2 or i == 3, out:find("8 pictures of class heart (label 6), step 3", 1, true) ~= nil, out)
      sheets[i] = temp.read(("%s/%d.png"):format(dir, i))
    end
    assert.equal(sheets[2], sheets[3])
    assert.not_equal(sheets[1], sheets[2])
    assert.not_equal(sheets[2], sheets[4])
    local code, _, err = inside.run("experiments/generate.lua", ("--run %s --class horse"):format(dir_name))
    assert.equal(1, code)
    assert.is_truthy(err:find("--class: expected a class (circle square", 1, true), err)
    code, _, err = inside.run("experiments/generate.lua", ("--run %s/ring1a"):format(dir))
    assert.equal(1, code)
    assert.is_truthy(err:find("draws no pictures", 1, true), err)
  end)
end)
