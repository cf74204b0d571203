-- VGG-16's first ten convolutions: shapes, what one weight does by hand, input, the layers one by one, states that do
-- not fit.
local float = require "gan"
local double = require "spec.support.double"
local near = require "spec.support.near"

local NUMBERS, WIDTHS = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21}, {64, 64, 128, 128, 256, 256, 256, 512, 512, 512}
local THIN = 1 / 32

-- A state by torchvision's names; fill(shape, i) makes each tensor.
local function state(gan, width, fill)
  local out, before = {}, 3
  for i, n in ipairs(NUMBERS) do
    local co = math.floor(WIDTHS[i] * width)
    out[("features.%d.weight"):format(n)] = fill(gan, {co, before, 3, 3})
    out[("features.%d.bias"):format(n)] = fill(gan, {co})
    before = co
  end
  return out
end

local function zeros(gan, shape) return gan.zeros(shape) end

local function random(seed)
  local rng = double.rng(seed, "vgg")
  return function(_, shape) return rng:normal(shape, 0, #shape > 1 and math.sqrt(2 / (9 * shape[2])) or 1) end
end

describe("model.vgg", function()
  it("gives ten layers, halved where a new number begins", function()
    local net = assert(float.model.vgg.load(state(float, 1, zeros)))
    local shapes = {}
    for i, t in ipairs(net(float.zeros(1, 16, 16, 3))) do shapes[i] = t:shape() end
    assert.same({
      {1, 16, 16, 64}, {1, 16, 16, 64}, {1, 8, 8, 128}, {1, 8, 8, 128}, {1, 4, 4, 256}, {1, 4, 4, 256}, {1, 4, 4, 256},
      {1, 2, 2, 512}, {1, 2, 2, 512}, {1, 2, 2, 512},
    }, shapes)
  end)

  it("takes weights (Co,Ci,Kh,Kw) and images from -1 to 1", function()
    local s = state(double, THIN, zeros)
    -- output 1 is what lies above and to the right of a pixel, in the third channel
    s["features.0.weight"]:copy_(double.tensor {
      0, 0, 0, 0, 0, 0, 0, 0, 0, --
      0, 0, 0, 0, 0, 0, 0, 0, 0, --
      0, 0, 1, 0, 0, 0, 0, 0, 0, --
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    }:reshape {2, 3, 3, 3})
    s["features.0.bias"]:copy_(double.tensor {150, 0})
    local x = double.rng(1):uniform({1, 8, 8, 3}, -1, 1)
    local y = assert(double.model.vgg.load(s, {width = THIN})):features(x)[1]:to_table()[1]
    local pixels = x:to_table()[1]
    for i = 1, 8 do
      for j = 1, 8 do
        local beside = i > 1 and j < 8 and (pixels[i - 1][j + 1][3] + 1) * 127.5 - 123.68 or 0
        near(math.max(0, 150 + beside), y[i][j][1])
        near(0, y[i][j][2])
      end
    end
  end)

  it("is ten convolutions of (x + 1) 127.5 - (103.939, 116.779, 123.68)", function()
    local s = state(double, THIN, random(1))
    local net = assert(double.model.vgg.load(s, {width = THIN}))
    local x = double.rng(2):uniform({2, 8, 8, 3}, -1, 1)
    local got = net:features(x)
    local seen = (x + 1) * 127.5 - double.tensor {103.939, 116.779, 123.68}
    for i, n in ipairs(NUMBERS) do
      if n == 5 or n == 10 or n == 17 then seen = seen:max_pool2d {kernel = 2} end
      local w = s[("features.%d.weight"):format(n)]
      seen = (double.conv2d(seen, w:permute {3, 4, 2, 1}, {padding = 1}) + s[("features.%d.bias"):format(n)]):relu()
      near(seen:to_table(), got[i], 1e-10)
    end
  end)

  it("repeats grey images, and has gradients", function()
    local net = assert(double.model.vgg.load(state(double, THIN, random(3)), {width = THIN}))
    local x = double.rng(2):uniform({1, 8, 8, 1}, -1, 1)
    near(net(double.cat({x, x, x}, 4))[10]:to_table(), net(x)[10])
    assert(double.gradcheck(function(v) return net(v)[10]:sum() + net(v)[2]:mean() end, {x}))
  end)

  it("knows the names that it takes", function()
    local wants = float.model.vgg.wants
    assert.is_true(wants "features.0.weight" and wants "features.21.bias")
    for _, name in ipairs {"features.1.weight", "features.24.weight", "classifier.0.weight", "features.0.weight.x"} do
      assert.is_false(wants(name), name)
    end
  end)

  it("lists all that does not fit", function()
    local s = state(float, THIN, zeros)
    s["features.0.weight"], s["features.2.bias"] = nil, float.zeros(5)
    s["features.5.bias"] = float.full({4}, 0 / 0)
    local net, message = float.model.vgg.load(s, {width = THIN})
    assert.is_nil(net)
    assert.equal("no weights of VGG-16: 'features.0.weight' (2,3,3,3) is missing; 'features.2.bias' (expected real "
      .. "tensor (2), got real tensor (5)); 'features.5.bias' holds numbers that are not finite", message)
    assert.error_matches(function() float.model.vgg.load(3) end, "model.vgg.load: bad argument #1 'state'")
    net = assert(float.model.vgg.load(state(float, THIN, zeros), {width = THIN}))
    for _, bad in ipairs {float.zeros(1, 8, 8, 2), float.zeros(1, 7, 8, 3)} do
      assert.error_matches(function() net(bad) end,
        "model.vgg: bad argument #1 'x' %(expected images %(N,H,W,C%) of 8 pixels or more, C 1 or 3, got real tensor")
    end
  end)
end)
