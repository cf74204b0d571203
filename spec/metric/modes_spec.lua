-- Modes and their divergence: by hand, what fair draws give, wrong use.
local gan = require "gan"

describe("modes", function()
  local function kinds(list) return gan.tensor(list, "i32") end

  it("counts kinds, and how uneven they are", function()
    local m = gan.metric.modes {modes = 4}
    local v, p = m:add(kinds {0, 3, 3}):add(kinds {3}):value()
    assert.equal(2, v)
    assert.same({"modes", 2, 4, 4}, {p.metric, p.value, p.n_fake, p.of})
    assert.same({[0] = 1, [3] = 3}, p.counts)
    assert.is_true(math.abs(p.kl - (0.25 * math.log(1) + 0.75 * math.log(3))) < 1e-12)
    v, p = gan.metric.modes({modes = 3}):add(kinds {2, 0, 1, 1, 0, 2}):value()
    assert.equal(3, v)
    assert.is_true(math.abs(p.kl) < 1e-12)
  end)

  it("says what fair draws give on average", function()
    -- one draw of two: one mode, log 2; two draws: (1, log 2) or (2, 0), as often
    local _, p = gan.metric.modes({modes = 2}):add(kinds {0}):value()
    assert.is_true(math.abs(p.fair.modes - 1) < 1e-12 and math.abs(p.fair.kl - math.log(2)) < 1e-12)
    _, p = gan.metric.modes({modes = 2}):add(kinds {0, 0}):value()
    assert.is_true(math.abs(p.fair.modes - 1.5) < 1e-12 and math.abs(p.fair.kl - math.log(2) / 2) < 1e-12)
    local m = gan.metric.modes {modes = 1000}
    local list = gan.rng(1):integer({26000}, 0, 999)
    _, p = m:add(list):value()
    assert.is_true(math.abs(p.fair.kl - 999 / 52000 - 1e6 / 12 / 26000 ^ 2) < 1e-5, p.fair.kl) -- first terms in 1 / n
    assert.is_true(math.abs(p.fair.modes - 1000) < 1e-6)
    assert.is_true(math.abs(p.kl / p.fair.kl - 1) < 0.15)
    local sum, squares = 0, 0 -- and what it says is what is drawn
    for seed = 1, 200 do
      local _, q = gan.metric.modes({modes = 50}):add(gan.rng(seed):integer({60}, 0, 49)):value()
      sum, squares = sum + q.kl, squares + q.kl ^ 2
      p = q
    end
    local mean = sum / 200
    assert.is_true(math.abs(mean - p.fair.kl) < 4 * math.sqrt((squares / 200 - mean ^ 2) / 200))
  end)

  it("says what is wrong", function()
    local m = gan.metric.modes {modes = 4}
    assert.error_matches(function() m:value() end, "metric.modes")
    assert.error_matches(function() m:add(kinds {1, 4}) end, "expected kinds in 0..3, got 4 in row 2")
    assert.error_matches(function() m:add(gan.zeros(2)) end, "expected an i32 tensor %(N%)")
    assert.error_matches(function() gan.metric.modes {} end, "option 'modes'")
    assert.error_matches(function() gan.metric.modes {modes = 1} end, "option 'modes'")
    assert.same({}, m.counts) -- a batch with a wrong row counts as none
  end)
end)
