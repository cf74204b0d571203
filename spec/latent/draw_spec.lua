-- Latent vectors by seed and of a stream; the three truncations, their worked deviations.
local gan = require "gan"
local core = require "gan.core"
local latent = gan.latent
local double = require "spec.support.double"

describe("latent: draw", function()
  it("reads seeds", function()
    assert.same({0, 1, 2, 9, 5}, latent.seeds "0-2, 9,5")
    for _, bad in ipairs {"", "a", "1-", "-1", "3-2", "1,,2", "1.5", "99999999999999999999", "0-100000", "1 2"} do
      local list, message = latent.seeds(bad)
      assert.is_nil(list, bad)
      assert.is_string(message)
    end
  end)

  it("gives each seed its own vector", function()
    local z = latent.of_seeds({7, 8, 9}, 10)
    assert.same({3, 10}, z:shape())
    assert.equal(core.to_bytes(z:narrow(1, 2, 1)), core.to_bytes(latent.of_seeds({8}, 10)))
    assert.not_equal(core.to_bytes(z:narrow(1, 1, 1)), core.to_bytes(z:narrow(1, 2, 1)))
  end)

  it("truncates coordinates, not vectors", function()
    -- Standard deviation of N(0,1) cut at +-t.
    for t, std in pairs {[0.3] = 0.1721672210, [1] = 0.5395600938, [2] = 0.8796256610} do
      local values, sum = core.to_table(latent.of_seeds({1, 2, 3, 4}, 5000, t):reshape {-1}), 0
      for _, v in ipairs(values) do
        assert.is_true(math.abs(v) <= t)
        sum = sum + v * v
      end
      assert.is_true(math.abs(math.sqrt(sum / #values) / std - 1) < 0.02, t)
    end
    assert.has_error(function() latent.of_seeds({1}, 3, 0) end)
    assert.has_error(function() latent.of_seeds({1}, 3, 0 / 0) end)
  end)

  it("draws from a stream, truncated or not", function()
    local want = gan.rng(3, "z"):normal {4, 5}
    assert.is_true(want:to_bytes() == latent.normal(gan.rng(3, "z"), 4, 5):to_bytes())
    local z = latent.normal(gan.rng(3, "z"), 400, 5, 0.3)
    assert.same({400, 5}, z:shape())
    assert.is_true(z:abs():max():item() <= 0.3)
    assert.is_true(math.abs(z:square():mean():sqrt():item() / 0.1721672210 - 1) < 0.05)
    assert.error_matches(function() latent.normal(gan.rng(1), 4, 5, 0.001) end,
      "latent.normal: bad argument #4 'trunc'")
    assert.error_matches(function() latent.normal(1, 4, 5) end, "latent.normal: bad argument #1 'rng'")
    assert.error_matches(function() latent.normal(gan.rng(1), 0, 5) end, "latent.normal: bad argument #2 'n'")
  end)

  it("knows what truncation leaves of the deviation", function()
    local t = {0.3, 0.5, 0.7, 1, 1.5, 2, 2.5, 3}
    local redraw = {0.1721672210, 0.2838822900, 0.3910482641, 0.5395600938, 0.7426468984, 0.8796256610, 0.9545974863,
      0.9865783926}
    local clip = {0.2752564243, 0.4302654589, 0.5621757448, 0.7183721535, 0.8823067585, 0.9594461557, 0.9887163311,
      0.9975005153}
    for i, v in ipairs(t) do
      assert.is_true(math.abs(latent.deviation("redraw", v) - redraw[i]) < 1e-9)
      assert.is_true(math.abs(latent.deviation("clip", v) - clip[i]) < 1e-9)
    end
    assert.equal(0.4, latent.deviation("scale", 0.4))
    assert.equal(1, latent.deviation("redraw", 100))
    assert.equal(1, latent.deviation("clip", 100))
    assert.error_matches(function() latent.deviation("cut", 1) end,
      "#1 'by' %(expected 'redraw', 'clip' or 'scale', got")
    assert.error_matches(function() latent.deviation("clip", 0) end, "#2 't' %(expected a number >= 0.01, got 0")
  end)

  it("truncates vectors that are there, in three ways", function()
    local z = gan.tensor {{-3, 0.5, 1}, {0.25, 2, -0.75}}
    assert.same({{-1.5, 0.25, 0.5}, {0.125, 1, -0.375}}, latent.truncate(z, {at = 0.5}):to_table())
    assert.same({{-1, 0.5, 1}, {0.25, 1, -0.75}}, latent.truncate(z, {by = "clip", at = 1}):to_table())
    local new = latent.truncate(z, {by = "redraw", at = 1, rng = gan.rng(1)}):to_table()
    for i, row in ipairs(z:to_table()) do
      for k, v in ipairs(row) do
        if math.abs(v) <= 1 then assert.equal(v, new[i][k])
        else assert.is_true(math.abs(new[i][k]) <= 1 and math.abs(new[i][k]) > 0) end
      end
    end
    assert.same({{-3, 0.5, 1}, {0.25, 2, -0.75}}, z:to_table())
    local many = double.latent.truncate(double.rng(5):normal {20000}, {by = "redraw", at = 0.7, rng = double.rng(6)})
    assert.is_true(math.abs(many:square():mean():sqrt():item() - latent.deviation("redraw", 0.7)) < 0.01)
    for _, case in ipairs {
      {{by = "clip", at = 0}, "option 'at': expected a number >= 0.01, got 0"}, {{},
        "option 'at': expected a number >= 0"},
      {{by = "redraw", at = 1}, "option 'rng': expected a random stream"}, {{by = "cut", at = 1}, "option 'by'"},
    } do
      assert.error_matches(function() latent.truncate(z, case[1]) end, "latent.truncate: " .. case[2])
    end
  end)
end)
