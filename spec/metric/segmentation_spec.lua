-- Segmentation: a confusion by hand, void pixels, and what wrong use says.
local gan = require "gan"

-- Two maps (1,1,n) in which class y is called c so often as the confusion says.
local function maps(confusion)
  local guess, mask = {}, {}
  for y, row in ipairs(confusion) do
    for c, count in ipairs(row) do
      for _ = 1, count do guess[#guess + 1], mask[#mask + 1] = c - 1, y - 1 end
    end
  end
  return gan.tensor({{guess}}, "i32"), gan.tensor({{mask}}, "u8")
end

describe("segmentation", function()
  it("gives the numbers worked out by hand", function()
    local v, p = gan.metric.segmentation {classes = 3}:add(maps {{50, 3, 2}, {4, 20, 1}, {6, 0, 14}}):value()
    assert.equal(0.84, v)
    assert.is_true(math.abs(p.miou - 0.6974040452) < 1e-9)
    assert.is_true(math.abs(p.not_ground - 0.7555555556) < 1e-9)
    assert.equal(100, p.pixels)
  end)

  it("leaves void out, and classes that neither map has", function()
    local guess = gan.tensor({{{0, 1, 2, 2}}, {{0, 0, 1, 1}}}, "i32")
    local mask = gan.tensor({{{0, 1, 255, 1}}, {{0, 255, 1, 0}}}, "u8")
    local v, p = gan.metric.segmentation {classes = 9}:add(guess, mask):value()
    assert.equal(4 / 6, v)
    assert.equal(6, p.pixels)
    assert.equal(2 / 3, p.not_ground)
    assert.is_true(math.abs(p.miou - (2 / 3 + 2 / 4 + 0) / 3) < 1e-12) -- the guess has class 2 once outside of void
    assert.is_nil(select(2, gan.metric.segmentation {classes = 2}:add(gan.zeros(1, 2, 2):to "u8",
      gan.zeros(1, 2, 2):to "u8"):value()).not_ground)
  end)

  it("says what is wrong", function()
    local function says(words, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.is_true(message:find(words, 1, true) ~= nil, message)
    end
    local m = gan.metric.segmentation {classes = 3}
    local map, none = gan.tensor({{{0, 3}}}, "i32"), gan.tensor({{{0, 0}}}, "i32")
    says("'mask' (expected classes in 0..2, got 3)", m.add, m, map, map)
    says("'guess' (expected classes in 0..2, got -1)", m.add, m, gan.tensor({{{0, -1}}}, "i32"), none)
    says("'guess' (expected a map of classes, u8 or i32 (1,1,2)", m.add, m, gan.zeros(1, 2, 2):to "u8", none)
    says("'mask'", m.add, m, map, gan.zeros(1, 1, 2))
    says("a share of pixels needs at least 1 row in 'mask', got 0", m.value, m)
    says("'classes'", gan.metric.segmentation, {})
  end)
end)
