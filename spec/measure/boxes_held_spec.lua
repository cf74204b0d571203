-- Boxes held: by hand, on the built-in set and under exchanged layouts, and what wrong use says.
local core = require "gan.core"
local gan = require "gan"

-- Grey images of 8 pixels with red rectangles {y0, x0, y1, x1}.
local function images(list)
  local rows = {}
  for i, boxes in ipairs(list) do
    rows[i] = {}
    for y = 1, 8 do
      rows[i][y] = {}
      for x = 1, 8 do rows[i][y][x] = {0, 0, 0} end
    end
    for _, b in ipairs(boxes) do
      for y = b[1] + 1, b[3] do for x = b[2] + 1, b[4] do rows[i][y][x] = {1, -1, -1} end end
    end
  end
  return gan.tensor(rows)
end

describe("boxes_held", function()
  it("is the part of boxes that some component fills by half", function()
    local m = gan.measure.boxes_held()
    -- 4x4 of red: IoU 1; 12/20 with a box moved by one; 8/24 by two. Three pixels are no object.
    local red = images {{{0, 0, 4, 4}}, {{0, 0, 4, 4}, {6, 6, 7, 8}}}
    local layout = gan.tensor {{{0, 0, 0, 4, 4}, {1, 1, 0, 5, 4}}, {{0, 2, 0, 6, 4}, {1, 6, 6, 8, 7}}}
    m:add(red, layout)
    local v, p = m:value()
    assert.equal(0.5, v)
    assert.same({metric = "boxes_held", value = 0.5, deviation = math.sqrt(2 * 2) / 4, n_fake = 2, boxes = 4,
      iou = 0.5}, p)
    -- what touches by a corner is one component; absent objects do not count
    m = gan.measure.boxes_held()
    m:add(images {{{0, 0, 2, 2}, {2, 2, 4, 4}}, {}}, gan.tensor {{{3, 0, 0, 4, 4}}, {{-1, 0, 0, 0, 0}}})
    m:add(images {{{0, 0, 2, 2}, {0, 3, 2, 5}}}, gan.tensor {{{3, 0, 0, 5, 2}}})
    assert.equal(0.5, (m:value()))
  end)

  it("gives what real pictures and other pictures' layouts give", function()
    local set = gan.data.shapes {count = 900, seed = 5}
    local x, layouts = {}, {}
    for i = 1, set.n do
      local boxes, row = set:boxes(i), {}
      for k = 1, 3 do
        local b = boxes[k]
        row[k] = b and {b.class, b.x0, b.y0, b.x1, b.y1} or {-1, 0, 0, 0, 0}
      end
      if #boxes > 1 then x[#x + 1], layouts[#layouts + 1] = i - 1, row end
    end
    local pictures, layout = set:rows(core.tensor(x, "i32")), gan.tensor(layouts)
    local own = gan.measure.boxes_held():add(pictures, layout):value()
    local n = #x
    local other = gan.cat({layout:narrow(1, 2, n - 1), layout:narrow(1, 1, 1)}, 1)
    local chance, p = gan.measure.boxes_held():add(pictures, other):value()
    assert.is_true(own > 0.985 and own <= 1, own)
    assert.is_true(chance > 0.07 and chance < 0.17, chance)
    assert.is_true(p.deviation > 0.005 and p.deviation < 0.03)
  end)

  it("says what is wrong", function()
    local function says(words, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.is_true(message:find(words, 1, true) ~= nil, message)
    end
    local m = gan.measure.boxes_held()
    says("colour images, u8 or real (N,H,W,3)", m.add, m, gan.zeros(1, 8, 8, 1), gan.zeros(1, 1, 5))
    says("'layout' (expected (1,K,5)", m.add, m, gan.zeros(1, 8, 8, 3), gan.zeros(1, 1, 4))
    says("needs at least 2 rows in 'layout', got 0", m.value, m)
    says("'iou'", gan.measure.boxes_held, {iou = 2})
  end)
end)
