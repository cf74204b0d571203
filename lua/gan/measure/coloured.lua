--- Finds coloured objects on grey ground, as the built-in set has them, by a threshold: no net is asked.
-- @internal gan.measure.coloured
local core = require "gan.core"
local check = require "gan.check"

local M = {}

local CHROMA = 0.2   -- largest minus least of red, green and blue, each in 0..1: more is an object's pixel
local PIXELS = 4     -- that a component has at least; and
local SHARE = 0.004  -- of the image's pixels

--- Returns which pixels are an object's: those whose largest and least of red, green and blue differ by more than 0.2.
-- @tparam string op  who asks
-- @tparam integer i  the argument's place
-- @tparam Tensor images  u8, or real in [-1,1], (N,H,W,3)
-- @treturn Tensor  u8 (N,H,W), 0 or 1
-- @raise if images are none, or grey
function M.pixels(op, i, images)
  local dtype = core.is_tensor(images) and core.dtype(images)
  local s = (dtype == "u8" or dtype == "real") and core.shape(images) or {}
  if #s ~= 4 or s[4] ~= 3 then
    return check.expected(op, i, "images", "colour images, u8 or real (N,H,W,3)", images)
  end
  local x = dtype == "u8" and core.to(images, "real") or images
  local chroma = core.sub(core.max(x, {4}), core.min(x, {4}))
  return core.to(core.gt(chroma, CHROMA * (dtype == "u8" and 255 or 2)), "u8")
end

--- Returns the tight boxes of the components of a map, 8 neighbours each; small ones are passed over. Cannot fail.
-- @tparam Tensor map  u8 (H,W), 0 or 1
-- @treturn table  list of {x0 =, y0 =, x1 =, y1 =, pixels =}, in the order of their first pixels
function M.boxes(map)
  local h, w = core.size(map, 1), core.size(map, 2)
  local bytes, seen, out = core.to_bytes(map), {}, {}
  local least = math.max(PIXELS, SHARE * h * w)
  for start = 1, h * w do
    if bytes:byte(start) ~= 0 and not seen[start] then
      local stack, count = {start - 1}, 0
      local x0, y0, x1, y1 = w, h, 0, 0
      seen[start] = true
      while #stack > 0 do
        local p = table.remove(stack)
        local y, x = p // w, p % w
        count = count + 1
        x0, y0, x1, y1 = math.min(x0, x), math.min(y0, y), math.max(x1, x + 1), math.max(y1, y + 1)
        for v = math.max(0, y - 1), math.min(h - 1, y + 1) do
          for u = math.max(0, x - 1), math.min(w - 1, x + 1) do
            local q = v * w + u
            if not seen[q + 1] and bytes:byte(q + 1) ~= 0 then
              seen[q + 1] = true
              stack[#stack + 1] = q
            end
          end
        end
      end
      if count >= least then out[#out + 1] = {x0 = x0, y0 = y0, x1 = x1, y1 = y1, pixels = count} end
    end
  end
  return out
end

return M
