-- flatten, view, upsample.
local gan = require "gan"
local nn = gan.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("shape layers", function()
  it("flatten", function()
    assert.same({2, 12}, nn.flatten {}(gan.zeros(2, 3, 4)):shape())
    assert.same({0, 12}, nn.flatten {}(gan.zeros(0, 3, 4)):shape())
    assert.same({12}, nn.flatten {}:shape {3, 4})
    assert.matches("nn.flatten: bad argument #1 'x' %(expected %(N,...%), got real tensor %(%)%)",
      message(nn.flatten {}, gan.tensor(1)))
    assert.matches("nn.flatten: unknown option 'a'", message(nn.flatten, {a = 1}))
  end)

  it("view", function()
    assert.same({5, 1, 1, 6}, nn.view {1, 1, 6}(gan.zeros(5, 6)):shape())
    assert.same({5, 1, 1, 6}, nn.view {1, 1, 6}(gan.zeros(5, 1, 1, 6)):shape())
    assert.same({5}, nn.view {}(gan.zeros(5, 1, 1, 1)):shape())
    assert.same({0, 2, 3}, nn.view {2, 3}(gan.zeros(0, 6)):shape())
    assert.same({2, 3}, nn.view {2, 3}:shape {6})
    assert.same({}, nn.view {}:shape {1, 1})
    assert.matches(
      "nn.view: bad argument #1 'x' "
        .. "%(expected 6 elements for each of N, to make view %(2,3%), got real tensor %(4,5%)%)",
      message(nn.view {2, 3}, gan.zeros(4, 5)))
    assert.matches("expected input of 6 elements, got %(5%)", message(function() return (nn.view {2, 3}:shape {5}) end))
    assert.matches("option 'size 2': expected an integer", message(nn.view, {1, -1}))
    assert.matches("option 'size 1': expected an integer", message(nn.view, {[2] = 1}))
    assert.matches("at most 7 sizes", message(nn.view, {1, 1, 1, 1, 1, 1, 1, 1}))
    assert.matches("nn.view: sizes %(2147483647,2147483647%) are too large", message(nn.view, {2147483647, 2147483647}))
    assert.matches("unknown option 'size'", message(nn.view, {size = 1}))
    assert.matches("expected a list of sizes", message(nn.view, 3))
  end)

  it("upsample", function()
    local x = gan.randn(2, 3, 4, 5)
    assert.same(gan.ops.upsample(x, 2):to_table(), nn.upsample {}(x):to_table())
    local layer = nn.upsample {factor = {3, 1}, mode = "bilinear"}
    assert.same(gan.ops.upsample(x, {3, 1}, "bilinear"):to_table(), layer(x):to_table())
    assert.same({9, 4, 5}, layer:shape {3, 4, 5})
    assert.equal("upsample 3x1, bilinear", layer:describe())
    assert.matches("option 'mode': expected 'nearest' or 'bilinear'", message(nn.upsample, {mode = "cubic"}))
    assert.matches("option 'factor': expected an integer", message(nn.upsample, {factor = 0}))
    assert.matches("nn.upsample: bad argument #1 'x' %(expected real %(N,H,W,C%), got real tensor %(2,3%)%)",
      message(layer, gan.zeros(2, 3)))
  end)
end)
