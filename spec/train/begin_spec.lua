-- What a run says before its first step, and what it goes on with.
local files = require "spec.support.files"
local gan = require "gan"
local inside = require "spec.support.inside"
local json = require "gan.file.json"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local dir

local RING = "--lr 4e-3 --ngf 4 --ndf 4 --batch 4 --snap 0 --threads 1 --outdir "

local function ring(words)
  local code, out, err = inside.run("experiments/ring.lua", RING .. dir .. " " .. words)
  assert.equal("", err)
  assert.equal(0, code)
  return out
end

describe("train.begin", function()
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  it("says that a run is longer than the schedule of its step sizes", function()
    local out = ring "--decay 6 --steps 10 --name long"
    local first = "--decay: the step size of D and G is 0 from step 7 on, the last 4 of 10 steps change nothing"
    local second = "step 7: the step sizes of both players are 0: 3 steps ahead without a change"
    local at = assert(out:find(first, 1, true), out)
    assert.is_true(at < out:find("long: starts", 1, true))
    local _, count = out:gsub(second:gsub("%p", "%%%0"), "")
    assert.equal(1, count, out)
    assert.is_truthy(out:find("step 10/10 .* lr 0  "), out)
    local stats = assert(json.decode(temp.read(dir .. "/long/stats.jsonl"):match "[^\n]+\n$"))
    assert.same({0, 0}, {stats.lr_D, stats.lr_G})
    out = ring "--decay 6 --steps 6 --name short"
    assert.is_nil(out:find("change nothing", 1, true), out)
    assert.is_nil(out:find("lr 0  ", 1, true), out)
    out = ring "--decay 20 --change decay --steps 12 --name long"
    assert.is_truthy(out:find("--decay: 6 up to step 10, 20 from now on\n", 1, true), out)
    assert.is_truthy(out:find("lr 0.0018  ", 1, true), out)
    assert.is_truthy(ring("--kimg 0.02 --name kimg"):find("; 5 steps of batch 4\n", 1, true)) -- not its own 10,000
    assert.is_truthy(ring("--resume " .. dir .. "/kimg"):find("already at step 5 of 5", 1, true))
  end)

  -- ---- what a run goes on with ----

  local function dcgan(words)
    return inside.run("experiments/dcgan.lua",
      "--size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --snap 0 --outdir " .. dir .. "/runs " .. words)
  end
  local function trains(words, text)
    local code, out, err = dcgan(words)
    assert.equal("", err)
    assert.equal(0, code)
    if text then assert.is_truthy(out:find(text, 1, true), ("%s\n%s"):format(text, out)) end
    return out
  end
  local function fails(words, text)
    local code, _, err = dcgan(words)
    assert.equal(1, code, err)
    assert.is_truthy(err:find(text, 1, true), ("%s\n%s"):format(text, err))
  end
  local function settings(name) return assert(json.decode(temp.read(dir .. "/runs/" .. name .. "/options.json"))) end
  local function weights(name)
    local tree, out = assert(gan.file.safetensors.load(dir .. "/runs/" .. name .. "/checkpoint_last.safetensors")), {}
    for key, t in pairs(tree.G) do out[key] = t:to_table() end
    return out
  end

  -- A folder of 6 pictures in the folders a and b.
  local function pictures(name, shade)
    lfs.mkdir(dir .. "/" .. name)
    for k = 1, 6 do
      local class = ("%s/%s/%s"):format(dir, name, k < 4 and "a" or "b")
      lfs.mkdir(class)
      temp.write(("%s/%d.png"):format(class, k), files.plain(16, 40 * k, shade or 0, 0))
    end
    return dir .. "/" .. name
  end

  it("has room for a run whose data have the longest name that there is", function()
    local data = pictures(("y"):rep(255))
    trains("--data " .. data .. " --steps 2", ("runs/00000-%s-dcgan-16: starts"):format(("y"):rep(64)))
  end)

  it("goes on with data that were moved, or whose path is spelt otherwise", function()
    local here = pictures "here"
    trains("--data " .. here .. " --steps 2 --name whole")
    trains("--data " .. here .. " --steps 5 --name whole", "goes on from step 2")
    trains("--data " .. here .. " --steps 2 --name moved")
    trains("--data " .. here .. " --steps 2", "runs/00000-here-dcgan-16: starts")
    trains(("--data %s/../here// --steps 3 --name moved"):format(here), "goes on from step 2")
    local there = dir .. "/there"
    assert(os.rename(here, there))
    local out = trains("--data " .. there .. " --steps 4 --name moved",
      ("data: those of %s/../here//, by their checksum"):format(here))
    assert.is_truthy(out:find("goes on from step 3", 1, true))
    assert.equal(there, settings("moved").options.data)
    fails("--resume " .. dir .. "/runs/moved --steps 5 --data " .. pictures("others", 9), "runs/moved was started with "
      .. "other data: the same number and size, but other pictures or labels (crc32:")
    assert(os.rename(there, here))
    fails(("--resume %s/runs/moved --steps 5"):format(dir), "; --data PATH: where they are now")
    assert(os.rename(here, there))
    trains(("--resume %s/runs/moved --steps 5"):format(dir), "goes on from step 4")
    assert.same(weights "whole", weights "moved")
    trains("--data " .. there .. " --steps 3", "runs/00000-here-dcgan-16: goes on from step 2")
    trains("--data " .. there .. " --steps 3", "runs/00001-there-dcgan-16: starts")
  end)

  it("tells checkpoints where the data are now, though no step is left to do", function()
    local here = pictures "here"
    trains("--data " .. here .. " --steps 2 --name done")
    assert(os.rename(here, dir .. "/there"))
    trains("--data " .. dir .. "/there --steps 2 --name done", "already at step 2")
    assert.equal(dir .. "/there", gan.train.trained.open(dir .. "/runs/done").options.data)
  end)

  it("refuses data that changed, and says what", function()
    local path = pictures "data"
    trains("--data " .. path .. " --steps 2 --name run")
    trains("--data " .. path .. " --steps 2")
    os.remove(path .. "/b/6.png")
    local changed = "runs/run was started with 6 images of 16x16, colour (crc32:"
    fails("--data " .. path .. " --steps 3 --name run", changed)
    fails("--data " .. path .. " --steps 3 --name run", "), now there are 5 images of 16x16, colour (crc32:")
    fails("--steps 3 --resume " .. dir .. "/runs/run", changed)
    fails("--steps 3 --resume " .. dir .. "/runs/run/checkpoint_last.safetensors", "was started with 6 images")
    trains("--data " .. path .. " --steps 3", "runs/00001-data-dcgan-16: starts") -- the first one is of other data
    fails("--data " .. path .. " --steps 3 --name run --limit 4", "was started with --limit unset, now 4")
  end)

  it("goes on with other names of classes, and says so, but not with each other's", function()
    local path = pictures "data"
    trains("--data " .. path .. " --steps 2 --name run")
    assert(os.rename(path .. "/b", path .. "/c"))
    trains("--data " .. path .. " --steps 3 --name run", "data: class 1 was called b, now c")
    assert.same({"a", "c"}, settings("run").data.classes)
    assert.is_nil(trains("--data " .. path .. " --steps 4 --name run"):find("was called", 1, true))
    assert(os.rename(path .. "/a", path .. "/d")) -- the pictures come in another order, too
    fails("--data " .. path .. " --steps 5 --name run", "run was started with")
  end)

  it("never takes one class for another", function()
    local function batch(names)
      lfs.mkdir(dir .. "/cifar")
      local records = {}
      for k = 0, 7 do records[k + 1] = string.char(k % 2) .. string.char(k):rep(3072) end
      temp.write(dir .. "/cifar/data_batch_1.bin", table.concat(records))
      temp.write(dir .. "/cifar/batches.meta.txt", names .. "c\nd\ne\nf\ng\nh\ni\nj\n")
    end
    local words = ("--data %s/cifar --outdir %s/runs --name run --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 "
      .. "--steps "):format(dir, dir)
    local function cgan(steps) return inside.run("experiments/cgan.lua", words .. steps) end
    batch "cat\ndog\n"
    assert.same({0, ""}, {(cgan(2)), (select(3, cgan(2)))})
    batch "dog\ncat\n"
    local code, _, err = cgan(3)
    assert.equal(1, code)
    local order = "cat dog c d e f g h i j, now dog cat c d e f g h i j;"
    assert.is_truthy(err:find("runs/run was started with the classes in the order " .. order, 1, true), err)
    -- a run from before knows them from its checkpoint
    local file = dir .. "/runs/run/options.json"
    temp.write(file, (temp.read(file):gsub('"data":{.-},"options"', '"options"')))
    code, _, err = cgan(3)
    assert.equal(1, code)
    assert.is_truthy(err:find("fit this run: expected classes cat dog c d e f g h i j, found dog c", 1, true), err)
    batch "cat\ndog\n"
    assert.equal(0, (cgan(3)))
  end)

  it("never goes on with another recipe's run", function()
    local words = "--data fake --limit 20 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --outdir " .. dir
    local function recipe(name, more) return inside.run(("experiments/%s.lua"):format(name), words .. more) end
    assert.equal(0, (recipe("lsgan", " --steps 2")))
    local _, out = recipe("dragan", " --steps 3 --gp 10")
    assert.is_truthy(out:find("00001-fake-dragan-16: starts", 1, true), out)
    _, out = recipe("lsgan", " --steps 3")
    assert.is_truthy(out:find("00000-fake-lsgan-16: goes on from step 2", 1, true), out)
    local code, _, err = recipe("dragan", " --steps 4 --resume " .. dir .. "/00000-fake-lsgan-16")
    assert.equal(1, code)
    assert.is_truthy(err:find("does not fit this run: expected recipe dragan, found lsgan", 1, true), err)
  end)

  it("goes on with a run from before, whose data it knows by their path alone", function()
    local path = pictures "data"
    trains("--data " .. path .. " --steps 2 --name run")
    local file = dir .. "/runs/run/options.json"
    temp.write(file, (temp.read(file):gsub('"data":{.-},"options"', '"options"')))
    assert.is_nil(settings("run").data)
    fails("--data " .. path .. "/ --steps 3 --name run", "was started with --data " .. path .. ", now " .. path .. "/")
    trains("--data " .. path .. " --steps 3 --name run", "goes on from step 2")
    assert.equal(6, settings("run").data.images)
    trains("--data " .. path .. "/ --steps 4 --name run", "goes on from step 3")
  end)

  it("goes on with other step sizes where --change names them", function()
    trains "--data fake --limit 20 --name run --steps 3"
    trains "--data fake --limit 20 --name plain --steps 6"
    fails("--data fake --limit 20 --name run --steps 6 --lr 0.01",
      "was started with --lr 0.0006, now 0.01 (--change lr lets it change); nothing was overwritten")
    fails("--data fake --limit 20 --steps 6 --lr 0.01 --change lr --name new",
      "--change: there is no run to go on with")
    local out = trains("--data fake --limit 20 --name run --steps 6 --lr 0.01 --dlr 0.02 --change lr,dlr",
      "--lr: 0.0006 up to step 3, 0.01 from now on\n--dlr: unset up to step 3, 0.02 from now on\n")
    assert.is_truthy(out:find("lr 0.02/0.01", 1, true), out)
    local stats = temp.read(dir .. "/runs/run/stats.jsonl")
    assert.is_truthy(stats:find('{"change":"lr","from":"0.0006","step":3,"to":"0.01"}\n', 1, true), stats)
    assert.is_truthy(stats:find('"lr_D":0.02,"lr_G":0.01', 1, true), stats)
    assert.same({0.01, 0.02}, {settings("run").options.lr, settings("run").options.dlr})
    assert.not_same(weights "plain", weights "run")
    trains("--resume " .. dir .. "/runs/run --steps 7", "lr 0.02/0.01") -- it stays
    trains("--resume " .. dir .. "/runs/run/checkpoint_last.safetensors --name copy --steps 8", "lr 0.02/0.01")
  end)

  -- ---- schedules ----

  it("follows schedules of step sizes and betas, exactly where it goes on", function()
    local plan = "--data fake --limit 20 --lr cosine:4e-3:1e-4 --dlr linear:1e-3:4e-3:.012 --beta1 half_life:.5:.016 "
      .. "--beta2 cosine:.9:.99 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --snap 2 --snapshots 9 "
    for _, recipe in ipairs {"dcgan", "r1"} do
      local function plays(words)
        local code, out, err = inside.run(("experiments/%s.lua"):format(recipe),
          ("%s --outdir %s/%s %s"):format(words:find "resume" and "" or plan, dir, recipe, words))
        assert.same({0, ""}, {code, err})
        return out
      end
      local function read(name, file) return temp.read(("%s/%s/%s/%s"):format(dir, recipe, name, file)) end
      plays "--steps 6 --name whole"
      plays(("--resume %s/%s/whole/snapshot_000004.safetensors --name branch --steps 6"):format(dir, recipe))
      assert.is_true(read("whole", "checkpoint_last.safetensors") == read("branch", "checkpoint_last.safetensors"))
      local last = assert(json.decode(read("whole", "stats.jsonl"):match "[^\n]+\n$"))
      local way = (1 - math.cos(math.pi * 5 / 6)) / 2
      for name, want in pairs {
        lr_G = (1 - way) * 4e-3 + way * 1e-4, lr_D = 4e-3, beta1_D = 0.5 ^ 2.25, beta1_G = 0.5 ^ 2.25,
        beta2_D = 0.9 + way * 0.09, beta2_G = 0.9 + way * 0.09,
      } do
        assert.is_true(math.abs(last[name] - want) < 1e-12, ("%s %s: %s, expected %.17g"):format(recipe, name,
          last[name], want))
      end
      -- A schedule over the whole run follows the run's length; one over KIMG does not know it.
      local out = plays "--steps 8 --name whole"
      assert.is_truthy(out:find("--lr: cosine:0.004:0.0001 over 6 steps up to step 6, cosine:0.004:0.0001 over 8 steps "
        .. "from now on\n--beta2: cosine:0.9:0.99 over 6 steps up to", 1, true), out)
      assert.is_nil(out:find("--dlr: ", 1, true))
      assert.is_nil(plays("--steps 8 --name whole"):find("up to step", 1, true))
      out = plays "--steps 4 --name early --dlr linear:1e-3:0:.008"
      local line = "--dlr: the step size of D is 0 from step 3 on, the last 2 of 4 steps change nothing"
      assert.is_truthy(out:find(line, 1, true), out)
      assert.equal(0, json.decode(read("early", "stats.jsonl"):match "[^\n]+\n$").lr_D)
    end
  end)

  it("goes on with a schedule in the place of a number, where --change names it", function()
    trains "--data fake --limit 20 --name run --steps 3"
    local out = trains("--data fake --limit 20 --name run --steps 6 --lr linear:1e-2:0:.024 --change lr",
      "--lr: 0.0006 up to step 3, linear:0.01:0:0.024 from now on\n")
    assert.is_truthy(out:find("lr 0.00167", 1, true), out) -- at 20 of 24 images
    assert.equal("linear:0.01:0:0.024", settings("run").options.lr)
    fails("--data fake --limit 20 --name run --steps 8 --lr linear:1e-2:0:.024 --beta1 cosine:.5:1",
      "--beta1: expected a number >= 0 and < 1 as TO of cosine:FROM:TO[:KIMG], got 'cosine:.5:1'")
  end)

  it("takes schedules in every recipe that has one of its own, too", function()
    local words = "--data fake --limit 20 --size 16 --ngf 4 --ndf 4 --z 4 --batch 4 --threads 1 --snap 0 --steps 3 "
      .. "--lr linear:.01:.001:.016 --beta1 linear:0:.4:.016 --outdir " .. dir .. " --name "
    for recipe, want in pairs {
      gan2014 = {momentum_D = 0.2, momentum_G = 0.2, lr_G = 0.0055, lr_D = 0.00275},
      large_batch = {beta1_D = 0.2, beta1_G = 0.2, lr_G = 0.0055, lr_D = 0.022}, ring = {lr_G = 0.0055, lr_D = 0.0055},
    } do
      local own = recipe == "ring" and words:gsub("%-%-data.-16", "") or words
      local code, _, err = inside.run(("experiments/%s.lua"):format(recipe), own .. recipe
        .. (recipe == "large_batch" and " --blocks 2" or ""))
      assert.same({0, ""}, {code, err})
      local last = assert(json.decode(temp.read(("%s/%s/stats.jsonl"):format(dir, recipe)):match "[^\n]+\n$"))
      for name, v in pairs(want) do
        assert.is_true(math.abs(last[name] - v) < 1e-12, ("%s %s %s"):format(recipe, name, last[name]))
      end
    end
  end)

  it("says how long training is before it goes about it", function()
    local out = trains "--data fake --limit 20 --name short --steps 9"
    assert.is_truthy(out:find "9 steps of batch 4\n")
    assert.is_truthy(out:find "s a step %(%d+ images/s%), %d+%.%d%d GB; 9 steps in about 0:00:0%d\n", out)
    assert.is_truthy(trains("--data fake --limit 20 --name short --steps 18"):find "; 9 steps in about")
    assert.is_nil(trains("--data fake --limit 20 --name tiny --steps 6"):find "in about")
    local burning = "--data fake --limit 20 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --outdir " .. dir
    for steps, said in pairs {[33] = false, [34] = true} do -- the first of them have a hundred updates of D
      local words = ("%s --resume new --burn-in 1 --dsteps 1 --steps %d"):format(burning, steps)
      local _, told = inside.run("experiments/wgan.lua", words)
      assert.equal(said, told:find("in about", 1, true) ~= nil, told)
    end
    out = trains "--data fake --limit 20 --dry-run"
    local text = "5000 steps of batch 4 (--steps, --epochs or --kimg sets another length)\n"
    assert.is_truthy(out:find(text, 1, true), out)
    assert.is_truthy(out:find "; 5000 steps in about %d:%d%d:%d%d\n", out)
  end)
end)
