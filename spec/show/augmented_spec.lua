-- The picture of augmentations: its rows, its legend, what is passed over, and what wrong use says.
local gan = require "gan"
local temp = require "spec.support.temp"

local image = require "gan.data.image"

describe("augmented", function()
  local x = gan.rng(1):normal({1, 24, 24, 3}, 0, 0.5)
  local dir

  setup(function() dir = temp.dir() end)

  local function size(path)
    local t = assert(image.read(path))
    return t:shape()
  end

  it("has a row for each transform, and for the pipeline at six strengths", function()
    local path = dir .. "/a.png"
    local written, legend = gan.show.augmented(path, x)
    assert.is_true(written)
    assert.equal(24, #legend)
    assert.equal("row 1: xflip", legend[1])
    assert.equal("row 18: cutout", legend[18])
    assert.equal("row 19: bgc, p = 0", legend[19])
    assert.equal("row 24: bgc, p = 1", legend[24])
    assert.same({24 * (2 * 24 + 2) + 2, 9 * (2 * 24 + 2) + 2, 3}, {table.unpack(size(path), 1, 3)})
  end)

  it("passes over what the picture cannot have, and says why", function()
    local path = dir .. "/b.png"
    local small = gan.rng(1):normal({1, 8, 12, 1}, 0, 0.5)
    local _, legend = gan.show.augmented(path, small, {pipeline = "bg"})
    assert.equal("(none) rotate90: augment.rotate90: images (8,8,12,1) are not square: a quarter turn would change "
      .. "their shape; {oblong = 'half'} turns by 180 degrees alone", legend[2])
    assert.equal("(none) band1: augment.band1: images (8,8,12,1) are too small for its filter of 43 taps: it needs "
      .. "22x22 pixels or more", legend[13])
    assert.equal("row 19: bg, p = 1", legend[24])
  end)

  it("shows augmentations of one's own, and puts their p back", function()
    local mine = gan.augment.compose({gan.augment.xflip()}, {p = 0.3})
    local path = dir .. "/c.png"
    local _, legend = gan.show.augmented(path, x, {pipeline = mine, seed = 4})
    assert.equal("row 24: the augmentation, p = 1", legend[24])
    assert.equal(0.3, mine.p)
    local _, short = gan.show.augmented(path, x, {pipeline = function(v) return -v end})
    assert.equal("row 19: the augmentation", short[19])
    assert.equal(19, #short)
  end)

  it("is the same file for the same seed", function()
    local y = x:crop2d {top = 8, left = 8}
    for i, seed in ipairs {1, 1, 2} do assert(gan.show.augmented(("%s/s%d.png"):format(dir, i), y, {seed = seed})) end
    local a, b, c = temp.read(dir .. "/s1.png"), temp.read(dir .. "/s2.png"), temp.read(dir .. "/s3.png")
    assert.is_true(a == b and a ~= c)
  end)

  it("names what is wrong", function()
    assert.error_matches(function() gan.show.augmented("x.png", gan.ones(2, 8, 8, 3)) end,
      "show.augmented: bad argument #2 'x' %(expected a real picture %(1,H,W,C%), C 1 or 3, got real tensor %(2,8")
    assert.error_matches(function() gan.show.augmented("x.png", x, {pipeline = "bgx"}) end,
      "augment.preset: unknown preset string 'bgx' %(did you mean 'bg'%?%)")
    assert.error_matches(function() gan.show.augmented("x.png", x, {pipeline = 3}) end,
      "show.augmented: option 'pipeline': expected the name of a preset %(gan.augment.preset%), or an augmentation")
    local written, message = gan.show.augmented(dir .. "/no folder/x.png", x)
    assert.is_nil(written)
    assert.is_string(message)
  end)
end)
