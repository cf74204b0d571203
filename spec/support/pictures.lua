-- Pictures in the formats of spec/codec, drawn by code that shares nothing with the library; of WebP, which takes a
-- compressor, the bytes of some. (PNG, and JPEGs of two colours: spec/support/files.lua.)
local M = {}

local function unhex(s) return (s:gsub("%s", ""):gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)) end

--- EXIF data that say the orientation; big: the order of bytes.
function M.exif(orientation, big, kind)
  local e = big and ">" or "<"
  return (big and "MM" or "II") .. string.pack(e .. "I2I4I2", 42, 8, 2)
    .. string.pack(e .. "I2I2I4I4", 0x010F, 2, 1, 0)
    .. string.pack(e .. (kind == 4 and "I2I2I4I4" or "I2I2I4I2xx"), 0x0112, kind or 3, 1, orientation)
    .. string.pack(e .. "I4", 0)
end

--- A JPEG with bytes put behind its first marker, as an APP1 segment.
function M.with_app1(jpeg, data)
  return jpeg:sub(1, 2) .. "\xff\xe1" .. string.pack(">I2", #data + 2) .. data .. jpeg:sub(3)
end

-- A string of bits to bytes, filled up with ones, 0xff stuffed.
local function bytes_of(bits)
  bits = bits .. ("1"):rep(-#bits % 8)
  return (bits:gsub(("."):rep(8), function(b)
    local v = tonumber(b, 2)
    return v == 255 and "\xff\0" or string.char(v)
  end))
end

local function binary(v, n)
  local s = {}
  for i = n - 1, 0, -1 do s[#s + 1] = v >> i & 1 end
  return table.concat(s)
end

local function segment(marker, data) return "\xff" .. string.char(marker) .. string.pack(">I2", #data + 2) .. data end

-- A table of Huffman codes that are 4 bits each, of the symbols given.
local function huffman(class, symbols)
  return segment(0xc4, string.char(class) .. "\0\0\0" .. string.char(#symbols) .. ("\0"):rep(12) .. symbols)
end

local categories = "\0\1\2\3\4\5\6\7\8\9\10\11"

local function frame(kind, h, w)
  local size = string.pack(">BI2I2", 8, h, w)
  return "\xff\xd8" .. segment(0xdb, "\0" .. ("\8"):rep(64)) .. segment(kind, size .. "\1\1\x11\0")
end

--- A grey JPEG of `rows` x `columns` blocks of 8x8 pixels, block (y,x) all of value(y, x), from 0.
function M.jpeg_blocks(rows, columns, value)
  local bits, before = {}, 0
  for y = 0, rows - 1 do
    for x = 0, columns - 1 do
      local dc = value(y, x) - 128
      local d, size = dc - before, 0
      while 1 << size <= math.abs(d) do size = size + 1 end
      bits[#bits + 1] = binary(size, 4) .. binary(d < 0 and d + (1 << size) - 1 or d, size) .. "0000" -- 0000: EOB
      before = dc
    end
  end
  return frame(0xc0, rows * 8, columns * 8) .. huffman(0, categories) .. huffman(0x10, "\0")
    .. segment(0xda, "\1\1\0\0\63\0") .. bytes_of(table.concat(bits)) .. "\xff\xd9"
end

--- A progressive JPEG of h x w grey pixels whose nearly empty scan of AC coefficients, 1 to `last` (63), stands there
-- `scans` times.
function M.jpeg_bomb(h, w, scans, last)
  local blocks = (h // 8) * (w // 8)
  local runs = {} -- symbol e0: 2^14 blocks and as many as the 14 bits behind it say are empty
  while blocks > 0 do
    local n = math.min(blocks, 32767)
    runs[#runs + 1] = n < 16384 and ("0000"):rep(n) or "0001" .. binary(n - 16384, 14)
    blocks = blocks - n
  end
  local scan = segment(0xda, "\1\1\0\1" .. string.char(last or 63) .. "\0") .. bytes_of(table.concat(runs))
  return frame(0xc2, h, w) .. huffman(0, categories) .. huffman(0x10, "\0\xe0")
    .. segment(0xda, "\1\1\0\0\0\0") .. ("\0"):rep((h // 8) * (w // 8) // 2) .. scan:rep(scans) .. "\xff\xd9"
end

--- A BMP: bmp{h=, w=, bits=, value=f(y, x) -> the pixel as a number, palette={{r,g,b}...}, header=40, masks={...},
-- packing=0, top_down=, data=}. Rows and columns count from 0.
function M.bmp(o)
  local size, masks, palette = o.header or 40, "", ""
  for _, m in ipairs(o.masks or {}) do masks = masks .. string.pack("<I4", m) end
  for _, c in ipairs(o.palette or {}) do
    palette = palette .. string.char(c[3], c[2], c[1]) .. (size == 12 and "" or "\0")
  end
  local head = size == 12 and string.pack("<I4I2I2I2I2", 12, o.w, o.h, 1, o.bits)
    or string.pack("<I4i4i4I2I2I4I4i4i4I4I4", size, o.w, o.top_down and -o.h or o.h, 1, o.bits,
      o.packing or (o.masks and 3 or 0), 0, 2835, 2835, #(o.palette or {}), 0)
  head = head .. masks .. ("\0"):rep(size - #head - #masks) .. palette
  local rows = {}
  for y = 0, o.data and -1 or o.h - 1 do
    local bits, row = {}, {}
    for x = 0, o.w - 1 do
      local v = o.value(o.top_down and y or o.h - 1 - y, x)
      if o.bits < 8 then bits[#bits + 1] = binary(v, o.bits)
      else row[#row + 1] = string.pack("<I" .. o.bits // 8, v) end
    end
    bits = table.concat(bits)
    bits = bits .. ("0"):rep(-#bits % 8)
    for b in bits:gmatch(("."):rep(8)) do row[#row + 1] = string.char(tonumber(b, 2)) end
    row = table.concat(row)
    rows[#rows + 1] = row .. ("\0"):rep(-#row % 4)
  end
  local data = o.data or table.concat(rows)
  return string.pack("<c2I4I4I4", "BM", 14 + #head + #data, 0, 14 + #head) .. head .. data
end

--- A GIF of one frame: gif{h=, w=, value=f(y, x) -> 0..127, palette={{r,g,b}...}, interlaced=, clear=, top=, left=,
-- height=, width=}; clear: the transparent colour; top, left, height, width: of the frame, if less than all.
function M.gif(o)
  local out = {"GIF89a", string.pack("<I2I2BBB", o.w, o.h, 0x80 | 6, 0, 0)}
  for i = 1, 128 do out[#out + 1] = string.char(table.unpack((o.palette or {})[i] or {0, 0, 0})) end
  if o.clear then out[#out + 1] = "\x21\xf9\4\1\0\0" .. string.char(o.clear) .. "\0" end
  local h, w = o.height or o.h, o.width or o.w
  out[#out + 1] = "\x2c" .. string.pack("<I2I2I2I2B", o.left or 0, o.top or 0, w, h, o.interlaced and 0x40 or 0) .. "\7"
  local order, codes = {}, {}
  for _, pass in ipairs(o.interlaced and {{0, 8}, {4, 8}, {2, 4}, {1, 2}} or {{0, 1}}) do
    for y = pass[1], h - 1, pass[2] do order[#order + 1] = y end
  end
  for _, y in ipairs(order) do
    for x = 0, w - 1 do
      if #codes % 101 == 0 then codes[#codes + 1] = "\x80" end -- forget the table: codes stay 8 bits long
      codes[#codes + 1] = string.char(o.value(y, x))
    end
  end
  local data = table.concat(codes) .. "\x81"
  for i = 1, #data, 255 do
    local part = data:sub(i, i + 254)
    out[#out + 1] = string.char(#part) .. part
  end
  return table.concat(out) .. "\0\x3b"
end

--- A TIFF, not compressed: tiff{h=, w=, bits=8, samples=, value=f(y, x, k) -> sample, photometric=, extra=,
-- orientation=, format=, tile=, packing=1, data=the strip}; extra: 1 or 2, alpha that colours are multiplied by or not.
function M.tiff(o)
  local bits, rows = o.bits or 8, {}
  for y = 0, o.data and -1 or o.h - 1 do
    for x = 0, o.w - 1 do
      for k = 0, o.samples - 1 do rows[#rows + 1] = string.pack("<I" .. bits // 8, o.value(y, x, k)) end
    end
  end
  local data = o.data or table.concat(rows)
  local tags = {
    {256, 4, o.w}, {257, 4, o.h}, {258, 3, bits}, {259, 3, o.packing or 1},
    {262, 3, o.photometric or (o.samples >= 3 and 2 or 1)},
    {273, 4, 8}, {274, 3, o.orientation or 1}, {277, 3, o.samples}, {278, 4, o.h}, {279, 4, #data},
  }
  if o.extra then tags[#tags + 1] = {338, 3, o.extra} end
  if o.format then tags[#tags + 1] = {339, 3, o.format} end
  local list, behind = {}, ""
  local at = 8 + #data + #data % 2
  for i, t in ipairs(tags) do
    local count = (t[1] == 258 or t[1] == 339) and o.samples or 1
    if count > 2 then
      list[i] = string.pack("<I2I2I4I4", t[1], t[2], count, at + 6 + 12 * #tags + #behind)
      behind = behind .. string.pack("<I2", t[3]):rep(count)
    elseif count == 2 then
      list[i] = string.pack("<I2I2I4I2I2", t[1], 3, 2, t[3], t[3])
    else
      list[i] = string.pack(t[2] == 3 and "<I2I2I4I2xx" or "<I2I2I4I4", t[1], t[2], 1, t[3])
    end
  end
  return string.pack("<c2I2I4", "II", 42, at) .. data .. ("\0"):rep(#data % 2) .. string.pack("<I2", #tags)
    .. table.concat(list) .. "\0\0\0\0" .. behind
end

-- A JPEG of 8x8 pixels of one ink, by Pillow; without Adobe's marker, its bytes are the same ink.
M.jpeg_ink = "\xff\xd8\xff\xee\0\x0eAdobe\0d\0\0\0\0\0\xff\xdb\0\x43\0"
  .. "\2\1\1\1\1\1\2\1\1\1\2\2\2\2\2\4\3\2\2\2\2\5\4\4\3\4\6\5\6\6"
  .. "\6\5\6\6\6\7\9\8\6\7\9\7\6\6\8\x0b\8\9\x0a\x0a\x0a\x0a\x0a\6\8\x0b\x0c\x0b\x0a\x0c\9\x0a\x0a\x0a\xff\xc0\0\x14"
  .. "\8\0\8\0\8\4C\x11\0M\x11\0Y\x11\0K\x11\0\xff\xc4\0\x14\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\9\xff\xc4\0\x14\x10\1"
  .. "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xda\0\x0e\4C\0M\0Y\0K\0\0\x3f\0\x36\xcc\x21\x84\x35\x8f\xff\xd9"

-- TIFFs as libtiff compresses them, by Pillow: 16x8 pixels, left half (200,30,30), right half (20,60,220).
M.tiff_lzw = unhex [[
  49492a005c000000803203c1e8141207058441e141e0a0f1b90d87c3a211389455b9098346631188a4463d1d8ec6e17228cc822d268f4925
  50b944b62d2b8d48e072e8fc9e1d30984d26938994966d35a044279319f5067f1d8080000a00000103000100000010000000010103000100
  0000080000000201030003000000da0000000301030001000000050000000601030001000000020000001101040001000000080000001501
  030001000000030000001601030001000000080000001701040001000000530000001c010300010000000100000000000000080008000800]]
M.tiff_deflate = unhex [[
  49492a0022000000789c3b212777021b12b1b9831561553caa9e6cf500ce188c01000a000001030001000000100000000101030001000000
  080000000201030003000000a000000003010300010000000800000006010300010000000200000011010400010000000800000015010300
  01000000030000001601030001000000080000001701040001000000190000001c010300010000000100000000000000080008000800]]
M.tiff_jpeg = unhex [[
  49492a003a000000ffd8ffc00011080008001003521100471100421100ffda000c03520047004200003f00f48af1daf1daf92eb7abebeaff
  d9000b000001030001000000100000000101030001000000080000000201030003000000c400000003010300010000000700000006010300
  0100000002000000110104000100000008000000150103000100000003000000160103000100000008000000170104000100000031000000
  1c01030001000000010000005b01070021010000ca00000000000000080008000800ffd8ffdb004300080606070605080707070909080a0c
  140d0c0b0b0c1912130f141d1a1f1e1d1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc4001f000001
  0501010101010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000017d010203000411051221
  31410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a
  535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7
  b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffd9]]

--- Writes a chunk of WebP.
function M.riff(name, data) return name .. string.pack("<I4", #data) .. data .. ("\0"):rep(#data % 2) end
local function webp(body) return M.riff("RIFF", "WEBP" .. body) end

-- 16x8 pixels: left half (200,30,30), right half (20,60,220); `alpha` has (0,0,0,0) and (100,110,120,128) at the left
-- of its first row.
local lossless = unhex "2f0fc001000f701ef153d05e887bfe830762c164fed29d2944f43f72"
local alpha = unhex [[2f0fc001101f2024200c33c2ff6895408010215f86408100a14d8676310282a2eb960b80feab0a021262a59372d48388f
  e47820b]]
M.webp = {
  lossless = webp(M.riff("VP8L", lossless)),
  lossy = webp(M.riff("VP8 ", unhex [[
    d001009d012a1000080000c01225a00274ba01f80003b000fefab67ffe011bffa691f7617f1a47fdd85fffba
    04f9e8ff7409fa9a0000]])),
  alpha = webp(M.riff("VP8L", alpha)),
}

--- A WebP with EXIF data.
function M.webp_exif(exif)
  return webp(M.riff("VP8X", "\8\0\0\0\15\0\0\7\0\0") .. M.riff("VP8L", lossless) .. M.riff("EXIF", exif))
end

--- An animated WebP on a canvas of h x w, its one frame at (y,x), even numbers.
function M.webp_animation(h, w, y, x)
  local function three(...)
    local s = ""
    for _, v in ipairs {...} do s = s .. string.pack("<I3", v) end
    return s
  end
  local function frame_at(bits)
    return M.riff("ANMF", three(x // 2, y // 2, 15, 7, 100) .. "\2" .. M.riff("VP8L", bits))
  end
  return webp(M.riff("VP8X", "\2\0\0\0" .. three(w - 1, h - 1)) .. M.riff("ANIM", "\0\0\0\0\0\0")
    .. frame_at(lossless) .. frame_at(alpha))
end

return M
