-- resample: worked numbers, sizes, the border, gradients, wrong options.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function ramp()
  local rows = {}
  for i = 1, 4 do
    rows[i] = {}
    for j = 1, 4 do rows[i][j] = {4 * (i - 1) + j - 1} end
  end
  return double.tensor {rows}
end

describe("resample", function()
  it("halves and doubles a ramp with zeros around it, or its border again", function() -- by PyTorch's convolutions
    local x = ramp()
    golden.near({2.734375, 3.9375, 7.546875, 8.75}, nn.resample {down = 2}(x))
    golden.near({3.125, 4.875, 10.125, 11.875}, nn.resample {down = 2, edge = "replicate"}(x))
    golden.near({0, 0.1875, 0.5625, 0.9375, 1.3125, 1.6875, 2.0625, 1.6875}, nn.resample {up = 2}(x):narrow(2, 1, 1))
    golden.near(double.resize(x, {size = 8, mode = "bilinear"}):reshape {-1}:to_table(),
      nn.resample {up = 2, edge = "replicate"}(x))
    golden.near(double.avg_pool2d(x, {kernel = 2}):reshape {-1}:to_table(),
      nn.resample {down = 2, filter = {1, 1}}(x))
    golden.near(double.upsample(x, 2):reshape {-1}:to_table(), nn.resample {up = 2, filter = {7, 7}}(x))
  end)

  it("keeps one colour, and has the size that its shape tells", function()
    for _, filter in ipairs {{1}, {1, 1}, {1, 2, 1}, {1, 3, 3, 1}, {1, 4, 6, 4, 1}, {3, -1, 8, 2, 1, 1, 5}} do
      for factor = 1, 5 do
        local smaller = nn.resample {down = factor, filter = filter, edge = "replicate"}
        local y = smaller(double.full({2, 11, 9, 3}, 0.7))
        assert.same({2, 11 // factor, 9 // factor, 3}, y:shape())
        assert.same({11 // factor, 9 // factor, 3}, smaller:shape {11, 9, 3})
        assert.near(0, (y - 0.7):abs():max():item(), 1e-12)
        local larger = nn.resample {up = factor, filter = filter, edge = "replicate"}
        y = larger(double.full({2, 3, 2, 2}, 0.7))
        assert.same({2, 3 * factor, 2 * factor, 2}, y:shape())
        assert.same({3 * factor, 2 * factor, 2}, larger:shape {3, 2, 2})
      end
    end
  end)

  it("has gradients to order two", function()
    local x = double.rng(1, "resample"):normal {2, 4, 5, 2}
    for _, opt in ipairs {{up = 2}, {down = 2}, {up = 3, edge = "replicate"}, {down = 3, edge = "replicate"}} do
      local layer = nn.resample(opt)
      assert(double.gradcheck(function(a) return layer(a):tanh() end, {x}, {order = 2}))
    end
  end)

  it("describes itself and names what is wrong", function()
    assert.equal("resample up 2, 4 taps", nn.resample {up = 2}:describe())
    assert.equal("resample down 3, 1 tap, edge replicate",
      nn.resample {down = 3, filter = {2}, edge = "replicate"}:describe())
    assert.matches("nn.resample: expected one of the options 'up' and 'down', got none", message(nn.resample, {}))
    assert.matches("got both", message(nn.resample, {up = 2, down = 2}))
    assert.matches("option 'up': expected an integer in 1..64", message(nn.resample, {up = 65}))
    assert.matches("option 'edge': expected 'zero' or 'replicate'", message(nn.resample, {up = 2, edge = "reflect"}))
    assert.matches("option 'filter': expected a list of numbers, got string 'a' at entry 2",
      message(nn.resample, {up = 2, filter = {1, "a"}}))
    assert.matches("option 'filter': expected numbers whose sum is above 0, got 0",
      message(nn.resample, {up = 2, filter = {}}))
    assert.matches("nn.resample %(layer D.1%): an image of 1x4 is too small for down = 2",
      message(gan.nn.chain {name = "D", gan.nn.resample {down = 2}}, gan.zeros(1, 1, 4, 2)))
    assert.matches("bad argument #1 'x' %(expected real %(N,H,W,C%)", message(nn.resample {up = 2}, double.zeros(1, 4)))
  end)
end)
