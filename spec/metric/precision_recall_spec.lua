-- Improved precision and recall: worked numbers, a slow reference, ties and copies, what wrong use says.
local gan = require "gan"
local double = require "spec.support.double"
local naive = require "spec.support.naive_metric"

local function measure(real, fake, k)
  local v, p = gan.metric.precision_recall {real = real, fake = fake, k = k}:value()
  return p.precision, p.recall, v, p
end

describe("precision_recall", function()
  it("has the worked numbers", function()
    local r, g = gan.tensor {{0}, {1}, {2}, {10}}, gan.tensor {{0.5}, {2.5}, {6}, {20}}
    for k, want in pairs {{0.75, 1}, {0.75, 1}, {1, 1}} do
      local p, c, v = measure(r, g, k)
      assert.same(want, {p, c})
      assert.equal(2 * p * c / (p + c), v)
    end
  end)

  it("is 1 for a set and itself, 0 for sets far apart", function()
    local x = gan.rng(1):normal {300, 6}
    assert.same({1, 1, 1}, {table.unpack({measure(x, x, 3)}, 1, 3)})
    assert.same({0, 0, 0}, {table.unpack({measure(x, x + 100, 3)}, 1, 3)})
  end)

  it("agrees with a slow reference", function()
    for _, case in ipairs {{40, 30, 2, 3, 0}, {300, 270, 5, 3, 0.5}, {260, 20, 12, 4, 1000}, {30, 300, 1, 1, 0}} do
      local n, m, d, k, mean = table.unpack(case)
      local x, y = gan.rng(1):normal({n, d}, mean), gan.rng(2):normal({m, d}, mean + 0.3, 0.8)
      local p, r = naive.precision_recall(x:to_table(), y:to_table(), k)
      assert.same({p, r}, {table.unpack({measure(x, y, k)}, 1, 2)})
    end
  end)

  it("decides ties and copies exactly: the edge of a ball is inside", function()
    local rows = {}
    -- a grid far from the origin, each point several times
    for i = 1, 40 do rows[i] = {i // 4 * 1000.1, i % 4 // 2 + 0.1} end
    local x, y = gan.tensor(rows), gan.tensor(rows) + gan.tensor {0, 1}
    for k = 1, 5 do
      local p, r = naive.precision_recall(x:to_table(), y:to_table(), k)
      assert.same({p, r}, {table.unpack({measure(x, y, k)}, 1, 2)})
    end
  end)

  it("finds copies in balls of radius 0", function()
    for _, g in ipairs {gan, double} do
      local x = g.rng(1):normal({40, 50}, 1000)
      local twice = g.cat {x, x}
      for _, fake in ipairs {x, twice} do
        local _, p = g.metric.precision_recall {real = twice, fake = fake, k = 1}:value()
        assert.same({1, 1}, {p.precision, p.recall})
      end
      assert.equal(0, (g.metric.precision_recall {real = twice, fake = twice + 1, k = 1}:value()))
    end
  end)

  it("says by what protocol, and is the same in batches and with any number of threads", function()
    local x, y = gan.rng(1):normal {520, 3}, gan.rng(2):normal({300, 3}, 0.5)
    local p, r, v, protocol = measure(x, y, 3)
    assert.same({
      metric = "precision_recall", value = v, precision = p, recall = r, k = 3, n_real = 520, n_fake = 300, dim = 3,
    }, protocol)
    local threads = gan.threads()
    gan.threads(threads == 1 and 2 or 1)
    local w = gan.metric.precision_recall {real = x}:add(y:narrow(1, 1, 100)):add(y:narrow(1, 101, 200)):value()
    gan.threads(threads)
    assert.equal(v, w)
  end)

  it("says what is wrong", function()
    local pr, x = gan.metric.precision_recall, gan.zeros(3, 2)
    assert.error_matches(function() pr {real = x, fake = gan.zeros(9, 2)}:value() end,
      "k = 3 needs at least 4 rows in 'real', got 3")
    assert.error_matches(function() pr {real = gan.zeros(9, 2), fake = x}:value() end, "4 rows in 'fake', got 3")
    assert.error_matches(function() pr {real = x, fake = gan.zeros(3, 5), k = 1}:value() end,
      "'real' has 2 columns, 'fake' 5")
    assert.error_matches(function() pr {real = x, k = 0} end, "'k'")
    assert.error_matches(function() pr {real = x}:add(gan.tensor {{1, 1 / 0}}) end, "row 1")
    assert.error_matches(function() pr() end, "'real': expected rows %(gan.metric.rows%)")
  end)
end)
