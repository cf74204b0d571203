--- Draws what images are made of: layouts as outlines of boxes, maps of classes as colours; beside the images.
-- @module gan.show.conditions
local check = require "gan.check"
local core = require "gan.core"
local sheet = require "gan.show.sheet"

local M = {}

local VOID = 255
local GROUND = 40 -- grey of class 0, and of what no box outlines

-- u8 (256,3): number -> colour, 0 the ground, 255 white.
local function palette()
  local rows = {{GROUND, GROUND, GROUND}}
  for k = 0, VOID - 2 do rows[k + 2] = {sheet.colour(k)} end
  rows[VOID + 1] = {255, 255, 255}
  return core.tensor(rows, "u8")
end

-- Numbers of the pixels of a picture with the outlines of a layout's boxes; the first object's is on top.
local function outlines(objects, h, w)
  local map = {}
  for i = 1, h * w do map[i] = 0 end
  for k = #objects, 1, -1 do
    local class, x0, y0, x1, y1 = table.unpack(objects[k])
    if class >= 0 then
      local function at(v, most) return math.max(0, math.min(math.floor(v), most - 1)) end
      local left, right, top, bottom = at(x0, w), at(math.ceil(x1) - 1, w), at(y0, h), at(math.ceil(y1) - 1, h)
      local n = math.floor(class) % (VOID - 1) + 1
      for x = left, right do map[top * w + x + 1], map[bottom * w + x + 1] = n, n end
      for y = top, bottom do map[y * w + left + 1], map[y * w + right + 1] = n, n end
    end
  end
  return map
end

--- Draws conditions.
-- @tparam Tensor y  layouts, real (N,K,5): class, x0, y0, x1, y1 in pixels, class -1 where there is none; or maps of
--   classes, u8 or i32 (N,H',W'), 255 void
-- @tparam integer h  height of the pictures; of maps, their own
-- @tparam integer w  their width
-- @treturn Tensor  u8 (N,h,w,3)
-- @raise if y is neither, or a map is of another size
function M.pictures(y, h, w)
  local op = "show.conditions.pictures"
  check.int(op, 2, "h", h, 1)
  check.int(op, 3, "w", w, 1)
  local dtype, dim = core.is_tensor(y) and core.dtype(y), core.is_tensor(y) and core.dim(y)
  local numbers
  if dtype == "real" and dim == 3 and core.size(y, 3) == 5 then
    local all = {}
    for _, objects in ipairs(core.to_table(y)) do
      local map = outlines(objects, h, w)
      table.move(map, 1, #map, #all + 1, all)
    end
    numbers = core.tensor(all, "i32")
  elseif (dtype == "u8" or dtype == "i32") and dim == 3 and core.size(y, 2) == h and core.size(y, 3) == w then
    numbers = core.to(core.reshape(core.contiguous(y), {core.numel(y)}), "i32")
  else
    return check.expected(op, 1, "y", ("layouts, real (N,K,5), or maps of classes, u8 or i32 (N,%d,%d)"):format(h, w),
      y)
  end
  return core.reshape(core.gather_rows(palette(), numbers), {core.size(y, 1), h, w, 3})
end

--- Puts what images are made of beside them: each image follows the picture of its condition.
-- @tparam Tensor images  u8, or real in [-1,1], (N,H,W,C), C 1 or 3
-- @tparam Tensor y  (N,...), as for `pictures`
-- @treturn Tensor  u8 (2N,H,W,3)
-- @raise if images are none, or y does not fit them
function M.beside(images, y)
  local op = "show.conditions.beside"
  local dtype = core.is_tensor(images) and core.dtype(images)
  local s = (dtype == "real" or dtype == "u8") and core.shape(images) or {}
  if #s ~= 4 or s[4] ~= 1 and s[4] ~= 3 then
    return check.expected(op, 1, "images", "u8 or real (N,H,W,C), C 1 or 3", images)
  end
  local drawn = M.pictures(y, s[2], s[3])
  if core.size(drawn, 1) ~= s[1] then
    return check.expected(op, 2, "y", ("a condition for each of %s"):format(check.count(s[1], "image")), y)
  end
  if dtype == "real" then images = core.image_quantise(images) end
  if s[4] == 1 then images = core.cat({images, images, images}, 4) end
  return core.reshape(core.cat({core.reshape(drawn, {s[1], 1, s[2], s[3], 3}),
    core.reshape(images, {s[1], 1, s[2], s[3], 3})}, 2), {2 * s[1], s[2], s[3], 3})
end

return M
