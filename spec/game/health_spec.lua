-- Health: its numbers against slow definitions, its words, what --on-collapse does to a run; training never notices.
local gan = require "gan"
local core = require "gan.core"
local inside = require "spec.support.inside"
local json = require "gan.file.json"
local temp = require "spec.support.temp"

local health = gan.game.health

-- n checks of a run whose numbers f(i) gives: {real =, fake =, ahead =, D =, grad_D =, grad_G =, images =}.
local function checks(h, n, f)
  local word, why
  for i = 1, n do
    local v = f(i)
    h:add {D = v.D, real = v.real, fake = v.fake, ahead = v.ahead}
    for _, player in ipairs {"D", "G"} do
      if v["grad_" .. player] then h:gradient(player, {gan.tensor {v["grad_" .. player]}}) end
    end
    word, why = h:check(v.images)
  end
  return word, why
end

describe("game.health", function()
  it("takes the loss that D's is measured by", function()
    local h = health.new()
    h:judge_by(gan.loss.logistic())
    assert.is_true(math.abs(h.even - 2 * math.log(2)) < 1e-6)
    assert.is_true(h.absolute)
    h:judge_by(gan.loss.hinge())
    assert.equal(2, h.even)
    h:judge_by(gan.loss.wasserstein())
    assert.is_nil(h.even)
    assert.is_false(h.absolute)
    assert.is_false(h.relative)
    local before = {h.even, h.absolute}
    h:judge_by {}
    h:judge_by {critic = function(real) return real end}
    assert.same(before, {h.even, h.absolute})
    h:judge_by(gan.loss.relativistic {average = false}) -- only differences have a zero
    assert.is_true(math.abs(h.even - math.log(2)) < 1e-6)
    assert.same({false, true}, {h.absolute, h.relative})
    h:judge_by(gan.loss.relativistic())
    assert.is_true(math.abs(h.even - 2 * math.log(2)) < 1e-6)
    assert.same({false, true}, {h.absolute, h.relative})
    for _, name in ipairs {"ns", "minimax", "ls", "hinge"} do
      h:judge_by(gan.loss.open(name))
      assert.same({true, false}, {h.absolute, h.relative}, name)
    end
  end)

  it("takes D's sign from the point at which its loss decides", function()
    local real, fake = gan.tensor {0.4, 0.6, 0.9, -2}, gan.tensor {0.1, 0.3, -3, 0}
    local want = {ns = 0.5, minimax = 0.5, hinge = 0.5, ls = 0, wgan = 0.5, ra = 0.5, rp = 0.5}
    for name, sign in pairs(want) do
      local h = health.new()
      h:judge_by(gan.loss.open(name))
      assert.equal(sign, h:read({real = real, fake = fake}).sign, name)
    end
    local h = health.new()
    h:judge_by(gan.loss.wasserstein())
    assert.is_nil(h:read({real = real}).sign)
    assert.equal(0.5, health.new():read({real = real}).sign)
  end)

  it("reads differences where nothing else counts", function()
    local h = health.new()
    h:judge_by(gan.loss.relativistic {average = false})
    local function s(x) return 1 / (1 + math.exp(-x)) end
    local real, fake = gan.tensor {1.5, -0.3, 2}, gan.tensor {-0.7, 0.4}
    local want = (s(2.2) + s(-0.7)) / 2
    for _, rise in ipairs {0, 40} do
      local numbers = h:read {D = 0.6, real = real + rise, fake = fake + rise}
      assert.is_true(math.abs(numbers.ahead - want) < 1e-6)
      assert.equal(0, numbers.sign) -- one of the two differences is positive
    end
    assert.is_nil(h:read({D = 0.6, real = real}).ahead)
    assert.is_nil(health.new():read({real = real, fake = fake}).ahead)
  end)

  it("asks for G's steps, not for its gradient alone", function()
    -- n checks of a G whose gradient shrinks by `shrink` each; the last word, and why.
    local function play(make, shrink, n)
      local h, p = health.new(), gan.nn.parameter(gan.tensor {3, -4})
      local optimiser = make({p}, {lr = 1e-2})
      local word, why
      for i = 1, n do
        local grads = {gan.tensor {0.3 * shrink ^ i, 0.4 * shrink ^ i}}
        h:gradient("G", grads, optimiser)
        optimiser:step(grads)
        h:add {}
        word, why = h:check()
      end
      return h, word, why
    end
    local h, word, why = play(gan.optim.sgd, 0.3, 14)
    assert.equal("D too strong", word)
    assert.equal("the norm of G's gradient is 2.39e-08, 0.15 at the beginning; its steps are 0 of what they were", why)
    local again = health.new()
    again:load(h:state())
    assert.same(h:state(), again:state())
    assert.is_number(again.pace)
    local function adam(p) return gan.optim.adam(p, {lr = 1e-2, beta1 = 0, beta2 = 0}) end
    h, word, why = play(adam, 0.3, 14)
    assert.same({"ok", ""}, {word, why})
    assert.is_true(h.now.grad_G < 1e-6 and h.now.move_G > 1e-4)
    -- a checkpoint from before steps were measured
    local state = h:state()
    state.pace, state.early = nil, {grad_G = 0.15}
    local old = health.new()
    old:load(state)
    local p = gan.nn.parameter(gan.tensor {3, -4})
    old:gradient("G", {gan.tensor {1e-7, 0}}, {params = {p}, lr = 1e-2})
    core.copy_(p:detach(), core.tensor {2.99, -4})
    old:add {}
    assert.equal("ok", (old:check()))
    -- as far as Adam's eps reaches
    assert.equal("D too strong", (select(2, play(adam, 0.1, 14))))
    -- the length of a step as a part of the weights, and a step size that falls is no illness
    h = play(gan.optim.sgd, 1, 1)
    assert.is_true(math.abs(h.now.move_G - 1e-2 * 0.5 / 5) < 1e-7)
    p = gan.nn.parameter(gan.tensor {3, -4})
    local optimiser = gan.optim.sgd({p}, {lr = 1})
    h = health.new()
    for i = 1, 14 do
      optimiser.lr = i < 12 and 0.7 ^ i or 0
      h:gradient("G", {gan.tensor {i < 6 and 1 or 1e-6, 0}}, optimiser)
      core.copy_(p:detach(), core.tensor {p:get(1) - optimiser.lr, -4}) -- as Adam steps
      h:add {}
      word, why = h:check()
    end
    assert.same({"ok", ""}, {word, why})
  end)

  it("measures how different pictures are", function()
    local x = gan.rng(1):normal {5, 3, 2, 1}
    local rows, sum, nearest = x:reshape({5, 6}):to_table(), 0, {}
    for i = 1, 5 do
      local least = math.huge
      for j = 1, 5 do
        if i ~= j then
          local d = 0
          for k = 1, 6 do d = d + (rows[i][k] - rows[j][k]) ^ 2 / 6 end
          sum, least = sum + d, math.min(least, d)
        end
      end
      nearest[i] = math.sqrt(least)
    end
    table.sort(nearest)
    local a, b = health.diversity(x)
    assert.is_true(math.abs(a - math.sqrt(sum / 20)) < 1e-6)
    assert.is_true(math.abs(b - nearest[3]) < 1e-6)
    local same, near = health.diversity(gan.ones(4, 2, 2, 3) * 0.7)
    assert.same({0, 0}, {same, near})
    -- Two pictures, each twice: far apart on average, yet collapsed.
    local two = gan.cat({gan.ones(2, 3), gan.ones(2, 3) * -1}, 1)
    a, b = health.diversity(two)
    assert.is_true(a > 1.5 and b == 0)
    a, b = health.diversity(gan.tensor {{1, 0 / 0}, {1, 2}})
    assert.is_true(a ~= a and b ~= b)
    assert.error_matches(function() health.diversity(gan.ones(1, 3)) end, "at least two pictures")
  end)

  it("knows what may be probabilities", function()
    local h = health.new()
    assert.is_false(h:probabilities())
    h:answers(0.2, 0.9)
    assert.is_true(h:probabilities())
    h:answers(0, 1.01)
    assert.is_false(h:probabilities())
    h = health.new()
    h:answers(-0.01, 0.5)
    assert.is_false(h:probabilities())
    h = health.new()
    h.absolute = false
    h:answers(0.1, 0.5)
    assert.is_false(h:probabilities())
  end)

  it("reads logits", function()
    local belief, sign = health.belief(gan.tensor {0, 0, 100, -100})
    assert.same({0.5, 0}, {belief, sign})
    belief, sign = health.belief(gan.tensor {2, 3, -1, 0})
    local s = function(x) return 1 / (1 + math.exp(-x)) end
    assert.is_true(math.abs(belief - (s(2) + s(3) + s(-1) + 0.5) / 4) < 1e-6)
    assert.equal(0.25, sign)
    assert.same({-1, 3}, {select(3, health.belief(gan.tensor {2, 3, -1, 0}))})
    belief, sign = health.belief(gan.tensor {0 / 0, 1})
    assert.is_true(belief ~= belief and sign ~= sign)
    assert.error_matches(function() health.belief(3, "real") end, "'real' %(expected logits, got 3%)")
  end)

  it("names of several numbers that are not finite the same in every process", function()
    local values = {}
    for i = 122, 97, -1 do values["x_" .. string.char(i)] = 0 / 0 end
    assert.equal("x_a is NaN", select(2, health.new():read(values)))
  end)

  it("finds a word, and the numbers that led to it", function()
    local rng = gan.rng(2)
    local reals = rng:normal {16, 4, 4, 1}
    local function new(fields)
      local h = health.new()
      h:real(reals)
      for k, v in pairs(fields or {}) do h[k] = v end
      return h
    end
    local function varied(x)
      return {real = 0.6, fake = 0.4, D = 1.2, grad_D = 1, grad_G = 1, images = rng:normal({16, 4, 4, 1}):mul(x)}
    end
    local cases = {
      {"ok", "", new(), function() return varied(1) end},
      {"ok", "", new(), function() return {} end},
      {"D too strong", "D(x) 1.00, D(G(z)) 0.00", new(), function() return {real = 0.999, fake = 0.001} end},
      {"D too strong", "D's loss is 0.02, 2 where D guesses", new {even = 2}, function() return {D = 0.02} end},
      {"D too strong", "the norm of G's gradient is 1e-05, 1 at the beginning", new(), function(i)
        return {grad_G = i < 6 and 1 or 1e-5}
      end},
      {"G too strong", "D(x) 0.40, D(G(z)) 0.60", new(), function() return {real = 0.4, fake = 0.6} end},
      {"ok", "", new {absolute = false}, function() return {real = 0, fake = 1, D = -3} end},
      {"ok", "", new {absolute = false, relative = true}, function() return {real = 1, fake = 0, ahead = 0.7} end},
      {"D too strong", "D(x) before D(G(z)) 1.00", new {absolute = false, relative = true}, function()
        return {real = 0.5, fake = 0.5, ahead = 0.999}
      end},
      {"G too strong", "D(x) before D(G(z)) 0.42", new {absolute = false, relative = true}, function()
        return {real = 0.5, fake = 0.5, ahead = 0.42}
      end},
      {"diverged", "the norm of D's gradient is NaN", new(), function(i) return {grad_D = i < 12 and 1 or 0 / 0} end},
      {"diverged", "the norm of G's gradient is 2e+04, 2 at the beginning", new(), function(i)
        return {grad_G = i < 12 and 2 or 2e4}
      end},
      {"ok", "", new(), function(i) return varied(i < 6 and 8 or 1) end}, -- from noise to pictures
      {"collapsing", "diversity 0.1%d of the real pictures', 1.00 at best", new(), function(i)
        return varied(i < 6 and 1.1 or 0.14)
      end},
      {"collapsing", "diversity 0.0%d of the real pictures', 0.0%d at best", new(), function() return varied(0.05) end},
    }
    for _, case in ipairs(cases) do
      local word, why = checks(case[3], 14, case[4])
      assert.equal(case[1], word, case[2])
      local pattern = "^" .. case[2]:gsub("[()+]", function(c) return c == "+" and "+" or "%" .. c end) .. "$"
      assert.is_truthy(why == case[2] or why:find(pattern), why)
      local record = case[3]:record {}
      assert.same({word, why ~= "" and why or nil}, {record.health, record.why})
    end
    -- a few different pictures, far apart on average
    local few = gan.cat({reals:narrow(1, 1, 2), reals:narrow(1, 1, 2), reals:narrow(1, 1, 2), reals:narrow(1, 1, 2)}, 1)
    local word, why = checks(new(), 14, function() return {images = few} end)
    assert.equal("collapsing", word)
    assert.is_truthy(why:find "^distance to the nearest picture 0.00", why)
  end)

  it("does not cry where some points have their mode to themselves", function()
    local ring, rng = gan.data.ring {}, gan.rng(18) -- one of its first points is alone
    local h = health.new()
    h:real((ring:sample(rng, health.PICTURES)))
    for i = 1, 200 do
      local word, why = checks(h, 1, function()
        return {images = i < 10 and rng:normal {32, 2} or (ring:sample(rng, health.PICTURES))}
      end)
      assert.equal("ok", word, why)
    end
  end)

  it("does not cry at the beginning, nor for a single check", function()
    local h, rng = health.new(), gan.rng(3)
    h:real(rng:normal {8, 4})
    assert.equal("ok", (checks(h, 10, function() return {images = gan.zeros(8, 4)} end)))
    h = health.new()
    h:real(rng:normal {8, 4})
    for i = 1, 20 do
      local word = checks(h, 1, function() return {images = rng:normal({8, 4}):mul(i % 3 == 0 and 0.1 or 1)} end)
      assert.equal("ok", word)
      assert.equal(i % 3 ~= 0, h:well())
    end
  end)

  it("begins anew with what a state has that is none", function()
    local hostile = {word = {}, why = 7, steps = "x", checks = -3, low = 0.5, pace = {}, now = 7,
      sums = {D = "x", G = 2}, early = {grad_D = {}}, best = gan.ones(2)}
    for _, state in ipairs {hostile, 7, "x", {}} do
      local h = health.new()
      h:load(state)
      assert.same({word = "ok", why = "", steps = 0, checks = 0, low = 0, now = {}, early = {}, best = {},
        sums = state == hostile and {G = 2} or {}}, h:state())
    end
  end)

  it("goes on from its state", function()
    local function numbers(i)
      return {real = 0.5, fake = i / 40, D = 1, grad_D = i < 6 and 1 or 1e-6, grad_G = 1 / i}
    end
    local a = health.new()
    checks(a, 7, numbers)
    a:add {real = 0.1, fake = 0.2}
    local dir = temp.dir()
    assert(gan.file.safetensors.save(dir .. "/a", {health = a:state()}))
    local b = health.new()
    b:load(assert(gan.file.safetensors.load(dir .. "/a")).health)
    temp.clean()
    for i = 8, 20 do
      assert.same({checks(a, 1, function() return numbers(i) end)}, {checks(b, 1, function() return numbers(i) end)})
    end
    assert.same(a:state(), b:state())
  end)

  describe("in a run", function()
    local dir, every
    setup(function()
      dir, every = temp.dir(), health.EVERY
      health.EVERY = 2
    end)
    teardown(function()
      health.EVERY = every
      temp.clean()
    end)

    -- Trains a tiny DCGAN whose hook `after_step` is f(loop, step, run); G has noise of its own, which evaluation does
    -- not stop and which makes its pictures differ.
    local function train(words, f, last)
      words = "--data shapes --limit 40 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 "
        .. "--outdir " .. dir .. " " .. words
      return inside.call("test.lua", words, function()
        local run = gan.train.run {recipe = "test", sizes = {16}}
        local G, rng = run:generator "dcgan", gan.rng(run.options.seed, "inner")
        local shake = gan.nn.class "shake"
        function shake:init() self.rng, self.gain = rng, gan.nn.parameter(gan.tensor {0.5}) end
        function shake:forward(x) return x + self.rng:normal(x:shape()) * self.gain end
        G[#G + 1] = shake()
        local D = run:discriminator "dcgan"
        D[#D + 1] = last
        run:train {G = G, D = D, hooks = {after_step = f and function(loop, step) f(loop, step, run) end}}
      end)
    end
    local function path(name, file) return ("%s/%s/%s"):format(dir, name, file or "checkpoint_last.safetensors") end
    local function tree(name, file) return assert(gan.file.safetensors.load(path(name, file))) end
    local function records(name)
      local list = {}
      for line in io.lines(path(name, "stats.jsonl")) do list[#list + 1] = assert(json.decode(line)) end
      return list
    end

    it("is not noticed by training", function()
      assert.equal(0, (train "--name looked --steps 8 --snap 3"))
      health.EVERY = 1000
      assert.equal(0, (train "--name unseen --steps 8 --snap 0"))
      health.EVERY = 2
      local a, b = tree "looked", tree "unseen"
      for _, part in ipairs {"G", "D", "optG", "optD", "ema", "rng", "masks", "data"} do
        for name, v in pairs(a[part]) do
          if core.is_tensor(v) then assert.equal(core.to_bytes(v), core.to_bytes(b[part][name]), part .. "." .. name)
          else assert.same(v, b[part][name], part .. "." .. name) end
        end
      end
      assert.is_truthy(a.masks["G.9.rng"] or next(a.masks))
    end)

    it("is in the status line and in stats.jsonl", function()
      local code, out = train "--name told --steps 6 --snap 2"
      assert.equal(0, code)
      local line = "step 6/6  ok  .*D%(G%(z%)%) [%d./]+  .*sign %-?%d.%d+  |g| [%d.e-]+/[%d.e-]+  diversity %d.%d+"
      assert.is_truthy(out:find(line), out)
      local last = records("told")[3]
      for _, name in ipairs {"sign", "grad_D", "grad_G", "move_G", "diversity", "nearest"} do
        assert.is_number(last[name], name)
      end
      assert.equal("ok", last.health)
    end)

    -- G forgets everything at each step from `from` on, in runs that have not gone back yet.
    local function forget(from)
      return function(loop, step, run)
        if step >= from and run.rollbacks == 0 then
          for _, p in ipairs(loop.optG.params) do core.copy_(p, core.full({}, 0)) end
        end
      end
    end
    local function poison(at)
      return function(loop, step, run)
        if step == at and run.rollbacks == 0 then core.copy_(loop.optG.params[1], core.full({}, 0 / 0)) end
      end
    end

    it("hints at probabilities that pass for logits", function()
      local hint = "step 2: all of D's answers lie between 0 and 1: are they probabilities?"
      local _, out = train("--name chances --steps 6", nil, function(x) return x:sigmoid() * 1 end)
      assert.is_truthy(out:find(hint, 1, true))
      assert.equal(select(2, out:gsub("probabilities", "")), 1)
      _, out = train "--name logits --steps 6"
      assert.is_nil(out:find("probabilities", 1, true))
    end)

    it("tells of a D that learns a hundred times as fast", function()
      local code, out = train "--name strong --steps 60 --snap 0 --dlr 0.05 --glr 0.0001"
      assert.equal(0, code)
      assert.is_truthy(out:find "health: D too strong %(D's loss is [%d.e-]+, 1.39 where D guesses%)", out)
    end)

    it("warns, and goes on", function()
      local code, out = train("--name warned --steps 34 --snap 0", forget(1))
      assert.equal(0, code)
      assert.is_truthy(out:find "step %d+: health: collapsing %(d", out)
      assert.equal(34, tree("warned").run.step)
    end)

    it("stops", function()
      local code, _, err = train("--name stopped --steps 60 --snap 10 --on-collapse stop", forget(1))
      assert.equal(1, code)
      assert.matches("^test.lua: step %d+: collapsing %(.*%); stopped, "
        .. "checkpoint_last.safetensors keeps step 20\n$", err)
      assert.equal("collapsing", records("stopped")[#records "stopped"].health)
      code, _, err = train("--name stopped2 --steps 60 --snap 4", poison(6))
      assert.equal(1, code)
      assert.matches("step 7: [%w_]+ is NaN; stopped, checkpoint_last.safetensors keeps step 4 %(a lower", err)
      assert.equal("diverged", records("stopped2")[#records "stopped2"].health)
    end)

    it("goes back to a good checkpoint, exactly", function()
      for _, case in ipairs {{"nan", poison(11)}, {"collapse", forget(22)}} do
        local name, f = case[1], case[2]
        local words = "--on-collapse rollback --snap 5 --steps "
        local lr
        local code, out, err = train(words .. "40 --name " .. name, function(loop, step, run)
          f(loop, step, run)
          lr = loop.optG.lr
        end)
        assert.equal("", err)
        assert.equal(0, code, out)
        assert.is_truthy(out:find "back to step %d+ with other random numbers and 0.5 of the step size", out)
        assert.equal(3e-4, lr)
        local whole = tree(name)
        assert.same({40, 1}, {whole.run.step, whole.run.rollbacks})
        local found
        local previous = 0
        for _, r in ipairs(records(name)) do
          assert.is_true(r.step >= previous)
          previous = r.step
          if r.rollback then found = r end
        end
        assert.same({1, 0.5, name == "nan" and "diverged" or "collapsing"}, {found.rollback, found.scale, found.health})
        assert.is_true(found.from > found.step and found.step % 5 == 0)
        assert.is_true(found.from > 10)
        -- stopped before and after it, resumed
        for _, at in ipairs {8, 38} do
          local again = ("%s%d"):format(name, at)
          train(("%s%d --name %s"):format(words, at, again), f)
          code, _, err = train(words .. "40 --name " .. again, f)
          assert.equal("", err)
          assert.equal(0, code)
          assert.equal(temp.read(path(name)), temp.read(path(again)), again)
        end
        -- other random numbers than without
        train("--snap 5 --steps 40 --name plain" .. name)
        assert.not_same(whole.rng.z, tree("plain" .. name).rng.z)
      end
    end)

    it("gives up in the end", function()
      local code, _, err = train("--name hopeless --steps 40 --snap 5 --on-collapse rollback", function(loop, step)
        if step == 7 then core.copy_(loop.optG.params[1], core.full({}, 0 / 0)) end
      end)
      assert.equal(1, code)
      assert.matches("step 8: diverged %(.* is NaN%); stopped after 5 rollbacks, "
        .. ".*checkpoint_last.safetensors keeps step 5\n$", err)
    end)
  end)
end)
