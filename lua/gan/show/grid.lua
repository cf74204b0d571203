--- Lays out a batch of images in rows, as one picture or a PNG file.
-- @module gan.show.grid
local core = require "gan.core"
local check = require "gan.check"
local image = require "gan.data.image"

local option = check.option

local M = {}

local function lay_out(op, i, images, opt)
  local o = check.options(op, opt, {
    columns = option.integer {lo = 1}, pad = option.integer {default = 2, lo = 0},
    scale = option.integer {default = 1, lo = 1}, fill = option.integer {default = 255, lo = 0, hi = 255},
  })
  local dtype = core.is_tensor(images) and core.dtype(images)
  local s = dtype and core.shape(images) or {}
  if dtype ~= "real" and dtype ~= "u8" or #s ~= 4 or s[4] < 1 or s[4] > 4 then
    local first = #s == 4 and (s[2] == 1 or s[2] == 3) and check.CHANNELS_FIRST
    local one = #s == 3 and s[3] <= 4 and "; x:unsqueeze(1) makes a batch of one"
    return check.fail(op, "bad argument #%d 'images' (expected images (N,H,W,C), C 1 to 4, got %s%s)", i,
      check.found(images), first or one or "")
  end
  check.image_range(op, images, 2)
  if dtype == "real" then images = core.image_quantise(images) end
  local n = core.size(images, 1)
  local columns = o.columns or math.max(1, math.ceil(math.sqrt(n)))
  return core.image_sheet(images, columns, o.pad, o.scale, o.fill)
end

--- Lays images out in rows.
-- @tparam Tensor images  real (N,H,W,C) in [-1,1] (what is outside is clipped) or u8 (N,H,W,C); C 1 or 3
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.columns  default: as square as it goes
-- @tparam[opt=2] integer opt.pad  pixels around each image
-- @tparam[opt=1] integer opt.scale  each pixel becomes scale x scale
-- @tparam[opt=255] integer opt.fill  grey of the padding, 0..255
-- @treturn Tensor  u8 (H',W',C)
-- @raise if images are none, or an option is unknown or out of range
function M.grid(images, opt) return lay_out("show.grid.grid", 1, images, opt) end

--- Lays images out and writes a PNG file.
-- @tparam string path  of the file
-- @tparam Tensor images  real (N,H,W,C) in [-1,1] (what is outside is clipped) or u8 (N,H,W,C); C 1 or 3
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.columns  default: as square as it goes
-- @tparam[opt=2] integer opt.pad  pixels around each image
-- @tparam[opt=1] integer opt.scale  each pixel becomes scale x scale
-- @tparam[opt=255] integer opt.fill  grey of the padding, 0..255
-- @treturn boolean  true
-- @error if it cannot be written, or its name ends as those of other pictures do
-- @raise as for `grid`
function M.save(path, images, opt)
  return image.write(path, lay_out("show.grid.save", 2, images, opt))
end

--- Lays images out in rows: the same as `grid`.
-- @function gan.show.grid
-- @tparam Tensor images  as for `grid`, (N,H,W,C)
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.columns  default: as square as it goes
-- @tparam[opt=2] integer opt.pad  pixels around each image
-- @tparam[opt=1] integer opt.scale  each pixel becomes scale x scale
-- @tparam[opt=255] integer opt.fill  grey of the padding, 0..255
-- @treturn Tensor  u8 (H',W',C)
-- @raise as for `grid`
return setmetatable(M, {__call = function(_, images, opt) return lay_out("show.grid", 1, images, opt) end})
