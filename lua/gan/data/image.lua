--- Reads single pictures, fits them to a size, and writes PNG.
-- @module gan.data.image
local core = require "gan.core"
local check = require "gan.check"
local lfs = require "lfs"
local text = require "gan.file.text"

local option = check.option

local M = {}

local kinds = {} -- what this build reads
for _, kind in ipairs(core.image_kinds()) do kinds[kind] = true end

local named = {white = {255, 255, 255}, black = {0, 0, 0}}

--- Limits the sides of pictures, in pixels. Cannot fail.
M.LARGEST = core.picture_budget.side

local MOST, LARGE, HEAD = core.picture_budget.file, 1 << 20, 4096 -- bytes

-- {r,g,b} of what stands for a colour, or nil.
local function rgb(c)
  local v = c
  if type(c) == "number" then v = {c, c, c} end
  if type(c) == "string" then
    local r, g, b = c:match "^#(%x%x)(%x%x)(%x%x)$"
    local grey = c:match "^%d+$" and tonumber(c)
    v = named[c] or grey and {grey, grey, grey} or r and {tonumber(r, 16), tonumber(g, 16), tonumber(b, 16)}
  end
  if type(v) ~= "table" or #v ~= 3 then return nil end
  local out = {}
  for k = 1, 3 do
    local x = type(v[k]) == "number" and math.tointeger(v[k])
    if not x or x < 0 or x > 255 then return nil end
    out[k] = x
  end
  return out
end

--- Makes the kind of an option that is a colour: 0..255, {r,g,b}, "white", "black" or "#rrggbb". It becomes {r,g,b}.
-- Cannot fail.
-- @tparam table o  as for check.option
-- @treturn table  a kind, for check.options
function M.colour(o)
  return option.where {
    default = rgb(o.default), accept = rgb,
    expected = o.expected or "0..255, {r,g,b}, 'white', 'black' or '#rrggbb'",
  }
end

-- The bytes of a file; the first of them, where it is large and they are no picture's; or nil, message.
local function bytes_of(path)
  local mode, size = lfs.attributes(path, "mode"), lfs.attributes(path, "size")
  if mode and mode ~= "file" and mode ~= "directory" then return nil, ("%s: not a file (%s)"):format(path, mode) end
  local f, message = io.open(path, "rb")
  if not f then return nil, (message:gsub("^(.*): ", "%1: cannot open (") .. ")") end
  if size and size > MOST then
    f:close()
    return nil, ("%s: %d bytes are too many for a picture (at most %d are read)"):format(path, size, MOST)
  end
  local s, problem
  if size and size > LARGE then
    s, problem = f:read(HEAD)
    local rest = s and kinds[core.image_kind(s)] and f:read "a"
    s = rest and s .. rest or s
  else
    s, problem = f:read "a"
  end
  f:close()
  if not s then return nil, ("%s: cannot read (%s)"):format(path, problem) end
  return s
end

--- Reads a picture: JPEG, PNG, WebP, BMP or PNM, and TIFF and GIF where the build has them (`core.image_kinds()`).
-- @tparam string path  of the file
-- @tparam[opt] table opt
-- @tparam[opt=0] integer opt.channels  1 or 3; 0: what the picture has
-- @tparam[opt=white] number|string|table opt.background  the colour under transparency
-- @tparam[opt] integer opt.size  the side of the square that it is fitted into; default: as it is
-- @tparam[opt="crop"] string opt.fit  how it becomes a square: "crop" takes the centre, "pad" puts the background
--   around it and never enlarges it, "stretch" ignores its aspect
-- @tparam[opt=true] boolean opt.exif  turned upright as EXIF says; false: as stored
-- @treturn Tensor  u8 (H,W,C)
-- @error if the file is missing, damaged, no such picture, or beyond the budget: 544 MiB, 64 MPixels, 30 seconds
-- @raise if an option is unknown or impossible
function M.read(path, opt)
  if type(path) ~= "string" then return check.expected("data.image.read", 1, "path", "a path", path) end
  local o = check.options("data.image.read", opt, {
    channels = option.word {0, 1, 3, default = 0}, background = M.colour {default = "white"},
    size = option.integer {lo = 1, hi = M.LARGEST}, fit = option.word {"crop", "pad", "stretch", default = "crop"},
    exif = option.boolean {default = true},
  })
  local bg = o.background
  local bytes, message = bytes_of(path)
  if not bytes then return nil, message end
  local image, problem = core.image_decode(bytes, o.channels, bg[1], bg[2], bg[3], o.exif)
  if not image then return nil, ("%s: %s"):format(path, problem) end
  return o.size and (core.image_fit(image, o.size, o.size, o.fit, bg[1], bg[2], bg[3])) or image
end

--- Tells whether a name is one for a picture that `write` writes: it ends in .png, or has no extension.
-- @tparam string path  of the file
-- @treturn boolean  true
-- @error if it has another extension
-- @raise if path is no string
function M.named(path) return text.says(path, "png", "pictures are written as PNG") end

--- Writes a PNG file; the file is there whole or not at all.
-- @tparam string path  of the file
-- @tparam Tensor image  u8 (H,W,C), C = 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA
-- @treturn boolean  true
-- @error if it cannot be written, or its name ends as those of other pictures do
-- @raise if `image` is no picture
function M.write(path, image)
  if type(path) ~= "string" then return check.expected("data.image.write", 1, "path", "a path", path) end
  local ok, message = M.named(path)
  if not ok then return nil, message end
  return text.write(path, core.image_encode(image))
end

return M
