-- Pictures into another size: crop, pad, stretch. (Resampling itself: spec/data/image_spec.lua.)
local core = require "gan.core"
local files = require "spec.support.files"

local function picture(h, w, c) return core.to(core.rng(h * w + c, "p"):integer({h, w, c}, 0, 255), "u8") end
local function at(t, y, x) return core.to_table(core.narrow(core.narrow(t, 1, y, 1), 2, x, 1))[1][1] end

describe("pad", function()
  it("puts a smaller picture in as it is, background around it", function()
    local image = picture(28, 28, 1)
    local out, enlarged = core.image_fit(image, 32, 32, "pad", 7, 7, 7)
    assert.is_false(enlarged)
    assert.same(core.to_table(image), core.to_table(core.narrow(core.narrow(out, 1, 3, 28), 2, 3, 28)))
    local sum, inside = core.to_table(core.sum(core.to(out, "real"))), core.to_table(core.sum(core.to(image, "real")))
    assert.equal(inside + 7 * (32 * 32 - 28 * 28), sum)
    for _, corner in ipairs {{1, 1}, {2, 17}, {31, 17}, {32, 32}, {17, 2}, {17, 31}} do
      assert.same({7}, at(out, corner[1], corner[2]))
    end
  end)

  it("shrinks a larger one to fit, and keeps its aspect", function()
    local image = picture(40, 20, 3)
    local out, enlarged = core.image_fit(image, 20, 20, "pad", 1, 2, 3)
    assert.is_false(enlarged)
    assert.same(core.to_table(core.image_fit(image, 20, 10)), core.to_table(core.narrow(out, 2, 6, 10)))
    assert.same({1, 2, 3}, at(out, 20, 5))
    assert.same({1, 2, 3}, at(out, 1, 16))
    local wide = core.image_fit(picture(1, 100, 3), 8, 8, "pad", 1, 2, 3) -- no row is lost
    assert.same({1, 2, 3}, at(wide, 3, 1))
    assert.not_same({1, 2, 3}, at(wide, 4, 1))
    assert.same({1, 2, 3}, at(wide, 5, 1))
  end)

  it("takes grey from the colour's luma, and is opaque in pictures with alpha", function()
    local slots = core.full({1, 1, 3, 1}, 0, "u8")
    assert.equal(1, core.image_unpack_(slots, 1, "\9", 1, 1, 1, false, 0, "pad", 250, 100, 40))
    assert.same({{{138}, {9}, {138}}}, core.to_table(slots)[1]) -- 0.299*250 + 0.587*100 + 0.114*40 = 138.0
    core.image_unpack_(slots, 1, "\9", 1, 1, 1, false, 0, "pad")
    assert.same({{{0}, {9}, {0}}}, core.to_table(slots)[1])
    assert.same({255, 255, 255, 255}, at(core.image_fit(core.full({1, 1, 4}, 3, "u8"), 3, 3, "pad"), 1, 1))
    assert.same({255, 255}, at(core.image_fit(core.full({1, 1, 2}, 3, "u8"), 3, 3, "pad"), 1, 1))
  end)
end)

describe("stretch", function()
  it("takes all of the picture", function()
    local image = core.tensor({{{0}, {100}, {200}, {40}}}, "u8")
    assert.same({{{50}, {120}}, {{50}, {120}}}, core.to_table(core.image_fit(image, 2, 2, "stretch")))
    assert.same({{{100}, {100}}, {{100}, {100}}}, core.to_table(core.image_fit(image, 2, 2, "crop")))
  end)
end)

describe("enlarged", function()
  it("says that pixels were interpolated", function()
    local function enlarged(h, w, fit) return (select(2, core.image_fit(picture(h, w, 1), 8, 8, fit))) end
    assert.is_true(enlarged(7, 9))
    assert.is_true(enlarged(7, 9, "stretch"))
    assert.is_false(enlarged(8, 9))
    assert.is_false(enlarged(7, 9, "pad"))
    assert.is_false(enlarged(8, 20, "stretch"))
    local slots = core.full({1, 8, 8, 3}, 0, "u8")
    assert.is_true((select(6, core.image_load_(slots, 1, files.plain(5, 1, 2, 3)))))
    assert.is_false((select(6, core.image_load_(slots, 1, files.plain(5, 1, 2, 3), 0, 0, 0, "pad"))))
    assert.same({0, 0, 0}, core.to_table(slots)[1][1][1])
    assert.same({1, 2, 3}, core.to_table(slots)[1][2][2])
    assert.is_true((select(2, core.image_unpack_(slots, 1, ("x"):rep(48), 4, 4, 3, true, 0))))
  end)
end)

it("an unknown fit is refused with the words there are", function()
  local slots = core.full({1, 8, 8, 3}, 0, "u8")
  local want = "'fit' %(expected 'crop', 'pad' or 'stretch', got string 'squash'%)"
  assert.error_matches(function() core.image_fit(picture(4, 4, 3), 8, 8, "squash") end, "#4 " .. want)
  assert.error_matches(function() core.image_load_(slots, 1, "x", 0, 0, 0, "squash") end, "#7 " .. want)
  assert.error_matches(function() core.image_unpack_(slots, 1, "x", 1, 1, 1, false, 0, "squash") end, "#9 " .. want)
  assert.error_matches(function() core.image_fit(picture(4, 4, 3), 8, 8, 3) end, "#4 'fit'")
end)
