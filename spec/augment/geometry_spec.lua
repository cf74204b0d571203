-- Flips, turns and shifts move pixels as a slow definition does; the others are one warp by the map that their numbers
-- make; how many pictures get which; wrong input.
local gan, near = require "spec.support.double", require "spec.support.near"
local augmented = require "spec.support.augmented"
local naive = require "spec.support.naive_augment"

local augment, float = gan.augment, require "gan"
local images, numbers, seen, same = (function(a) return a.images, a.numbers, a.seen, a.same end)(augmented(gan))

-- What f makes of images is what the slow definition makes of each, to the last bit.
local function exact(f, slow, x, seed)
  local u, out, want = numbers(seed, #x, 4), seen(f, x, seed):to_table(), x:to_table()
  for i, picture in ipairs(want) do assert.same(slow(picture, u[i]), out[i]) end
end

local function normal(u, v) return math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v) end

-- f is a warp by the maps that `map` makes of each picture's numbers.
local function warps(f, map, k, fill)
  local x = images(6, 8, 12, 2)
  local maps = {}
  for i, u in ipairs(numbers(3, 6, k)) do
    local m = map(u, 8, 12)
    maps[i] = {{m[1], m[2], m[3]}, {m[4], m[5], m[6]}}
  end
  near(gan.warp(x, maps, {fill = fill or "reflect"}):to_table(), seen(f, x, 3), 1e-12)
end

-- How many of n small pictures f changes.
local function share(f, n, seed)
  local x = images(n, 4, 4, 1)
  local changed = (seen(f, x, seed) - x):abs():max({2, 3, 4}):to_table()
  local count = 0
  for _, v in ipairs(changed) do if v > 1e-9 then count = count + 1 end end
  return count / n
end

-- Whether a share of n is p, to four deviations.
local function about(p, got, n)
  assert.is_true(math.abs(got - p) <= 4 * math.sqrt(p * (1 - p) / n), ("expected about %g, got %g"):format(p, got))
end

describe("geometry", function()
  it("moves pixels and changes none in flips, quarter turns and whole shifts", function()
    exact(augment.xflip(), naive.xflip, images(8, 5, 6, 3), 1)
    exact(augment.rotate90(), naive.rotate90, images(8, 6, 6, 3), 2)
    exact(augment.rotate90(1, {oblong = "half"}), naive.rotate90, images(8, 4, 6, 1), 3)
    exact(augment.translate(), naive.translate, images(8, 16, 24, 1), 4)
    local x = images(6, 16, 16, 2)
    local far = seen(augment.translate(1, {range = 0, fill = "zero"}), x, 5)
    assert.is_true(same(far, x))
    exact(augment.translate(1, {fill = "zero"}), function(p, u) return naive.translate(p, u, "zero") end, x, 6)
  end)

  it("is a warp by the map that its numbers make", function()
    warps(augment.scale(), function(u)
      local s = 2 ^ (.2 * normal(u[2], u[3]))
      return {1 / s, 0, 0, 0, 1 / s, 0}
    end, 3)
    local function turn(range)
      return function(u)
        local a = math.rad((2 * u[2] - 1) * range)
        return {math.cos(a), math.sin(a), 0, -math.sin(a), math.cos(a), 0}
      end
    end
    warps(augment.rotate(), turn(180), 2)
    warps(augment.rotate(1, {range = 20, fill = "zero"}), turn(20), 2, "zero")
    warps(augment.anisotropic_scale(1, {std = .3}), function(u)
      local s = 2 ^ (.3 * normal(u[2], u[3]))
      return {1 / s, 0, 0, 0, s, 0}
    end, 3)
    warps(augment.fractional_translate(), function(u, h, w)
      return {1, 0, -.125 * w * normal(u[2], u[3]), 0, 1, -.125 * h * normal(u[4], u[5])}
    end, 5)
  end)

  it("puts neighbours together into one warp, in their order", function()
    warps(augment.compose {augment.scale(), augment.xflip(), augment.fractional_translate()}, function(u, h, w)
      local s = 2 ^ (.2 * normal(u[2], u[3]))
      local flip = u[5] < .5 and -1 or 1
      local across, down = .125 * w * normal(u[7], u[8]), .125 * h * normal(u[9], u[10])
      return {flip / s, 0, -flip / s * across, 0, 1 / s, -down / s}
    end, 10)
    -- but not where the borders differ: what the first brought in as 0 stays
    local x, want = images(6, 16, 16, 1), {}
    local two = {augment.translate(1, {fill = "zero"}), augment.xflip(), augment.translate(1, {fill = "reflect"})}
    for i, u in ipairs(numbers(7, 6, 8)) do
      local picture = naive.xflip(naive.translate(x[i]:to_table(), u, "zero"), {0, u[5]})
      want[i] = naive.translate(picture, {0, u[7], u[8]}, "reflect")
    end
    assert.same(want, seen(augment.compose(two), x, 7):to_table())
  end)

  it("changes as many pictures as p says", function()
    local n = 4000
    about(.25, share(augment.xflip(.5), n, 1), n)
    about(.45, share(augment.rotate90(.6), n, 2), n)
    about(.6, share(augment.rotate(.6), n, 3), n)
    about(.6, share(augment.compose {augment.rotate(.6, {of = 2}), augment.rotate(.6, {of = 2})}, n, 4), n)
    about(1 - math.sqrt(.4), share(augment.rotate(.6, {of = 2}), n, 5), n)
    assert.equal(1, share(augment.rotate(1, {of = 2}), 500, 6))
    for p, want in pairs {[.5] = .2928932188, [.6] = .3675444680, [1] = 1, [0] = 0} do
      near(want, augment.rotate(1, {of = 2}):gate(p), 1e-10)
    end
  end)

  it("has the worked numbers of shifts and sizes, resampled", function()
    local ramp = {}
    for y = 1, 8 do
      ramp[y] = {}
      for x = 1, 8 do ramp[y][x] = {x - 1} end
    end
    local x = gan.tensor {ramp}
    local moved = gan.warp(x, {{{1, 0, .5}, {0, 1, 0}}}):to_table()[1][4]
    for i, v in ipairs {.333092, 1.554428, 2.48521, 3.5, 4.51479, 5.445572, 6.666908, 6.666908} do
      near(v, moved[i][1], 1e-6)
    end
  end)

  it("names what is wrong", function()
    for want, f in pairs {
      ["augment.xflip: bad argument #1 'p' (expected a probability in [0,1], got 1.5)"] = function()
        augment.xflip(1.5)
      end,
      ["augment.translate: option 'range': expected a number in [0,1], got 2"] = function()
        augment.translate(1, {range = 2})
      end,
      ["augment.translate: expected a table of options, got 0.125; write {...}, with braces"] = function()
        augment.translate(1, .125)
      end,
      ["augment.scale: unknown option 'st' (did you mean 'std'?)"] = function() augment.scale(1, {st = 1}) end,
      ["augment.rotate: option 'of': expected an integer >= 1, got 0"] = function() augment.rotate(1, {of = 0}) end,
      ["augment.rotate90: images (2,4,6,1) are not square: a quarter turn would change their shape; "
        .. "{oblong = 'half'} turns by 180 degrees alone"] = function() augment.rotate90()(images(2, 4, 6, 1)) end,
      ["augment.xflip: bad argument #1 'x' (expected real images (N,H,W,C), got real tensor (2,3))"] = function()
        augment.xflip()(gan.ones(2, 3))
      end,
      ["augment.xflip: bad argument #2 'rng' (expected a random stream (gan.rng), got 3)"] = function()
        augment.xflip()(images(2, 4, 4, 1), 3)
      end,
      ["gan.augment: there is no 'xflipp' (did you mean 'xflip'?)"] = function() return augment.xflipp(1) end,
    } do
      local ok, message = pcall(f)
      assert.is_false(ok, want)
      assert.equal(want, message:gsub("^spec/augment/geometry_spec.lua:%d+: ", ""), nil)
    end
    local t = augment.xflip()
    t.p = -1
    assert.error_matches(function() t(images(1, 4, 4, 1)) end,
      "augment.xflip: field 'p': expected a number in %[0,1%], got %-1")
  end)

  it("prints itself", function()
    assert.equal("xflip(0.5)", tostring(augment.xflip(.5)))
    local t = augment.translate(1, {range = .25, fill = "zero"})
    assert.equal("translate(1, fill = 'zero', range = 0.25)", tostring(t))
  end)

  it("is the same in both precisions, but for rounding", function()
    local x = images(4, 8, 8, 3)
    for _, name in ipairs {"xflip", "rotate90", "translate", "scale", "rotate", "anisotropic_scale",
      "fractional_translate"} do
      local y = float.augment[name]()(float.tensor(x:to_table()), float.rng(9, "augment"))
      near(seen(augment[name](), x, 9):to_table(), y, 1e-4)
    end
  end)
end)
