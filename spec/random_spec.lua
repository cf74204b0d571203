-- gan.random and the Philox streams: known answers, moments, independence of names and threads, saved state.
local gan = require "gan"
local core = require "gan.core"

local function moments(t)
  local n, mean, var = t:numel(), 0, 0
  local values = t:reshape {-1}:to_table()
  for _, v in ipairs(values) do mean = mean + v / n end
  for _, v in ipairs(values) do var = var + (v - mean) ^ 2 / n end
  return mean, var
end

describe("random", function()
  it("knows a stream from all else", function()
    local is_stream = require("gan.random").is_stream
    assert.is_true(is_stream(gan.rng(1, "x")))
    for _, v in ipairs {1, "rng", {}, io.stdout, gan.zeros(1), print} do assert.is_false(is_stream(v)) end
    assert.is_false(is_stream(nil))
    assert.is_false(core.is_rng())
  end)

  it("has the moments of its distributions", function()
    local rng = gan.rng(1, "test")
    local mean, var = moments(rng:normal({50000}, 2, 3))
    assert.near(2, mean, 0.05)
    assert.near(9, var, 0.2)
    mean, var = moments(rng:uniform({50000}, -1, 3))
    assert.near(1, mean, 0.03)
    assert.near(16 / 12, var, 0.03)
    local count = {}
    for _, v in ipairs(rng:integer({6000}, 1, 6):to_table()) do count[v] = (count[v] or 0) + 1 end
    for face = 1, 6 do assert.near(1000, count[face], 150) end
  end)

  it("permutes", function()
    local p = gan.rng(3, "p"):permutation(1000):to_table()
    local fixed, seen = 0, {}
    for i, v in ipairs(p) do
      assert.is_nil(seen[v])
      seen[v] = true
      if v == i - 1 then fixed = fixed + 1 end
    end
    assert.is_true(seen[0] and seen[999] and fixed < 10)
  end)

  it("gives the same bytes for the same seed and name, others for others, whatever the thread count", function()
    local before = core.threads()
    local function bytes(seed, name, threads)
      core.threads(threads)
      return gan.rng(seed, name):normal({40001}):to_bytes()
    end
    local a = bytes(1, "z", 1)
    assert.equal(a, bytes(1, "z", 2))
    assert.not_equal(a, bytes(2, "z", 1))
    assert.not_equal(a, bytes(1, "y", 1))
    core.threads(before)
  end)

  it("goes on from a saved state", function()
    local rng = gan.rng(5, "state")
    rng:normal {7}
    local key, counter = rng:state()
    local a = rng:uniform({9}):to_bytes()
    assert.equal(a, gan.rng(0):load(key, counter):uniform({9}):to_bytes())
  end)

  it("reseeds the default stream", function()
    gan.seed(4)
    local a = gan.randn(2, 3):to_bytes()
    gan.seed(4)
    assert.equal(a, gan.randn({2, 3}):to_bytes())
    assert.not_equal(a, gan.randn(2, 3):to_bytes())
  end)

  it("never reaches the upper end of [lo,hi)", function()
    local worst = 0
    for _, v in ipairs(gan.rng(9):uniform({200000}, 0, 1):to_table()) do worst = math.max(worst, v) end
    assert.is_true(worst < 1)
  end)

  it("names what is wrong", function()
    local rng = gan.rng(1)
    for _, case in ipairs {
      {function() rng:normal {-1} end, "normal: bad argument #2 'shape' (size 1: expected an integer >= 0, got -1)"},
      {function() rng:integer({1}, 3, 2) end, "'hi' (expected an integer in 3..2147483647, got 2)"},
      {function() gan.rng("x") end, "rng: bad argument #1 'seed'"},
      {function() rng.normal(1, {1}) end, "a random stream (gan.rng), got 1"},
    } do
      local ok, err = pcall(case[1])
      assert.is_false(ok)
      assert.truthy(tostring(err):find(case[2], 1, true), err)
      assert.truthy(tostring(err):find "random_spec.lua")
    end
  end)
end)
