--- Picture grids: a batch of images in rows, as one picture or a PNG file.
local core = require "gan.core"
local check = require "gan.check"
local image = require "gan.data.image"

local M = {}

--- Lays images out in rows.
-- @tparam Tensor images real (N,H,W,C) in [-1,1] (what is outside is clipped) or u8 (N,H,W,C); C = 1 or 3
-- @tparam[opt] table opt columns (default: as square as it goes), pad (2 pixels around each), scale (1: each pixel becomes
--   scale x scale), fill (255: grey of the padding)
-- @treturn Tensor u8 (H',W',C)
function M.grid(images, opt)
  local o = check.options("grid", opt, { columns = check.none, pad = 2, scale = 1, fill = 255 })
  local dtype = core.is_tensor(images) and core.dtype(images)
  if dtype ~= "real" and dtype ~= "u8" or core.dim(images) ~= 4 then
    return check.expected("grid", 1, "images", "images (N,H,W,C)", images)
  end
  if dtype == "real" then images = core.image_quantise(images) end
  local n = core.size(images, 1)
  local columns = o.columns or math.max(1, math.ceil(math.sqrt(n)))
  return core.image_sheet(images, columns, o.pad, o.scale, o.fill)
end

--- Lays images out and writes the PNG file.
-- @treturn true, or nil and a message
function M.save(path, images, opt)
  return image.write(path, M.grid(images, opt))
end

return setmetatable(M, { __call = function(_, ...) return M.grid(...) end })
