-- Blocks: the same bytes whichever block is computed first, whatever the net and the loss remember and draw.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"
local tree = require "gan.optim.tree"

local N, Z = 8, 3

-- Nets, penalties and functions that between them remember and draw everything there is.
local function game(g, pack)
  local nn, rng = g.nn, g.rng
  local G = nn.chain {
    nn.linear {Z, 8, rng = rng(1)}, nn.batch_norm {8}, nn.relu {}, nn.dropout {p = 0.3, always = true, rng = rng(2)},
    nn.linear {8, 2, rng = rng(3)},
  }
  local D = nn.chain {
    nn.linear {2 * (pack or 1), 8, rng = rng(4)}, nn.batch_norm {8}, nn.leaky_relu {slope = 0.2},
    nn.dropout {p = 0.2, rng = rng(5)},
    nn.linear {8, 8, rng = rng(6)}, nn.minibatch_stddev {group = 2}, nn.linear {9, 1, rng = rng(7)}, nn.view {},
  }
  nn.spectral_norm(D[1], {rng = rng(8)})
  local real, z, own = rng(9), rng(10), rng(11)
  local streams = {gp = rng(12), replay = rng(13), view = rng(14), own = own}
  return {
    G = G, D = D, optG = g.optim.adam(G:params(), {lr = 0.01}), optD = g.optim.adam(D:params(), {lr = 0.01}),
    loss = g.loss.logistic(), ema = g.optim.ema(G, {decay = 0.9}), ema_decay = 0.9,
    batch = function() return real:normal {N, 2} end, latent = function(n) return z:normal {n, Z} end,
    penalties = {
      {g.penalty.gradient {weight = 1, rng = streams.gp}, name = "gp"},
      {g.penalty.r1 {gamma = 1, batch_norm = true}, every = 2, name = "r1"},
      {g.penalty.r1_r2 {gamma = function(step) return 0.1 / step end, batch_norm = true}, every = 2, name = "both"},
      {g.penalty.lecam {weight = 0.1, form = "relu", start = 2}, name = "lecam"},
      {g.penalty.historical {params = D:params(), weight = 0.1}, name = "old"},
      {function(d, x) return d(x + own:normal(x:shape())):square():mean() * 0.1 end, name = "own"},
      {function(d, x) return d(x + g.randn(x:shape())):square():mean() * 0.1 end, name = "default"},
    },
    noise = 0.1, rng = streams.view, replay = g.game.replay.pool {capacity = 6, rng = streams.replay},
    augment = function(x, stream) return x + stream:uniform {x:size(1), 1} end, streams = function() return streams end,
  }
end

local function play(g, more, steps)
  local o = game(g, more and more.pack)
  for k, v in pairs(more or {}) do o[k] = v end
  g.seed(3)
  local loop = g.game.loop.new(o)
  local values
  for step = 1, steps or 4 do values = loop:step(step) end
  local out = {}
  for _, part in ipairs {o.G, o.D, o.optG, o.optD, o.ema, o.replay} do
    local names, state = {}, part:state()
    for name, v in pairs(state) do if core.is_tensor(v) or type(v) == "userdata" then names[#names + 1] = name end end
    table.sort(names)
    for _, name in ipairs(names) do out[#out + 1] = state[name]:to_bytes() end
  end
  for name, part in pairs(loop:parts()) do
    if name:find "^penalty" then
      for key, v in pairs(part:state()) do
        out[#out + 1] = name .. key .. (type(v) == "userdata" and v:to_bytes() or "")
      end
    end
  end
  table.sort(out)
  for _, name in ipairs {"D", "G", "gp", "r1", "both", "lecam", "old", "own"} do
    out[#out + 1] = ("%s %a"):format(name, values[name] or 0)
  end
  out[#out + 1] = values.real:to_bytes() .. values.fake:to_bytes() .. values.fake_after:to_bytes()
  out[#out + 1] = ("%d %d"):format(gan.rng(1):state())
  return table.concat(out, "\n"), values, o
end

describe("blocks", function()
  it("give the same bytes whichever is computed first", function()
    for _, count in ipairs {2, 4} do
      for _, more in ipairs {
        {}, {dsteps = 2, gsteps = 2}, {simultaneous = true}, {fresh = true, loss = gan.loss.open "rp"},
        count == 2 and {pack = 2, loss = gan.loss.open "rp"} or nil,
      } do
        more.blocks = count
        local forwards = play(gan, more)
        for _, order in ipairs(count == 2 and {{2, 1}} or {{4, 3, 2, 1}, {2, 4, 1, 3}}) do
          more.block_order = order
          assert.is_true(forwards == play(gan, more), count .. " " .. table.concat(order, ","))
        end
        more.block_order = nil
      end
    end
    assert.is_true(play(gan, {blocks = 2}) ~= play(gan, {blocks = 4})) -- statistics are a block's
  end)

  it("are one unless asked for", function()
    assert.is_true(play(gan) == play(gan, {blocks = 1}))
  end)

  it("hand labels on with their images", function()
    local nn = gan.nn
    local function conditional(order, auxiliary)
      local rng = gan.rng
      local function net(inputs, outputs, seed)
        return nn.chain {
          nn.label_concat {3}, nn.linear {inputs + 3, 8, rng = rng(seed)}, nn.batch_norm {8},
          nn.linear {8, outputs, rng = rng(seed + 1)},
        }
      end
      local G, body = net(Z, 2, 1), net(2, 4, 3)
      local params, seen = body:params(), {}
      local function D(x, y)
        local h = body(x, y)
        for i, label in ipairs(y:to_table()) do
          seen[#seen + 1] = ("%d %.6g"):format(label, x:select(i):select(1):item())
        end
        return h:narrow(2, 1, 1):squeeze(2), auxiliary and h:narrow(2, 2, 3) or nil
      end
      local real, z, labels, wrong = rng(5), rng(6), rng(7), rng(8)
      local loop = gan.game.loop.new {
        G = G, D = D, optG = gan.optim.adam(G:params(), {lr = 0.01}), optD = gan.optim.adam(params, {lr = 0.01}),
        loss = gan.loss.hinge(), auxiliary = auxiliary and gan.loss.auxiliary_classifier() or nil,
        batch = function() return real:normal {N, 2}, labels:integer({N}, 0, 2) end,
        latent = function(n) return z:normal {n, Z} end, labels = function(n) return labels:integer({n}, 0, 2) end,
        mismatch = auxiliary and 0 or 0.5, wrong_labels = function(y) return wrong:integer({y:size(1)}, 0, 2) end,
        streams = function() return {wrong = wrong} end, replay = gan.game.replay.pool {capacity = 4, rng = rng(9)},
        blocks = 4, block_order = order, dsteps = 2,
      }
      local values
      for step = 1, 2 do values = loop:step(step) end
      table.sort(seen)
      return table.concat(seen, ";") .. ("%a %a"):format(values.D, values.G)
        .. body[2].weight:to_bytes() .. G[2].weight:to_bytes()
    end
    for _, auxiliary in ipairs {false, true} do
      assert.is_true(conditional({1, 2, 3, 4}, auxiliary) == conditional({3, 1, 4, 2}, auxiliary))
    end
  end)

  it("take the mean of gradients, losses and running statistics", function()
    local nn = double.nn
    local function net()
      return nn.chain {
        nn.linear {2, 4, rng = double.rng(1)}, nn.batch_norm {4}, nn.linear {4, 1, rng = double.rng(2)}, nn.view {},
      }
    end
    local D, other = net(), net()
    local x, z = double.rng(3):normal {4, 2}, double.rng(4):normal {4, 2}
    local caught, loss = {}, double.loss.hinge()
    local w = double.tensor({{1, 0}, {0, 1}}):requires_grad_()
    local loop = double.game.loop.new {
      G = function(v) return v:matmul(w) end, D = D, loss = loss,
      optG = double.optim.sgd({w}, {lr = 0}), optD = double.optim.sgd(D:params(), {lr = 0}),
      batch = function() return x end, latent = function() return z end,
      blocks = 2, gsteps = function() return 0 end,
      watch = function(player, grads) caught[player] = grads return grads end,
    }
    local values = loop:step(1)
    local sums, mean, var, value = nil, {}, {}, 0
    for k = 1, 2 do
      other[2].running_mean:fill_(0)
      other[2].running_var:fill_(1)
      local real, fake = x:narrow(1, 2 * k - 1, 2), z:narrow(1, 2 * k - 1, 2)
      local on_real = other(real)
      local up = double.grad(loss.real(on_real), other:params())
      local on_fake = other(fake)
      local grads = double.sum_grads(up, double.grad(loss.fake(on_fake), other:params()))
      value = value + (loss.real(on_real):item() + loss.fake(on_fake):item()) / 2
      sums = sums and double.sum_grads(sums, grads) or grads
      mean[k], var[k] = other[2].running_mean:clone(), other[2].running_var:clone()
    end
    local function near(a, b) assert.is_true((a - b):abs():max():item() < 1e-13) end
    for i, g in ipairs(caught.D) do near(sums[i] / 2, g) end
    near((mean[1] + mean[2]) / 2, D[2].running_mean)
    near((var[1] + var[2]) / 2, D[2].running_var)
    assert.is_true(math.abs(values.D - value) < 1e-13)
  end)

  it("read random numbers that are their own", function()
    local seen = {}
    local function D(x)
      seen[#seen + 1] = gan.rand(2):to_table()
      return x:sum(2)
    end
    local p = gan.ones(1):requires_grad_()
    local opt = {params = {p}, step = function() end}
    gan.seed(1)
    local loop = gan.game.loop.new {
      G = function(z) return z * p end, D = function(x) return D(x) * p:sum() end, loss = gan.loss.wasserstein(),
      optG = opt, optD = opt,
      batch = function() return gan.ones(4, 2) end, latent = function() return gan.ones(4, 2) end,
      blocks = 2, gsteps = function() return 0 end,
    }
    loop:step(1)
    loop:step(2)
    local distinct = {}
    for _, pair in ipairs(seen) do distinct[pair[1]] = true end
    local n = 0
    for _ in pairs(distinct) do n = n + 1 end
    assert.equal(8, #seen) -- real and fake, in two blocks of two steps
    assert.equal(8, n)
    gan.seed(1)
    assert.same(gan.rand(2):to_table(), seen[1]) -- the first block's are those of a game without blocks
  end)

  it("must divide the batch, and be a power of two", function()
    local ok, message = pcall(play, gan, {blocks = 16})
    assert.is_false(ok)
    local expected = "game.loop.new: option 'blocks': 16 blocks do not divide a batch of 8"
    assert.is_truthy(message:find(expected, 1, true), message)
    for _, bad in ipairs {3, 0, -2, 1.5, "2"} do
      ok, message = pcall(play, gan, {blocks = bad})
      assert.is_false(ok)
      assert.is_truthy(message:find("option 'blocks': expected a power of two", 1, true), message)
    end
  end)

  it("are computed in an order that names each of them once", function()
    for _, bad in ipairs {{1, 1}, {1}, {}, {1, 3}, {2, 1, 3}, {1, 2.5}, {"1", "2"}, {0, 1}} do
      local ok, message = pcall(play, gan, {blocks = 2, block_order = bad}, 1)
      assert.is_false(ok)
      assert.is_truthy(message:find("option 'block_order': expected the numbers 1..2, each once", 1, true), message)
      assert.is_truthy(message:find("blocks_spec.lua", 1, true), message)
    end
  end)

  it("are summed in a tree that mixes tables, and leaves integers and words alone", function()
    local t = tree.new(4)
    for _, k in ipairs {3, 1, 4, 2} do
      assert.is_nil(t:mean())
      t:add(k, {a = k + 0.5, n = 7, word = "x", deep = {gan.tensor {k, 1}}, i = gan.full({1}, 5, "i32")})
    end
    local mean = t:mean()
    assert.same({3.0, 7, "x"}, {mean.a, mean.n, mean.word})
    assert.same({2.5, 1}, mean.deep[1]:to_table())
    assert.same({5}, mean.i:to_table())
  end)
end)
