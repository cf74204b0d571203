-- Nets asked without being trained: averaged weights lent and given back, batches, streams put back.
local gan = require "gan"
local core = require "gan.core"
local latent, nn = gan.latent, gan.nn

describe("nn.evaluate", function()
  it("lends averaged weights and gives the own back", function()
    local p = gan.tensor({1, 2}):requires_grad_()
    local ema = {params = {p}, shadow = {gan.tensor {5, 6}}}
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

  it("refuses options that it has not", function()
    local G = nn.linear {2, 3}
    assert.error_matches(function() nn.evaluate(G, gan.ones(2, 2), nil, {batchs = 2}) end,
      "nn.evaluate: unknown option 'batchs' %(did you mean 'batch'%?%)")
  end)
end)
