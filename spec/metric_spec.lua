-- gan.metric: every metric of the room by its name, one protocol for all, and the facade's promise of finite numbers.
local gan = require "gan"
local check = require "gan.check"
local lfs = require "lfs"
local input = require "gan.metric.input"

describe("metric", function()
  it("has every file of its room by name, and no other", function()
    for file in lfs.dir "lua/gan/metric" do
      local stem = file:match "^([%w_]+)%.lua$"
      if stem and stem ~= "init" and stem ~= "input" then assert.is_true(check.has(gan.metric, stem), stem) end
    end
    assert.is_false(check.has(gan.metric, "input"))
  end)

  it("says name, number and counts of each in one form", function()
    local real, fake = gan.rng(1):normal {40, 3}, gan.rng(2):normal {30, 3}
    local shared = gan.metric.rows():add(fake)
    local measured = {
      gan.metric.fid {real = real, fake = shared}, gan.metric.kid {real = real, fake = shared, size = 20, subsets = 3},
      gan.metric.precision_recall {real = real, fake = shared},
      gan.metric.density_coverage {real = real, fake = shared},
      gan.metric.nearest {real = real, fake = shared}, gan.metric.diversity {fake = shared},
      gan.metric.memorised {real = real, fake = shared},
      gan.metric.inception_score():add(nil, fake),
      gan.metric.ppl {generator = function(z) return z end, features = function(x) return x end, z = 3, n = 30},
    }
    for _, metric in ipairs(measured) do
      local value, protocol = metric:value()
      assert.equal("number", type(value))
      assert.equal(value, protocol.value)
      assert.equal(30, protocol.n_fake)
      assert.is_function(gan.metric[protocol.metric])
      assert.is_true(protocol.n_real == nil or protocol.n_real == 40)
    end
  end)

  it("blames the user's line", function()
    local ok, message = pcall(function() gan.metric.fid {real = gan.zeros(3, 2)}:value() end)
    assert.is_false(ok)
    assert.matches("metric_spec.lua:%d+: metric.fid: ", message)
  end)

  it("never answers with NaN", function()
    assert.error_matches(function() input.answer {metric = "kid", value = 0 / 0} end, "kid: the features are too large")
    assert.error_matches(function() input.answer {metric = "kid", value = 1, deviation = 1 / 0} end, "too large")
    assert.equal(1, (input.answer {metric = "kid", value = 1}))
  end)
end)
