-- Runs of scripts beyond dcgan.lua: other parts, wrong use, memory that stays where it is.
local gan = require "gan"
local core = require "gan.core"
local temp = require "spec.support.temp"

local dir

-- A recorder that keeps all, and whose lines go nowhere.
local function quiet()
  local recorder = gan.train.recorder.disk "test.lua"
  function recorder.say() end
  function recorder.status() end
  function recorder.live() end
  return recorder
end

-- A run in this process.
local function start(words, recorder)
  local list = {[0] = "test.lua"}
  for w in ("--data fake --limit 32 --size 16 --batch 8 --z 4 --outdir " .. dir .. " " .. words):gmatch "%S+" do
    list[#list + 1] = w
  end
  local threads = core.threads()
  local run = gan.train.run {recipe = "test", arg = list, recorder = recorder or quiet()}
  core.threads(1)
  finally(function() core.threads(threads) end)
  return run
end

local function tiny(run)
  local nn = gan.nn
  local D = nn.chain {
    nn.flatten {}, nn.dropout {p = 0.5, rng = run:stream "dropout"},
    nn.linear {16 * 16 * 3, 1, rng = run:stream "init"},
  }
  local opt = gan.optim.sgd((D:params()), {lr = 0.01, momentum = 0.5})
  run:save_with {D = D, opt = opt}
  local noise = run:stream "noise"
  for _ in run:steps() do
    local loss = gan.loss.logistic().critic(D(run:batch()), D(noise:uniform({8, 16, 16, 3}, -1, 1)))
    opt:step(gan.grad(loss, opt.params))
    run:report {D = loss, lr = 0.01}
  end
  run:close()
  return temp.read(run.place.dir .. "/checkpoint_last.safetensors")
end

-- GAN-CLS on captions that a vocabulary knows: everything that has a state.
local function texts(run)
  local nn, captions = gan.nn, {"a red ring", "the blue star", "a moon", "red"}
  local vocabulary = assert(gan.data.text.vocabulary(run.options.steps == 4 and {"other", "words"} or captions))
  local E = nn.chain {nn.text.gru {11, 3, 4, rng = run:stream "init.E"},
    nn.text.augment {4, 3, rng = run:stream "init.A", noise = run:stream "augment"}}
  local model, o = gan.model.gan_cls, {size = 16, text = 3, features = 2}
  local function with(t)
    for k, v in pairs(o) do t[k] = v end
    return t
  end
  local G = model.generator(with {z = 4, ngf = 2, rng = run:stream "init.G"})
  local D = model.discriminator(with {ndf = 2, rng = run:stream "init.D"})
  local function adam(net) return gan.optim.adam(net:params(), {lr = 0.01}) end
  local optE, optG, optD = adam(E), adam(G), adam(D)
  run:save_with {vocabulary = vocabulary, E = E, G = G, D = D, optE = optE, optG = optG, optD = optD}
  local z, loss = run:stream "z", gan.loss.matching_aware()
  for _ in run:steps() do
    local real = run:batch()
    local ids = gan.cat {(vocabulary:ids(captions)), (vocabulary:ids(captions))}
    local e, far = E(ids)
    local fake = G(z:normal {8, 4}, e:detach())
    local shifted = gan.cat {e:narrow(1, 2, 7), e:narrow(1, 1, 1)}
    local lossD = loss.critic(D(real, e), D(fake:detach(), e), D(real, shifted)) + far
    local n = #optD.params
    local grads = gan.grad(lossD, table.move(optE.params, 1, #optE.params, n + 1, table.move(optD.params, 1, n, 1, {})))
    optD:step(table.move(grads, 1, n, 1, {}))
    optE:step(table.move(grads, n + 1, #grads, 1, {}))
    local d = e:detach()
    local lossG = loss.generator(D(fake, d), D(G(z:normal {4, 4}, nn.text.between(d)), nn.text.between(d)))
    optG:step(gan.grad(lossG, optG.params))
    run:report {D = lossD, lr = 0.01}
  end
  run:close()
  return temp.read(run.place.dir .. "/checkpoint_last.safetensors"), vocabulary
end

describe("train.run", function()
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  it("hands all options of data on", function()
    local at = dir .. "/photos"
    for _, folder in ipairs {"/train", "/val/a", "/val/b"} do gan.file.text.make_folder(at .. folder) end
    local wide = gan.full({8, 16, 3}, 100, "u8")
    for name, image in pairs {["train/x"] = wide, ["val/a/1"] = wide, ["val/a/2"] = wide, ["val/b/3"] = wide} do
      assert(gan.data.image.write(("%s/%s.png"):format(at, name), image))
    end
    temp.write(at .. "/val/b/4.png", "<html>")
    local run = start("--batch 1 --channels 1 --fit pad --background 7 --split val --skip-bad --limit 4 --cache 100 "
      .. "--data " .. at)
    local data = run.data
    assert.same({3, "val", {"a", "b"}, 1}, {data.n, data.split, data.classes, data.channels})
    assert.is_nil(data.images) -- 768 bytes do not fit into the cache
    local rows = core.to_table(data:image(3))
    assert.same({7, 100, 100, 7}, {rows[1][1][1], rows[5][1][1], rows[12][16][1], rows[13][1][1]})
    assert.matches("val/b/4.png: [^\n]*HTML", data:describe())
    assert.same({2, 1}, {core.to_table(data.labels)[3] + 1, run:batch():size(1)})
  end)

  it("has no option of data that the script's own data do not look at", function()
    local function begin(words)
      local list = {[0] = "test.lua"}
      for w in ("--size 16 --batch 8 --z 4 --steps 2 --outdir %s/own %s"):format(dir, words):gmatch "%S+" do
        list[#list + 1] = w
      end
      local recorder = quiet()
      function recorder.stop(_, fmt, ...) error(fmt:format(...), 0) end
      return gan.train.run {recipe = "test", arg = list, recorder = recorder, open = function(o)
        return gan.data.fake {count = o.limit or 32, size = o.size}
      end}
    end
    local run = begin "--limit 40"
    assert.equal(40, run.data.n)
    assert.same({40, 16}, {run.options.limit, run.options.size})
    assert.same({}, {run.options.data, run.options.fit, run.options.cache, run.options.exif})
    for _ in run:steps() do run:report {D = 1} end
    run:close()
    local own = gan.file.json.decode(temp.read(run.place.dir .. "/options.json")).options
    assert.same({40, 16}, {own.limit, own.size})
    assert.same({}, {own.data, own.fit, own.skip_bad})
    assert.is_nil(temp.read(run.place.dir .. "/log.txt"):find("data shapes", 1, true))
    assert.equal(run.place.dir, begin("--limit 40 --resume " .. run.place.dir).place.dir)
    assert.error_matches(function() begin "--fit pad" end, "^%-%-fit: has no meaning here")
  end)

  it("keeps whatever has state and load, and the streams of layers", function()
    local whole = tiny(start "--name whole --steps 12")
    tiny(start "--name half --steps 5")
    assert.equal(whole, tiny(start "--name half --steps 12"))
    local tree = gan.file.safetensors.load(dir .. "/whole/checkpoint_last.safetensors")
    assert.is_truthy(tree.rng.dropout[2] > 0)
    assert.is_nil(tree.G)
  end)

  it("goes on with texts: their vocabulary, encoder and noise", function()
    local whole = texts(start "--name texts --steps 5")
    texts(start "--name words --steps 3")
    local bytes, vocabulary = texts(start "--name words --steps 4")
    assert.same({"a", "red", "blue", "moon", "ring", "star", "the"}, vocabulary.words) -- the run's, not the captions'
    assert.is_string(bytes)
    assert.is_true(whole == texts(start "--name words --steps 5"))
  end)

  it("gives each player its step size, by strategies too", function()
    local run = start "--name two --steps 1 --lr 0.5 --dlr 0.25"
    assert.same({0.25, 0.5}, {run:lr "D", run:lr "G"})
    local G, D, seen = run:generator("dcgan", {ngf = 4}), run:discriminator("dcgan", {ndf = 4}), nil
    run:train {G = G, D = D, hooks = {before_step = function(loop) seen = {loop.optD.lr, loop.optG.lr} end}}
    assert.same({0.25, 0.5}, seen)
  end)

  it("keeps a net's and the game's names from a script's own parts and numbers", function()
    local function fails(spec, what)
      local run = start("--steps 1 --resume new")
      spec.G, spec.D = run:generator("dcgan", {ngf = 4}), run:discriminator("dcgan", {ndf = 4})
      local ok, message = pcall(function() run:train(spec) end)
      run:close()
      assert.is_false(ok)
      assert.is_truthy(tostring(message):find(what, 1, true), message)
    end
    for name, owner in pairs {
      G = "the generator", D = "the discriminator", optG = "G's optimiser", optD = "D's optimiser",
      ema = "the average of G's weights", loop = "the loop", replay = "the replay", augment = "the augmentation",
      penalty1 = "a penalty", g_penalty12 = "a penalty",
    } do
      fails({save_with = {[name] = {a = 1}}}, ("option 'save_with': the name '%s' is taken by %s"):format(name, owner))
    end
    fails({save_with = {rng = {a = 1}}}, "the name 'rng' is taken by the run itself")
    fails({hooks = {after_step = function(_, _, values) values.epoch = 1 end}}, "Run:report: the name 'epoch' is taken")
    fails({hooks = {on_status = function(_, record) record.step = 1000 end}}, "the hook on_status changed 'step'")
    fails({hooks = {on_status = function(_, record) record.mine = "a" end}},
      "the hook on_status added 'mine': expected a number under a name, got string 'a'")
    local loss = gan.loss.hinge()
    for what, critic in pairs {
      ["critic must return a scalar tensor, returned nil"] = function() end,
      ["critic must return a scalar tensor, returned real tensor (8); take its mean: x:mean()"] = function(real, fake)
        return fake - real
      end,
      ["of eight"] = function(real) return #real == 8 and error "of eight" or real:mean() end,
    } do fails({loss = {critic = critic, generator = loss.generator}}, what) end
    local function none(D, real) return (D(real) * 0):mean() end
    fails({penalties = {{none, name = "D"}}}, "option 'penalties[1]': the name 'D' is taken by D's loss")
    fails({g_penalties = {none, {none, name = "step"}}}, "option 'g_penalties[2]': the name 'step' is taken by the run")
  end)

  it("refuses wrong use in the script's own line", function()
    local run = start "--name wrong --steps 3"
    for _, case in ipairs {
      {function() run:save_with {D = 7} end,
        "save_with: 'D': expected a table of plain values, or something with state() and load(), got 7"},
      {function() run:generator "dcgna" end, "gan.model: there is no 'dcgna' (did you mean 'dcgan'?)"},
      {function() run:save_with {data = {}} end, "save_with: the name 'data' is taken by the run itself"},
      {function() run:save_with {measure = {}} end, "save_with: the name 'measure' is taken by the run itself"},
      {function() run:save_with {G = {a = 1}} end, "save_with: the name 'G' is taken by the generator"},
      {function() run:save_with {ema = {a = 1}} end, "the name 'ema' is taken by the average of G's weights"},
      {function() run:save_with {{a = 1}} end, "the name '1' is taken by no part: expected a table name -> part"},
      {function() run:save_with {mine = {a = 1}} run:save_with {mine = {a = 2}} end,
        "save_with: the name 'mine' is taken by another part: each is given once"},
      {function() run:stream "pictures" end, "Run:stream: the name 'pictures' is taken by the run's pictures"},
      {function() run:stream "random" end, "Run:stream: the name 'random' is taken by gan's default stream"},
      {function() run:report {step = 3} end, "Run:report: the name 'step' is taken by the run itself"},
      {function() run:report {diversity = 3} end, "Run:report: the name 'diversity' is taken by the run itself"},
      {function() for _ = 1, 2 do run:on {on_status = print} end end, "Run:on: the hook 'on_status' is set already"},
      {function() run:on {on_snapsht = print} end, "did you mean 'on_snapshot'"},
      {function() gan.train.run {options = {{"lr", "number", 1, help = "x"}}} end, "option '--lr' is there already"},
      {function() gan.train.run {options = {{"x", "numbr", help = "x"}}} end, "entry 1: expected"},
      {function() gan.train.run {recipes = "x"} end, "unknown option 'recipes' (did you mean 'recipe'?)"},
      {function() gan.train.run {defaults = {btach = 3}, arg = {}} end,
        "command.declare: defaults: there is no option 'btach' (did you mean 'batch'?)"},
      {function() run:train {G = gan.nn.chain {}, D = gan.nn.chain {}, hooks = {after_stp = print}} end,
        "Run:train: hooks: unknown option 'after_stp' (did you mean 'after_step'?)"},
      {function() run:train {G = gan.nn.chain {}, D = gan.nn.chain {}, penaltis = {}} end,
        "Run:train: unknown option 'penaltis' (did you mean 'penalties'?)"},
      {function() run:report {real = 3} end, "'real' (expected logits, got 3)"},
      {function() run:report {x = "a"} end, "expected a number or a tensor"},
      {function() run:report "D" end, "Run:report: expected a table of numbers, got string 'D'; write {...}"},
      {function() run:report {x = 1} end, "Run:report: call it for each step within `for step in run:steps()`"},
      {function() run:save_with "D" end, "Run:save_with: expected a table of parts, got string 'D'; write {...}, with"},
    } do
      local ok, message = pcall(case[1])
      assert.is_false(ok)
      assert.is_truthy(message:find(case[2], 1, true), message)
      assert.is_truthy(message:find("run_spec.lua", 1, true), message)
    end
    run.loader:close()
  end)

  for _, mode in ipairs {"generational", "incremental"} do
    it("holds its memory flat: " .. mode, function()
      local old, threads = collectgarbage(mode), core.threads()
      core.threads(1)
      local G = gan.model.dcgan.generator {size = 16, z = 8, ngf = 8, rng = gan.rng(0)}
      local D = gan.model.dcgan.discriminator {size = 16, ndf = 8, rng = gan.rng(1)}
      local optG, optD, loss = gan.optim.adam((G:params())), gan.optim.adam((D:params())), gan.loss.logistic()
      local held0 = gan.memory().live + gan.memory().cached -- other tests' too
      local real, z = gan.rng(2):uniform({32, 16, 16, 3}, -1, 1), gan.rng(3)
      local function steps(n)
        for _ = 1, n do
          local fake = G(z:normal {32, 8})
          optD:step(gan.grad(loss.critic(D(real), D(fake:detach())), optD.params))
          optG:step(gan.grad(loss.generator(D(fake)), optG.params))
        end
        local rss, m = core.rss(), gan.memory()
        return rss, m.live + m.cached
      end
      local rss, held = steps(60)
      local rss2, held2 = steps(200)
      collectgarbage(old)
      core.threads(threads)
      -- A step makes megabytes: what is let go late (collections come every 32 MB) is not what would leak.
      assert.is_true(held2 - held < 8e6, ("tensor memory grew from %d to %d bytes"):format(held, held2))
      -- AddressSanitizer keeps freed memory for a while.
      assert.is_true(rss2 - rss < 8e6 or os.getenv "GAN_SANITIZED" ~= nil,
        ("resident memory grew from %d to %d bytes"):format(rss, rss2))
      assert.is_true(held2 - held0 < 64e6, held2)
    end)
  end
end)
