-- maxout: the largest of each piece, its gradient.
local gan = require "gan"
local double = require "spec.support.double"
local nn = gan.nn

describe("maxout", function()
  it("takes the largest of neighbouring channels", function()
    local layer = nn.maxout {pieces = 3}
    assert.same({{3, 6}, {-1, 0}}, layer(gan.tensor {{1, 3, 2, 6, 5, 4}, {-1, -2, -3, 0, 0, -1}}):to_table())
    assert.same({2, 4, 5, 2}, layer(gan.zeros(2, 4, 5, 6)):shape())
    assert.same({4, 2}, layer:shape {4, 6})
    assert.equal("maxout 3", layer:describe())
  end)

  it("has gradients to order two", function()
    local layer = double.nn.maxout {pieces = 2}
    assert(double.gradcheck(function(x) return layer(x):tanh() end, {double.rng(1):normal {3, 6}}, {order = 2}))
  end)

  it("names what is wrong", function()
    local net = nn.chain {name = "D", nn.maxout {pieces = 4}}
    assert.matches("nn.maxout %(layer D.1%): 6 channels cannot be split into pieces of 4",
      select(2, pcall(net, gan.zeros(1, 6))))
    assert.matches("cannot be split", select(2, pcall(nn.chain, {input = {6}, nn.maxout {pieces = 4}})))
    assert.matches("option 'pieces': expected an integer", select(2, pcall(nn.maxout, {pieces = 0})))
    assert.matches("bad argument #1 'x'", select(2, pcall(net, 1)))
  end)
end)
