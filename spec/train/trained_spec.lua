-- A run's generator read back: whose net is a Lua file, which is executed only where it is named; and paths that are
-- no run.
local gan = require "gan"
local core = require "gan.core"
local inside = require "spec.support.inside"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local open = gan.train.trained.open

-- nets.lua leaves a mark in the working table of this process whenever it is executed.
local NETS = [[
local nn = require("gan").nn
EXECUTED = (EXECUTED or 0) + 1
local function reshape(s) return nn.view {s, s, 3} end
return {
  generator = function(opt)
    assert(opt.size == 8 and opt.channels == 3 and opt.z == 4 and opt.ngf == 2 and opt.classes == nil)
    return nn.chain {nn.linear {opt.z, opt.width or 4, rng = opt.rng}, nn.tanh {},
      nn.linear {opt.width or 4, 3 * opt.size * opt.size, rng = opt.rng}, nn.tanh {}, reshape(opt.size)}
  end,
  discriminator = function(opt)
    assert(opt.size == 8 and opt.channels == 3 and opt.z == nil and opt.ndf == 2)
    return nn.chain {nn.flatten {}, nn.linear {3 * opt.size * opt.size, 1, rng = opt.rng}, nn.view {}}
  end,
}
]]
local SCRIPT = [[
local gan = require "gan"
local run = gan.train.run {recipe = "mine", sizes = {8}}
run:train {G = run:generator("nets.lua", {width = 5}), D = run:discriminator "nets.lua"}
]]
local OTHER = [[
local gan = require "gan"
local nets = dofile(arg[0]:match "^.*/" .. "nets.lua")
local run = gan.train.run {recipe = "mine", sizes = {8}}
local o = run.options
run:train {G = nets.generator {size = 8, channels = 3, z = o.z, ngf = o.ngf, rng = run:stream "a"},
  D = nets.discriminator {size = 8, channels = 3, ndf = o.ndf, rng = run:stream "b"}}
]]

describe("train.trained", function()
  local dir
  local function train(script, name, words)
    local code, _, err = inside.run(dir .. "/" .. script, ("--data fake --limit 8 --size 8 --z 4 --ngf 2 --ndf 2 "
      .. "--batch 4 --threads 1 --outdir %s/runs --name %s %s"):format(dir, name, words or "--steps 2"))
    return code, err
  end
  setup(function()
    dir = temp.dir()
    temp.write(dir .. "/nets.lua", NETS)
    temp.write(dir .. "/mine.lua", SCRIPT)
    temp.write(dir .. "/other.lua", OTHER)
    assert.same({0, ""}, {train("mine.lua", "a")})
    assert.same({0, ""}, {train("other.lua", "b")})
  end)
  teardown(function()
    EXECUTED = nil -- luacheck: ignore
    temp.clean()
  end)

  local function refused(what, path, opt)
    local before = EXECUTED -- luacheck: ignore
    local trained, message = open(path, opt)
    assert.is_nil(trained)
    assert.equal(what, message:sub(1, #what))
    assert.is_nil(message:find "\n")
    assert.equal(before, EXECUTED, "a file was executed") -- luacheck: ignore
    return message
  end

  it("makes the generator again by the file that is named, and by no other", function()
    local run, copy = dir .. "/runs/a", dir .. "/runs/a/nets.lua"
    assert.equal(NETS, temp.read(copy))
    refused(("%s/checkpoint_last.safetensors: a Lua file makes its generator, and no file of a run is executed unless "
      .. "you name it: --net %s (read it first if the run is not yours)"):format(run, copy), run)
    local trained = assert(open(run, {net = copy}))
    assert.same({1, 8, 8, 3}, gan.nn.evaluate(trained.G, gan.latent.of_seeds({1}, 4)):shape())
    assert.same({4, 5}, trained.G[1].weight:shape())
    local tree = gan.file.safetensors.load(run .. "/checkpoint_last.safetensors")
    assert.equal(core.to_bytes(tree.G["1.weight"]), core.to_bytes(trained.G[1].weight))
    assert.truthy(open(run, {net = dir .. "/nets.lua"})) -- the same file elsewhere
    temp.write(dir .. "/changed.lua", NETS .. "-- a word\n")
    local changed = dir .. "/changed.lua"
    local other = refused(changed .. ": is not the file that made the generator", run, {net = changed})
    assert.matches(": it was crc32:%x+, this is crc32:%x+; the run's copy is .*/a/nets.lua$", other)
    local G, message = open(run, {net = dir .. "/none.lua"})
    assert.same({nil, dir .. "/none.lua: No such file or directory"}, {G, message})
  end)

  it("goes on with the same file only", function()
    assert.same({0, ""}, {train("mine.lua", "c", "--steps 2")})
    temp.write(dir .. "/nets.lua", NETS .. "-- a word\n")
    local code, err = train("mine.lua", "c", "--steps 4")
    assert.equal(1, code)
    assert.matches("does not fit this run: its %l+ was made by nets.lua crc32:%x+, now by nets.lua crc32:%x+; "
      .. "the run's copy of the file goes on", err)
    assert.equal(NETS, temp.read(dir .. "/runs/c/nets.lua"))
    temp.write(dir .. "/nets.lua", NETS)
    assert.same({0, ""}, {train("mine.lua", "c", "--steps 4")})
    temp.write(dir .. "/nets.lua", "return {")
    code, err = train("mine.lua", "c", "--steps 5")
    temp.write(dir .. "/nets.lua", NETS)
    assert.equal(1, code)
    assert.matches("^mine.lua: .*nets.lua:1: [^\n]*\n$", err)
    os.remove(dir .. "/nets.lua")
    code, err = train("mine.lua", "c", "--steps 5")
    temp.write(dir .. "/nets.lua", NETS)
    assert.equal(1, code)
    assert.equal(("mine.lua: %s/nets.lua: No such file or directory\n"):format(dir), err)
  end)

  it("makes nets that a script made by itself, by a file that says how", function()
    local run = dir .. "/runs/b"
    refused(run .. "/checkpoint_last.safetensors: does not say how its generator was made: put it into a Lua file that "
      .. "returns {generator = f}; name that here, --net FILE, and in the script", run)
    temp.write(dir .. "/g.lua", NETS:gsub("opt%.width or 4", "4"))
    assert.truthy(open(run, {net = dir .. "/g.lua"}))
    temp.write(dir .. "/g.lua", NETS:gsub("opt%.width or 4", "6"))
    assert.matches("does not hold a generator: .*weight", select(2, open(run, {net = dir .. "/g.lua"})))
    temp.write(dir .. "/g.lua", "return {generator = function(opt) return opt.no.such end}")
    assert.matches("g.lua:1: attempt to index a nil value", select(2, open(run, {net = dir .. "/g.lua"})))
  end)

  it("makes conditional nets again, recorded or not", function()
    temp.write(dir .. "/cond_nets.lua", [[
local nn = require("gan").nn
return {
  generator = function(opt)
    return nn.chain {nn.label_concat {opt.classes}, nn.linear {opt.z + opt.classes, 192, rng = opt.rng}, nn.tanh {},
      nn.view {8, 8, 3}}
  end,
  discriminator = function(opt)
    return nn.chain {nn.flatten {}, nn.label_concat {opt.classes},
      nn.linear {192 + opt.classes, 1, rng = opt.rng}, nn.view {}}
  end,
}
]])
    local head = 'local gan = require "gan"\n'
      .. 'local run = gan.train.run {recipe = "c", sizes = {8}, conditional = true}\n'
    temp.write(dir .. "/cond.lua", head
      .. 'run:train {G = run:generator "cond_nets.lua", D = run:discriminator "cond_nets.lua"}\n')
    temp.write(dir .. "/bare.lua", head .. 'local nets = dofile(arg[0]:match "^.*/" .. "cond_nets.lua")\n'
      .. "local o = {z = run.options.z, classes = run.classes}\n"
      .. "run:train {G = nets.generator(o), D = nets.discriminator(o)}\n")
    for _, name in ipairs {"cond", "bare"} do
      assert.same({0, ""}, {train(name .. ".lua", name)})
      local trained = assert(open(dir .. "/runs/" .. name, {net = dir .. "/cond_nets.lua"}))
      assert.equal(10, #trained.classes)
      local z, y = gan.latent.of_seeds({1, 1}, 4), core.tensor({2, 3}, "i32")
      local images = gan.nn.evaluate(trained.G, z, y)
      assert.not_equal(core.to_bytes(images:narrow(1, 1, 1)), core.to_bytes(images:narrow(1, 2, 1)))
    end
  end)

  it("says where a net file has no place", function()
    local code = train("mine.lua", "d")
    assert.equal(0, code)
    local path = dir .. "/runs/d/checkpoint_last.safetensors"
    local tree = assert(gan.file.safetensors.load(path))
    os.remove(dir .. "/runs/d/nets.lua")
    refused(path .. ": a Lua file makes its generator, and no file of a run is executed unless you name it: --net FILE",
      dir .. "/runs/d")
    for _, file in ipairs {"../../nets.lua", "/etc/passwd", "\27[2Jnets.lua", "x\n.lua", ("x"):rep(5000) .. ".lua"} do
      tree.run.nets.generator.file = file -- of a stranger's making
      assert(gan.file.safetensors.save(path, tree))
      refused(path .. ": a Lua file makes its generator", path)
    end
    tree.run.nets.generator = {model = "own", options = "{}"}
    assert(gan.file.safetensors.save(path, tree))
    refused(path .. ": does not hold a generator", path)
    tree.run.nets.generator = {model = "dcgan", options = '{"size":16,"z":8,"ngf":2}'}
    assert(gan.file.safetensors.save(path, tree))
    refused(("--net x.lua: the generator of %s is not a file's, it is gan.model.dcgan"):format(path), path,
      {net = "x.lua"})
  end)

  it("says what a path is that is no run", function()
    lfs.mkdir(dir .. "/none")
    refused(dir .. "/none: no run (it has no checkpoint_last.safetensors)", dir .. "/none/")
    lfs.mkdir(dir .. "/young")
    temp.write(dir .. "/young/options.json", "{}")
    refused(dir .. "/young: no checkpoint yet (it has no checkpoint_last.safetensors)", dir .. "/young")
    local message = refused(dir .. "/runs: not a run, but a folder of them: name one, such as ", dir .. "/runs")
    assert.is_truthy(message:find(dir .. "/runs/b", 1, true), message)
    gan.file.safetensors.save(dir .. "/other.safetensors", {w = gan.ones(2)})
    refused(dir .. "/other.safetensors: expected the checkpoint of a run (that of another program?)",
      dir .. "/other.safetensors")
    gan.file.safetensors.save(dir .. "/c.safetensors", {kind = "classifier", state = {w = gan.ones(2)}})
    refused(dir .. "/c.safetensors: a classifier, not a run: it is for --features", dir .. "/c.safetensors")
    assert.error_matches(function() open(dir, {nets = "x"}) end, "did you mean 'net'")
  end)

  it("makes no net that is larger than the file says its weights are", function()
    local path = dir .. "/bomb.safetensors"
    temp.write(dir .. "/bomb.lua", "local nn = require('gan').nn\nreturn {generator = function(opt) "
      .. "return nn.chain {nn.linear {opt.z, 8}, nn.linear {8, 1 << 30}} end}")
    for model, options in pairs {
      dcgan = '{"size":128,"z":65536,"ngf":65536}', mlp = '{"size":256,"z":65536,"ngf":65536,"depth":65536}',
      sndcgan = '{"size":256,"z":65536,"ngf":4096}', sngan_resnet = '{"size":64,"z":65536,"ngf":65536}',
      ["bomb.lua"] = '{"z":8}',
    } do
      local made = {model = model, options = options}
      if model:find "lua" then made = {file = model, options = options} end
      local run = {step = 1, options = '{"z":8}', nets = {generator = made}}
      if made.file then made.hash = ("crc32:%08x"):format(core.crc32(temp.read(dir .. "/bomb.lua"))) end
      assert(gan.file.safetensors.save(path, {run = run, G = {w = gan.ones(70)}}))
      collectgarbage()
      local before = core.memory().peak
      local message = refused(made.model and path .. ": does not hold a generator: " or dir .. "/bomb.lua:2: ", path,
        made.file and {net = dir .. "/bomb.lua"})
      assert.matches("nn: the net has more than the 4194374 numbers that it may have$", message)
      assert.is_true(core.memory().peak - before < 1 << 24)
    end
  end)

  it("makes an adapted generator again, whatever its class is said to be", function()
    local path = dir .. "/adapted.safetensors"
    local options = '{"size":16,"z":8,"ngf":2,"classes":3,"conditioning":"projection"}'
    local G = gan.nn.adapted {gan.model.dcgan.generator(gan.file.json.decode(options)), class = 2}
    local made = {model = "dcgan", options = options, adapted = true, class = 2}
    local tree = {run = {step = 1, options = '{"z":8}', nets = {generator = made}}, G = G:state()}
    assert(gan.file.safetensors.save(path, tree))
    local z = gan.rng(1):normal {2, 8}
    assert.equal(G(z):to_bytes(), assert(open(path)).G(z):to_bytes())
    for _, class in ipairs {3, -1, 1.5, "heart", 1 << 40} do
      made.class = class
      assert(gan.file.safetensors.save(path, tree))
      refused(path .. ": does not hold a generator: nn.adapted: option 'class'", path)
    end
    made.class, made.adapted = 2, nil
    assert(gan.file.safetensors.save(path, tree))
    refused(path .. ": does not hold a generator: load: the state does not fit", path)
  end)

  it("takes no step, z or classes that are none", function()
    local path = dir .. "/odd.safetensors"
    local G = gan.model.dcgan.generator {size = 16, z = 8, ngf = 2, rng = gan.rng(1)}
    local nets = {generator = {model = "dcgan", options = '{"size":16,"z":8,"ngf":2}'}}
    local function save(run)
      run.nets, run.options = nets, run.options or '{"z":8}'
      assert(gan.file.safetensors.save(path, {G = G:state(), run = run}))
    end
    save {step = 3}
    assert.equal(3, assert(open(path)).step)
    for _, run in ipairs {{}, {step = 1.5}, {step = 3, options = "{}"}, {step = 3, classes = {1, 2}},
      {step = 3, classes = 7}} do
      save(run)
      refused(path .. ": expected the checkpoint of a run: its step, z or classes are none", path)
    end
    for _, v in ipairs {'"x"', "-1"} do
      save {step = 3, options = ('{"z":%s}'):format(v)}
      refused(("%s: option 'z': expected an integer in 1..65536, got %s"):format(path, v), path)
    end
  end)
end)
