-- linear: values by hand, leading dimensions, the starting values.
local gan = require "gan"
local nn = gan.nn

describe("linear", function()
  it("is x W + b", function()
    local layer = nn.linear {2, 3}
    layer:load {weight = gan.tensor {{1, 2, 3}, {4, 5, 6}}, bias = gan.tensor {0.5, 0, -1}}
    assert.same({{9.5, 12, 14}, {1.5, 2, 2}}, layer(gan.tensor {{1, 2}, {1, 0}}):to_table())
    assert.same({{{9.5, 12, 14}}, {{1.5, 2, 2}}}, layer(gan.tensor {{{1, 2}}, {{1, 0}}}):to_table())
    assert.same({0, 3}, layer(gan.zeros(0, 2)):shape())
    assert.same({4, 5, 3}, layer(gan.zeros(4, 5, 2)):shape())
    assert.same({5, 3}, layer:shape {5, 2})
    assert.equal(9, layer:count())
  end)

  it("can do without a bias", function()
    local layer = nn.linear {2, 3, bias = false}
    assert.is_nil(layer.bias)
    assert.same({{0, 0, 0}}, layer(gan.zeros(1, 2)):to_table())
    assert.equal("linear 2 -> 3, no bias", layer:describe())
  end)

  it("starts from its stream, within 1/sqrt(Di)", function()
    local a, b = nn.linear {16, 50, rng = gan.rng(1, "a")}, nn.linear {16, 50, rng = gan.rng(1, "a")}
    assert.same(a.weight:to_table(), b.weight:to_table())
    assert.same(a.bias:to_table(), b.bias:to_table())
    local worst = 0
    for _, t in ipairs {a.weight:reshape {-1}, a.bias} do
      for _, v in ipairs(t:to_table()) do worst = math.max(worst, math.abs(v)) end
    end
    assert.is_true(worst <= 0.25 and worst > 0.24)
    gan.seed(4)
    local c = nn.linear {2, 2}
    gan.seed(4)
    assert.same(c.weight:to_table(), nn.linear {2, 2}.weight:to_table())
  end)
end)
