-- Augmentation in words, and what it does to a game: who is told what, which images D sees with which labels. Runs with
-- --aug: they go on exactly, whatever threads and blocks, and say what does not go together.
local gan = require "gan"
local core = require "gan.core"
local inside = require "spec.support.inside"
local json = require "gan.file.json"
local script = require "spec.support.script"
local temp = require "spec.support.temp"
local augmented = gan.game.augmented

local function message_of(f, ...)
  local ok, message = f(...)
  assert.is_nil(ok)
  return message
end

describe("game.augmented", function()
  it("reads words, and what goes together", function()
    assert.same({apa = false}, augmented.read "none")
    assert.same({pipeline = "ada", apa = true}, augmented.read "ada,apa")
    assert.same({pipeline = "diffaug", apa = true}, augmented.read "apa, diffaug")
    assert.same({apa = true}, augmented.read "apa")
    for text, words in pairs {
      ["--aug: expected any of none, diffaug, ada, ramp, fixed, apa, got 'difaug' (did you mean 'diffaug'?)"] =
        "difaug",
      ["--aug: expected any of none, diffaug, ada, ramp, fixed, apa, got 'mirror'"] = "mirror",
      ["--aug: expected any of none, diffaug, ada, ramp, fixed, apa"] = ",",
      ["--aug ada,diffaug: ada and diffaug augment what D sees, take one of them"] = "ada,diffaug",
      ["--aug none,apa: 'none' stands alone"] = "none,apa",
    } do assert.equal(text, message_of(augmented.read, words)) end
  end)

  it("says which option has no meaning beside which word", function()
    for text, case in pairs {
      ["--p is for --aug ramp or fixed, not ada"] = {{aug = "ada", p = 0.5}, {p = true}},
      ["--augpipe is for --aug ada, ramp or fixed, not diffaug"] = {
        {aug = "diffaug", augpipe = "bg"}, {augpipe = true}},
      ["--target is for --aug ada or apa, not none"] = {{aug = "none", target = 0.5}, {target = true}},
      ["--ada-kimg is for --aug ada, ramp or apa, not fixed"] = {{aug = "fixed", p = 0.1}, {ada_kimg = true}},
      ["--aug fixed needs --p, such as --p 0.2"] = {{aug = "fixed"}},
      ["--val-share is for --ada-by r_v"] = {{aug = "ada", ada_by = "r_t"}, {val_share = true}},
      ["--p linear:0:1: --aug ramp takes the number at its end; --aug fixed takes a schedule"] = {
        {aug = "ramp", p = "linear:0:1"}},
    } do assert.equal(text, message_of(augmented.check, table.unpack(case))) end
    for _, case in ipairs {
      {{}, {p = true}}, {{aug = "ada,apa", target = 0.5}, {target = true}}, {{aug = "ramp", p = 0.5}, {p = true}},
      {{aug = "fixed", p = "linear:0:1"}, {p = true}}, {{aug = "none", p = 0.5}}, -- a recipe's default
      {{aug = "apa", ada_by = "r_v"}, {val_share = true}},
    } do assert.is_true(augmented.check(table.unpack(case))) end
  end)

  it("makes the parts of a game", function()
    local parts = augmented.of({aug = "ada,apa", augpipe = "bg", target = 0.5, ada_kimg = 100, ada_cap = 0.25}, 64)
    for _, name in ipairs {"augment", "deceive"} do
      local o = parts[name]
      assert.same({0.5, 100000, 0.25, 0.0}, {o.target, o.images_to_1, o.cap, o.p}, name)
    end
    assert.equal(0.85, augmented.of({aug = "ada"}, 64).augment.cap)
    assert.equal(0.5, augmented.of({aug = "apa"}, 64).deceive.cap)
    assert.same({}, augmented.of({aug = "none"}, 64))
    assert.same({}, augmented.of({}, 64))
    assert.equal(500000, augmented.of({aug = "ada"}, 64).augment.images_to_1)
    assert.equal(100000, augmented.of({aug = "ada", from = "runs/a"}, 64).augment.images_to_1)
    local ramp = augmented.of({aug = "ramp", ada_kimg = 64}, 64).augment
    local seen = {}
    for i, step in ipairs {0, 500, 1000, 5000} do
      ramp:at(step)
      seen[i] = ("%.3f"):format(ramp.p)
    end
    assert.same({"0.000", "0.150", "0.300", "0.300"}, seen) -- a cosine over 64,000 images
    local fixed = augmented.of({aug = "fixed", p = function(step) return step / 10 end}, 64).augment
    fixed:at(4)
    assert.equal(0.4, fixed.p)
    assert.is_truthy(augmented.of({aug = "diffaug"}, 64).augment)
    assert.error_matches(function() augmented.of({aug = "fixed"}, 64) end,
      "game.augmented.of: %-%-aug fixed needs %-%-p")
  end)

  it("holds images out, the same ones at every start", function()
    local set = gan.data.fake {count = 40, size = 8}
    local how = {aug = "ada", ada_by = "r_v", val_share = 0.25, seed = 3}
    local own, held = augmented.hold_out(set, how)
    assert.same({30, 10}, {own.n, held.n})
    local crcs = {}
    for _, part in ipairs {own, held} do
      for _, crc in ipairs(part:checksums():to_table()) do
        assert.is_nil(crcs[crc])
        crcs[crc] = true
      end
    end
    local _, again = augmented.hold_out(set, how)
    assert.same(held:checksums():to_table(), again:checksums():to_table())
    for _, change in ipairs {{ada_by = "r_t"}, {aug = "none"}, {aug = "ramp"}} do
      local other = {aug = change.aug or "ada", ada_by = change.ada_by or "r_v", val_share = 0.25, seed = 3}
      local all, none = augmented.hold_out(set, other)
      assert.equal(set, all)
      assert.is_nil(none)
    end
    how.val_share = 0.02
    assert.equal("--ada-by r_v: --val-share 0.02 of 40 images is none", message_of(augmented.hold_out, set, how))
    assert.equal("--ada-by r_v: of these data no part can be kept from D; take r_t",
      message_of(augmented.hold_out, {n = 40}, how))
  end)

  it("says what few images call for", function()
    local function notes(n, aug, natural)
      return augmented.notes {options = {aug = aug or "none"}, data = {n = n, natural = natural ~= false}}
    end
    for n, word in pairs {[50] = "diffaug", [400] = "diffaug", [5000] = "ada"} do
      local lines = notes(n)
      assert.equal(1, #lines)
      assert.is_truthy(lines[1]:find(("%d images: few enough for --aug %s ("):format(n, word), 1, true), lines[1])
    end
    assert.same({}, notes(60000))
    assert.same({}, notes(50, "ramp"))
    assert.same({}, notes(50, "none", false)) -- the library's own drawings
    local few = {n = 50, natural = true}
    assert.same({}, augmented.notes {options = {aug = "none"}, data = few, game = {augment = print}})
    assert.same({}, augmented.notes {options = {}, data = few})
  end)
end)

-- ---- in a game ----

local N, Z = 8, 3

-- A conditional game: real images are their label and their place in the data, G's are below 0.
local function game(more)
  local rng, nn = gan.rng, gan.nn
  local G = nn.chain {nn.linear {Z, 8, rng = rng(1)}, nn.batch_norm {8}, nn.linear {8, 2, rng = rng(2)}}
  local D = nn.chain {
    nn.linear {2 * (more.pack or 1), 8, rng = rng(3)}, nn.batch_norm {8}, nn.linear {8, 1, rng = rng(4)}, nn.view {},
  }
  local real, z, y, view = rng(5), rng(6), rng(7), rng(8)
  local o = {
    netG = G, netD = D, G = G, D = D, optG = gan.optim.adam(G:params(), {lr = 0.01}),
    optD = gan.optim.adam(D:params(), {lr = 0.01}), loss = gan.loss.logistic(), rng = view,
    batch = function() return real:normal {N, 2}, y:integer({N}, 0, 2) end,
    latent = function(n) return z:normal {n, Z} end, streams = function() return {view} end,
  }
  for k, v in pairs(more) do o[k] = v end
  return o
end

local function play(more, steps)
  local o = game(more)
  local nets = {o.netG, o.netD, o.optG, o.optD}
  o.netG, o.netD = nil, nil
  local loop, values = gan.game.loop.new(o), nil
  for step = 1, steps or 6 do values = loop:step(step) end
  local out = {}
  for _, part in ipairs(nets) do
    local state, names = part:state(), {}
    for name, v in pairs(state) do if core.is_tensor(v) then names[#names + 1] = name end end
    table.sort(names)
    for _, name in ipairs(names) do out[#out + 1] = state[name]:to_bytes() end
  end
  return table.concat(out), values, loop
end

local function shifting() -- a pipeline
  return setmetatable({p = 1}, {__call = function(self, x, rng) return x + rng:uniform {x:size(1), 1} * self.p end})
end

-- Quick ones, so that p moves from the first adjustment on.
local function ada(opt)
  local o = {shifting(), kimg = 0.1, target = -1, every = 2}
  for k, v in pairs(opt or {}) do o[k] = v end
  return gan.augment.ada(o)
end
local function apa(opt)
  local o = {kimg = 0.1, target = -1, every = 2}
  for k, v in pairs(opt or {}) do o[k] = v end
  return gan.augment.apa(o)
end

describe("a game", function()
  it("records p and r_t, of both where both play", function()
    local _, values = play {augment = ada(), deceive = apa()}
    assert.is_true(values.p_augment > 0 and values.p_deceive > 0 and values.r_t >= -1 and values.r_t <= 1)
    _, values = play({augment = ada {by = "r_t", every = 4}}, 3)
    assert.same({0, nil}, {values.p_augment, values.r_t})
  end)

  it("tells how many images D has learnt from, with several updates and packs", function()
    for _, more in ipairs {{dsteps = 2}, {pack = 2}, {dsteps = 3, pack = 4}, {blocks = 2}} do
      more.augment = ada {target = -1, cap = 1}
      local updates = 6 * (more.dsteps or 1)
      local _, values = play(more, 6)
      assert.is_true(math.abs(values.p_augment - math.min(1, updates * N / 100)) < 1e-12, tostring(values.p_augment))
    end
  end)

  it("is the same bytes whichever block comes first", function()
    for _, make in ipairs {
      function() return {augment = ada()} end, function() return {augment = ada(), deceive = apa()} end,
      function() return {deceive = apa(), loss = gan.loss.open "rp", pack = 2} end,
      function()
        local rng = gan.rng(9)
        return {augment = ada {by = "r_v"}, held_out = function() return rng:normal {N, 2} end}
      end,
    } do
      local function run(order)
        local more = make()
        more.blocks, more.block_order = 2, order
        local bytes, values = play(more)
        assert.is_true(values.p_augment == nil or values.p_augment > 0 or values.r_v ~= nil)
        return bytes
      end
      assert.is_true(run {1, 2} == run {2, 1})
    end
  end)

  it("shows D G's images as real ones, with the labels that G was told", function()
    local nn, rng = gan.nn, gan.rng
    -- G draws -1 - label, real images are 1 + label: what D gets as real shows whose it is.
    local weight = nn.parameter(gan.ones(1))
    local function G(z, y)
      return (y:to "real":reshape(z:size(1), 1) + 1) * -1 * weight:detach() + 0 * z:sum() * weight
    end
    local seen, kinds = {}, {real = 0, fake = 0}
    local scale = nn.parameter(gan.ones(1))
    local function D(x, y)
      for i, v in ipairs(x:detach():reshape(x:size(1)):to_table()) do
        assert.equal(y:get(i), math.floor(math.abs(v) + 0.5) - 1)
        seen[#seen + 1] = v
      end
      return x:reshape(x:size(1)) * scale
    end
    local labels = rng(1)
    local loop = gan.game.loop.new {
      G = G, D = D, optG = gan.optim.sgd({weight}, {lr = 0}), optD = gan.optim.sgd({scale}, {lr = 0}),
      loss = gan.loss.hinge(), rng = rng(2), deceive = gan.augment.apa {p = 0.5, kimg = 1e9},
      batch = function()
        local y = labels:integer({64}, 0, 4)
        return y:to "real":reshape(64, 1) + 1, y
      end,
      latent = function(n) return gan.zeros(n, 1) end, labels = function(n) return labels:integer({n}, 0, 4) end,
    }
    for step = 1, 5 do
      local from = #seen
      loop:step(step)
      for i = from + 1, from + 64 do -- D's first 64 are the real ones
        local kind = seen[i] > 0 and "real" or "fake"
        if step > 1 then kinds[kind] = kinds[kind] + 1 else assert.equal("real", kind) end
      end
    end
    assert.is_true(kinds.real > 80 and kinds.fake > 80, kinds.real .. " " .. kinds.fake)
  end)

  it("asks D about images that are held out without learning from them", function()
    local asked, rng = 0, gan.rng(9)
    local function held_out()
      asked = asked + 1
      return rng:normal {N, 2}
    end
    local never = {shifting(), by = "r_v", target = 1, every = 3, kimg = 1e12} -- p stays at 0: nothing is augmented
    local with, values = play({augment = gan.augment.ada(never), held_out = held_out}, 7)
    assert.equal(2, asked)
    assert.is_number(values.r_v)
    never.by = "r_t"
    assert.is_true(with == play({augment = gan.augment.ada(never)}, 7)) -- D's running statistics, too
  end)

  it("says what is missing", function()
    for text, more in pairs {
      ["option 'augment' goes by r_v, and needs 'held_out': images that D never learns from"] = {
        augment = ada {by = "r_v"}},
      ["option 'deceive' goes by r_v, and needs 'held_out'"] = {deceive = apa {by = "r_v"}},
      ["option 'deceive': expected gan.augment.apa {...}, or what has its methods, got function"] = {deceive = print},
      ["option 'augment': the number 'D' is taken by D's loss"] = {
        augment = setmetatable({numbers = function() return {D = 1} end}, {__call = function(_, x) return x end})},
      ["option 'deceive' must return images of (8,2), returned nil (step 1)"] = {
        deceive = setmetatable({remember = print}, {__call = function() end})},
    } do
      local ok, message = pcall(play, more, 1)
      assert.is_false(ok)
      assert.is_truthy(message:find(text, 1, true), message)
    end
    local o = game {deceive = apa()}
    o.netG, o.netD, o.rng = nil, nil, nil
    assert.error_matches(function() gan.game.loop.new(o) end, "option 'rng': expected a random stream %(gan.rng%), for")
  end)
end)

-- ---- in a run ----

local dir
local TINY = "--data fake --limit 48 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --snap 5 "

local function path(name, file) return ("%s/%s/%s"):format(dir, name, file or "checkpoint_last.safetensors") end
local function bytes(name) return temp.read(path(name)) end
local function tree(name) return assert(gan.file.safetensors.load(path(name))) end

local function run(words, recipe)
  return inside.run(("experiments/%s.lua"):format(recipe or "dcgan"), TINY .. "--outdir " .. dir .. " " .. words)
end
local function trained(words, recipe)
  local code, out, err = run(words, recipe)
  assert.same({0, ""}, {code, err})
  return out
end

-- Quick controllers, so that p moves in a few steps and in both directions.
local modes = {
  diffaug = "--aug diffaug", ada = "--aug ada --ada-kimg 0.1 --target -0.2",
  ramp = "--aug ramp --ada-kimg 0.04 --p 0.5", fixed = "--aug fixed --p linear:0.2:0.6:0.04",
  apa = "--aug apa --ada-kimg 0.1 --target -0.2", both = "--aug ada,apa --ada-kimg 0.1 --target -0.2",
  held = "--aug ada --ada-by r_v --ada-kimg 0.1 --target -1",
}

describe("a run with --aug", function()
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  for name, words in pairs(modes) do
    it("goes on exactly: " .. name, function()
      trained(("%s --name %s --steps 11 --threads 1"):format(words, name))
      for _, at in ipairs(name == "both" and {3, 6} or {6}) do -- in the middle of an interval of four updates
        local again = name .. at
        trained(("%s --name %s --steps %d --threads 2"):format(words, again, at))
        trained(("%s --name %s --steps 11 --threads 2"):format(words, again))
        assert.is_true(bytes(name) == bytes(again), again)
      end
    end)
  end

  it("moves p, and records it", function()
    local t = tree "both"
    assert.is_true(t.augment.p > 0 and t.deceive.control.p > 0)
    local found = {}
    for line in io.lines(path("both", "stats.jsonl")) do found = json.decode(line) end
    for _, number in ipairs {"p_augment", "p_deceive", "r_t"} do assert.is_number(found[number], number) end
    for line in io.lines(path("ramp", "stats.jsonl")) do found = json.decode(line) end
    assert.is_true(math.abs(found.p_augment - 0.5) < 1e-9)
    local log = temp.read(path("both", "log.txt"))
    assert.is_truthy(log:find "p %d%.%d%d%d  apa %d%.%d%d%d  r_t %-?%d%.%d%d", log)
  end)

  it("goes on exactly with labels, packs, blocks and other losses", function()
    for i, case in ipairs {
      {"cgan", "--aug ada,apa --blocks 2"}, {"acgan", "--aug apa --dsteps 2"},
      {"relativistic", "--aug ada,apa --pack 2"}, {"wgan_gp", "--aug ada --dsteps 2"},
      {"replay", "--aug apa"}, {"r1", "--aug ada,apa"},
    } do
      local words = case[2] .. " --ada-kimg 0.1 --target -0.2 --name "
      local name = "other" .. i
      trained(words .. name .. " --steps 9", case[1])
      trained(words .. name .. "b --steps 5", case[1])
      trained(words .. name .. "b --steps 9", case[1])
      assert.is_true(bytes(name) == bytes(name .. "b"), case[1])
    end
  end)

  it("survives SIGKILL: the resumed run ends in the same bytes", function()
    local words = TINY .. "--threads 1 --outdir " .. dir .. " " .. modes.both .. " --snap 7 --steps 300 --name "
    local start = core.clock()
    assert.equal(0, (script.run("experiments/dcgan.lua", words .. "unkilled")))
    local whole = core.clock() - start
    for _, part in ipairs {0.4, 0.3} do
      local p = script.start("experiments/dcgan.lua", words .. "killed")
      os.execute(("sleep %.3f"):format(part * whole))
      p.kill "KILL"
      p.wait()
    end
    assert.equal(0, (script.run("experiments/dcgan.lua", words .. "killed")))
    assert.is_true(bytes "unkilled" == bytes "killed")
  end)

  it("takes p back when it goes back to a good checkpoint", function()
    local words = TINY .. "--aug ada,apa --ada-kimg 0.1 --target -1 --on-collapse rollback --outdir " .. dir
      .. " --name "
    local seen = {}
    local function start(name, steps)
      local code, out, err = inside.call("x.lua", words .. name .. " --steps " .. steps, function()
        local r = gan.train.run {recipe = "x"}
        r:train {G = r:generator "dcgan", D = r:discriminator "dcgan", hooks = {after_step = function(loop, step)
          seen[#seen + 1] = {step, loop.augment.p, loop.deceive.p}
          if step == 13 and r.rollbacks == 0 then core.copy_(loop.optG.params[1], core.full({}, 0 / 0)) end
        end}}
      end)
      assert.same({0, ""}, {code, err}, out)
    end
    start("back", 16)
    local at = {}
    for _, s in ipairs(seen) do
      at[s[1]] = at[s[1]] or {}
      table.insert(at[s[1]], s)
    end
    assert.equal(2, #at[11]) -- from step 10 on again
    assert.same({at[11][1][2], at[11][1][3]}, {at[11][2][2], at[11][2][3]})
    assert.is_true(at[13][1][2] > at[11][1][2])
    start("again", 7)
    start("again", 16)
    assert.is_true(bytes "back" == bytes "again")
  end)

  it("shows what it would do, and stops", function()
    local out = trained(("--aug-test %s/aug.png --augpipe bg --name shown"):format(dir))
    assert.is_truthy(out:find("row 1: ", 1, true), out)
    assert.is_truthy(out:find(dir .. "/aug.png", 1, true), out)
    assert.is_nil(gan.file.text.exists(dir .. "/shown") or nil)
  end)

  it("says in one line what does not go together", function()
    for words, text in pairs {
      ["--aug adaa"] = "--aug: expected any of none, diffaug, ada, ramp, fixed, apa, got 'adaa' (did you mean 'ada'?)",
      ["--aug ada --augpipe bgd"] = "--augpipe: expected blit,",
      ["--aug fixed --p 1.5"] = "--p: expected a number >= 0 and <= 1, got '1.5'",
      ["--aug fixed --p linear:0:2"] = "--p: ",
      ["--p 0.5"] = "--p is for --aug ramp or fixed, not none",
      ["--aug ada --ada-by r_v --val-share 0.01"] = "--ada-by r_v: --val-share 0.01 of 48 images is none",
      ["--batch 64 --aug ada"] = "--batch 64 is more than the data: fake has 48 images; take --batch 48 or less",
      ["--aug ada --target 2"] = "--target: expected",
    } do
      local code, _, err = run(words .. " --name wrong --steps 2")
      assert.equal(1, code)
      assert.is_truthy(err:find("dcgan.lua: " .. text, 1, true), err)
      assert.is_nil(err:find("\n", 1, true) ~= #err and err or nil)
    end
    local code, _, err = inside.run("experiments/ring.lua", "--aug ada --outdir " .. dir)
    assert.equal(1, code)
    assert.is_truthy(err:find("--aug", 1, true), err)
    code, _, err = inside.call("x.lua", TINY .. "--aug ada --name x --outdir " .. dir, function()
      local r = gan.train.run {recipe = "x"}
      r:train {G = r:generator "dcgan", D = r:discriminator "dcgan", augment = function(x) return x end}
    end)
    assert.same({1, "x.lua: --aug ada: this script has an augmentation of its own\n"}, {code, err})
  end)
end)
