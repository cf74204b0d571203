-- Strategies: each against the same game written out by hand, to the byte; the Dirac-GAN; hooks; wrong use.
local gan = require "gan"
local check = require "gan.check"
local core = require "gan.core"
local double = require "spec.support.double"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

local BATCH, Z = 6, 3

-- A small game with batch norm and dropout, in which everything is reproducible: fresh nets, streams and optimisers.
local function game(g, opt)
  opt = opt or {}
  local nn, rng = g.nn, g.rng
  local classes = opt.classes
  local function with_label(f)
    local table_ = classes and nn.embedding {classes, 4, rng = rng(9)}
    return function(net, x, y) return f(net, table_ and g.cat({x, table_(y)}, 2) or x) end, table_
  end
  local norm = not opt.plain
  local t = {
    G = nn.chain {
      nn.linear {Z + (classes and 4 or 0), 8, rng = rng(1)}, norm and nn.batch_norm {8} or nn.tanh {}, nn.relu {},
      nn.linear {8, 2, rng = rng(2)},
    },
    D = nn.chain {
      nn.linear {2 + (classes and 4 or 0), 8, rng = rng(3)}, nn.leaky_relu {slope = 0.2},
      norm and nn.dropout {p = 0.3, rng = rng(4)} or nn.tanh {},
      nn.linear {8, 1, rng = rng(5)}, nn.view {},
    },
    real = rng(6), z = rng(7), y = rng(8), loss = g.loss.logistic(),
  }
  t.netG, t.netD = t.G, t.D
  if classes then
    local net = {G = t.G, D = t.D}
    local f, table_ = with_label(function(n, x) return n(x) end)
    t.G = function(z, y) return f(net.G, z, y) end
    t.D = function(x, y) return f(net.D, x, y) end
    t.table = table_
  end
  t.optG = g.optim.adam(t.netG:params(), {lr = 0.01})
  t.optD = g.optim.adam(t.netD:params(), {lr = 0.01})
  t.ema = g.optim.ema(t.netG:params(), {decay = 0.9})
  function t.batch()
    local n = opt.batch or BATCH
    return t.real:normal {n, 2}, classes and t.y:integer({n}, 0, classes - 1)
  end
  function t.latent(n) return t.z:normal {n, Z} end
  function t.labels(n) return t.y:integer({n}, 0, classes - 1) end
  function t.bytes()
    local out = {}
    for _, part in ipairs {t.netG, t.netD, t.optG, t.optD, t.ema} do
      local names, state = {}, part:state()
      for name, v in pairs(state) do if core.is_tensor(v) or type(v) == "userdata" then names[#names + 1] = name end end
      table.sort(names)
      for _, name in ipairs(names) do out[#out + 1] = state[name]:to_bytes() end
    end
    return table.concat(out)
  end
  return t
end

local function options(t, more)
  local o = {G = t.G, D = t.D, optG = t.optG, optD = t.optD, loss = t.loss, batch = t.batch, latent = t.latent}
  for k, v in pairs(more or {}) do o[k] = v end
  return o
end

local function play(t, more, steps)
  local loop = gan.game.loop.new(options(t, more))
  local values
  for step = 1, steps or 4 do values = loop:step(step) end
  return t.bytes(), values, loop
end

describe("game.loop", function()
  local loop_new = gan.game.loop.new

  it("refuses states that are none", function()
    local _, _, loop = play(game(gan), nil, 1)
    local before = loop:state()
    for _, state in ipairs {7, {updates = 7}, {updates = {G = "x"}}, {last = {D = {}}}, {last = gan.ones(1)}} do
      assert.error_matches(function() loop:load(state) end, "loop: bad argument #1 'state")
    end
    assert.same(before, loop:state())
    loop:load {}
    assert.same({updates = {D = 0, G = 0}, last = {}}, loop:state())
  end)

  it("is the game of dcgan.lua, to the byte", function()
    for _, k in ipairs {{1, 1}, {2, 3}} do
      local t = game(gan)
      local last
      for _ = 1, 4 do
        local fake, on_real, on_fake
        for _ = 1, k[1] do
          fake = t.G(t.latent(BATCH))
          on_real = t.D((t.batch()))
          local up = gan.grad(t.loss.real(on_real), t.optD.params)
          on_fake = t.D(fake:detach())
          local down = gan.grad(t.loss.fake(on_fake), t.optD.params)
          t.optD:step(gan.sum_grads(up, down))
        end
        local after, lossG
        for i = 1, k[2] do
          if i > 1 then fake = t.G(t.latent(BATCH)) end
          after = t.D(fake)
          lossG = t.loss.generator(after)
          t.optG:step(gan.grad(lossG, t.optG.params), i == k[2] and t.ema or nil)
        end
        last = {
          D = t.loss.critic(on_real, on_fake):item(), G = lossG:item(),
          real = on_real:to_bytes(), fake = on_fake:to_bytes(), after = after:to_bytes(),
        }
      end
      local other = game(gan)
      local bytes, values, loop = play(other, {dsteps = k[1], gsteps = k[2], ema = other.ema})
      assert.equal(t.bytes(), bytes)
      assert.same(last, {
        D = values.D, G = values.G,
        real = values.real:to_bytes(), fake = values.fake:to_bytes(), after = values.fake_after:to_bytes(),
      })
      assert.same({updates = {D = 4 * k[1], G = 4 * k[2]}, last = {}}, loop:state())
    end
  end)

  it("updates both players at once", function()
    local t = game(gan)
    for _ = 1, 3 do
      local real, fake = (t.batch()), t.G(t.latent(BATCH))
      local up = gan.grad(t.loss.real(t.D(real)), t.optD.params)
      local d = gan.sum_grads(up, gan.grad(t.loss.fake(t.D(fake:detach())), t.optD.params))
      local g = gan.grad(t.loss.generator(t.D(fake)), t.optG.params)
      t.optD:step(d)
      t.optG:step(g)
    end
    assert.equal(t.bytes(), (play(game(gan), {simultaneous = true}, 3)))
    assert.not_equal(t.bytes(), (play(game(gan), nil, 3)))
  end)

  it("takes a loss whose terms do not separate", function()
    local t = game(gan)
    t.loss = gan.loss.relativistic()
    for _ = 1, 3 do
      local real, fake = (t.batch()), t.G(t.latent(BATCH))
      local on_real = t.D(real)
      t.optD:step(gan.grad(t.loss.critic(on_real, t.D(fake:detach())), t.optD.params))
      local after = t.D(fake)
      t.optG:step(gan.grad(t.loss.generator(after, gan.no_grad(function() return t.D(real) end)), t.optG.params))
    end
    local other = game(gan)
    other.loss = gan.loss.relativistic()
    assert.equal(t.bytes(), (play(other, nil, 3)))
  end)

  it("adds up blocks of a batch to the gradient of the whole", function()
    for _, loss in ipairs {"logistic", "wasserstein"} do
      local results = {}
      for i, count in ipairs {1, 2, 4, 8} do
        local t = game(double, {plain = true, batch = 8})
        local l = double.game.loop.new(options(t, {loss = double.loss[loss](), blocks = count,
          penalties = {double.penalty.r1 {gamma = 1}}}))
        local values
        for step = 1, 3 do values = l:step(step) end
        results[i] = {
          values.D, values.G, values.penalty,
          values.fake_after:sum():item(), t.netG[1].weight:sum():item(), t.netD[1].weight:sum():item(),
        }
        assert.equal(8, values.real:size(1))
      end
      for i = 2, #results do
        for k, v in ipairs(results[i]) do
          assert.is_true(math.abs(v - results[1][k]) < 1e-10, ("%s %d %d"):format(loss, i, k))
        end
      end
    end
  end)

  -- What R1 and R2 come to in passes of their own: the same penalties behind a function.
  it("takes R1 and R2 from the passes that the loss makes, with the same result", function()
    local function results(loss, wrap, more)
      local t, passes = game(double, {plain = true, batch = 8}), 0
      local D = t.D
      t.optD = double.optim.sgd(t.netD:params(), {lr = 0.1}) -- Adam would blow up the rounding where a gradient is 0
      function t.D(...)
        passes = passes + 1
        return D(...)
      end
      local function made(p) return wrap and function(...) return p(...) end or p end
      local o = {loss = double.loss[loss](), penalties = {
        {made(double.penalty.r1 {gamma = 3}), weight = function(step) return step / 2 end, name = "r1"},
        made(double.penalty.r1()),
        {made(double.penalty.r2 {gamma = 2}), every = 2, name = "r2"},
      }}
      for k, v in pairs(more or {}) do o[k] = v end
      local l, out = double.game.loop.new(options(t, o)), {}
      for step = 1, 3 do
        local values = l:step(step)
        for _, name in ipairs {"D", "r1", "penalty", "r2"} do out[#out + 1] = values[name] or false end
      end
      for _, p in ipairs(t.netD:params()) do out[#out + 1] = p:sum():item() end
      return out, passes
    end
    for _, loss in ipairs {"logistic", "wasserstein", "relativistic"} do
      for _, more in ipairs {{}, {blocks = 4}, {simultaneous = true}} do
        if loss ~= "relativistic" or not more.blocks then
          local shared, few = results(loss, false, more)
          local apart, many = results(loss, true, more)
          local parts = more.blocks or 1
          assert.equal((2 * 3 + 2) * parts, many - few) -- two R1 in three steps, R2 in two of them
          for k, v in ipairs(apart) do
            assert.is_true(v == shared[k] or math.abs(v - shared[k]) < 1e-12,
              ("%s %d: %s, %s"):format(loss, k, v, shared[k]))
          end
        end
      end
    end
  end)

  it("takes R1 and R2 with one gamma from the passes that the loss makes, as r1 and r2", function()
    local function results(loss, penalties, more)
      local t, passes = game(double, {plain = true, batch = 8}), 0
      local D = t.D
      t.optD = double.optim.sgd(t.netD:params(), {lr = 0.1})
      function t.D(...)
        passes = passes + 1
        return D(...)
      end
      local o = {loss = double.loss.open(loss), penalties = penalties}
      for k, v in pairs(more or {}) do o[k] = v end
      local l, out = double.game.loop.new(options(t, o)), {}
      for step = 1, 3 do
        local values = l:step(step)
        out[#out + 1], out[#out + 2] = values.D, values.penalty or 0
      end
      for _, p in ipairs(t.netD:params()) do out[#out + 1] = p:sum():item() end
      return out, passes
    end
    local p = double.penalty
    local function gamma(step) return 3 / step end
    for _, case in ipairs {
      {"rp", 1, {}}, {"rp", 2, {blocks = 4}}, {"ns", 2, {}}, {"ns", 1, {simultaneous = true}}, {"ra", 1, {}},
    } do
      local loss, every, more = case[1], case[2], case[3]
      local both, few = results(loss, {{p.r1_r2 {gamma = gamma}, every = every}}, more)
      local apart, same = results(loss,
        {{p.r1 {gamma = gamma}, every = every}, {p.r2 {gamma = gamma}, every = every}}, more)
      local alone = p.r1_r2 {gamma = 3}
      local own, many = results(loss, {{function(...) return alone(...) end, every = every,
        weight = function(step) return 1 / step end}}, more)
      assert.equal(few, same)
      assert.equal((every == 1 and 6 or 4) * (more.blocks or 1), many - few)
      for i, v in ipairs(both) do
        assert.is_true(math.abs(v - apart[i]) < 1e-12, ("%s %d: %s, %s"):format(loss, i, v, apart[i]))
        assert.is_true(math.abs(v - own[i]) < 1e-12, ("%s %d: %s, %s"):format(loss, i, v, own[i]))
      end
    end
  end)

  it("refuses R1 and R2 on a D with batch norm when it is made", function()
    local nn = gan.nn
    local t = game(gan)
    t.D = nn.chain {nn.linear {2, 8}, nn.batch_norm {8}, nn.linear {8, 1}, nn.view {}}
    t.netD, t.optD = t.D, gan.optim.adam(t.D:params())
    for _, name in ipairs {"r1", "r2", "r1_r2"} do
      for _, every in ipairs {1, 4} do
        assert.error_matches(function() loop_new(options(t, {penalties = {{gan.penalty[name](), every = every}}})) end,
          "penalty." .. name .. ": D has batch_norm %(layer 2%)")
      end
      local _, values = play(t, {penalties = {gan.penalty[name] {batch_norm = true}}}, 1)
      assert.is_number(values.penalty)
    end
    assert.error_matches(function() loop_new(options(t, {penalties = {gan.penalty.lazy(gan.penalty.r2(), 4)}})) end,
      "penalty.r2: D has batch_norm")
  end)

  it("takes R1 at the images as they are before augmentation", function()
    local function penalty(factor)
      local w = double.tensor({{3.0}, {-4.0}}):requires_grad_()
      local t = game(double, {plain = true})
      local l = double.game.loop.new(options(t, {
        D = function(x) return (x:matmul(w)):squeeze(2) end, optD = double.optim.sgd({w}, {lr = 0}),
        penalties = {double.penalty.r1 {gamma = 2}},
        augment = function(x) return x * factor end, noise = 0.1, rng = double.rng(3),
      }))
      return l:step(1).penalty
    end
    assert.is_true(math.abs(penalty(1) - 25) < 1e-12)
    assert.is_true(math.abs(penalty(3) - 9 * 25) < 1e-12)
  end)

  it("takes LeCam from the passes that the loss makes, without asking for their slope", function()
    local t, passes = game(double, {plain = true}), 0
    local D, seen = t.D, {}
    function t.D(x, ...)
      passes = passes + 1
      seen[passes] = x:requires_grad()
      return D(x, ...)
    end
    local p = double.penalty.lecam {form = "relu", start = 2}
    local l = double.game.loop.new(options(t, {penalties = {{p, name = "lecam"}}}))
    assert.equal(0, l:step(1).lecam)
    assert.same({3, false, false}, {passes, seen[1], seen[2]})
    local real, fake = p.real, p.fake
    local values = l:step(2)
    local a, b = values.real:to_table(), values.fake:to_table()
    local sum = 0
    for i = 1, BATCH do
      sum = sum + math.max(0, a[i] - p.fake) ^ 2 + math.max(0, p.real - b[i]) ^ 2
    end
    assert.is_true(math.abs(values.lecam - 0.3 * sum / BATCH) < 1e-12)
    assert.is_true(math.abs(p.real - (0.99 * real + 0.01 * values.real:mean():item())) < 1e-12)
    assert.is_true(math.abs(p.fake - (0.99 * fake + 0.01 * values.fake:mean():item())) < 1e-12)
    assert.equal(p, l:parts().penalty1)
  end)

  describe("with packs", function()
    local M = 2

    -- The same game without the option: batch and G make packs themselves.
    local function by_hand(t, more)
      local o = options(t, more)
      local G, batch = t.G, t.batch
      function o.batch()
        local x, y = batch()
        return x:pack(M), y and y:narrow(1, 1, y:size(1) // M, M)
      end
      function o.latent(n) return t.latent(n * M):pack(M) end
      if gan.nn.is_module(G) then
        o.G = gan.nn.chain {function(z) return z:unpack(M) end, G, function(x) return x:pack(M) end}
      else
        function o.G(z, y) return G(z:unpack(M), y:reshape({-1, 1}):expand({y:size(1), M}):reshape {-1}):pack(M) end
      end
      return o
    end

    -- D of packs, plain.
    local function packed_game(g, opt)
      local nn, t = g.nn, game(g, opt)
      local classes = opt and opt.classes
      t.netD = nn.chain {
        nn.linear {2 * M + (classes and 4 or 0), 8, rng = g.rng(3)}, nn.tanh {}, nn.linear {8, 1, rng = g.rng(5)},
        nn.view {},
      }
      local net = t.netD
      t.D = net
      if classes then
        t.D = function(x, y) return net(g.cat({x, t.table(y)}, 2)) end
        t.optG = g.optim.adam(t.netG:params(), {lr = 0.01})
        local batch = t.batch
        function t.batch()
          local x, y = batch()
          return x, y:narrow(1, 1, y:size(1) // M, M):reshape({-1, 1}):expand({y:size(1) // M, M}):reshape {-1}
        end
      end
      t.optD = g.optim.adam(net:params(), {lr = 0.01})
      return t
    end

    it("is the game whose samples are packs, to the byte", function()
      for _, loss in ipairs {"ns", "rp"} do
        for _, how in ipairs {{dsteps = 2, gsteps = 2}, {simultaneous = true}, {blocks = 4}, {fresh = true}} do
          local function more(pack)
            local p = gan.penalty
            local o = {
              loss = gan.loss.open(loss), pack = pack, noise = 0.1, rng = gan.rng(12),
              augment = function(x, rng) return x * 2 + rng:normal(x:shape()) end,
              penalties = {
                {p.r1_r2 {gamma = 0.3}, every = 2, name = "both"}, {p.r1 {gamma = 0.1}, name = "r1"},
                {p.gradient {rng = gan.rng(13)}, name = "gp"}, {p.r2 {gamma = 0.2}, name = "r2"},
                {p.lecam(), name = "lecam"},
              },
              g_penalties = {{function(D, real, fake) return (D(real) - D(fake)):square():mean() end, name = "g"}},
            }
            for k, v in pairs(how) do o[k] = v end
            return o
          end
          local a, b = packed_game(gan, {batch = 16}), packed_game(gan, {batch = 16})
          local la, lb = loop_new(options(a, more(M))), loop_new(by_hand(b, more()))
          for step = 1, 2 do
            local va, vb = la:step(step), lb:step(step)
            for _, name in ipairs {"D", "G", "both", "r1", "r2", "lecam", "gp", "g"} do
              assert.equal(vb[name], va[name], name)
            end
            for _, name in ipairs {"real", "fake", "fake_after"} do
              assert.same({8}, va[name]:shape())
              assert.equal(vb[name]:to_bytes(), va[name]:to_bytes())
            end
          end
          assert.is_true(b.bytes() == a.bytes(), loss .. " " .. (next(how) or ""))
        end
      end
    end)

    it("keeps packs of one class, whose label D gets once", function()
      local function more(g)
        return {
          mismatch = 0.25, wrong_labels = function(y) return (y:to "real" + 1):to "i32" end,
          penalties = {{g.penalty.r1 {gamma = 1}, name = "r1"}}, blocks = 2,
        }
      end
      local results = {}
      for i = 1, 2 do
        local t = packed_game(gan, {classes = 3, batch = 8})
        local D, seen, drawn = t.D, {}, {}
        t.table.weight = gan.rng(20):normal {5, 4}
        function t.D(x, y)
          seen[#seen + 1] = y:to_table()
          return D(x, y)
        end
        local o = i == 1 and options(t, more(gan)) or by_hand(t, more(gan))
        function o.labels(n)
          local y = t.labels(n)
          drawn[#drawn + 1] = n
          return y
        end
        o.pack = i == 1 and M or nil
        local l = loop_new(o)
        local values
        for step = 1, 2 do values = l:step(step) end
        assert.same({4, 4}, drawn)
        results[i] = {t.bytes(), values.D, values.G, values.wrong:to_bytes(), seen}
      end
      assert.same(results[2], results[1])
    end)

    it("takes R1 as the mean over packs of the slope at their images, before augmentation", function()
      local w = double.tensor({{3.0}, {-4.0}, {1.0}, {2.0}}):requires_grad_()
      local t = packed_game(double)
      local function D(x) return x:matmul(w):squeeze(2) end
      for _, count in ipairs {1, 2} do
        local l = double.game.loop.new(options(t, {
          D = D, optD = double.optim.sgd({w}, {lr = 0}), pack = M, blocks = count, batch = function()
            return double.rng(1):normal {8, 2}
          end,
          penalties = {
            {double.penalty.r1 {gamma = 2}, name = "r1"}, {double.penalty.r1_r2 {gamma = 2}, name = "both"},
          },
          augment = function(x) return x * 3 end,
        }))
        local values = l:step(1)
        assert.is_true(math.abs(values.r1 - 9 * 30) < 1e-10)
        assert.is_true(math.abs(values.both - 2 * 9 * 30) < 1e-10)
      end
    end)

    it("lets an auxiliary classifier tell the class of a pack", function()
      local nn, t = double.nn, packed_game(double, {classes = 3, batch = 8})
      local body = nn.linear {2 * M, 4, rng = double.rng(3)}
      local l = double.game.loop.new(options(t, {
        D = function(x)
          local h = body(x)
          return h:narrow(2, 1, 1):squeeze(2), h:narrow(2, 2, 3)
        end,
        optD = double.optim.sgd(body:params(), {lr = 0.1}), labels = t.labels, pack = M,
        auxiliary = double.loss.auxiliary_classifier(),
      }))
      local values = l:step(1)
      assert.is_number(values.class)
      assert.is_number(values.class_G)
    end)

    it("replays and augments images, before they are packed", function()
      local seen = {}
      local t = packed_game(gan)
      local function see(x)
        seen[#seen + 1] = x:shape()
        return x
      end
      play(t, {pack = M, replay = see, augment = see, penalties = {gan.penalty.r1_r2()}}, 1)
      local images = {BATCH, 2}
      assert.same({images, images, images, images}, seen) -- the replay, then real, fake and G's
      assert.error_matches(function()
        loop_new(options(t, {pack = M, labels = print, replay = gan.game.replay.pool {rng = gan.rng(1)}}))
      end, "option 'pack': with 'labels' and 'replay' a pack would not be of one class")
    end)

    it("names a batch, blocks or labels that do not go into packs", function()
      local function fails(pattern, more, opt)
        local t = packed_game(gan, opt)
        for k, v in pairs {pack = M, labels = opt and opt.classes and t.labels} do more[k] = more[k] or v end
        assert.error_matches(function() play(t, more, 1) end, pattern)
      end
      fails("option 'pack': packs of 4 do not divide a batch of 6", {pack = 4})
      fails("option 'blocks': 4 blocks do not divide 6 packs of 2: a pack lies in one block", {blocks = 4},
        {batch = 12})
      fails("option 'blocks': 4 blocks do not divide 1 pack of 4", {blocks = 4, pack = 4}, {batch = 4})
      fails("option 'pack': expected an integer >= 1, got 0", {pack = 0})
      fails("option 'batch': pack 2 has labels 1 and 2: with labels a pack is of one class", {
        batch = function() return gan.ones(4, 2), gan.tensor({0, 0, 1, 2}, "i32") end,
      }, {classes = 3})
      fails("option 'labels' must return a tensor of 3 samples", {
        labels = function() return gan.full({6}, 0, "i32") end, batch = function()
          return gan.ones(6, 2), gan.full({6}, 0, "i32")
        end,
      }, {classes = 3})
    end)
  end)

  it("draws a new batch for G where it is to be fresh", function()
    local function by_hand(loss, steps, k)
      local t = game(gan, {plain = true})
      t.loss = gan.loss.open(loss)
      for _ = 1, steps do
        local real, fake = (t.batch()), t.G(t.latent(BATCH))
        t.optD:step(gan.grad(t.loss.critic(t.D(real), t.D(fake:detach())), t.optD.params))
        for _ = 1, k do
          if not t.loss.real then real = t.batch() end
          fake = t.G(t.latent(BATCH))
          local on_real = not t.loss.real and gan.no_grad(function() return t.D(real) end) or nil
          t.optG:step(gan.grad(t.loss.generator(t.D(fake), on_real), t.optG.params))
        end
      end
      return t.bytes()
    end
    for _, k in ipairs {1, 2} do
      local t = game(gan, {plain = true})
      assert.equal(by_hand("rp", 3, k), (play(t, {loss = gan.loss.open "rp", fresh = true, gsteps = k}, 3)))
    end
    -- terms that separate: new fakes alone, and as many batches as D has updates
    local function batches(more)
      local t = game(gan, {plain = true})
      local batch, count = t.batch, 0
      function t.batch()
        count = count + 1
        return batch()
      end
      play(t, more, 3)
      return count
    end
    assert.equal(3, batches {fresh = true})
    assert.equal(6, batches {fresh = true, g_penalties = {function(D, real) return D(real):mean() end}})
    assert.equal(6, batches {fresh = true, loss = gan.loss.open "rp"})
    assert.equal(6, batches {fresh = true, loss = gan.loss.open "rp", simultaneous = true})
    assert.equal(3, batches {fresh = true, loss = gan.loss.open "rp", dsteps = function() return 0 end})
    assert.equal(3, batches {loss = gan.loss.open "rp"})
  end)

  it("counts a lazy penalty by updates, however many their blocks", function()
    local sizes = {}
    local function square(D, real)
      sizes[#sizes + 1] = real:size(1)
      return D(real):square():mean()
    end
    local t = game(gan, {plain = true})
    local loop = loop_new(options(t, {blocks = 2, penalties = {{square, every = 2, name = "lazy"}}}))
    for step = 1, 3 do assert.equal(step ~= 2, loop:step(step).lazy ~= nil) end
    assert.same({3, 3, 3, 3}, sizes)
  end)

  it("asks functions for the numbers of updates", function()
    local asked = {}
    local t = game(gan)
    local loop = loop_new(options(t, {
      dsteps = function(step, last)
        asked[step] = last
        return step % 3
      end,
      gsteps = function(step) return step == 2 and 0 or 1 end,
    }))
    for step = 1, 3 do loop:step(step) end
    assert.same({D = 3, G = 2}, loop.updates)
    assert.same({}, asked[1])
    for _, name in ipairs {"D", "G", "real", "fake", "fake_after"} do assert.is_number(asked[2][name]) end
    assert.is_nil(asked[3].G)
    assert.is_true(asked[2].real > 0 and asked[2].real < 1)
    local state = loop:state()
    assert.is_nil(state.last.D)
    assert.is_number(state.last.G)
    for _, bad in ipairs {-1, 1.5, "x", 0 / 0} do
      local l = loop_new(options(game(gan), {dsteps = function() return bad end}))
      local ok, message = pcall(l.step, l, 7)
      assert.is_false(ok)
      assert.matches("loop_spec.lua:%d+: game.loop.new: option 'dsteps' must return an integer >= 0, returned .* "
        .. "%(step 7%)", message)
    end
  end)

  it("adds penalties by weight, schedule and turn", function()
    local calls = {}
    local function square(D) return D(gan.ones(1, 2)):square():mean() end
    local t = game(gan, {plain = true})
    local loop = loop_new(options(t, {penalties = {
      {square, weight = function(step) return step == 2 and 0 or step end, name = "scheduled"},
      {function(D, real, fake, y)
        calls[#calls + 1] = {real:size(1), fake:size(1), y}
        return square(D)
      end, every = 2, name = "lazy"},
      function() return gan.ones(1):sum() * 5 end, -- nothing for D to learn
    }}))
    local weights = {}
    for step = 1, 3 do weights[step] = loop:step(step) end
    assert.same({{BATCH, BATCH}, {BATCH, BATCH}}, calls)
    assert.is_nil(weights[2].scheduled)
    assert.is_nil(weights[2].lazy)
    assert.is_number(weights[3].lazy)
    assert.equal(5, weights[1].penalty)
    -- the same step by hand
    t = game(gan, {plain = true})
    local l = loop_new(options(t, {penalties = {{square, weight = 3}}}))
    l:step(1)
    local u = game(gan, {plain = true})
    local real, fake = (u.batch()), u.G(u.latent(BATCH))
    local grads = gan.sum_grads(
      gan.grad(u.loss.real(u.D(real)), u.optD.params),
      gan.grad(u.loss.fake(u.D(fake:detach())), u.optD.params),
      gan.grad(square(u.D) * 3, u.optD.params))
    u.optD:step(grads)
    u.optG:step(gan.grad(u.loss.generator(u.D(fake)), u.optG.params))
    assert.equal(u.bytes(), t.bytes())
  end)

  it("gives G terms of its own", function()
    local features = function(net, x) return net[1](x) end
    local matching = gan.loss.feature_matching()
    local function term(_, real, fake)
      return matching.generator(features(game(gan).netD, fake), features(game(gan).netD, real))
    end
    local a = play(game(gan), {g_penalties = {{term, name = "features"}}}, 2)
    assert.not_equal(a, (play(game(gan), nil, 2)))
    local _, values = play(game(gan), {g_penalties = {{term, name = "features"}}}, 1)
    assert.is_true(values.features > 0)
  end)

  it("counts the penalties of each player by themselves, those of one player under one name together", function()
    local function of(v) return function() return gan.tensor(v) end end
    local _, values = play(game(gan), {penalties = {of(1), of(2)}, g_penalties = {of(4)}}, 1)
    assert.same({3, 4}, {values.penalty, values.g_penalty})
    local both = {penalties = {{of(1), name = "gp"}}, g_penalties = {{of(4), name = "gp"}}}
    local ok, message = pcall(play, game(gan), both, 1)
    assert.is_false(ok)
    assert.is_truthy(message:find("'g_penalties[1]': the name 'gp' is taken by one of D's penalties", 1, true), message)
  end)

  it("sets step sizes and decays by schedules, and clips", function()
    local t = game(gan)
    local _, _, loop = play(t, {
      lr = {D = function(step) return step / 100 end, G = 0.5}, scale = function() return 0.5 end,
      ema = t.ema, ema_decay = function(step) return step / 10 end,
    }, 3)
    assert.same({0.015, 0.25, 0.3}, {loop.optD.lr, loop.optG.lr, t.ema.decay})
    local seen = {}
    t = game(gan, {plain = true})
    local sgd = gan.optim.sgd(t.netD:params(), {lr = 1})
    local before = {}
    for i, p in ipairs(sgd.params) do before[i] = p:detach():clone() end
    loop = loop_new(options(t, {optD = sgd, clip = {D = 1e-3}, watch = function(player, grads)
      seen[player] = gan.optim.norm(grads)
      return grads
    end}))
    loop:step(1)
    local moved = {}
    for i, p in ipairs(sgd.params) do moved[i] = p:detach() - before[i] end
    assert.is_true(seen.D > 1e-3 and seen.G > 0)
    assert.is_true(math.abs(gan.optim.norm(moved) - 1e-3) < 1e-6)
  end)

  it("conditions both players, and lets D tell classes", function()
    local t = game(gan, {classes = 3})
    local seen = {}
    local D = t.D
    t.D = function(x, y)
      seen[#seen + 1] = y:to_table()
      return D(x, y)
    end
    play(t, {labels = t.labels}, 1)
    assert.equal(3, #seen)
    assert.same(seen[2], seen[3]) -- the fake's labels, for D and for G
    assert.not_same(seen[1], seen[2])
    local u = game(gan, {classes = 3})
    local head = gan.nn.linear {2, 3, rng = gan.rng(11)}
    local D2 = u.D
    u.D = function(x, y) return D2(x, y), head(x) end
    local _, values = play(u, {labels = u.labels, auxiliary = gan.loss.auxiliary_classifier {generator = 0.1}}, 2)
    assert.is_true(values.class > 0 and values.class_G > 0 and values.class > values.class_G)
    assert.error_matches(function() play(t, {labels = t.labels, auxiliary = gan.loss.auxiliary_classifier()}, 1) end,
      "D returns no class logits")
    assert.error_matches(function() loop_new(options(game(gan), {labels = t.labels})):step(1) end,
      "the data has no labels")
  end)

  it("shows D real images with wrong labels", function()
    -- GAN-CLS: logits 2 of the real, -0.5 of the mismatched, 0.3 of the fake (SPEC part 2.6)
    local zero = gan.nn.linear {2, 1, rng = gan.rng(1)}
    local told = {}
    local t = game(gan, {classes = 3})
    local fixed = {0.3, 2, -0.5}
    t.netD = zero
    t.optD = gan.optim.adam(zero:params(), {lr = 0})
    local function D(x, y)
      told[#told + 1] = y:to_table()
      return gan.ops.add(gan.ops.mul(gan.ops.reshape(zero(x), {BATCH}), 0), fixed[y:to_table()[1] + 1])
    end
    local function constant(k) return gan.full({BATCH}, k, "i32") end -- labels: 0 of fakes, 1 of real ones, 2 wrong
    local rng = gan.rng(3)
    local loop = loop_new(options(t, {
      D = D, optD = t.optD,
      batch = function() return rng:normal {BATCH, 2}, constant(1) end,
      labels = function() return constant(0) end,
      wrong_labels = function(y)
        assert.same(constant(1):to_table(), y:to_table())
        return constant(2)
      end,
      mismatch = 0.5,
    }))
    local values = loop:step(1)
    assert.is_true(math.abs(values.D - 0.7911441254) < 1e-6, values.D)
    assert.is_true(math.abs(values.G - 0.5543552445) < 1e-6)
    assert.equal(-0.5, values.wrong:to_table()[1])
    assert.same({1, 0, 2, 0}, {told[1][1], told[2][1], told[3][1], told[4][1]})
    -- a step by hand
    t = game(gan, {classes = 3, plain = true})
    local function wrong(y)
      local labels = y:to_table()
      for i, v in ipairs(labels) do labels[i] = (v + 1) % 3 end
      return gan.tensor(labels, "i32")
    end
    local first = loop_new(options(t, {labels = t.labels, wrong_labels = wrong, mismatch = 0.25}))
    first:step(1)
    local u = game(gan, {classes = 3, plain = true})
    local real, y = u.batch()
    local z, fake_y = u.latent(BATCH), u.labels(BATCH)
    local fake = u.G(z, fake_y)
    u.optD:step(gan.sum_grads(
      gan.grad(u.loss.real(u.D(real, y)), u.optD.params),
      gan.grad(u.loss.fake(u.D(fake:detach(), fake_y)) * 0.75, u.optD.params),
      gan.grad(u.loss.fake(u.D(real, wrong(y))) * 0.25, u.optD.params)))
    u.optG:step(gan.grad(u.loss.generator(u.D(fake, fake_y)), u.optG.params))
    assert.equal(u.bytes(), t.bytes())
  end)

  it("blurs and changes what D sees, and replays", function()
    local t = game(gan, {plain = true})
    local seen, D, calls = {}, t.D, 0
    t.D = function(x)
      seen[#seen + 1] = x:detach()
      return D(x)
    end
    play(t, {noise = function(step) return step == 1 and 0 or 0.5 end, rng = gan.rng(12), augment = function(x, stream)
      assert.is_true(require("gan.random").is_stream(stream))
      calls = calls + 1
      return x + 100 * (calls > 3 and 2 or 1)
    end}, 2)
    assert.equal(6, #seen)
    local clean = game(gan, {plain = true})
    assert.equal(((clean.batch()) + 100):to_bytes(), seen[1]:to_bytes())
    local difference = seen[4]:clone():sub((clean.batch()) + 200)
    assert.is_true(difference:abs():mean():item() > 0.05)
    t = game(gan)
    local old
    local _, values = play(t, {replay = function(x)
      assert.is_false(x:requires_grad())
      old = old or x:clone()
      return old
    end}, 3)
    assert.is_number(values.D)
    assert.not_equal((play(game(gan), nil, 3)), t.bytes())
    local r = game(gan)
    assert.equal((play(game(gan), nil, 3)),
      (play(r, {replay = gan.game.replay.pool {capacity = 0, rng = gan.rng(13)}}, 3)))
  end)

  it("follows the Dirac-GAN's circle outwards, and inwards with R1", function()
    -- Real data 0, G's point theta, D(x) = psi x; Mescheder et al. 2018, arXiv:1801.04406, sec. 2.
    local h = 0.1
    -- Plain descent, of the test's own.
    local function descent(p)
      return {params = {p}, step = function(_, grads) double.no_grad(function() p:sub_(grads[1] * h) end) end}
    end
    local function run(gamma, simultaneous, steps)
      local theta, psi = double.tensor({{1.0}}):requires_grad_(), double.tensor({{0.5}}):requires_grad_()
      local loop = double.game.loop.new {
        G = function() return theta * 1 end, D = function(x) return (x * psi):reshape {1} end,
        optG = descent(theta), optD = descent(psi), loss = double.loss.wasserstein(),
        batch = function() return double.zeros(1, 1) end,
        latent = function(n) return double.zeros(n, 1) end,
        simultaneous = simultaneous,
        penalties = gamma > 0 and {double.penalty.r1 {gamma = gamma}} or {},
      }
      for step = 1, steps do loop:step(step) end
      return theta:item(), psi:item()
    end
    local r0 = math.sqrt(1.25)
    for _, n in ipairs {1, 10, 50} do
      local x, y = run(0, true, n)
      assert.is_true(math.abs(math.sqrt(x * x + y * y) / (r0 * (1 + h * h) ^ (n / 2)) - 1) < 1e-12)
    end
    local x, y = run(0, true, 1)
    -- G moves to where D is high; D away from the fake.
    assert.is_true(math.abs(x - 1.05) < 1e-15 and math.abs(y - 0.4) < 1e-15)
    for _, gamma in ipairs {0.05, 0.2, 1, 1.9} do
      -- [[1, h], [-h, 1 - h gamma]] times (theta, psi)
      local a, b = 1.0, 0.5
      for _ = 1, 40 do a, b = a + h * b, -h * a + (1 - h * gamma) * b end
      x, y = run(gamma, true, 40)
      assert.is_true(math.abs(x - a) < 1e-12 and math.abs(y - b) < 1e-12)
      x, y = run(gamma, true, 200)
      assert.equal(gamma > h, math.sqrt(x * x + y * y) < r0)
    end
    x, y = run(0, false, 1)
    assert.is_true(math.abs(y - 0.4) < 1e-15 and math.abs(x - 1.04) < 1e-15) -- alternating: G sees the new D
    x, y = run(0, false, 300)
    assert.is_true(math.sqrt(x * x + y * y) < 2) -- alternating steps keep to a ring
  end)

  it("sets betas, and what else varies, before each step, and tells what it set", function()
    local t = game(gan, {plain = true})
    t.optG = gan.optim.adam(t.netG:params(), {lr = function(step) return step / 10 end, beta2 = function(step)
      return 1 - 1 / (step + 1)
    end})
    local slope = check.vary("slope", {gamma = function(step) return 8 / step end}, {
      gamma = check.option.number {}:varying(),
    })
    slope.at = function(self, step) check.at("slope", self, {gamma = check.option.number {}:varying()}, step) end
    setmetatable(slope, {__call = function(self) return gan.tensor(self.gamma) end})
    local augment = setmetatable({
      p = 0, schedules = {p = math.sqrt}, at = function(self, step) self.p = step / 100 end,
    }, {__call = function(_, x) return x end})
    local rng = gan.rng(1)
    local values
    local loop = loop_new(options(t, {
      beta1 = {D = function(step) return step / 20 end, G = 0.25}, scale = function() return 0.5 end, augment = augment,
      penalties = {{slope, name = "slope", weight = function(step) return step end}}, noise = function() return 0.5 end,
      rng = rng, g_penalties = {{slope, name = "lazy", every = 2}},
    }))
    assert.same({0.1, 0.5}, {t.optG.lr, t.optG.beta2}) -- those of step 1, from the start
    for step = 1, 4 do values = loop:step(step) end
    assert.same({0.2, 0.8, 0.2, 0.25, 0.999, 0.01}, {t.optG.lr, t.optG.beta2, t.optD.beta1, t.optG.beta1, t.optD.beta2,
      t.optD.lr})
    assert.equal(8, values.slope) -- gamma 2, weight 4
    assert.same({beta1_D = 0.2, beta2_G = 0.8, gamma_slope = 2, gamma_lazy = 2, weight_slope = 4, noise = 0.5,
      p_augment = 0.04}, loop:settings())
    local still = {lr = {D = 0.1}, beta1 = {G = 0.5}, noise = 0.1, rng = rng}
    assert.same({}, loop_new(options(game(gan), still)):settings())
    assert.error_matches(function() loop_new(options(game(gan), {beta1 = {D = "x"}})) end,
      "game.loop.new: beta1: option 'D': expected a number or a function")
    t = game(gan)
    t.optG = gan.optim.sgd(t.netG:params())
    assert.error_matches(function() loop_new(options(t, {beta2 = {G = 0.5}})) end,
      "option 'beta2.G': G's optimiser has no number of this name")
    t = game(gan)
    assert.error_matches(function() play(t, {beta2 = {G = 1.5}}, 1) end,
      "adam: option 'beta2': expected a number in %[0,1%)")
    t = game(gan)
    t.optD = gan.optim.adam(t.netD:params(), {beta1 = function(step) return step - 1 end})
    assert.error_matches(function() play(t, {}, 2) end, "option 'beta1': expected .- of its function, got .- at step 2")
    assert.same({"the step size of G is 0 from step 5 on, the last 6 of 10 steps change nothing"},
      loop_new(options(game(gan), {optG = gan.optim.adam(t.netG:params(), {
        lr = gan.schedule.linear {from = 1, steps = 5}})})):closed(10))
  end)

  it("says where step sizes fall to 0 before the end", function()
    local fall = gan.schedule.linear {from = 0.1, steps = 9, start = 1, name = "--decay"}
    local function closed(lr, total) return loop_new(options(game(gan), {lr = lr})):closed(total) end
    assert.same({}, closed({D = fall, G = fall}, 9))
    assert.same({"--decay: the step size of D and G is 0 from step 10 on, the last 1 of 10 steps change nothing"},
      closed({D = fall, G = fall}, 10))
    assert.same({"the step size of D is 0 from step 5 on, the last 6 of 10 steps change nothing",
      "--decay: the step size of G is 0 from step 10 on, the last 1 of 10 steps change nothing"},
      closed({D = gan.schedule.piecewise {{0, 0.1}, {5, 0}}, G = fall}, 10))
    assert.same({}, closed({D = 0.1, G = gan.schedule.linear {from = 0.1, to = 0.01, steps = 5}}, 10))
    assert.same({}, closed({G = function() error "called" end}, 10))
    assert.same({}, closed(nil, 10))
  end)

  it("calls hooks in order, and tells where one fails", function()
    local order = {}
    local function note(name) return function(loop, step, ...)
      assert.is_function(loop.step)
      order[#order + 1] = ("%s %d %s"):format(name, step, type((...)) == "table" and "values" or tostring((...)))
    end end
    play(game(gan), {
      dsteps = 2,
      hooks = {before_step = note "before", after_d = note "d", after_g = note "g", after_step = note "after"},
    }, 1)
    assert.same({"before 1 nil", "d 1 1", "d 1 2", "g 1 1", "after 1 values"}, order)
    local loop = loop_new(options(game(gan), {hooks = {after_g = function() error "oops" end},
      last_saved = function() return "x keeps step 3" end}))
    local ok, message = pcall(loop.step, loop, 4)
    assert.is_false(ok)
    assert.is_truthy(message:find "loop_spec.lua:%d+: oops %(hook after_g, step 4; x keeps step 3%)$", message)
    loop = loop_new(options(game(gan), {hooks = {before_step = function() gan.ones(2):add(gan.ones(3)) end}}))
    ok, message = pcall(loop.step, loop, 1)
    assert.is_false(ok)
    assert.is_truthy(message:find "loop_spec.lua:%d+: add: .*%(hook before_step, step 1%)", message)
  end)

  it("refuses wrong use in the script's own line", function()
    local t = game(gan)
    for what, more in pairs {
      ["unknown option 'penalty' (did you mean 'penalties'?)"] = {penalty = 1},
      ["unknown option 'critics' (known: D, G, augment"] = {critics = 1},
      ["expected a loss with the functions critic and generator (it has no generator), got table"] = {
        loss = {critic = print},
      },
      ["(did you mean 'penalties'?)"] = {penaltis = {}},
      ["option 'G': expected a net or a function, got 3"] = {G = 3},
      ["option 'optD': expected an optimiser"] = {optD = {}},
      ["option 'loss': expected a loss"] = {loss = function() end},
      ["option 'dsteps': expected an integer >= 1 or a function"] = {dsteps = 0},
      ["'simultaneous': dsteps and gsteps must be 1"] = {simultaneous = true, gsteps = 2},
      ["option 'auxiliary' needs 'labels'"] = {auxiliary = gan.loss.auxiliary_classifier()},
      ["option 'rng': expected a random stream"] = {noise = 0.1},
      ["option 'mismatch': expected a number in [0,1], got 2"] = {mismatch = 2},
      ["option 'mismatch' needs 'labels' and 'wrong_labels'"] = {mismatch = 0.5},
      ["with 'auxiliary' D is not told the labels"] = {
        mismatch = 0.5, labels = print, wrong_labels = print, auxiliary = gan.loss.auxiliary_classifier(),
      },
      ["needs a loss whose terms of real and fake separate"] = {
        mismatch = 0.5, labels = print, wrong_labels = print, loss = gan.loss.relativistic(),
      },
      ["option 'wrong_labels': expected a function"] = {wrong_labels = 1},
      ["option 'penalties[1]': expected a penalty"] = {penalties = {3}},
      ["option 'penalties': expected a list"] = {penalties = gan.penalty.r1()},
      ["(did you mean 'weight'?)"] = {penalties = {{print, wieght = 1}}},
      ["did you mean 'after_step'?"] = {hooks = {after_stp = print}},
      ["game.loop.new: hooks: option 'after_d': expected a function, got 1"] = {hooks = {after_d = 1}},
      ["option 'blocks': expected a power of two, got 3"] = {blocks = 3},
      ["option 'blocks': expected a power of two, got 0"] = {blocks = 0},
      ["option 'noise': expected a deviation >= 0, or a function (step) -> one, got -1"] = {noise = -1},
      ["call it: gan.loss.logistic()"] = {loss = gan.loss.logistic},
      ["game.loop.new: lr: option 'D': expected a number or a function"] = {lr = {D = "x"}},
    } do
      local ok, message = pcall(loop_new, options(t, more))
      assert.is_false(ok, what)
      assert.is_truthy(message:find(what, 1, true), message)
      assert.is_truthy(message:find("loop_spec.lua", 1, true), message)
    end
    assert.error_matches(function() play(t, {penalties = {function() return 3 end}}, 1) end,
      "penalty 'penalty' must return a scalar tensor, returned 3")
    assert.error_matches(function() play(t, {lr = {D = function() return "x" end}}, 1) end, "lr.D must return a number")
  end)

  it("names the function that returned nothing, or a wrong thing", function()
    local function nothing() end
    for what, more in pairs {
      ["option 'augment' must return images of (6,2), returned nil (step 1)"] = {augment = nothing},
      ["option 'augment' must return images of (6,2), returned real tensor (3,2) (step 1)"] = {
        augment = function(x) return x:narrow(1, 1, 3) end},
      ["option 'batch' must return a tensor of samples, returned nil"] = {batch = nothing},
      ["option 'latent' must return a tensor of 6 samples, returned nil"] = {latent = nothing},
      ["option 'labels' must return a tensor of 6 samples, returned nil"] = {
        labels = nothing, batch = function() return gan.ones(6, 2), gan.full({6}, 0, "i32") end},
      ["option 'replay' must return images, labels, returned nil"] = {replay = nothing},
      ["option 'watch' must return the gradients, returned nil"] = {watch = nothing},
      ["option 'noise': expected a deviation >= 0, got -1 at step 1"] = {
        noise = function() return -1 end, rng = gan.rng(1)},
      ["option 'loss': real must return a scalar tensor, returned nil"] = {
        loss = {real = nothing, fake = nothing, critic = nothing, generator = nothing}},
      ["option 'loss': generator must return a scalar tensor, returned real tensor (6)"] = {
        loss = {real = gan.mean, fake = gan.mean, critic = nothing, generator = function(l) return l end}},
    } do
      local ok, message = pcall(play, game(gan), more, 1)
      assert.is_false(ok, what)
      assert.is_truthy(message:find(what, 1, true), message)
      assert.is_truthy(message:find("loop_spec.lua", 1, true), message)
    end
    assert.error_matches(function() play(game(gan), {noise = 0.1, rng = io.stdout}) end,
      "option 'rng': expected a random stream")
  end)

  it("lets an augmentation see D's logits, tell its numbers, and be kept", function()
    local augment = {p = 0, seen = {}}
    function augment:see(seen)
      self.seen[#self.seen + 1] = ("%d %d %d %d"):format(seen.real:numel(), seen.fake:numel(), seen.margin:numel(),
        seen.images)
      self.p = self.p + 0.5
    end
    function augment:numbers() return {p = self.p} end
    function augment:state() return {p = self.p} end
    function augment:load(state) self.p = state.p end
    setmetatable(augment, {__call = function(_, x) return x * 2 end})
    for _, count in ipairs {1, 2} do
      augment.p, augment.seen = 0, {}
      local _, values, loop = play(game(gan), {augment = augment, dsteps = 2, blocks = count}, 1)
      assert.same({"6 6 6 6", "6 6 6 6"}, augment.seen)
      assert.equal(1, values.p)
      assert.equal(augment, loop:parts().augment)
    end
  end)

  describe("in a run", function()
    local dir
    setup(function() dir = temp.dir() end)
    teardown(temp.clean)

    local TINY = "--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --outdir "
    local function train(words, spec)
      local code, out, err = inside.call("test.lua", TINY .. dir .. " " .. words, function()
        local run = gan.train.run {recipe = "dcgan", sizes = {16}}
        run:train(type(spec) == "function" and spec(run) or {G = run:generator "dcgan", D = run:discriminator "dcgan"})
      end)
      return code, out, err
    end
    local function tree(name)
      return assert(gan.file.safetensors.load(("%s/%s/checkpoint_last.safetensors"):format(dir, name)))
    end

    it("is dcgan.lua", function()
      assert.equal(0, (train "--name loop --steps 3"))
      assert.equal(0, (inside.run("experiments/dcgan.lua", TINY .. dir .. " --name script --steps 3")))
      local a, b = tree "loop", tree "script"
      for _, part in ipairs {"G", "D", "optG", "optD", "ema"} do
        for name, t in pairs(a[part]) do
          if core.is_tensor(t) then
            assert.equal(core.to_bytes(t), core.to_bytes(b[part][name]), part .. "." .. name)
          end
        end
      end
    end)

    it("keeps a script's own state", function()
      local function strategy(run)
        -- A user's own: D waits where it is far ahead.
        local lead = {mean = 0.5, rng = gan.rng(run.options.seed, "lead")}
        return {
          G = run:generator "dcgan", D = run:discriminator "dcgan", save_with = {lead = lead},
          gsteps = function() return lead.mean > 0.5 and 2 or 1 end,
          hooks = {after_step = function(_, _, values)
            lead.mean = 0.9 * lead.mean + 0.1 * core.to_table(lead.rng:uniform {1})[1] + 0.01 * values.D
            values.lead = lead.mean
          end},
        }
      end
      train("--name whole --steps 6", strategy)
      train("--name half --steps 2", strategy)
      local code, _, err = train("--name half --steps 6", strategy)
      assert.equal("", err)
      assert.equal(0, code)
      local path = "/%s/checkpoint_last.safetensors"
      assert.equal(temp.read(dir .. path:format "whole"), temp.read(dir .. path:format "half"))
      assert.is_number(tree("half").lead.mean)
      assert.is_truthy(temp.read(dir .. "/half/stats.jsonl"):find '"lead":')
    end)

    it("goes on to the byte with packs, fresh batches and penalties that schedules and turns decide", function()
      local function modern(run)
        local p = gan.penalty
        return {
          G = run:generator "dcgan", D = run:discriminator("dcgan", {norm = "none"}), loss = gan.loss.open "rp",
          fresh = true,
          penalties = {
            {p.r1_r2 {gamma = gan.schedule.cosine {from = 1, to = 0.1, steps = 6}}, name = "r1_r2"},
            {p.r2 {gamma = function(step) return step end}, every = 4, name = "r2"},
            {p.lecam {form = "relu", start = 3}, name = "lecam"},
          },
        }
      end
      local path = "/%s/checkpoint_last.safetensors"
      local function bytes(name) return temp.read(dir .. path:format(name)) end
      for blocks = 1, 2 do
        local function go(name, words)
          local code, _, err = train(("--pack 2 --blocks %d --name %s%d "):format(blocks, name, blocks) .. words,
            modern)
          assert.same({0, ""}, {code, err})
        end
        go("pack_whole", "--steps 6")
        go("pack_half", "--steps 3")
        go("pack_half", "--steps 6 --threads 2")
        assert.is_true(bytes("pack_whole" .. blocks) == bytes("pack_half" .. blocks))
      end
      local left = tree "pack_whole1"
      assert.is_number(left.penalty3.real)
      assert.same({6, 6, 6}, {left.loop.updates.D, left.penalty2.t, left.penalty3.t}) -- an update a step
    end)

    it("counts the images of packs, and draws those of a class together", function()
      local function last(name)
        local line
        for l in temp.read(("%s/%s/stats.jsonl"):format(dir, name)):gmatch "[^\n]+" do line = l end
        return gan.file.json.decode(line)
      end
      train "--name images --pack 3 --epochs 2" -- of 24 images: 2 steps an epoch
      local record = last "images"
      assert.same({4, 0.048, 2}, {record.step, record.kimg, record.epoch})
      train "--name fewer --pack 3 --kimg 0.024"
      assert.equal(2, last "fewer".step)
      train "--name falls --pack 3 --steps 3 --lr linear:1e-3:0:0.024" -- two steps' images
      assert.equal(0, last "falls".lr_G)
      local seen = {}
      local words_of_64 = TINY .. dir .. " --limit 64 --pack 2 --steps 3 --name classes"
      local code, _, err = inside.call("test.lua", words_of_64, function()
        local run = gan.train.run {recipe = "cgan", sizes = {16}, conditional = true}
        local batch = run.batch
        function run.batch(...)
          local x, y = batch(...)
          seen[#seen + 1] = y:to_table()
          return x, y
        end
        run:train {G = run:generator "dcgan", D = run:discriminator "dcgan"}
      end)
      assert.same({0, ""}, {code, err})
      for _, y in ipairs(seen) do
        assert.equal(8, #y)
        for i = 1, 8, 2 do assert.equal(y[i], y[i + 1]) end
      end
      for words, message in pairs {
        ["--pack 7"] = "--batch 4 --pack 7 is more than the data: shapes has 24 images",
        ["--pack 2"] = "--pack 2: class 5 'cross' has 1 image, too few for a pack of 2",
        ["--pack 0"] = "--pack: expected an integer in 1..64, got '0'",
      } do
        code, _, err = inside.call("test.lua", TINY .. dir .. " --name wrong " .. words, function()
          gan.train.run {recipe = "cgan", sizes = {16}, conditional = true}
        end)
        assert.equal(1, code)
        assert.is_truthy(err:find(message, 1, true), err)
      end
    end)

    it("leaves the last checkpoint when a hook fails, and calls those of the run", function()
      local seen = {}
      local code, _, err = train("--name fails --steps 9 --snap 2", function(run)
        return {G = run:generator "dcgan", D = run:discriminator "dcgan", hooks = {
          on_snapshot = function(r, step, path) seen[#seen + 1] = {r == run, step, path:match "[^/]*$"} end,
          on_status = function(_, record) record.mine = record.step end,
          after_d = function(_, step) if step == 6 then error "oops" end end,
        }}
      end)
      assert.is_nil(code)
      assert.matches("loop_spec.lua:%d+: oops %(hook after_d, step 6; "
        .. ".*/fails/checkpoint_last.safetensors keeps step 4%)$", err)
      assert.same({{true, 2, "snapshot_000002.safetensors"}, {true, 4, "snapshot_000004.safetensors"}}, seen)
      assert.equal(4, tree("fails").run.step)
      assert.is_truthy(temp.read(dir .. "/fails/stats.jsonl"):find '"mine":4')
    end)
  end)
end)
