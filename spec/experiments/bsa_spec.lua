-- bsa.lua: another run's generator, frozen and adapted; resumed to the byte; drawn from and measured as any run; and
-- what it says of runs, data and features that it cannot use.
local core = require "gan.core"
local gan = require "gan"
local inside = require "spec.support.inside"
local killed = require "spec.support.killed"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SOURCE = "--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --steps 3 --threads 1 "
local WORDS = "--data shapes --limit 6 --batch 4 --steps 4 --snap 1 --fall 2 --threads 1 "

local OWN = [[
local gan = require "gan"
local run = gan.train.run {recipe = "mine", sizes = {16}}
run:train {G = run:generator "mine_nets.lua", D = run:discriminator "mine_nets.lua"}
]]

local function plain(s) return (s:gsub("%p", "%%%0")) end

describe("bsa.lua", function()
  local dir
  local function run(name, words)
    local code, out, err = inside.run(("experiments/%s.lua"):format(name), words)
    assert.equal("", err)
    assert.equal(0, code, out)
    return out
  end
  local function adapt(words) return run("bsa", ("%s--run %s/plain --outdir %s %s"):format(WORDS, dir, dir, words)) end
  local function checkpoint(name) return ("%s/%s/checkpoint_last.safetensors"):format(dir, name) end

  setup(function()
    dir = temp.dir()
    run("dcgan", SOURCE .. "--outdir " .. dir .. " --name plain")
    run("projection", SOURCE .. "--outdir " .. dir .. " --name classes")
    run("cgan", SOURCE .. "--outdir " .. dir .. " --name concat")
    adapt "--name first"
  end)
  teardown(temp.clean)

  local function refused(words, what)
    local code, _, err = inside.run("experiments/bsa.lua", words)
    assert.equal(1, code, err)
    assert.equal("bsa.lua: " .. what .. "\n", err)
  end

  it("leaves all weights and statistics as the source's averaged ones", function()
    local source = assert(gan.train.trained.open(dir .. "/plain"))
    local adapted = assert(gan.train.trained.open(dir .. "/first"))
    assert.is_nil(adapted.ema)
    local want = {}
    for i, t in ipairs(source.ema.params) do core.copy_(t, source.ema.shadow[i]) end
    for i, t in ipairs(source.ema.statistics) do core.copy_(t, source.ema.shadow_statistics[i]) end
    for name, t in pairs(source.G:state()) do want[name] = t:to_bytes() end
    local same = 0
    for name, t in pairs(adapted.G:state()) do
      local own = name:gsub("^net%.", ""):gsub("%.norm%.", ".")
      if want[own] then
        assert.is_true(want[own] == t:to_bytes(), name)
        same = same + 1
      else
        assert.matches("%.scale$", (name:gsub("shift$", "scale")))
        local start = name:find "scale" and 1 or 0
        assert.is_true((t - start):abs():min():item() > 0, name .. " has not moved")
      end
    end
    local n = 0
    for _ in pairs(want) do n = n + 1 end
    assert.equal(n, same)
  end)

  it("draws at first what the source draws of z = 0, and of new latent vectors", function()
    local function first(words, name)
      adapt(("--name %s --steps 1 %s"):format(name, words))
      return temp.read(("%s/%s/fakes_init.png"):format(dir, name))
    end
    local sheet = first("", "begin")
    assert.not_equal(sheet, first("--no-ema", "begin_plain"))
    local h, w = core.image_info(sheet) -- 6 originals, 6 again, gap, 2 strips, gap, 32 new ones
    assert.same({10 * 18 + 2, 8 * 18 + 2}, {h, w})
    local source = assert(gan.train.trained.open(dir .. "/plain"))
    local zero = gan.nn.evaluate(source.G, gan.zeros(1, 4), nil, {average = source.ema})
    local bytes = gan.show.grid(zero, {pad = 0})
    local path = temp.write(dir .. "/sheet.png", sheet)
    local read = assert(gan.data.image.read(path))
    local again = read:narrow(1, 21, 16):narrow(2, 3, 16)
    assert.equal(bytes:to_bytes(), core.contiguous(again):to_bytes())
  end)

  for threads = 1, 2 do
    it(("goes on to the same bytes where it was killed, with %d threads"):format(threads), function()
      local name = "killed" .. threads
      local words = ("%s--run %s/plain --outdir %s --name %s"):format(WORDS:gsub("threads 1", "threads " .. threads),
        dir, dir, name)
      local code = script.run("experiments/bsa.lua", words, {chunk = killed})
      assert.is_true(code == 9 or code == 128 + 9, tostring(code))
      local told = run("bsa", words)
      assert.truthy(told:find("goes on from step 2", 1, true), told)
      assert.is_true(temp.read(checkpoint "first") == temp.read(checkpoint(name)), "the bytes differ")
    end)
  end

  it("goes on by --resume alone, and depends on the seed", function()
    adapt "--name short --steps 2"
    run("bsa", ("--resume %s/short --steps 4"):format(dir))
    assert.is_true(temp.read(checkpoint "first") == temp.read(checkpoint "short"))
    adapt "--name other --seed 1"
    assert.is_false(temp.read(checkpoint "first") == temp.read(checkpoint "other"))
  end)

  it("tells what it does, and records the losses", function()
    local out = adapt "--name told --lr 0.01"
    local want = "adapts G of %s, step 3, averaged weights and statistics: 12 numbers beside 6 latent vectors"
    assert.truthy(out:find(want:format(checkpoint "plain"), 1, true), out)
    assert.truthy(out:find("images are 16x16, in colour, as G draws them; what is otherwise is fitted", 1, true), out)
    local rates = {}
    for line in io.lines(dir .. "/told/stats.jsonl") do
      local r = gan.file.json.decode(line)
      if r.l1 then
        for _, name in ipairs {"G", "l1", "perceptual", "emd", "distance"} do assert.is_number(r[name], name) end
        rates[#rates + 1] = r.lr_G
      end
    end
    assert.equal(0.01, rates[1])
    assert.is_true(math.abs(rates[#rates] - 0.002) < 1e-12)
  end)

  it("is drawn from and measured as any run, truncated as the run says", function()
    local function drawn(words, name)
      run("generate", ("--run %s/first --seeds 0-7 --grid --out %s/%s.png %s"):format(dir, dir, name, words))
      return temp.read(("%s/%s.png"):format(dir, name))
    end
    assert.equal(drawn("", "a"), drawn("--trunc 0.3", "b"))
    assert.not_equal(drawn("", "a"), drawn("--trunc 2", "c"))
    local code, out = inside.run("experiments/evaluate.lua",
      ("--run %s/first --metrics diversity --features pixels --n 6 --json"):format(dir))
    assert.equal(0, code)
    local r = gan.file.json.decode(out)
    assert.same({0.3, 6}, {r.run.trunc, r.n_fake})
    code, out = inside.run("experiments/evaluate.lua",
      ("--run %s/first --metrics diversity --features pixels --n 6 --trunc 1.5"):format(dir))
    assert.equal(0, code)
    assert.truthy(out:gsub("%s+", " "):find("step 4, plain weights, truncated at 1.5 against shapes", 1, true), out)
  end)

  it("adapts one class of a run that has classes", function()
    local sheets = {}
    for i, words in ipairs {"", "--class #0", "--class heart", "--class #6"} do
      local name = "class" .. i
      local out = run("bsa", ("%s--run %s/classes --outdir %s --name %s %s"):format(WORDS, dir, dir, name, words))
      assert.truthy(out:find("class " .. (i < 3 and "circle" or "heart"), 1, true), out)
      run("generate", ("--run %s/%s --seeds 0-3 --grid --out %s/%s.png"):format(dir, name, dir, name))
      sheets[i] = temp.read(("%s/%s.png"):format(dir, name))
    end
    assert.is_true(sheets[1] == sheets[2] and sheets[3] == sheets[4] and sheets[1] ~= sheets[3])
    run("bsa", ("%s--run %s/concat --outdir %s --name concat_a --class heart"):format(WORDS, dir, dir))
    run("generate", ("--run %s/concat_a --seeds 0-3 --grid --out %s/a.png"):format(dir, dir))
    refused(("%s--run %s/classes --outdir %s --class horse"):format(WORDS, dir, dir), "--class: expected a class "
      .. "(circle square triangle star ring cross heart moon), or its number as in #0 to #7, got 'horse'")
  end)

  it("adapts a generator that a Lua file makes, if it is named", function()
    temp.write(dir .. "/mine.lua", OWN)
    temp.write(dir .. "/mine_nets.lua", "return require('gan').model.dcgan")
    assert.equal(0, (inside.run(dir .. "/mine.lua", SOURCE .. "--outdir " .. dir .. " --name own")))
    local words = ("%s--run %s/own --outdir %s --name own_a"):format(WORDS, dir, dir)
    local code, _, err = inside.run("experiments/bsa.lua", words)
    assert.equal(1, code)
    assert.truthy(err:find("a Lua file makes its generator", 1, true), err)
    run("bsa", ("%s --net %s/own/mine_nets.lua"):format(words, dir))
    run("generate", ("--run %s/own_a --net %s/own_a/mine_nets.lua --seeds 0-3 --grid"):format(dir, dir))
  end)

  it("sees by a classifier, by VGG-16, or not at all", function()
    local net = gan.model.classifier.resnet {size = 24, channels = 3, classes = 3, width = 2, rng = gan.rng(1)}
    assert(gan.measure.features.save(dir .. "/c.safetensors", net, {data = "fake", accuracy = 0.5}))
    for _, features in ipairs {"none", dir .. "/c.safetensors"} do
      run("bsa", ("%s--run %s/plain --outdir %s --resume new --features %s"):format(WORDS, dir, dir, features))
    end
    local grey = gan.model.classifier.lenet {size = 16, channels = 1, classes = 3, width = 2, rng = gan.rng(1)}
    assert(gan.measure.features.save(dir .. "/grey.safetensors", grey, {data = "fake", accuracy = 0.5}))
    local words = ("%s--run %s/plain --outdir %s --features "):format(WORDS, dir, dir)
    refused(words .. dir .. "/grey.safetensors", ("--features %s/grey.safetensors: has learnt grey images, these are "
      .. "in colour: train one with classifier.lua --channels 3"):format(dir))
    refused(words .. "d", "--features d: there are no such features (did you mean 'D'?)")
    refused(words .. "nune", "--features nune: there are no such features (did you mean 'none'?)")
    refused(words .. dir .. "/plain/checkpoint_last.safetensors",
      ("--features %s: holds no network for this (expected D, none, or a file: of experiments/classifier.lua, or of "
        .. "VGG-16's weights as safetensors)"):format(checkpoint "plain"))
  end)

  it("fits images of another size, and says what many images are better for", function()
    local out = run("bsa", ("--data fake --batch 4 --steps 1 --threads 1 --run %s/plain --outdir %s --name many")
      :format(dir, dir))
    assert.truthy(out:find("16x16, colour", 1, true), out)
    assert.matches(": this method is for 25 to 100; of hundreds, training all weights learns more", out)
  end)

  it("says in one line what it cannot use", function()
    refused("", "--run is missing: a run's directory, such as runs/demo, whose generator is adapted")
    refused("--run " .. dir .. "/none", dir .. "/none: cannot read: No such file or directory")
    run("r3gan", SOURCE:gsub("gf 2", "gf 8"):gsub("df 2", "df 8") .. "--outdir " .. dir .. " --name r3gan")
    refused(("%s--run %s/r3gan --outdir %s"):format(WORDS, dir, dir), checkpoint "r3gan"
      .. ": the net has no batch norm, behind whose stored statistics a scale and a shift are learnt (its norms: none)")
    refused(("%s--run %s/first --outdir %s"):format(WORDS, dir, dir),
      checkpoint "first" .. ": is an adapted generator: give the run that it was made of")
    refused(("%s--run %s/plain --outdir %s --size 32"):format(WORDS, dir, dir),
      ("--size 32: G is that of %s, where it is 16: leave it out"):format(checkpoint "plain"))
    refused(("%s--run %s/plain --outdir %s --class heart"):format(WORDS, dir, dir),
      ("--class: %s is not conditional"):format(checkpoint "plain"))
    refused(("--data shapes --limit 6 --run %s/plain --outdir %s"):format(dir, dir),
      "--batch 25 is more than the data: shapes has 6 images; take --batch 6 or less")
    refused(("%s--run %s/plain --outdir %s --dlr 1"):format(WORDS, dir, dir), "unknown option '--dlr' (did you mean "
      .. "'--lr'?)")
    assert.truthy(select(2, inside.run("experiments/bsa.lua", "--help")):find("--trunc", 1, true))
  end)

  it("is short and explains itself", function()
    local text = temp.read "experiments/bsa.lua"
    local _, lines = text:gsub("\n", "")
    assert.is_true(lines < 80, lines)
    assert.is_truthy(text:find "^%-%- %u" and text:find(plain "arXiv:1904.01774"))
  end)
end)
