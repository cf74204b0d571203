-- The scripts that look into a run's latent space: what each writes, that it is the same for any number of threads, and
-- what runs, seeds and classes that do not fit are told.
local core = require "gan.core"
local gan = require "gan"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

local WORDS = "--data shapes --limit 64 --size 16 --ngf 2 --ndf 2 --z 6 --batch 4 --steps 12 --threads 1 "

describe("latent scripts", function()
  local dir
  local function ok(name, words)
    local code, out, err = inside.run(("experiments/%s.lua"):format(name), words)
    assert.equal("", err)
    assert.equal(0, code, out)
    return out
  end
  local function refused(name, words, what)
    local code, _, err = inside.run(("experiments/%s.lua"):format(name), words)
    assert.equal(1, code, err)
    assert.equal(("%s.lua: %s\n"):format(name, (what:gsub("@", dir))), err)
  end
  local function size(path)
    local h, w, c = core.image_info(temp.read(dir .. "/" .. path))
    return {h, w, c}
  end
  local function run(name) return ("--threads 1 --run %s/%s "):format(dir, name) end

  setup(function()
    dir = temp.dir()
    ok("dcgan", WORDS .. "--outdir " .. dir .. " --name plain")
    ok("projection", WORDS .. "--outdir " .. dir .. " --name classes")
    ok("ring", "--ngf 6 --ndf 6 --z 4 --batch 4 --steps 2 --threads 1 --outdir " .. dir .. " --name points")
  end)
  teardown(temp.clean)

  it("interpolate.lua draws strips, fields and loops", function()
    local out = ok("interpolate", run "plain" .. "--seeds 3,14,15 --steps 4")
    assert.equal(dir .. "/plain/strip.png: 10 pictures, step 12\n", out)
    assert.same({2 * 18 + 2, 5 * 18 + 2, 3}, size "plain/strip.png")
    ok("interpolate", run "classes" .. "--mode field --rows 2 --columns 3 --class heart")
    assert.same({2 * 18 + 2, 3 * 18 + 2, 3}, size "classes/field.png")
    out = ok("interpolate", run "plain" .. "--mode loop --tiles 4 --frames 6 --loop wander")
    assert.equal(dir .. "/plain/loop.png: 6 frames of 4 pictures, step 12\n", out)
    local one = temp.read(dir .. "/plain/loop.png")
    ok("interpolate", (run("plain"):gsub("threads 1", "threads 2")) .. "--mode loop --tiles 4 --frames 6 --loop wander")
    assert.is_true(one == temp.read(dir .. "/plain/loop.png"))
    ok("interpolate", run "classes" .. "--mode loop --seeds 1-3 --frames 5")
    out = ok("interpolate", run "plain" .. "--mode loop --tiles 1 --frames 3 --fps 12.5 --stills " .. dir .. "/stills")
    assert.equal(("ffmpeg -framerate 12.5 -i '%s/stills/%%06d.png' -pix_fmt yuv420p loop.mp4"):format(dir),
      out:match "\n(.*)\n$")
    assert.same({"000001.png", "000002.png", "000003.png"}, temp.list(dir .. "/stills"))
    assert.same(size "plain/loop.png", size "stills/000003.png")
    refused("interpolate", run "plain" .. "--stills x", "--stills belongs to --mode loop")
    refused("interpolate", run "plain" .. "--mode loop --frames 2 --tiles 1 --stills " .. dir .. "/no/x",
      "--stills @/no/x: cannot make the directory: No such file or directory")
    -- The ends of a strip are generate.lua's pictures.
    ok("generate", run "plain" .. "--seeds 3 --out " .. dir .. "/three.png")
    local strip = assert(gan.data.image.read(dir .. "/plain/strip.png")):narrow(1, 3, 16):narrow(2, 3, 16):contiguous()
    assert.equal(assert(gan.data.image.read(dir .. "/three.png")):to_bytes(), strip:to_bytes())
  end)

  it("arithmetic.lua shows the three, their averages and the sum", function()
    ok("arithmetic", run "plain" .. "--a 1,2,3 --b 4,5,6 --c 7,8")
    assert.same({4 * 18 + 2, 4 * 18 + 2, 3}, size "plain/arithmetic.png")
    refused("arithmetic", run "plain" .. "--a 1", "--b is missing: seeds, such as 3,17,20")
    refused("arithmetic", run "plain" .. "--a 1,x", "--a: expected seeds such as 0-63 or 1,5,9-12, got '1,x'")
  end)

  it("conditional_grid.lua has a row for each class", function()
    local out = ok("conditional_grid", run "classes" .. "--seeds 0-4")
    assert.matches("rows: circle, ", out)
    assert.same({8 * 18 + 2, 5 * 18 + 2, 3}, size "classes/classes.png")
    ok("conditional_grid", run "classes" .. "--seeds 0-1 --classes heart,#0")
    assert.same({2 * 18 + 2, 2 * 18 + 2, 3}, size "classes/classes.png")
    local ends = assert(gan.data.image.read(dir .. "/classes/classes.png"))
    out = ok("conditional_grid", run "classes" .. "--seeds 0-1 --mix heart,#0 --steps 3")
    assert.equal(dir .. "/classes/mixtures.png: step 12, from left to right: heart, circle\n", out)
    assert.same({2 * 18 + 2, 4 * 18 + 2, 3}, size "classes/mixtures.png")
    local strip = assert(gan.data.image.read(dir .. "/classes/mixtures.png"))
    local function tile(picture, r, c)
      return picture:narrow(1, 3 + 18 * r, 16):narrow(2, 3 + 18 * c, 16):contiguous():to()
    end
    for seed = 0, 1 do -- the strip begins and ends at the classes' own pictures
      assert.is_true((tile(strip, seed, 0) - tile(ends, 0, seed)):abs():max():item() <= 1)
      assert.is_true((tile(strip, seed, 3) - tile(ends, 1, seed)):abs():max():item() <= 1)
    end
    refused("conditional_grid", run "classes" .. "--mix heart", "--mix: expected at least 2 classes, got 'heart'")
    refused("conditional_grid", run "classes" .. "--mix heart,#0 --classes #1", "--classes and --mix: give one of them")
    refused("conditional_grid", run "plain", "@/plain/checkpoint_last.safetensors is not conditional: it knows no "
      .. "classes")
  end)

  it("timelapse.lua joins a run's grids", function()
    local out = ok("timelapse", "--run " .. dir .. "/plain/")
    assert.equal(dir .. "/plain/timelapse.png: 3 frames, steps 0 to 12\n", out)
    assert.same(size "plain/fakes_init.png", size "plain/timelapse.png")
    refused("timelapse", "--run " .. dir .. "/none", "@/none: no run (it has no options.json)")
  end)

  it("directions.lua finds and draws them", function()
    local out = ok("directions", run "plain" .. "--count 3 --columns 5")
    assert.matches("plain/directions.png: 3 rows, step 12; strength 1.5 to either side\n +1  value ", out)
    assert.same({3 * 18 + 2, 5 * 18 + 2, 3}, size "plain/directions.png")
    local found = assert(gan.latent.directions.load(dir .. "/plain/directions.safetensors", 6))
    assert.same({3, 6}, found.directions:shape())
    assert.equal("sefa", found.method)
    assert.equal(12, found.step)
    out = ok("directions", run "classes" .. "--method principal --n 100 --count 2 --class heart --layer 2")
    assert.matches("linear in z", out)
    refused("directions", run "plain" .. "--method principal --n 8 --layer 9",
      "--layer 9: the generator has 3 such layers")
    refused("directions", run "plain" .. "--method classes",
      "--features is missing: a file of experiments/classifier.lua")
    ok("classifier",
      ("--data shapes --size 16 --limit 64 --width 2 --epochs 1 --batch 32 --threads 1 --out %s/c.safetensors")
      :format(dir))
    -- Of a net that has hardly learnt, a classifier may see one class only.
    local code, _, err = inside.run("experiments/directions.lua",
      run "plain" .. ("--method classes --n 200 --features %s/c.safetensors"):format(dir))
    if code ~= 0 then
      assert.equal("directions.lua: latent.directions.separators: all rows are of one class: there is nothing to "
        .. "separate\n", err)
    end
  end)

  it("project.lua finds pictures again", function()
    local few = "--steps 5 --candidates 8 --restarts 3 "
    local out = ok("project", run "plain" .. "--seed 7 " .. few)
    assert.matches("nearest training picture", out)
    assert.same({18 + 2, 7 * 18 + 2, 3}, size "plain/projected.png")
    local z = assert(gan.file.safetensors.load(dir .. "/plain/projected.safetensors")).z
    assert.same({3, 6}, z:shape())
    out = ok("project", run "classes" .. ("--image %s/plain/reals.png --class heart --nearest 0 %s"):format(dir, few))
    assert.matches("^[^\n]*reals.png: is %d+x%d+, its centre is fitted to 16x16\n", out)
    assert.same({18 + 2, 6 * 18 + 2, 3}, size "classes/projected.png")
    ok("project", run "plain" .. "--seed 7 --features none " .. few)
    refused("project", run "plain", "give one of --image PATH and --seed N")
    refused("project", run "plain" .. "--image " .. dir .. "/none.png", "@/none.png: cannot open (No such file or "
      .. "directory)")
  end)

  it("atlas.lua maps real and generated pictures", function()
    local out = ok("atlas", run "plain" .. "--n 30 --steps 20 --columns 10")
    assert.matches("^" .. dir:gsub("%p", "%%%0") .. "/plain/atlas.png: 30 real and 30 generated pictures, step 12, by "
      .. "random_conv", out)
    local counts = {}
    for _, word in ipairs {"blue: (%d+) ", "orange: (%d+) ", "green: (%d+) ", "pink: (%d+) ", "red: (%d+) of 30 "} do
      counts[#counts + 1] = tonumber(out:match(word))
    end
    assert.equal(30, counts[1] + counts[2])
    assert.equal(30, counts[3] + counts[4] + counts[5])
    assert.matches("among 64 training pictures", out)
    assert.same({6 * 21 + 1, 10 * 21 + 1, 3}, size "plain/atlas.png")
    for _, name in ipairs {"copies", "missed"} do assert.same({8 * 18 + 2, 4 * 18 + 2, 3}, size("plain/atlas_" .. name
      .. ".png")) end
    local one = temp.read(dir .. "/plain/atlas.png")
    ok("atlas", (run("plain"):gsub("threads 1", "threads 2")) .. "--n 30 --steps 20 --columns 10")
    assert.is_true(one == temp.read(dir .. "/plain/atlas.png"))
    -- A run that has its training pictures by heart: --data may name pictures of its own.
    ok("generate", run "plain" .. "--seeds 0-39 --out " .. dir .. "/copied")
    refused("atlas", run "classes" .. ("--data %s/copied --n 40 --steps 2"):format(dir), "@/copied: has no classes, "
      .. "which the run draws by")
    ok("atlas", run "classes" .. "--n 20 --steps 2")
    out = ok("atlas", run "plain" .. ("--data %s/copied --n 40 --steps 2 --features pixels --tile 8"):format(dir))
    assert.matches("red: 40 of 40 are copies", out)
    assert.same({9 * 13 + 1, 9 * 13 + 1, 3}, size "plain/atlas.png")
    refused("atlas", run "plain" .. "--n 10 --perplexity 9", "show.tsne: option 'perplexity': expected a number <= "
      .. "6.333, a third of the other rows, got 9")
    refused("atlas", run "plain" .. "--features none", "--features: none: cannot read: No such file or directory")
    refused("atlas", run "plain" .. "--data " .. dir .. "/none", "no training pictures: @/none: cannot open (No such "
      .. "file or directory)")
  end)

  -- Of nets that a script cannot look at, it says so; all else is drawn.
  local WORDS_OF = {
    interpolate = "--seeds 3,4 --steps 2", arithmetic = "--a 1,2,3 --b 4,5,6 --c 7,8,9",
    project = "--seed 3 --steps 2 --candidates 4 --restarts 2 --nearest 4", directions = "--count 2 --columns 3",
    explore = "", atlas = "--n 8 --n-train 8 --steps 4", conditional_grid = "--seeds 0-1 --mix #1,#0 --steps 2",
  }
  local PRINCIPAL = "--method principal --n 16 --count 2 --columns 3"
  for name, case in pairs {
    grey = {"dcgan", "--data fake --limit 16 --channels 1 --size 16 --ngf 2 --ndf 2"},
    mlp = {"gan2014", "--size 16 --ngf 8 --ndf 8"}, sndcgan = {"sndcgan", "--size 16 --ngf 2 --ndf 2"},
    r3gan = {"r3gan", "--size 16 --ngf 16 --ndf 16"}, resnet = {"sngan_resnet", "--size 32 --ngf 2 --ndf 2"},
    cgan = {"cgan", "--size 16 --ngf 2 --ndf 2", true}, acgan = {"acgan", "--size 16 --ngf 2 --ndf 2", true},
    r3gan_classes = {"start", "--net r3gan --conditional --size 16 --ngf 16 --ndf 16", true},
    virtual = {"virtual_batch_norm", "--size 16 --ngf 2 --ndf 2"},
  } do
    it("look at a run of " .. name, function()
      local recipe, words, classes = table.unpack(case)
      ok(recipe, ("--data shapes --limit 16 --z 5 --batch 4 --steps 2 --snap 1 --threads 1 --report none %s "
        .. "--outdir %s --name %s"):format(words, dir, name))
      for script, more in pairs(WORDS_OF) do
        if script == "explore" and name == "virtual" then
          local _, _, err = inside.run("experiments/explore.lua", run(name))
          assert.matches("^explore.lua: [^\n]*cannot be explored: show.explorer: nn.virtual_batch: the page does not "
            .. "know this layer; it knows [^\n]*\n$", err)
        elseif script ~= "conditional_grid" or classes then
          ok(script, run(name) .. more)
        end
      end
      ok("timelapse", ("--run %s/%s"):format(dir, name))
      if name == "virtual" then
        refused("directions", run(name) .. PRINCIPAL, "--method principal: the generator's activations cannot be seen: "
          .. "nn.stages: bad argument #1 'net' (expected a chain (gan.nn.chain), got table)")
      else
        ok("directions", run(name) .. PRINCIPAL)
      end
    end)
  end

  it("say what is wrong with the run, the class, the seeds", function()
    for name, words in pairs {interpolate = "", arithmetic = "--a 1 --b 2 --c 3 ", directions = "",
      project = "--seed 1 ", conditional_grid = "", atlas = ""} do
      refused(name, words, "--run is missing: a run's directory, such as runs/demo")
      refused(name, words .. "--run " .. dir .. "/none", "@/none: cannot read: No such file or directory")
      refused(name, words .. run "points",
        "@/points/checkpoint_last.safetensors: draws points of 2 numbers, no pictures")
      if name ~= "conditional_grid" and name ~= "atlas" then
        refused(name, words .. run "plain" .. "--class heart", "--class: @/plain/checkpoint_last.safetensors is not "
          .. "conditional")
      end
    end
    refused("interpolate", run "classes" .. "--class cat",
      "--class: expected a class (circle square triangle star ring "
      .. "cross heart moon), or its number as in #0 to #7, got 'cat'")
    refused("interpolate", run "plain" .. "--seeds 3", "--seeds: expected at least 2 seeds, got '3'")
    refused("interpolate", run "plain" .. "--mode field --seeds 3-5", "--seeds: a field has four corners, got 3")
  end)
end)
