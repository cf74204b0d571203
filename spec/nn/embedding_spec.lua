-- embedding: rows by label, counted from 0.
local double = require "spec.support.double"
local gan = require "gan"
local nn = gan.nn

describe("embedding", function()
  it("gives the row of each label", function()
    local layer = nn.embedding {3, 2}
    layer:load {weight = gan.tensor {{1, 2}, {3, 4}, {5, 6}}}
    assert.same({{5, 6}, {1, 2}}, layer(gan.tensor({2, 0}, "i32")):to_table())
    assert.same({4, 2}, layer:shape {4})
    assert.same({2}, layer:shape {})
    assert.equal(6, layer:count())
    assert.equal("embedding 3 x 2", layer:describe())
  end)

  it("mixes the rows by weights", function()
    local layer = double.nn.embedding {3, 2}
    layer:load {weight = double.tensor {{1, 2}, {3, 4}, {5, 6}}}
    local w = double.tensor {{0, 0, 1}, {.5, .25, .25}}
    assert.same({{5, 6}, {2.5, 3.5}}, layer(w):to_table())
    assert(double.gradcheck(function(y) return layer(y):tanh() end, {w, layer.weight}, {order = 2}))
  end)

  it("names what is wrong", function()
    local layer = nn.embedding {3, 2}
    assert.matches("nn.embedding: bad argument #1 'labels' %(expected an i32 tensor, or real weights of "
      .. "classes %(N,3%), got real tensor %(1%)%)", select(2, pcall(layer, gan.zeros(1))))
    assert.matches("got real tensor %(1,2%)%)", select(2, pcall(layer, gan.zeros(1, 2))))
    assert.matches("'labels' %(row 2 of the weights holds NaN", select(2, pcall(layer, gan.tensor {{0, 0, 0},
      {0, 0 / 0, 1}})))
    assert.matches("indices in 0..2, got 3", select(2, pcall(layer, gan.tensor({3}, "i32"))))
    assert.matches("size D is missing", select(2, pcall(nn.embedding, {3})))
  end)
end)
