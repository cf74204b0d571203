-- Boxes move as their images do: worked numbers, and the tight boxes of masks that the batch kernel moves.
local gan = require "gan"
local core = require "gan.core"

local geometry = gan.data.geometry

local function box(x0, y0, x1, y1) return {class = 1, x0 = x0, y0 = y0, x1 = x1, y1 = y1, id = 7} end
local function edges(b) return {b.x0, b.y0, b.x1, b.y1} end
local function near(want, got)
  for k = 1, 4 do assert.is_true(math.abs(want[k] - edges(got)[k]) < 1e-9, ("%d: %s"):format(k, edges(got)[k])) end
end

describe("boxes", function()
  it("have an area, and overlap", function()
    assert.equal(80, geometry.area(box(2, 2, 10, 12)))
    assert.equal(0, geometry.area(box(2, 2, 1, 1)))
    assert.is_true(math.abs(geometry.iou(box(2, 2, 10, 12), box(4, 3, 12, 12)) - 0.5510204082) < 1e-9)
    assert.is_true(math.abs(geometry.iou(box(0, 0, 10, 10), box(1, 1, 11, 11)) - 0.6806722689) < 1e-9)
    assert.equal(0, geometry.iou(box(0, 0, 5, 5), box(5, 0, 9, 5)))
    local d = 0.1835 * 100
    assert.is_true(math.abs(geometry.iou(box(0, 0, 100, 100), box(d, d, 100 + d, 100 + d)) - 0.5) < 1e-3)
  end)

  it("are resized with a window of their image", function()
    near({23.8666666667, 23.4666666667, 54.8, 50.1333333333},
      geometry.resize(box(259, 176, 491, 376), {0, 80, 480, 480}, {0, 0, 64, 64}))
    near({0, 8, 64, 56}, geometry.resize(box(0, 0, 640, 480), {0, 0, 480, 640}, {8, 0, 48, 64})) -- letterbox
  end)

  it("are cropped, resized, mirrored; what is left of them is told", function()
    local whole = box(10, 20, 50, 60)
    local part = geometry.crop(whole, {10, 30, 40, 40})
    assert.same({0, 10, 20, 40}, edges(part))
    assert.equal(0.375, geometry.area(part) / geometry.area(whole))
    assert.is_true(geometry.visible(part, geometry.area(whole)))
    local small = geometry.resize(part, {0, 0, 40, 40}, {0, 0, 32, 32})
    assert.same({0, 8, 16, 32}, edges(small))
    assert.same({16, 8, 32, 32}, edges(geometry.mirror(small, 32)))
    assert.same({1, 7}, {small.class, small.id})
    assert.same({13, 22, 53, 62}, edges(geometry.pad(whole, 2, 3)))
    assert.same({false, "outside"}, {geometry.visible(geometry.crop(whole, {0, 60, 9, 9}), 1600)})
    assert.same({false, "share"}, {geometry.visible(box(0, 0, 10, 39), 1600)})
    assert.is_true(geometry.visible(box(0, 0, 10, 40), 1600))
    assert.same({false, "small"}, {geometry.visible(box(0, 0, 1.9, 10), 19)})
    assert.is_true(geometry.visible(box(0, 0, 1.9, 10), 19, 0.25, 1))
    assert.same(edges(whole), edges(geometry.mirror(geometry.mirror(whole, 64), 64)))
  end)

  it("are shifted with edge pixels repeated", function()
    assert.same({0, 1, 5, 4}, edges(geometry.shift(box(0, 2, 3, 5), 0, 1, -2, 8, 8)))
    assert.same({3, 1, 8, 4}, edges(geometry.shift(box(0, 2, 3, 5), 1, 1, -2, 8, 8)))
    assert.same({4, 1, 7, 4}, edges(geometry.shift(box(2, 2, 5, 5), 0, 1, -2, 8, 8)))
    assert.same({1, 1, 4, 4}, edges(geometry.shift(box(2, 2, 5, 5), 1, 1, -2, 8, 8)))
  end)

  it("are the tight boxes of masks that batches move", function()
    local rng, n, h, w = core.rng(5, "geometry"), 400, 7, 9
    local masks, moves, boxes, drawn = {}, {}, {}, core.to_table(rng:integer({n, 7}, 0, 1000))
    for i, v in ipairs(drawn) do
      local x0, y0 = v[1] % w, v[2] % h
      boxes[i] = box(x0, y0, x0 + 1 + v[3] % (w - x0), y0 + 1 + v[4] % (h - y0))
      moves[i] = {v[5] % 2, v[6] % 7 - 3, v[7] % 9 - 4}
      masks[i] = {}
      for y = 1, h do
        masks[i][y] = {}
        for x = 1, w do
          local inside = x > boxes[i].x0 and x <= boxes[i].x1 and y > boxes[i].y0 and y <= boxes[i].y1
          masks[i][y][x] = {inside and 255 or 0}
        end
      end
    end
    local out = core.to_table(core.batch(core.tensor(masks, "u8"), core.tensor(moves, "i32")))
    local seen = 0
    for i = 1, n do
      local tight
      for y = 1, h do
        for x = 1, w do
          if out[i][y][x][1] > 0 then
            tight = tight or {99, 99, 0, 0}
            tight = {math.min(tight[1], x - 1), math.min(tight[2], y - 1), math.max(tight[3], x), math.max(tight[4], y)}
          end
        end
      end
      local b = geometry.shift(boxes[i], moves[i][1], moves[i][2], moves[i][3], h, w)
      if tight then
        assert.same(tight, edges(b))
        seen = seen + 1
      else
        assert.equal(0, geometry.area(b))
      end
    end
    assert.is_true(seen > n / 2)
  end)

  it("of masks: values become others", function()
    local mask = geometry.relabel(core.tensor({{0, 1}, {2, 255}}, "u8"), {[1] = 9, [2] = 255})
    assert.same({"u8", {{0, 9}, {255, 255}}}, {core.dtype(mask), core.to_table(mask)})
    assert.error_matches(function() geometry.relabel(core.full({2}, 0), {}) end,
      "data.geometry.relabel: bad argument #1 'mask' %(expected an u8 tensor, got real tensor")
  end)
end)
