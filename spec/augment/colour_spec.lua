-- Each transform of colour is its slow definition, alone and in a chain that is one matrix; grey; wrong input.
local gan, near = require "spec.support.double", require "spec.support.near"
local augmented = require "spec.support.augmented"
local naive = require "spec.support.naive_augment"

local augment = gan.augment
local images, numbers, seen = (function(a) return a.images, a.numbers, a.seen end)(augmented(gan))

local NAMES = {"brightness", "contrast", "luma_flip", "hue", "saturation"}
local TAKES = {brightness = 3, contrast = 3, luma_flip = 2, hue = 2, saturation = 3} -- the gate's number, too

describe("colour", function()
  for _, name in ipairs(NAMES) do
    for _, channels in ipairs {3, 1} do
      it(("changes %s of %d channels as it is defined"):format(name, channels), function()
        local x = images(8, 3, 4, channels)
        local u, want = numbers(2, 8, TAKES[name]), x:to_table()
        for i, picture in ipairs(want) do want[i] = naive[name](picture, u[i]) end
        near(want, seen(augment[name](), x, 2), 1e-12)
      end)
    end
  end

  it("puts neighbours together, in their order", function()
    for _, channels in ipairs {3, 1} do
      local x, stages, total = images(5, 3, 4, channels), {}, 0
      for i, name in ipairs(NAMES) do stages[i], total = augment[name](), total + TAKES[name] end
      local u, want = numbers(4, 5, total), x:to_table()
      for i, picture in ipairs(want) do
        local at = 0
        for _, name in ipairs(NAMES) do
          picture = naive[name](picture, table.move(u[i], at + 1, at + TAKES[name], 1, {}))
          at = at + TAKES[name]
        end
        want[i] = picture
      end
      near(want, seen(augment.compose(stages), x, 4), 1e-12)
    end
  end)

  it("leaves the very grey images in hue and saturation", function()
    local x = images(3, 2, 2, 1)
    assert.equal(x, augment.hue()(x))
    assert.equal(x, augment.saturation()(x))
  end)

  it("takes the options of its distributions", function()
    local x = images(4, 2, 2, 3)
    near(x:to_table(), augment.brightness(1, {std = 0})(x), 1e-12)
    near(x:to_table(), augment.contrast(1, {std = 0})(x), 1e-12)
    near(x:to_table(), augment.hue(1, {range = 0})(x), 1e-12)
    near(x:to_table(), augment.saturation(1, {std = 0})(x), 1e-12)
  end)

  it("names what is wrong", function()
    assert.error_matches(function() augment.hue()(images(2, 4, 4, 2)) end,
      "augment.hue: expected images of 1 or 3 channels, got %(2,4,4,2%)$")
    assert.error_matches(function() augment.preset("bgc", {p = 0})(images(2, 4, 4, 6)) end,
      "augment.brightness: expected images of 1 or 3 channels, got %(2,4,4,6%); packs are made of images that were")
    assert.error_matches(function() augment.hue(1, {range = 181}) end,
      "augment.hue: option 'range': expected a number in %[0,180%], got 181")
    assert.error_matches(function() augment.contrast(1, {std = -1}) end, "augment.contrast: option 'std': expected")
  end)
end)
