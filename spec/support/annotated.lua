-- A set of three pictures of 20x10 with annotations, for specs of the formats that write it:
-- local annotated = require "spec.support.annotated"; annotated.pictures(dir), annotated.same(set).
local assert = require "luassert"
local core = require "gan.core"
local files = require "spec.support.files"
local lfs = require "lfs"

local M = {h = 10, w = 20, names = {"a.png", "b.png", "c.png"}}

-- Boxes as the toolbox has them, by picture; rectangles in the masks have the same edges.
M.boxes = {
  {{class = "cat", x0 = 2, y0 = 3, x1 = 7, y1 = 9}},
  {{class = "dog", x0 = 0, y0 = 0, x1 = 20, y1 = 10}, {class = "cat", x0 = 10, y0 = 2, x1 = 14, y1 = 8}},
  {},
}
M.captions = {{"a cat", "one \"small\" cat, left"}, {"a dog and a cat"}, {"nothing"}}
M.classes = {"cat", "dog"}

-- The number of a pixel in the mask of picture i, y and x from 0: 0, or 1 + class of the last box that covers it.
function M.number(i, y, x)
  local v = 0
  for _, b in ipairs(M.boxes[i]) do
    if x >= b.x0 and x < b.x1 and y >= b.y0 and y < b.y1 then v = b.class == "cat" and 1 or 2 end
  end
  return v
end

-- Makes a folder, and writes the three pictures into it; returns it.
function M.pictures(dir)
  lfs.mkdir(dir)
  for i, name in ipairs(M.names) do
    files.write(dir .. "/" .. name, files.png {h = M.h, w = M.w, colour = 2, value = function(y, x, k)
      return (i * 40 + y * 7 + x * 3 + k * 11) & 255
    end})
  end
  return dir
end

-- Checks boxes, masks and captions of a set, as far as it has them: none may be wrong. Returns the set.
function M.same(set)
  assert.same({3, M.h, M.w, 3}, {set.n, set.height, set.width, set.channels})
  for i = 1, 3 do
    if set.boxes then
      assert.same(M.classes, set.box_classes)
      local got = set:boxes(i)
      assert.equal(#M.boxes[i], #got)
      for k, want in ipairs(M.boxes[i]) do
        assert.equal(want.class, set.box_classes[got[k].class + 1])
        for _, edge in ipairs {"x0", "y0", "x1", "y1"} do
          assert.is_true(math.abs(want[edge] - got[k][edge]) < 1e-9, ("%d %d %s: %s"):format(i, k, edge, got[k][edge]))
        end
      end
    end
    if set.captions then assert.same(M.captions[i], set:captions(i)) end
    if set.mask then
      local got = core.to_table(set:mask(i))
      for y = 1, M.h do for x = 1, M.w do assert.equal(M.number(i, y - 1, x - 1), got[y][x]) end end
    end
  end
  return set
end

return M
