-- Nearest training neighbours: places and distances, copies, authenticity, what wrong use says.
local gan = require "gan"
local naive = require "spec.support.naive_metric"

describe("nearest", function()
  it("finds the rows, nearest first, equals in their order", function()
    local v, p = gan.metric.nearest {
      real = gan.tensor {{0, 0}, {3, 4}, {0, 0}},
      fake = gan.tensor {{0, 0}, {3, 3}},
      k = 3,
    }:value()
    assert.same({{0, 2, 1}, {1, 0, 2}}, p.rows:to_table())
    assert.same({{0, 0, 5}, {1, math.sqrt(18), math.sqrt(18)}}, p.distances:to_table())
    assert.equal("f64", p.distances:dtype())
    assert.equal(0.5, v)
    assert.equal(0.5, p.deviation)
    assert.same({"nearest", 3, 2, 2, 3}, {p.metric, p.n_real, p.n_fake, p.dim, p.k})
    assert.is_nil(p.authenticity)
  end)

  it("agrees with a slow reference", function()
    local x, y = gan.rng(1):normal({300, 7}, 5), gan.rng(2):normal({260, 7}, 5)
    local _, p = gan.metric.nearest {real = x, fake = y, k = 4}:value()
    local want = naive.nearest(y:to_table(), x:to_table(), 4)
    local rows = p.rows:to_table()
    local distances = p.distances:to_table()
    for i, list in ipairs(want) do
      for j = 1, 4 do
        assert.equal(list[j][2], rows[i][j])
        assert.is_true(math.abs(math.sqrt(list[j][1]) - distances[i][j]) < 1e-12)
      end
    end
  end)

  it("tells copies from inventions", function()
    local train, new = gan.rng(1):normal {400, 4}, gan.rng(2):normal {400, 4}
    local v, p = gan.metric.nearest {real = train, fake = train, authenticity = true}:value()
    assert.same({0, 0}, {v, p.authenticity})
    v, p = gan.metric.nearest {real = train, authenticity = true}:add(new):value()
    assert.is_true(v > 0.3 and math.abs(p.authenticity - 0.5) < 0.15, p.authenticity)
    local want, own = 0, naive.nearest(train:to_table(), nil, 1)
    for _, list in ipairs(naive.nearest(new:to_table(), train:to_table(), 1)) do
      if own[list[1][2] + 1][1][1] < list[1][1] then want = want + 1 / 400 end
    end
    assert.is_true(math.abs(want - p.authenticity) < 1e-12)
  end)

  it("says what is wrong", function()
    local nearest, x = gan.metric.nearest, gan.zeros(3, 2)
    assert.error_matches(function() nearest {real = x, fake = x, k = 4}:value() end,
      "k = 4 needs at least 4 rows in 'real', got 3")
    assert.error_matches(function() nearest {real = x}:value() end, "1 row in 'fake', got 0")
    assert.error_matches(function() nearest {real = gan.zeros(1, 2), fake = x, authenticity = true}:value() end,
      "2 rows in 'real', got 1")
    assert.error_matches(function() nearest {real = x, authenticity = 1} end, "'authenticity'")
    assert.error_matches(function() nearest {real = x, k = 0} end, "'k'")
  end)
end)
