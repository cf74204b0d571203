--- Moves boxes as images are moved: resized, padded, cropped, mirrored, shifted; and says which are still worth having.
--
-- A box is a table `{class, x0, y0, x1, y1}` with names: `class` from 0; edges in pixels from the image's upper left
-- corner, real numbers, x1 and y1 exclusive: pixel j covers [j, j + 1). What else it has, such as `id`, goes along. The
-- functions return new boxes, and none of them clips but those that say so.
-- @module gan.data.geometry
local check = require "gan.check"
local core = require "gan.core"

local M = {}

--- Is the least share of a box that must be visible for it to be kept. Cannot fail.
M.MIN_VISIBLE = 0.25

--- Is the least side in pixels of a box that is kept. Cannot fail.
M.MIN_SIDE = 2

-- The box with other edges.
local function moved(box, x0, y0, x1, y1)
  local out = {}
  for k, v in pairs(box) do out[k] = v end
  out.x0, out.y0, out.x1, out.y1 = x0, y0, x1, y1
  return out
end

--- Returns the area in pixels; 0 of a box that is empty. Cannot fail.
-- @tparam table box  with its edges
-- @treturn number
function M.area(box) return math.max(0, box.x1 - box.x0) * math.max(0, box.y1 - box.y0) end

--- Returns intersection over union of two boxes. Cannot fail.
-- @tparam table a  a box
-- @tparam table b  the other
-- @treturn number  0 where they only touch
function M.iou(a, b)
  local w, h = math.min(a.x1, b.x1) - math.max(a.x0, b.x0), math.min(a.y1, b.y1) - math.max(a.y0, b.y0)
  if w <= 0 or h <= 0 then return 0 end
  return w * h / (M.area(a) + M.area(b) - w * h)
end

--- Returns the box in a window of its image that is resized to a place in another: x' = (x - wx) * pw / ww + px.
-- Cannot fail.
-- @tparam table box  with its edges
-- @tparam table window  {y, x, h, w} in the box's image
-- @tparam table place  {y, x, h, w} where the window goes
-- @treturn table
function M.resize(box, window, place)
  local wy, wx, wh, ww = table.unpack(window)
  local py, px, ph, pw = table.unpack(place)
  return moved(box, (box.x0 - wx) * pw / ww + px, (box.y0 - wy) * ph / wh + py, (box.x1 - wx) * pw / ww + px,
    (box.y1 - wy) * ph / wh + py)
end

--- Returns the box in the mirror. Cannot fail.
-- @tparam table box  with its edges
-- @tparam number w  the image's width
-- @treturn table
function M.mirror(box, w) return moved(box, w - box.x1, box.y0, w - box.x0, box.y1) end

--- Returns the box in an image with a border. Cannot fail.
-- @tparam table box  with its edges
-- @tparam number top  pixels
-- @tparam number left  pixels
-- @treturn table
function M.pad(box, top, left) return moved(box, box.x0 + left, box.y0 + top, box.x1 + left, box.y1 + top) end

--- Returns the part of a box that lies in the image. Cannot fail.
-- @tparam table box  with its edges
-- @tparam number h  the image's height
-- @tparam number w  its width
-- @treturn table  perhaps empty
function M.clip(box, h, w)
  local function at(v, most) return math.max(0, math.min(v, most)) end
  return moved(box, at(box.x0, w), at(box.y0, h), at(box.x1, w), at(box.y1, h))
end

--- Returns the part of a box that lies in a window, whose corner is the origin then. Cannot fail.
-- @tparam table box  with its edges
-- @tparam table window  {y, x, h, w}
-- @treturn table  perhaps empty
function M.crop(box, window)
  local y, x, h, w = table.unpack(window)
  return M.clip(M.pad(box, -y, -x), h, w)
end

-- The edges of one axis after a shift by d (to smaller numbers where d > 0), edge pixels repeated: an edge that lies on
-- the border where the gap opens stays there.
local function shifted(lo, hi, d, size)
  local a, b = lo - d, hi - d
  if d > 0 and hi >= size then b = size end
  if d < 0 and lo <= 0 then a = 0 end
  return math.max(0, math.min(a, size)), math.max(0, math.min(b, size))
end

--- Returns the box as gan.data.batches moves its image: mirrored, then shifted with edge pixels repeated; clipped.
-- Cannot fail.
-- @tparam table box  with its edges
-- @tparam integer flip  0, or the image is mirrored
-- @tparam integer dy  pixel (i,j) shows the image's pixel (i + dy, j' + dx)
-- @tparam integer dx  the same across
-- @tparam integer h  the image's height
-- @tparam integer w  its width
-- @treturn table  perhaps empty
function M.shift(box, flip, dy, dx, h, w)
  if flip ~= 0 then box, dx = M.mirror(box, w), -dx end
  local x0, x1 = shifted(box.x0, box.x1, dx, w)
  local y0, y1 = shifted(box.y0, box.y1, dy, h)
  return moved(box, x0, y0, x1, y1)
end

--- Tells whether what is left of a box is worth keeping: a share of its area, and both sides. Cannot fail.
-- @tparam table box  as it is now, clipped
-- @tparam number before  its area before it was clipped
-- @tparam[opt=0.25] number visible  least share of that area
-- @tparam[opt=2] number side  least side
-- @treturn boolean
-- @treturn string  what is too little: "outside", "share" or "small"; nil where it is kept
function M.visible(box, before, visible, side)
  local area = M.area(box)
  if area <= 0 then return false, "outside" end
  if area < (visible or M.MIN_VISIBLE) * before then return false, "share" end
  local least = math.min(box.x1 - box.x0, box.y1 - box.y0)
  if least < (side or M.MIN_SIDE) then return false, "small" end
  return true
end

--- Returns a mask in which some values have become others.
-- @tparam Tensor mask  u8, any shape
-- @tparam table map  value -> value; what it lacks stays
-- @treturn Tensor  u8, the same shape, fresh
-- @raise if mask is no u8 tensor
function M.relabel(mask, map)
  if not core.is_tensor(mask) or core.dtype(mask) ~= "u8" then
    return check.expected("data.geometry.relabel", 1, "mask", "an u8 tensor", mask)
  end
  local values = {}
  for v = 0, 255 do values[v + 1] = map[v] or v end
  local flat = core.to(core.reshape(mask, {core.numel(mask)}), "i32")
  return core.reshape(core.gather_rows(core.tensor(values, "u8"), flat), core.shape(mask))
end

return M
