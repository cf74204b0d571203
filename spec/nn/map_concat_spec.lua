-- map_concat: channels of a map before those of an image, of any size; wrong maps.
local gan = require "gan"
local nn = gan.nn

describe("map_concat", function()
  it("puts classes before the channels, at the image's size", function()
    local layer, x = nn.map_concat {3}, gan.full({1, 2, 2, 1}, 9)
    local want = {{{{1, 0, 0, 9}, {0, 1, 0, 9}}, {{0, 0, 1, 9}, {1, 0, 0, 9}}}}
    assert.same(want, layer(x, gan.tensor({{{0, 1}, {2, 0}}}, "i32")):to_table())
    assert.same(want, layer(x, gan.tensor({{{0, 0, 1, 1}, {0, 0, 1, 1}, {2, 2, 0, 0}, {2, 2, 0, 0}}}, "u8")):to_table())
    assert.same(want, layer(x, gan.tensor({want[1]}):narrow(4, 1, 3)):to_table())
    assert.same({4, 5, 6}, layer:shape {4, 5, 3})
    assert.equal("map_concat, 3 channels", layer:describe())
  end)

  it("takes the pixel whose centre is nearest", function()
    local layer = nn.map_concat {6}
    local y = layer(gan.zeros(1, 1, 2, 1), gan.tensor({{{0, 1, 2, 3, 4}}}, "i32"))
    assert.same({1, 3}, gan.argmax(y, -1):reshape {-1}:to_table())
    y = layer(gan.zeros(1, 1, 5, 1), gan.tensor({{{4, 5}}}, "u8"))
    assert.same({4, 4, 5, 5, 5}, gan.argmax(y, -1):reshape {-1}:to_table())
  end)

  it("has no channel for what is void", function()
    local layer = nn.map_concat {3}
    assert.same({{{{0, 0, 0, 9}, {0, 0, 1, 9}}}}, layer(gan.full({1, 1, 2, 1}, 9), gan.tensor({{{255, 2}}}, "u8"))
      :to_table())
    assert.equal(1, (nn.map_concat {256}(gan.zeros(1, 1, 1, 1), gan.tensor({{{255}}}, "u8"))[1][1][1]):get(256))
  end)

  it("names what is wrong", function()
    local net = nn.chain {name = "D", nn.map_concat {3}}
    local ok, err = pcall(net, gan.zeros(1, 2, 2, 1))
    assert.is_false(ok)
    assert.matches("nn.map_concat %(layer D.1%): bad argument #2 'y' %(expected a map of classes", err)
    ok, err = pcall(net, gan.zeros(1, 2, 2, 1), gan.full({1, 2, 2}, 3, "u8"))
    assert.is_false(ok)
    assert.matches("expected indices in 0..2, got 3", err)
    ok, err = pcall(nn.map_concat, {})
    assert.is_false(ok)
    assert.matches("size Y is missing", err)
  end)
end)
