--- Maps of classes beside images: their size, and as channels.
-- @internal gan.nn.maps
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"

local M = {}

local VOID = 255 -- of no class, in a map of bytes

-- Takes along an axis of x the n entries whose places are nearest to the centres of n equal parts.
local function nearest(x, axis, n)
  local size = core.size(x, axis)
  if size == n then return x end
  local rows, order = {}, {}
  for i = 1, n do rows[i] = (2 * i - 1) * size // (2 * n) end
  for d = 1, core.dim(x) do order[d] = d end
  order[1], order[axis] = axis, 1
  return core.permute(core.gather_rows(core.permute(x, order), core.tensor(rows, "i32")), order)
end

--- Returns a map as channels, at a given size.
-- @tparam Module layer  for errors
-- @tparam Tensor y  u8 or i32 (N,Hm,Wm), each 0..channels-1, in u8 also 255: void; or real (N,H,W,channels)
-- @tparam integer channels
-- @tparam table s  {N, H, W}
-- @tparam[opt="#2 'y'"] string argument  what the layer calls it
-- @treturn Tensor  (N,H,W,channels)
-- @raise naming the layer
function M.at_size(layer, y, channels, s, argument)
  local dtype = core.is_tensor(y) and core.dtype(y)
  local is_map = dtype == "u8" or dtype == "i32"
  if dtype == "real" and check.shape_string(core.shape(y)) ==
    check.shape_string {s[1], s[2], s[3], channels} then return y end
  if not is_map or core.dim(y) ~= 3 or core.size(y, 1) ~= s[1] or core.size(y, 2) < 1 or core.size(y, 3) < 1 then
    return layer:fail("bad argument %s (expected a map of classes, u8 or i32 (%d,H,W), or real (%d,%d,%d,%d), "
      .. "got %s)", argument or "#2 'y'", s[1], s[1], s[2], s[3], channels, check.found(y))
  end
  local map = core.contiguous(nearest(nearest(y, 2, s[2]), 3, s[3]))
  if dtype == "i32" then return ops.one_hot(map, channels) end
  if channels > VOID then return ops.one_hot(core.to(map, "i32"), channels) end
  local numbers = core.to(map, "real")
  local known = core.ne(numbers, VOID)
  return core.mul(core.one_hot(core.to(core.mul(numbers, known), "i32"), channels),
    core.reshape(known, {s[1], s[2], s[3], 1}))
end

return M
