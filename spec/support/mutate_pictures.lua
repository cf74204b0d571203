--- Damages pictures at random and reads them, in a process of its own:
-- `lua spec/support/mutate_pictures.lua SEED COUNT [LOG [PATTERN]]`.
-- It ends with 0 if each of COUNT files of each kind gave a picture, or nil and a message, within 5 s: no crash, no
-- error raised. The damaged file of the last call is LOG. PATTERN restricts the kinds.
local core = require "gan.core"
local files = require "spec.support.files"
local pictures = require "spec.support.pictures"
local damaged = require "spec.support.random_damage"

local LONGEST = 5 -- seconds a file may take

local seed, count, log_path, pattern = tonumber(arg[1]), tonumber(arg[2]), arg[3], arg[4] or ""
math.randomseed(seed)
local random = math.random
local function pick(list) return list[random(#list)] end

-- ---- the files, before they are damaged ----

local function value(y, x, k) return (y * 37 + x * 11 + (k or 0) * 71) & 255 end
local function wide(y, x, k) return value(y, x, k) * 257 end
local function few(y, x) return (y + x) % 4 end
local function png(o)
  o.h, o.w, o.value = o.h or 6, o.w or 5, o.value or (o.depth == 16 and wide or value)
  return files.png(o)
end
local function bmp(o)
  o.h, o.w, o.value = o.h or 5, o.w or 6, o.value or few
  return pictures.bmp(o)
end
local function tiff(o)
  o.h, o.w, o.value = o.h or 5, o.w or 4, o.bits == 16 and wide or value
  return pictures.tiff(o)
end
local colours = {{1, 2, 3}, {250, 100, 40}, {9, 9, 9}, {0, 255, 0}}

local exif = files.chunk("eXIf", pictures.exif(6))
local kinds = {
  {name = "JPEG", files = {
    files.jpeg.colour, files.jpeg.progressive, files.jpeg.grey, files.jpeg.arithmetic, pictures.jpeg_ink,
    pictures.with_app1(files.jpeg.colour, "Exif\0\0" .. pictures.exif(8, true)),
    pictures.jpeg_blocks(4, 5, value), pictures.jpeg_bomb(16, 24, 4),
  }},
  {name = "PNG", files = {
    png {colour = 0}, png {colour = 2, depth = 16},
    png {colour = 6, interlaced = true, filter = function(y) return y % 5 end},
    png {colour = 4, depth = 16, before = exif}, png {colour = 0, depth = 1, value = function() return 1 end},
    png {colour = 3, depth = 2, plte = ("abc"):rep(4), trns = "\0\9", value = few},
    png {colour = 2, trns = "\0\9\0\9\0\9"},
  }},
  {name = "WebP", files = {
    pictures.webp.lossless, pictures.webp.lossy, pictures.webp.alpha, pictures.webp_exif(pictures.exif(5)),
    pictures.webp_animation(12, 20, 2, 4),
  }},
  {name = "GIF", files = {
    pictures.gif {h = 5, w = 7, value = few, palette = colours},
    pictures.gif {h = 9, w = 3, value = few, interlaced = true},
    pictures.gif {h = 4, w = 4, top = 1, left = 2, height = 2, width = 1, value = few, clear = 1},
  }},
  {name = "TIFF", files = {
    tiff {samples = 1}, tiff {samples = 3}, tiff {samples = 4, extra = 2},
    tiff {samples = 1, bits = 16, photometric = 0},
    tiff {samples = 3, bits = 16, orientation = 7}, tiff {samples = 2, extra = 1, bits = 16},
    pictures.tiff_lzw, pictures.tiff_deflate, pictures.tiff_jpeg,
  }},
  {name = "BMP", files = {
    bmp {bits = 1, palette = colours, header = 12}, bmp {bits = 4, palette = colours}, bmp {bits = 24, top_down = true},
    bmp {bits = 8, palette = colours, header = 124},
    bmp {bits = 32, masks = {0xff, 0xff00, 0xff0000, 0xff << 24}, header = 124},
    bmp {bits = 16, masks = {0xf800, 0x7e0, 0x1f}},
    bmp {bits = 8, packing = 1, palette = colours, data = "\6\1\0\0\0\3\2\1\0\0\0\0\0\2\1\1\2\3\0\1"},
    bmp {bits = 4, packing = 2, palette = colours, data = "\6\x12\0\0\0\3\x32\x10\0\1"},
  }},
  {name = "PNM", files = {
    "P1 3 2\n1 01\n0 0 1\n", "P2 4 2 5 0 1 2 3 4 5 0 1", "P3\n2 1\n# a\n9 1 2 3 4 5 6", "P4\n9 2\n\xa0\x80\x11\0",
    "P5 3 1 65535\n\0\0\1\0\x80\0", "P6 2 2 255 \1\2\3\4\5\6\7\8\9\10\11\12",
  }},
}

-- The checksums of a PNG's chunks put right, so that what is inside them is reached.
local function mend(bytes)
  local out, at = {bytes:sub(1, 8)}, 9
  while at + 12 <= #bytes do
    local n = string.unpack(">I4", bytes, at)
    if at + 12 + n > #bytes + 1 then break end
    out[#out + 1] = files.chunk(bytes:sub(at + 4, at + 7), bytes:sub(at + 8, at + 7 + n))
    at = at + 12 + n
  end
  return table.concat(out) .. bytes:sub(at)
end

-- ---- the ways to read them ----

local slots = {}
for _, c in ipairs {1, 3} do
  for _, size in ipairs {{1, 1}, {3, 7}, {8, 8}, {33, 20}} do
    slots[#slots + 1] = core.full({1, size[1], size[2], c}, 0, "u8")
  end
end

local function load(bytes)
  return core.image_load_(pick(slots), 1, bytes, random(0, 255), random(0, 255), random(0, 255),
    pick {"crop", "pad", "stretch"}, random() < 0.8, pick {0, 0, 1, 4095, 65535})
end
local function decode(bytes) return core.image_decode(bytes, pick {0, 1, 3}, 1, 2, 3, random() < 0.8) end
local ways = {load, load, decode, core.image_info}

-- ---- the loop ----

local log = log_path and assert(io.open(log_path, "wb"))
if log then log:setvbuf "no" end

local function fail(kind, i, what)
  io.stderr:write(("%s, file %d: %s\n"):format(kind, i, what))
  os.exit(1)
end

local chosen = {}
for _, kind in ipairs(kinds) do if kind.name:find(pattern) then chosen[#chosen + 1] = kind end end

for _, kind in ipairs(chosen) do
  local good, slowest = 0, 0
  for i = 1, count do
    local bytes = damaged(pick(kind.files))
    if kind.name == "PNG" and random() < 0.7 then bytes = mend(bytes) end
    if log then -- the file of a crash is then the last one
      log:seek "set"
      log:write(string.pack("<s4", bytes))
    end
    local began = os.clock()
    local ok, value_, message = pcall(pick(ways), bytes)
    local took = os.clock() - began
    slowest = math.max(slowest, took)
    if not ok then fail(kind.name, i, "raised: " .. tostring(value_)) end
    if value_ == nil and type(message) ~= "string" then fail(kind.name, i, "neither a picture nor a message") end
    if took > LONGEST then fail(kind.name, i, ("took %.1f s"):format(took)) end
    good = good + (value_ ~= nil and 1 or 0)
    if i % 2000 == 0 then collectgarbage() end
  end
  print(("%s: %d files, %d read, the slowest in %.3f s"):format(kind.name, count, good, slowest))
end
print(("seed %d: alive"):format(seed))
