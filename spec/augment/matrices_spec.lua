-- What the parameters of transforms mean: the worked numbers of colours, bands and boxes, maps by hand.
local gan, near = require "spec.support.double", require "spec.support.near"
local matrices = gan.require "gan.augment.matrices"

-- What a matrix makes of a colour.
local function coloured(m, x)
  local out = {}
  for i, row in ipairs(matrices.rows_of(m, #x)) do
    out[i] = row[#x + 1]
    for k, v in ipairs(x) do out[i] = out[i] + row[k] * v end
  end
  return out
end

-- Where a map finds what it shows at (x, y).
local function place(m, x, y) return {m[1] * x + m[2] * y + m[3], m[4] * x + m[5] * y + m[6]} end

describe("matrices of colour", function()
  local x = {.9, .1, -.4}

  it("have the worked numbers", function()
    near({.5, -.3, -.8}, coloured(matrices.luma_flip(), x))
    near({-.4, .9, .1}, coloured(matrices.hue(math.rad(120)), x))
    near({-.5, .3, .8}, coloured(matrices.hue(math.pi), x))
    near({1.6, 0, -1}, coloured(matrices.saturation(2), x))
    near({1, .2, -.3}, coloured(matrices.brightness(.1), x))
    near({1.35, .15, -.6}, coloured(matrices.contrast(1.5), x))
  end)

  it("make the worked chain", function()
    local m = matrices.brightness(.1)
    for _, n in ipairs {
      matrices.contrast(1.5), matrices.luma_flip(), matrices.hue(math.pi / 2), matrices.saturation(.5),
    } do m = matrices.colour_then(m, n) end
    near({-.6665063509, .1129165125, -.7964101615}, coloured(m, x), 1e-10)
  end)

  it("are for grey what becomes of the mean of three equal channels", function()
    near({-.4}, coloured(matrices.luma_flip(), {.4}))
    near({.4}, coloured(matrices.hue(1), {.4}))
    near({.4}, coloured(matrices.saturation(3), {.4}))
    near({1.5 * .5}, coloured(matrices.colour_then(matrices.brightness(.1), matrices.contrast(1.5)), {.4}))
  end)
end)

describe("maps", function()
  it("tell where a pixel comes from", function()
    near({-3, 2}, place(matrices.flip(), 3, 2))
    near({1, 4}, place(matrices.shift(2, -2), 3, 2))
    near({1.5, 4}, place(matrices.size(2, .5), 3, 2))
    near({2, -3}, place(matrices.turn(1), 3, 2))
    near({-3, -2}, place(matrices.turn(2), 3, 2))
    near({-2, 3}, place(matrices.turn(3), 3, 2))
    near({3, 2}, place(matrices.turn(0), 3, 2))
    near(place(matrices.turn(1), 3, 2), place(matrices.rotation(math.pi / 2), 3, 2))
  end)

  it("are put together in the order in which they are done", function()
    -- made twice as large, then moved by 3: what is shown at 3 was in the middle
    near({0, 0}, place(matrices.map_then(matrices.size(2, 2), matrices.shift(3, 0)), 3, 0))
    near({-1.5, 0}, place(matrices.map_then(matrices.shift(3, 0), matrices.size(2, 2)), 3, 0))
    -- mirrored, then moved
    near({-1, 1}, place(matrices.map_then(matrices.flip(), matrices.shift(2, 0)), 3, 1))
  end)
end)

describe("bands", function()
  it("have the worked gains", function()
    local g = {1, 1, 1, 1}
    for i, t in ipairs {1, 2, 1, .5} do g = matrices.with_band(g, i, t) end
    near({.9285714286, 1.8571428571, .9285714286, .4642857143}, g, 1e-10)
  end)

  it("add up to the picture", function()
    local taps = matrices.taps {1, 1, 1, 1}
    assert.equal(43, #taps)
    for k, v in ipairs(taps) do near(k == 22 and 1 or 0, v, 1e-12) end
    local sums = {}
    for i = 1, 4 do
      local gains, sum = {0, 0, 0, 0}, 0
      gains[i] = 1
      for _, v in ipairs(matrices.taps(gains)) do sum = sum + v end
      sums[i] = sum
    end
    near({1, 0, 0, 0}, sums, 1e-12) -- only the lowest has a constant
  end)
end)

describe("boxes", function()
  it("have the pixels whose centres are in them", function()
    assert.same({3, 6}, {matrices.covered(.5, .5, 8)})
    assert.same({1, 2}, {matrices.covered(0, .5, 8)})
    assert.same({7, 8}, {matrices.covered(.9999, .5, 8)})
    assert.same({1, 0}, {matrices.covered(.5, 0, 8)})
    assert.same({1, 8}, {matrices.covered(.5, 1, 8)})
    assert.same({2, 3}, {matrices.covered(.4, .5, 5)})
  end)
end)
