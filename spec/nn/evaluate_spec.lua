-- Nets asked without being trained: averaged weights lent and given back, batches, streams put back.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"
local latent, nn = gan.latent, gan.nn

describe("nn.evaluate", function()
  it("lends averaged weights and gives the own back", function()
    local p = gan.tensor({1, 2}):requires_grad_()
    local b = gan.tensor {3}
    local ema = {
      params = {p}, shadow = {gan.tensor {5, 6}}, statistics = {b}, shadow_statistics = {gan.tensor {4}},
    }
    assert.same({4}, nn.with_average(ema, function() return b:to_table() end))
    local paused = coroutine.create(function() nn.with_average(ema, coroutine.yield) end)
    coroutine.resume(paused)
    assert.same({{5, 6}, {4}}, {p:to_table(), b:to_table()})
    coroutine.close(paused)
    assert.same({{1, 2}, {3}}, {p:to_table(), b:to_table()})
    assert.same({5, 6}, nn.with_average(ema, function() return p:to_table() end))
    assert.same({1, 2}, p:to_table())
    local ok, message = pcall(nn.with_average, ema, function() error("oops", 0) end)
    assert.is_false(ok)
    assert.equal("oops", message)
    assert.same({1, 2}, p:to_table())
    assert.equal(3, nn.with_average(nil, function() return 3 end))
  end)

  it("gives a conditional generator its labels, and puts streams back", function()
    local rng = gan.rng(5)
    local G = nn.chain {
      nn.label_concat {3}, nn.linear {5, 12, rng = gan.rng(6)},
      nn.dropout {p = 0.5, always = true, rng = rng}, nn.view {2, 2, 3},
    }
    local key, counter = rng:state()
    local z, y = latent.of_seeds({1, 1, 1}, 2), core.tensor({0, 1, 0}, "i32")
    local images = nn.evaluate(G, z, y, {batch = 2})
    assert.same({3, 2, 2, 3}, images:shape())
    assert.same({key, counter}, {rng:state()})
    assert.equal(core.to_bytes(images), core.to_bytes(nn.evaluate(G, z, y, {batch = 2})))
    assert.error_matches(function() nn.evaluate(G, z, nil, {batch = 2}) end, "labels")
    assert.same({key, counter}, {rng:state()})
  end)

  it("draws in evaluation mode, in batches, and leaves no trace", function()
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 2, rng = gan.rng(1)}
    local before = {}
    for name, t in pairs(G:state()) do before[name] = core.to_bytes(t) end
    local z = latent.of_seeds({1, 2, 3, 4, 5}, 4)
    local images = nn.evaluate(G, z, nil, {batch = 2})
    assert.same({5, 16, 16, 3}, images:shape())
    assert.equal(core.to_bytes(images), core.to_bytes(nn.evaluate(G, z)))
    assert.is_true(G.training)
    assert.is_nil(core.node(images))
    for name, t in pairs(G:state()) do assert.equal(before[name], core.to_bytes(t)) end
    assert.has_error(function() nn.evaluate(G, gan.ones(2, 5)) end)
    assert.is_true(G.training)
  end)

  it("takes statistics anew: the mean over batches", function()
    local G = double.nn.chain {double.nn.linear {3, 2, rng = double.rng(1)}, double.nn.batch_norm {2}}
    local norm = G[2]
    norm.running_mean:set_(50, 1)
    local rng, mean, var = double.rng(0, "standing"), {0, 0}, {0, 0}
    for _ = 1, 4 do
      local x = G[1](rng:normal {128, 3}):to_table()
      for c = 1, 2 do
        local sum, square = 0, 0
        for i = 1, 128 do sum = sum + x[i][c] end
        for i = 1, 128 do square = square + (x[i][c] - sum / 128) ^ 2 end
        mean[c], var[c] = mean[c] + sum / 128 / 4, var[c] + square / 127 / 4
      end
    end
    local got = double.nn.standing(G, {z = 3, batches = 4})
    assert.same({norm.running_mean, norm.running_var}, got.statistics)
    for c = 1, 2 do
      assert.is_true(math.abs(got.shadow_statistics[1]:get(c) - mean[c]) < 1e-9)
      assert.is_true(math.abs(got.shadow_statistics[2]:get(c) - var[c]) < 1e-9)
    end
    assert.same({50, 0.1, true}, {norm.running_mean:get(1), norm.momentum, norm.training})
    local z = double.rng(2):normal {4, 3}
    local drawn = double.nn.evaluate(G, z, nil, {average = got})
    local by_hand = (G[1](z) - double.tensor(mean)) / (double.tensor(var) + 1e-5):sqrt()
    assert.is_true((drawn - by_hand):abs():max():item() < 1e-9)
  end)

  it("takes statistics anew without a trace, of averaged weights, with labels", function()
    local rng, dropped = gan.rng(7), gan.rng(8)
    local G = nn.chain {
      nn.label_concat {3}, nn.spectral_norm(nn.linear {5, 8, rng = rng}, {rng = rng}), nn.conditional_batch_norm {8, 3},
      nn.dropout {p = 0.5, rng = dropped}, nn.linear {8, 4, rng = rng}, nn.batch_norm {4},
    }
    local ema = gan.optim.ema(G)
    ema.shadow[1]:mul_(2)
    G[4]:eval()
    local function trace()
      local out = {dropped:state()}
      for name, t in pairs(G:state()) do out[name] = core.to_bytes(t) end
      out.modes = {}
      G:apply(function(layer, name) out.modes[name] = layer.training end)
      out.momentum, out.default = {G[3].momentum, G[6].momentum}, {require("gan.random").default():state()}
      return out
    end
    local before = trace()
    local function bytes(opt)
      local out, got = {}, nn.standing(G, opt)
      for i, t in ipairs(got.shadow_statistics) do out[i] = core.to_bytes(t) end
      return table.concat(out), got
    end
    local first, got = bytes {z = 2, batches = 3, classes = 3, average = ema}
    assert.same({ema.params, ema.shadow}, {got.params, got.shadow})
    assert.same(before, trace())
    G:eval()
    assert.equal(first, bytes {z = 2, batches = 3, classes = 3, average = ema})
    G:train()
    G[4]:eval()
    local seen = {[first] = true}
    for i, opt in ipairs {
      {classes = 3}, {classes = 3, average = ema, batches = 4}, {classes = 3, average = ema, seed = 1},
      {labels = core.tensor({1, 1, 2}, "i32"), average = ema}, {classes = 2, average = ema},
    } do
      opt.z, opt.batches = 2, opt.batches or 3
      local other = bytes(opt)
      assert.is_nil(seen[other], i)
      seen[other] = true
    end
    assert.error_matches(function() nn.standing(G, {z = 2}) end, "labels")
    assert.error_matches(function() nn.standing(G, {z = 3, classes = 3}) end, "linear")
    assert.same(before, trace())
  end)

  it("takes no statistics of a net that has none", function()
    local G = nn.chain {nn.linear {2, 3}, nn.layer_norm {3}}
    local ema = gan.optim.ema(G)
    assert.is_nil(nn.standing(G, {z = 2}))
    assert.equal(ema, nn.standing(G, {z = 2, average = ema}))
  end)

  it("refuses options that it has not", function()
    local G = nn.linear {2, 3}
    assert.error_matches(function() nn.evaluate(G, gan.ones(2, 2), nil, {batchs = 2}) end,
      "nn.evaluate: unknown option 'batchs' %(did you mean 'batch'%?%)")
  end)
end)
