--- Makes animated PNG files: lossless, moving in every browser, a still of the first frame in older programs.
-- @module gan.show.animation
local core = require "gan.core"
local check = require "gan.check"
local image = require "gan.data.image"
local text = require "gan.file.text"

local option = check.option

local M = {}

local SIGNATURE = "\137PNG\r\n\26\n"
local LONGEST = 65535 -- ms that a frame's 16 bits hold

local function chunk(kind, body)
  return (">I4"):pack(#body) .. kind .. body .. (">I4"):pack(core.crc32(kind .. body))
end

-- The header and the compressed pixels of a PNG file; or nil, message.
local function parts_of(png)
  if type(png) ~= "string" or png:sub(1, 8) ~= SIGNATURE then return nil, "no PNG file" end
  local at, header, pixels = 9, nil, {}
  while at + 11 <= #png do
    local n, kind = (">I4c4"):unpack(png, at)
    if at + 11 + n > #png then break end
    local body = png:sub(at + 8, at + 7 + n)
    if kind == "IHDR" and #body == 13 then header = body
    elseif kind == "PLTE" then return nil, "a palette" -- each frame may have another
    elseif kind == "IDAT" then pixels[#pixels + 1] = body
    elseif kind == "IEND" then
      if not header or #pixels == 0 then break end
      return header, table.concat(pixels)
    end
    at = at + 12 + n
  end
  return nil, "damaged, or cut off"
end

local known = {
  fps = option.number {default = 12, above = 0, hi = 1000}, plays = option.integer {default = 0, lo = 0},
  hold = option.number {default = 0, lo = 0, hi = 60},
}

--- Joins PNG files of one size and kind to an animated one. A frame that equals the one before it lengthens that.
-- @tparam table pngs  list of strings, the bytes of PNG files without a palette
-- @tparam[opt] table opt
-- @tparam[opt=12] number opt.fps  frames a second, in (0,1000]
-- @tparam[opt=0] number opt.hold  seconds for which the last one stays longer, at most 60
-- @tparam[opt=0] integer opt.plays  how often; 0: for ever
-- @treturn string  the bytes of the file
-- @treturn integer  how many frames are in it
-- @error naming the frame that is no such file, or of another size or kind than the first
-- @raise if there are no frames, or an option is unknown or out of range
function M.join(pngs, opt)
  local op = "show.animation.join"
  opt = check.options(op, opt, known)
  if type(pngs) ~= "table" or #pngs == 0 then return check.expected(op, 1, "pngs", "a list of PNG files", pngs) end
  local pause, frames, first = math.floor(1000 / opt.fps + 0.5), {}, nil
  for i, png in ipairs(pngs) do
    local header, pixels = parts_of(png)
    if not header then return nil, ("frame %d: %s"):format(i, pixels) end
    first = first or header
    if header ~= first then
      local function size(h) return ("%dx%d"):format((">I4I4"):unpack(h)) end
      return nil, ("frame %d: is %s, the first is %s, or another kind of picture"):format(i, size(header), size(first))
    end
    local last = frames[#frames]
    if last and last.pixels == pixels and last.pause + pause <= LONGEST then last.pause = last.pause + pause
    else frames[#frames + 1] = {pixels = pixels, pause = math.max(1, pause)} end
  end
  local last = frames[#frames]
  last.pause = math.min(LONGEST, last.pause + math.floor(1000 * opt.hold + 0.5))
  local width, height = (">I4I4"):unpack(first)
  local out, sequence = {SIGNATURE, chunk("IHDR", first), chunk("acTL", (">I4I4"):pack(#frames, opt.plays))}, 0
  local function add(kind, body) out[#out + 1] = chunk(kind, body) end
  for i, frame in ipairs(frames) do
    add("fcTL", (">I4I4I4I4I4I2I2BB"):pack(sequence, width, height, 0, 0, frame.pause, 1000, 0, 0))
    sequence = sequence + 1
    if i == 1 then add("IDAT", frame.pixels)
    else
      add("fdAT", (">I4"):pack(sequence) .. frame.pixels)
      sequence = sequence + 1
    end
  end
  add("IEND", "")
  return table.concat(out), #frames
end

--- Writes pictures as an animated PNG file.
-- @tparam string path  of the file
-- @tparam table frames  list of u8 (H,W,C), as gan.show.grid makes them, all of one shape
-- @tparam[opt] table opt
-- @tparam[opt=12] number opt.fps  as for `join`
-- @tparam[opt=0] number opt.hold  likewise
-- @tparam[opt=0] integer opt.plays  likewise
-- @treturn boolean  true
-- @treturn integer  how many frames are in it
-- @error if it cannot be written, or frames differ in shape
-- @raise if a frame is no picture, or an option is unknown or out of range
function M.save(path, frames, opt)
  local op = "show.animation.save"
  opt = check.options(op, opt, known)
  if type(path) ~= "string" then return check.expected(op, 1, "path", "a path", path) end
  if type(frames) ~= "table" or #frames == 0 then
    return check.expected(op, 2, "frames", "a list of pictures", frames)
  end
  local ok, message = image.named(path)
  if not ok then return nil, message end
  local pngs = {}
  for i, frame in ipairs(frames) do pngs[i] = core.image_encode(frame) end
  local bytes, n = M.join(pngs, opt)
  if not bytes then return nil, path .. ": " .. n end
  ok, message = text.write(path, bytes)
  if not ok then return nil, message end
  return true, n
end

return M
