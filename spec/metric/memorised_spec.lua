-- Copies among fakes: worked ratios, what chance gives, repeated training rows, what wrong use says.
local gan = require "gan"

describe("memorised", function()
  it("has the worked ratios and dimension", function()
    local v, p = gan.metric.memorised {
      real = gan.tensor {{0}, {1}, {2}, {10}, {11}}, fake = gan.tensor {{.5}, {2.5}, {30}, {1.01}},
    }:value()
    for i, want in ipairs {1, 1 / 3, .95, .01 / .99} do
      assert.is_true(math.abs(p.ratios:get(i) - want) < 1e-6, p.ratios:get(i))
    end
    assert.equal(1, p.flagged) -- a third is none: strictly below
    assert.equal(.25, v)
    assert.is_true(math.abs(p.dimension - .8829304067) < 1e-9)
    assert.is_true(math.abs(p.expected - 4 * (1 / 3) ^ .8829304067) < 1e-9)
    assert.same({{1, 2}, {4, 3}}, {p.rows:to_table()[4], p.rows:to_table()[3]})
    assert.same({19, 20}, p.distances:to_table()[3])
    assert.same({"memorised", 5, 4, 5, 1}, {p.metric, p.n_real, p.n_fake, p.distinct, p.dim})
  end)

  it("takes training rows that are equal for one", function()
    local real = gan.tensor {{0, 0}, {3, 0}, {0, 0}, {0, 8}, {0, 0}}
    local v, p = gan.metric.memorised({real = real, below = .5}):add(gan.tensor {{0, 0}, {.5, 0}, {1.5, 0}}):value()
    assert.same({0, .2, 1}, p.ratios:to_table())
    assert.equal(2 / 3, v)
    assert.equal(3, p.distinct)
    assert.same({0, 1}, p.rows:to_table()[1])
    assert.same({0, 1}, p.rows:to_table()[2])
  end)

  it("flags points without memory as often as chance", function()
    for _, m in ipairs {2, 5} do
      local train, new = gan.rng(1):normal {3000, m}, gan.rng(2):normal {1000, m}
      local _, p = gan.metric.memorised({real = train, below = .5}):add(new):value()
      assert.is_true(math.abs(p.dimension - m) < .15 * m, p.dimension)
      local expected = 1000 * .5 ^ m
      assert.is_true(math.abs(p.flagged - expected) < 4 * math.sqrt(expected), p.flagged)
      new:narrow(1, 1, 40):copy_(train:narrow(1, 7, 40) + 1e-4)
      local _, q = gan.metric.memorised({real = train, fake = new}):value()
      assert.is_true(q.flagged >= 40)
    end
  end)

  it("says what is wrong", function()
    local memorised, x = gan.metric.memorised, gan.rng(1):normal {3, 2}
    assert.error_matches(function() memorised {real = x}:value() end, "1 row in 'fake', got 0")
    assert.error_matches(function() memorised {real = x:narrow(1, 1, 2), fake = x}:value() end,
      "a ratio needs at least 3 rows in 'real', got 2")
    assert.error_matches(function() memorised {real = gan.zeros(9, 2), fake = x}:value() end,
      "rows that are equal are one%) needs at least 3 rows in 'real', got 1")
    assert.error_matches(function() memorised {real = x, below = 0} end, "'below'")
    assert.error_matches(function() memorised {real = x, fake = gan.zeros(1, 3)}:value() end, "of one network")
  end)
end)
