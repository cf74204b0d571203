-- DiffAugment: each policy is its slow definition; contrast's gradient goes through the mean; order; wrong input.
local gan, near = require "spec.support.double", require "spec.support.near"
local augmented = require "spec.support.augmented"
local naive = require "spec.support.naive_augment"

local augment = gan.augment
local images, numbers, seen, adjoint_error = (function(a)
  return a.images, a.numbers, a.seen, a.adjoint_error
end)(augmented(gan))

local SLOW = {color = naive.color, translation = naive.translation, cutout = naive.diff_cutout}
local TAKES = {color = 4, translation = 3, cutout = 3}

-- Pictures after policies in an order.
local function slow(x, u, policies)
  local out = x:to_table()
  for i, picture in ipairs(out) do
    local at = 0
    for _, name in ipairs(policies) do
      picture = SLOW[name](picture, table.move(u[i], at + 1, at + TAKES[name], 1, {}))
      at = at + TAKES[name]
    end
    out[i] = picture
  end
  return out
end

describe("diffaug", function()
  for _, s in ipairs {{8, 8, 3}, {9, 12, 3}, {28, 28, 1}} do
    it(("is what its policies say, on %dx%dx%d"):format(table.unpack(s)), function()
      local x = images(6, s[1], s[2], s[3])
      for seed, policies in ipairs {
        {"color"}, {"translation"}, {"cutout"}, {"color", "translation", "cutout"}, {"cutout", "color"},
      } do
        local k = 0
        for _, name in ipairs(policies) do k = k + TAKES[name] end
        near(slow(x, numbers(seed, 6, k), policies), seen(augment.diffaug(table.concat(policies, ",")), x, seed), 1e-12)
      end
    end)
  end

  it("moves by at most an eighth of the size, to the nearest pixel", function()
    for size, most in pairs {[32] = 4, [28] = 4, [64] = 8} do
      local x, far = gan.ones(60, size, size, 1), 0
      local rows = seen(augment.diffaug "translation", x, size):sum({3, 4}):eq(0):sum(2):to_table()
      for _, v in ipairs(rows) do far = math.max(far, v) end
      assert.equal(most, math.tointeger(far))
    end
  end)

  it("has the whole gradient: contrast's goes through the mean", function()
    local x, y = images(4, 8, 8, 3, 1), images(4, 8, 8, 3, 2)
    for _, policy in ipairs {"color", "translation", "cutout", "color,translation,cutout"} do
      assert.is_true(adjoint_error(augment.diffaug(policy), x, y, 3) < 1e-12)
    end
    local f = augment.diffaug "color"
    assert(gan.gradcheck(function(v) return (seen(f, v, 4) ^ 2):sum() end, {images(2, 4, 4, 3):requires_grad_()}))
  end)

  it("is always on, unless p says less", function()
    local x, f = images(200, 4, 4, 1), augment.diffaug "color"
    local function count() return (seen(f, x, 1) - x):abs():max({2, 3, 4}):gt(0):sum():item() end
    assert.equal(200, count())
    f.p = .5
    assert.is_true(math.abs(count() - 100) < 30)
    f.p = 0
    assert.equal(x, f(x))
  end)

  it("tells what it is, and what is wrong", function()
    assert.equal("diffaug, p = 1: color(1), translation(1), cutout(1)", tostring(augment.diffaug()))
    assert.equal("diffaug, p = 1: cutout(1)", tostring(augment.diffaug "cutout"))
    assert.error_matches(function() augment.diffaug "colour,cutout" end,
      "augment.diffaug: unknown policy 'colour' %(did you mean 'color'%?%)")
    assert.error_matches(function() augment.diffaug "color,,cutout" end, "augment.diffaug: unknown policy ''")
    assert.error_matches(function() augment.diffaug {} end,
      "augment.diffaug: bad argument #1 'policy' %(expected a text such as 'color,translation,cutout', got table%)")
    assert.error_matches(function() augment.diffaug("color", {q = 1}) end, "augment.diffaug: unknown option 'q'")
    assert.error_matches(function() augment.diffaug "color"(images(1, 4, 4, 2)) end,
      "augment.diffaug: expected images of 1 or 3 channels, got %(1,4,4,2%)")
  end)
end)
