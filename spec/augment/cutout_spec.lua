-- Cutout is its slow definition.
local gan, near = require "spec.support.double", require "spec.support.near"
local augmented = require "spec.support.augmented"
local naive = require "spec.support.naive_augment"

local augment = gan.augment
local images, numbers, seen = (function(a) return a.images, a.numbers, a.seen end)(augmented(gan))

describe("cutout", function()
  it("makes a box 0", function()
    for seed, s in ipairs {{8, 8, 3}, {7, 5, 1}, {4, 12, 6}, {1, 1, 1}} do
      local x = images(10, s[1], s[2], s[3])
      local u, want = numbers(seed, 10, 3), x:to_table()
      for i, picture in ipairs(want) do want[i] = naive.cutout(picture, u[i]) end
      near(want, seen(augment.cutout(), x, seed))
    end
  end)

  it("takes a size", function()
    local x = images(5, 6, 6, 1)
    assert.is_true((seen(augment.cutout(1, {size = 0}), x, 1) - x):abs():max():item() == 0)
    assert.is_true(seen(augment.cutout(1, {size = .2}), x, 1):abs():gt(0):mean():item() > .9)
    assert.error_matches(function() augment.cutout(1, {size = 2}) end,
      "augment.cutout: option 'size': expected a number in %[0,1%], got 2")
  end)
end)
