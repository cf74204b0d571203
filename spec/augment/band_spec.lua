-- Each band is its slow definition, alone and with its neighbours in one filter; wrong input.
local gan, near = require "spec.support.double", require "spec.support.near"
local augmented = require "spec.support.augmented"
local naive = require "spec.support.naive_augment"

local augment = gan.augment
local images, numbers, seen, same = (function(a) return a.images, a.numbers, a.seen, a.same end)(augmented(gan))

describe("band", function()
  it("makes its own stronger, with borders mirrored", function()
    for i = 1, 4 do
      local x = images(2, 22, 24, 1)
      local u, want = numbers(i, 2, 3), x:to_table()
      for k, picture in ipairs(want) do want[k] = naive.band(picture, u[k], i) end
      near(want, seen(augment["band" .. i](), x, i), 1e-9)
    end
  end)

  it("is one filter with its neighbours", function()
    local x = images(2, 24, 22, 3)
    local u, want = numbers(5, 2, 12), x:to_table()
    local e = {10 / 13, 1 / 13, 1 / 13, 1 / 13}
    for k, picture in ipairs(want) do
      local gains = {1, 1, 1, 1}
      for i = 1, 4 do
        local t = 2 ^ (math.sqrt(-2 * math.log(1 - u[k][3 * i - 1])) * math.cos(2 * math.pi * u[k][3 * i]))
        local scale = math.sqrt(1 - e[i] + e[i] * t * t)
        for b = 1, 4 do gains[b] = gains[b] * (b == i and t or 1) / scale end
      end
      want[k] = naive.filtered(picture, gains)
    end
    near(want, seen(augment.preset "filter", x, 5), 1e-9)
  end)

  it("leaves pictures whose gate is closed as they are", function()
    local x, f = images(8, 22, 22, 3), augment.band2(.5)
    local y, u, left = seen(f, x, 6), numbers(6, 8, 3), 0
    for i = 1, 8 do
      if u[i][1] >= .5 then
        left = left + 1
        assert.is_true(same(x[i], y[i]))
      end
    end
    assert.is_true(left > 0 and left < 8)
  end)

  it("keeps a constant picture's brightness within its band's gain, and the power of a usual one", function()
    local x = gan.full({3, 24, 24, 1}, .4)
    near(x:to_table(), seen(augment.band1(1, {std = 0}), x, 7), 1e-9)
  end)

  it("names what is wrong", function()
    for _, s in ipairs {{16, 16}, {21, 40}, {40, 21}} do
      assert.error_matches(function() augment.band3()(images(1, s[1], s[2], 1)) end,
        ("augment.band3: images %%(1,%d,%d,1%%) are too small for its filter of 43 taps: it needs 22x22 pixels or more")
          :format(s[1], s[2]))
    end
    assert.error_matches(function() augment.preset("bgcf", {p = 0})(images(1, 16, 16, 3)) end, "augment.band1: images")
    assert.error_matches(function() augment.band1(1, {std = -1}) end, "augment.band1: option 'std'")
  end)
end)
