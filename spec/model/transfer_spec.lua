-- Going on from another run: what is taken over, what is not and is said, what stays as it is; and that the new run
-- needs the other one only once.
local core = require "gan.core"
local gan = require "gan"
local random = require "gan.random"
local transfer = require "gan.model.transfer"
local inside = require "spec.support.inside"
local json = require "gan.file.json"
local temp = require "spec.support.temp"

local safetensors = gan.file.safetensors
local SMALL = "--size 16 --ngf 4 --ndf 4 --z 6 --batch 8 --limit 32 --threads 1 "
local LAST = "checkpoint_last.safetensors"

local dir

local function script(name, words)
  words = words:gsub("DIR", dir)
  return inside.run(("experiments/%s.lua"):format(name), ("%s--outdir %s %s"):format(SMALL, dir, words))
end

local function path(run, name) return ("%s/%s/%s"):format(dir, run, name or LAST) end
local function tree(run, name) return assert(safetensors.load(path(run, name))) end

-- A run that must end well: what it said.
local function trains(name, words)
  local code, out, err = script(name, words)
  assert.same({0, ""}, {code, err})
  return out
end

local function refused(name, words, what)
  local code, _, err = script(name, words)
  assert.equal(1, code)
  assert.is_truthy(err:find((what:gsub("DIR", dir)), 1, true), err)
  return err
end

-- A DCGAN as it stands before the first step.
local function begun(words)
  local args = {[0] = "experiments/dcgan.lua"}
  for w in (SMALL .. (words:gsub("DIR", dir))):gmatch "%S+" do args[#args + 1] = w end
  local run = gan.train.run {recipe = "dcgan", arg = args, recorder = gan.train.recorder.silent()}
  local G, D = run:generator "dcgan", run:discriminator "dcgan"
  local optD = gan.optim.adam(D:params())
  local optG, ema = gan.optim.adam(G:params()), gan.optim.ema(G)
  run:save_with {G = G, D = D, ema = ema, optG = optG, optD = optD}
  run:show(G, ema)
  run:steps()()
  return {G = G, D = D, ema = ema, optG = optG, run = run, default = {random.default():state()}}
end

local function same(a, b) return core.to_bytes(core.contiguous(a)) == core.to_bytes(core.contiguous(b)) end

local function bytes_of(run)
  local out = {}
  for _, name in ipairs(temp.list(path(run, ""))) do
    if name:find "%.safetensors$" or name:find "%.png$" then out[name] = temp.read(path(run, name)) end
  end
  return out
end

describe("model.transfer", function()
  setup(function()
    dir = temp.dir()
    trains("dcgan", "--name a --data shapes --steps 6 --snap 3")
  end)
  teardown(temp.clean)

  it("takes networks, statistics and the average over, by their names; all else is the run's own", function()
    local there = tree "a"
    local now, alone = begun "--data shapes --from DIR/a --seed 5", begun "--data shapes --seed 5"
    for _, who in ipairs {"G", "D"} do
      for name, t in pairs(now[who]:state()) do assert.is_true(same(there[who][name], t), who .. name) end
    end
    for _, list in ipairs {"shadow", "shadow_statistics"} do
      for i, t in ipairs(now.ema[list]) do
        assert.is_true(same(there.ema[("%s.%d"):format(list, i)], t))
        assert.is_false(same(t, list == "shadow" and now.ema.params[i] or now.ema.statistics[i]))
      end
    end
    for i, m in ipairs(now.optG.m) do assert.is_true(same(m, core.full(core.shape(now.optG.params[i]), 0))) end
    assert.same({0, alone.default}, {now.optG.t, now.default})
    for name, rng in pairs(alone.run.streams) do
      assert.same({rng:state()}, {now.run.streams[name]:state()}, name)
    end
    assert.is_true(same(now.run.fixed_z, alone.run.fixed_z))
    assert.is_false(same(now.run.fixed_z, there.run.z))
    -- a snapshot is as good
    local before = begun "--data shapes --from DIR/a/snapshot_000003.safetensors"
    assert.is_true(same(tree("a", "snapshot_000003.safetensors").G["2.weight"], before.G[2].weight))
  end)

  it("says what does not fit in shape, and lets it start anew", function()
    local out = trains("dcgan", "--name grey --data fake --channels 1 --steps 1 --from DIR/a")
    assert.is_truthy(out:find(([[
networks: began as those of DIR/a/checkpoint_last.safetensors, step 6 of dcgan (crc32:%08x)
data there: 16 pixels, colour, no classes; here: 16 pixels, grey, no classes
G: 10 of 11 tensors taken over; left out, or other than there:
  8.weight: (4,4,3,4) there, (4,4,1,4) here
D: 6 of 7 tensors taken over; left out, or other than there:
  1.weight: (4,4,3,4) there, (4,4,1,4) here
the average of G: 10 of 11 tensors as there, the others as in G
]]):format(core.crc32(temp.read(path "a"))):gsub("DIR", dir), 1, true), out)
    assert.is_truthy(temp.read(path("grey", "log.txt")):find("  1.weight: (4,4,3,4) there, (4,4,1,4) here\n", 1, true))
    local now = begun "--data fake --channels 1 --from DIR/a"
    assert.is_true(same(now.G[8].weight, now.ema.shadow[#now.ema.shadow]))
    assert.is_true(same(begun("--data fake --channels 1").D[1].weight, now.D[1].weight)) -- as it would have begun
    out = trains("dcgan", "--name all --data shapes --steps 1 --from DIR/a/")
    assert.is_truthy(out:find("\nG: all 11 tensors taken over\nD: all 7 tensors taken over\n"
      .. "the average of G: as there\n", 1, true), out)
    out = trains("dcgan", "--name dry --data shapes --dry-run --from DIR/a")
    assert.is_truthy(out:find("G: all 11 tensors taken over", 1, true))
    out = trains("start", "--name sn --data shapes --steps 1 --norm spectral --from DIR/a")
    assert.is_truthy(out:find("  1.norm.u: not there, (4) here\n", 1, true), out)
    assert.is_truthy(out:find("  4.gamma: (8) there, not here\n", 1, true), out)
    out = trains("start", "--name sn_packs --data shapes --steps 1 --norm spectral --pack 2 --from DIR/sn")
    assert.is_truthy(out:find("  1.norm.u: (4), as its weight does\n  1.norm.v: (48) there, (96) here\n", 1, true), out)
    out = trains("dcgan", "--name packs --data shapes --steps 1 --pack 2 --from DIR/a")
    assert.is_truthy(out:find("  1.weight: (4,4,3,4) there, (4,4,6,4) here\n", 1, true), out)
  end)

  it("knows where its networks began", function()
    trains("dcgan", "--name b --data shapes --steps 2 --from DIR/a")
    local origin = {path = path "a", step = 6, recipe = "dcgan", checksum = ("crc32:%08x"):format(
      core.crc32(temp.read(path "a")))}
    assert.same(origin, json.decode(temp.read(path("b", "options.json"))).origin)
    assert.same(origin, json.decode(tree "b".run.origin))
    assert.same(origin, assert(gan.train.trained.open(dir .. "/b")).origin)
    assert.is_nil(assert(gan.train.trained.open(dir .. "/a")).origin)
    assert.is_truthy(trains("dcgan", "--name b --data shapes --steps 3 --from DIR/a"):find(
      "networks: began as those of " .. path "a" .. ", step 6 of dcgan", 1, true))
  end)

  it("goes on to the same bytes, without the other run, with any number of threads", function()
    trains("dcgan", "--name source --data shapes --steps 3")
    local words = "--data fake --channels 1 --snap 2 --freeze-d 0 --from DIR/source --seed 3 "
    trains("dcgan", words .. "--steps 6 --name whole")
    trains("dcgan", words .. "--steps 6 --name two --threads 2")
    trains("dcgan", words .. "--steps 3 --name half")
    trains("dcgan", words .. "--steps 6 --name none --snap 0")
    temp.remove(dir .. "/source")
    trains("dcgan", words .. "--steps 6 --name half")
    local should, half = bytes_of "whole", bytes_of "half"
    half["checkpoint_previous.safetensors"] = should["checkpoint_previous.safetensors"] -- one checkpoint more
    half["fakes_000003.png"] = nil -- the last step of a shorter run
    assert.same(should, half)
    assert.same(should, bytes_of "two")
    assert.same(should[LAST], bytes_of "none"[LAST])
    os.execute(("cp -Rp %s/half %s/other"):format(dir, dir))
    trains("dcgan", ("--resume %s/other --steps 8"):format(dir)) -- --from comes with it
    assert.equal(dir .. "/source", json.decode(temp.read(path("other", "options.json"))).options.from)
    refused("dcgan", words .. "--steps 6 --name new", "dcgan.lua: --from: DIR/source: no such run or checkpoint")
  end)

  it("takes what belongs to a class over where the classes are the same", function()
    trains("start", "--name c --data shapes --conditional --steps 3")
    local there, out = tree "c", trains("start", "--name d --data shapes --conditional --steps 1 --from DIR/c")
    assert.is_truthy(out:find("G: all 11 tensors taken over\nD: all 15 tensors taken over\n", 1, true), out)
    out = trains("start", "--name e --data fake --conditional --steps 1 --from DIR/c")
    for _, line in ipairs {
      "data there: 16 pixels, colour, 8 classes (circle square triangle star ring cross heart moon); here: 16 pixels, "
        .. "colour, 10 classes (0 1 2 3 4 5 6 7 ...)", "G: all 11 tensors taken over; left out, or other than there:",
      "  3.gamma: (8,8) there, (10,8) here: the mean over classes", "D: 12 of 15 tensors taken over",
      "  6.classes.weight: (8,8) there, (10,8) here, of other classes", "the average of G: as there",
    } do assert.is_truthy(out:find("\n" .. line, 1, true), line) end
    -- to data without classes, and back
    local still = "--steps 1 --lr 1e-30 --ema-kimg 1e9"
    out = trains("start", "--name f --data fake --from DIR/c " .. still)
    assert.is_truthy(out:find("  3.gamma: (8,8) there, (8) here: the mean over classes\n", 1, true), out)
    local mean = there.G["3.gamma"]:mean(1)
    assert.is_true(same(mean, tree "f".G["3.gamma"]))
    local trained = assert(gan.train.trained.open(dir .. "/f"))
    for i, name in ipairs(trained.G:names()) do
      if name == "3.gamma" then
        assert.is_true(same(there.ema["shadow." .. i]:mean(1), trained.ema.shadow[i]))
        assert.is_false(same(mean, trained.ema.shadow[i]))
      end
    end
    trains("start", "--name g --data shapes --conditional --from DIR/f " .. still)
    local gamma = tree "g".G["3.gamma"]
    for y = 1, 8 do assert.is_true(same(mean, gamma:narrow(1, y, 1))) end
  end)

  -- Lets D begin as the state of another D.
  local function begin(D, state)
    transfer.begin {parts = {D = D}, nets = {}, options = {from = "x"}, data = {channels = 3},
      recorder = gan.train.recorder.silent(), source = {tree = {D = state, run = {}}, options = {}, nets = {},
        origin = {path = "x", step = 1, recipe = "y", checksum = "z"}}}
  end

  it("leaves a net the batch that it was given", function()
    local function virtual(seed)
      return gan.model.dcgan.discriminator {size = 16, ndf = 2, norm = "virtual",
        reference = gan.rng(seed):normal {3, 16, 16, 3}, rng = gan.rng(seed)}
    end
    local D, there = virtual(1), virtual(2)
    begin(D, there:state())
    assert.is_true(same(D.reference, virtual(1).reference))
    assert.is_true(same(D.net[1].weight, there.net[1].weight))
  end)

  it("lets a normaliser that was not there begin with the weight that was", function()
    local now = begun "--data shapes --from DIR/a"
    local D = gan.model.dcgan.discriminator {size = 16, channels = 3, ndf = 4, norm = "spectral", rng = gan.rng(1)}
    begin(D, now.D:state())
    assert.is_true(same(D[1].weight, now.D[1].weight))
    local _, v = core.power_iteration(D[1].weight, D[1].norm.u, D[1].output_axis)
    assert.is_true(same(v, D[1].norm.v))
  end)

  it("has the average's half-life whole from the first step", function()
    for recipe, words in pairs {dcgan = "", start = "--norm batch --loss ns --beta1 .5 --beta2 .999 "} do
      local name = "ramp_" .. recipe
      trains(recipe, ("--data shapes --steps 1 --from DIR/a --name %s %s"):format(name, words))
      trains(recipe, ("--data shapes --steps 1 --name %s_alone %s"):format(name, words))
      local function half_life(of) return gan.file.text.json_lines(path(of, "stats.jsonl"))[1].value.ema_kimg end
      assert.is_true(math.abs(half_life(name) - 32) < 1e-9)
      assert.is_true(math.abs(half_life(name .. "_alone") - 0.0004) < 1e-9)
    end
  end)

  it("lets an average that was not there begin as G", function()
    trains("dcgan", "--name bare --data shapes --steps 2 --ema-kimg 0")
    local out = trains("dcgan", "--name from_bare --data shapes --steps 1 --from DIR/bare")
    assert.is_truthy(out:find("\nthe average of G: begins as a copy of G\n", 1, true), out)
    local now = begun "--data shapes --from DIR/bare"
    for i, t in ipairs(now.ema.shadow) do assert.is_true(same(t, now.ema.params[i])) end
    out = trains("dcgan", "--name no_ema --data shapes --steps 1 --ema-kimg 0 --from DIR/a")
    assert.is_nil(out:find "average of G:")
  end)

  it("takes the average of nets in a Lua file over, where the script names the same one", function()
    local nets = [[
local nn = require("gan").nn
EXECUTED = (EXECUTED or 0) + 1
return {
  generator = function(o) return nn.chain {nn.linear {o.z, 8, rng = o.rng}, nn.batch_norm {8}, nn.tanh {},
    nn.linear {8, o.size * o.size * o.channels, rng = o.rng}, nn.view {o.size, o.size, o.channels}} end,
  discriminator = function(o) return nn.chain {sections = {2}, nn.flatten {},
    nn.linear {o.size * o.size * o.channels, 8, rng = o.rng}, nn.relu {}, nn.linear {8, 1, rng = o.rng},
    nn.view {}} end,
}
]]
    temp.write(dir .. "/nets.lua", nets)
    temp.write(dir .. "/mine.lua", [[
local gan = require "gan"
local run = gan.train.run {recipe = "mine", sizes = {16}}
run:train {G = run:generator "nets.lua", D = run:discriminator "nets.lua"}
]])
    local function mine(words)
      local code, out, err = inside.run(dir .. "/mine.lua", SMALL .. "--outdir " .. dir .. " --data fake " .. words)
      return code, out, err
    end
    assert.equal(0, (mine "--name m --steps 2"))
    local code, out = mine(("--name n --steps 1 --channels 1 --from %s/m --freeze-d 0 --train scale-shift"):format(dir))
    assert.equal(1, code, out) -- the last layer does not fit
    code, out = mine(("--name n --steps 1 --freeze-d 1 --from %s/m"):format(dir))
    assert.equal(0, code)
    assert.is_truthy(out:find("the average of G: as there", 1, true), out)
    assert.is_truthy(out:find("D: all 4 tensors taken over, 2 of them not trained", 1, true), out)
    -- of another file only G itself is known: the average's numbers are matched with it
    temp.write(dir .. "/nets.lua", nets .. "-- a word\n")
    local before = EXECUTED -- luacheck: ignore
    code, out = mine(("--name o --steps 1 --from %s/m"):format(dir))
    local after = EXECUTED -- luacheck: ignore
    assert.same({0, before + 2}, {code, after}) -- once for each net
    assert.is_truthy(out:find("the average of G: as there", 1, true), out)
    EXECUTED = nil -- luacheck: ignore
  end)

  it("leaves D's first sections as they are, with no state in the optimiser", function()
    for net, case in pairs {
      dcgan = {"--norm spectral", 1}, sndcgan = {"", 3}, r3gan = {"", 2}, sngan_resnet = {"--size 32", 2},
    } do
      local how, sections = ("--data shapes --net %s --ngf 8 --ndf 8 %s"):format(net, case[1]), case[2]
      trains("start", ("%s --steps 1 --name s_%s"):format(how, net))
      trains("start", ("%s --steps 3 --batch 4 --from DIR/s_%s --name t_%s --freeze-d %d"):format(how, net, net,
        sections))
      local there, now, moved = tree("s_" .. net), tree("t_" .. net), 0
      local D = gan.model[net].discriminator {size = net == "sngan_resnet" and 32 or 16, channels = 3, ndf = 8,
        norm = net == "r3gan" and "none" or "spectral"}
      local all = #D:names()
      gan.nn.freeze(D, {sections = sections})
      for i, name in ipairs(D:names()) do assert.same(core.shape(now.D[name]), core.shape(now.optD["m." .. i])) end
      assert.is_nil(now.optD["m." .. #D:names() + 1])
      assert.is_true(#D:names() > 0 and #D:names() < all)
      for name, t in pairs(now.D) do
        local frozen, equal = math.tointeger(name:match "^%d+") <= D.sections[sections], same(t, there.D[name])
        assert.is_true(equal or not frozen, net .. " D." .. name)
        moved = moved + (equal and 0 or 1)
      end
      assert.is_true(moved >= #D:names() - 1, net) -- the last bias may get no gradient
    end
  end)

  it("freezes in the script that writes its game out, too; statistics go on", function()
    trains("dcgan", "--name frozen --data fake --steps 4 --from DIR/a --freeze-d 2 --blocks 1")
    trains("dcgan", "--name frozen_blocks --data fake --steps 4 --from DIR/a --freeze-d 2 --blocks 2")
    for _, run in ipairs {"frozen", "frozen_blocks"} do
      local there, now = tree "a", tree(run)
      for name, t in pairs(now.D) do
        assert.equal(name ~= "6.weight" and not name:find "running", same(t, there.D[name]), name)
      end
      assert.is_nil(now.optD["m.2"])
    end
  end)

  it("trains the gains and biases of G's norms alone, from the average", function()
    local out = trains("dcgan", "--name shifted --data fake --steps 4 --snap 2 --from DIR/a --train scale-shift")
    assert.is_truthy(out:find("G: all 11 tensors taken over, 3 of them not trained", 1, true), out)
    local there, now, of = assert(gan.train.trained.open(dir .. "/a")), tree "shifted", {}
    for i, name in ipairs(there.G:names()) do of[name] = there.ema.shadow[i] end
    local n = 0
    for name, t in pairs(of) do
      local norm = name:find "gamma" or name:find "beta"
      assert.equal(not norm, same(t, now.G[name]), name)
      n = n + (norm and 1 or 0)
    end
    assert.is_nil(now.ema["shadow." .. n + 1])
    assert.is_nil(now.optG["m." .. n + 1])
    -- it is drawn from, goes on, and is gone on from
    local drawn = assert(gan.train.trained.open(dir .. "/shifted"))
    assert.equal(n, #drawn.ema.shadow)
    assert.same({1, 16, 16, 3}, gan.nn.evaluate(drawn.G, gan.randn(1, 6), nil, {average = drawn.ema}):shape())
    trains("dcgan", "--name shifted_half --data fake --steps 2 --snap 2 --from DIR/a --train scale-shift")
    trains("dcgan", "--name shifted_half --data fake --steps 4 --snap 2 --from DIR/a --train scale-shift")
    assert.is_true(bytes_of "shifted"[LAST] == bytes_of "shifted_half"[LAST])
    local twice = begun "--data fake --from DIR/shifted"
    assert.is_true(same(twice.ema.shadow[1], now.G["2.weight"]))
    assert.is_true(same(twice.ema.shadow[2], now.ema["shadow.1"]))
  end)

  it("refuses in one line what cannot be", function()
    local words = "--data shapes --steps 1 --name no "
    refused("dcgan", words .. "--freeze-d 1", "dcgan.lua: --freeze-d 1: needs --from RUN")
    refused("dcgan", words .. "--train scale-shift", "dcgan.lua: --train scale-shift: needs --from RUN")
    refused("dcgan", words .. "--train gains", "--train: expected all or scale-shift, got 'gains'")
    refused("dcgan", words .. "--from DIR/a --freeze-d 3", "--freeze-d 3: the net has 2 sections, got 3")
    refused("dcgan", words .. "--from DIR/gray", "--from: DIR/gray: no such run or checkpoint (did you mean 'grey'?)")
    refused("dcgan", words .. "--from DIR", "--from: DIR: not a run, but a folder of them: name one, such as DIR/")
    refused("dcgan", "--data fake --channels 1 --steps 1 --name no --freeze-d 1 --from DIR/a",
      "--freeze-d 1: what stays as it is must come from DIR/a/checkpoint_last.safetensors, and does not fit: D's "
      .. "1.weight: (4,4,3,4) there, (4,4,1,4) here")
    refused("start", words .. "--net r3gan --ngf 8 --ndf 8 --from DIR/a --train scale-shift",
      "--train scale-shift: the net has no normalisation layer with gamma and beta")
    refused("gan2014", words .. "--from DIR/a --freeze-d 3 --ndf 8", "--freeze-d 3: the net has 2 sections, got 3")
    -- another architecture
    local message = refused("dcgan", words .. "--ngf 6 --ndf 5 --from DIR/a",
      "dcgan.lua: --from DIR/a: its networks are others than these, 0 of 18 tensors would fit\n")
    for _, line in ipairs {
      "  G there: dcgan {channels = 3, ngf = 4, size = 16, z = 6}\n",
      "  D here: dcgan {channels = 3, ndf = 5, size = 16}",
      "  that run has --ngf 4 --ndf 4\n",
    } do assert.is_truthy(message:find(line, 1, true), message) end
    message = refused("start", words .. "--net sndcgan --from DIR/a", "0 of 54 tensors would fit")
    assert.is_truthy(message:find("  G here: sndcgan {", 1, true), message)
    -- itself, and both of two
    refused("dcgan", "--data shapes --steps 9 --name a --from DIR/a",
      "dcgan.lua: DIR/a was started with --from unset, now DIR/a; nothing was overwritten, give another --name")
    refused("dcgan", "--steps 9 --resume DIR/a --from DIR/a",
      "dcgan.lua: DIR/a was started with --from unset, now DIR/a; take it as it was")
    -- nets that a script makes by itself
    temp.write(dir .. "/own.lua", [[
local gan = require "gan"
local run = gan.train.run {recipe = "own", sizes = {16}}
local o = gan.model.dcgan
run:train {G = o.generator {size = 16, z = 6, ngf = 4}, D = o.discriminator {size = 16, ndf = 4}}
]])
    local code, _, err = inside.run(dir .. "/own.lua", SMALL .. ("--outdir %s --data shapes --steps 1 --name no --from "
      .. "%s/a --freeze-d 1"):format(dir, dir))
    assert.equal(1, code)
    assert.equal("own.lua: --freeze-d 1: the script makes D by itself, not by run:discriminator; gan.nn.freeze is for "
      .. "that\n", err)
    local out
    code, out = inside.run(dir .. "/own.lua", SMALL .. ("--outdir %s --data shapes --steps 1 --name own --from %s/a")
      :format(dir, dir))
    assert.equal(0, code)
    assert.is_truthy(out:find("\nG: all 11 tensors taken over\n", 1, true))
    assert.is_truthy(out:find("the average of G: as there", 1, true))
    assert.is_nil(require "lfs".attributes(dir .. "/no")) -- nothing was made
  end)

  it("refuses a damaged file, that of another version, and what is none", function()
    local words = "--data shapes --steps 1 --name no --from DIR/"
    local bytes = temp.read(path "a")
    temp.write(dir .. "/damaged.safetensors", bytes:sub(1, -2) .. string.char(bytes:byte(-1) ~ 1))
    assert.matches("damaged %(its checksum differs%)\n$", refused("dcgan", words .. "damaged.safetensors",
      "dcgan.lua: --from: DIR/damaged.safetensors: tensor 'run.z' is "))
    temp.write(dir .. "/text.safetensors", "hello, world, this is none")
    refused("dcgan", words .. "text.safetensors", "--from: DIR/text.safetensors: expected a header")
    local t = tree "a"
    t.run.format = 1
    assert(safetensors.save(dir .. "/old.safetensors", t))
    refused("dcgan", words .. "old.safetensors", "--from: DIR/old.safetensors: expected format 2, found 1 (made by "
      .. "another version)")
    t.run.format, t.run.step = 2, -1
    assert(safetensors.save(dir .. "/old.safetensors", t))
    refused("dcgan", words .. "old.safetensors", "DIR/old.safetensors: expected the checkpoint of a run: its step or "
      .. "recipe is none")
    -- what claims anything is compared with nothing but tensors
    t.run.step, t.G, t.ema, t.run.nets = 1, {["2.weight"] = 5, x = {y = 1}}, {["shadow.1"] = "z"}, 7
    assert(safetensors.save(dir .. "/old.safetensors", t))
    local out = trains("dcgan", "--data shapes --steps 1 --name odd --from DIR/old.safetensors")
    assert.is_truthy(out:find("\nG: 0 of 11 tensors taken over", 1, true), out)
    t.D = nil
    assert(safetensors.save(dir .. "/old.safetensors", t))
    refused("dcgan", words .. "old.safetensors", "0 of 18 tensors would fit")
    t = tree "a"
    core.copy_(t.G["2.weight"], core.full({}, 0 / 0))
    assert(safetensors.save(dir .. "/old.safetensors", t))
    refused("dcgan", words:gsub("no", "nan") .. "old.safetensors", "G.2.weight is not finite")
  end)
end)
