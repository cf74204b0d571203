-- Latent vectors by seed, the truncation of SPEC-like worked numbers, averaged weights lent and given back.
local gan = require "gan"
local core = require "gan.core"
local sample = gan.train.sample

describe("train.sample", function()
  it("reads seeds", function()
    assert.are.same({0, 1, 2, 9, 5}, sample.seeds "0-2, 9,5")
    for _, bad in ipairs {"", "a", "1-", "-1", "3-2", "1,,2", "1.5", "99999999999999999999", "0-100000", "1 2"} do
      local list, message = sample.seeds(bad)
      assert.is_nil(list, bad)
      assert.is_string(message)
    end
  end)

  it("gives each seed its own vector", function()
    local z = sample.latent({7, 8, 9}, 10)
    assert.are.same({3, 10}, z:shape())
    assert.are.equal(core.to_bytes(z:narrow(1, 2, 1)), core.to_bytes(sample.latent({8}, 10)))
    assert.are_not.equal(core.to_bytes(z:narrow(1, 1, 1)), core.to_bytes(z:narrow(1, 2, 1)))
  end)

  it("truncates coordinates, not vectors", function()
    -- Standard deviation of N(0,1) cut at +-t.
    for t, std in pairs {[0.3] = 0.1721672210, [1] = 0.5395600938, [2] = 0.8796256610} do
      local values, sum = core.to_table(sample.latent({1, 2, 3, 4}, 5000, t):reshape {-1}), 0
      for _, v in ipairs(values) do
        assert.is_true(math.abs(v) <= t)
        sum = sum + v * v
      end
      assert.is_true(math.abs(math.sqrt(sum / #values) / std - 1) < 0.02, t)
    end
    assert.has_error(function() sample.latent({1}, 3, 0) end)
    assert.has_error(function() sample.latent({1}, 3, 0 / 0) end)
  end)

  it("lends averaged weights and gives the own back", function()
    local p = gan.tensor({1, 2}):requires_grad_()
    local ema = {params = {p}, shadow = {gan.tensor {5, 6}}}
    assert.are.same({5, 6}, sample.with_average(ema, function() return p:to_table() end))
    assert.are.same({1, 2}, p:to_table())
    local ok, message = pcall(sample.with_average, ema, function() error("oops", 0) end)
    assert.is_false(ok)
    assert.are.equal("oops", message)
    assert.are.same({1, 2}, p:to_table())
    assert.are.equal(3, sample.with_average(nil, function() return 3 end))
  end)

  it("finds labels for seeds", function()
    local names = {"cat", "dog", "7"}
    assert.are.same({0, 1, 2, 0}, sample.labels(names, {0, 4, 5, 9}):to_table())
    for class, label in pairs {dog = 1, ["1"] = 1, ["7"] = 2, ["0"] = 0} do
      assert.are.same({label, label}, sample.labels(names, {3, 4}, class):to_table())
    end
    for _, bad in ipairs {"3", "-1", "horse", "1.5", "nan"} do
      local y, message = sample.labels(names, {1}, bad)
      assert.is_nil(y)
      assert.are.equal(("expected a class in 0..2 or its name (cat dog 7), got '%s'"):format(bad), message)
    end
  end)

  it("gives a conditional generator its labels, and puts streams back", function()
    local nn, rng = gan.nn, gan.rng(5)
    local G = nn.chain {nn.label_concat {3}, nn.linear {5, 12, rng = gan.rng(6)}, nn.dropout {p = 0.5, always = true, rng = rng}, nn.view {2, 2, 3}}
    local key, counter = rng:state()
    local z, y = sample.latent({1, 1, 1}, 2), core.tensor({0, 1, 0}, "i32")
    local images = sample.images(G, z, 2, nil, y)
    assert.are.same({3, 2, 2, 3}, images:shape())
    assert.are.same({key, counter}, {rng:state()})
    assert.are.equal(core.to_bytes(images), core.to_bytes(sample.images(G, z, 2, nil, y)))
    assert.error_matches(function() sample.images(G, z, 2) end, "labels")
    assert.are.same({key, counter}, {rng:state()})
  end)

  it("draws in evaluation mode, in batches, and leaves no trace", function()
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 2, rng = gan.rng(1)}
    local before = {}
    for name, t in pairs(G:state()) do before[name] = core.to_bytes(t) end
    local z = sample.latent({1, 2, 3, 4, 5}, 4)
    local images = sample.images(G, z, 2)
    assert.are.same({5, 16, 16, 3}, images:shape())
    assert.are.equal(core.to_bytes(images), core.to_bytes(sample.images(G, z, 64)))
    assert.is_true(G.training)
    assert.is_nil(core.node(images))
    for name, t in pairs(G:state()) do assert.are.equal(before[name], core.to_bytes(t)) end
    assert.has_error(function() sample.images(G, gan.ones(2, 5)) end)
    assert.is_true(G.training)
  end)
end)
