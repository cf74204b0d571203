-- Files that cost far more than their size says, each written in an instant.
local core = require "gan.core"
local files = require "spec.support.files"
local pickled = require "spec.support.pickled"

local M = {}

-- Bits, the first of each byte being its lowest.
local function bits()
  local list = {}
  local function add(value, n)
    for i = 0, n - 1 do list[#list + 1] = value >> i & 1 end
  end
  local function code(text) -- of Huffman: its first bit first
    for c in text:gmatch "." do list[#list + 1] = tonumber(c) end
  end
  return list, add, code
end

local function bytes_of(list)
  local out = {}
  for i = 1, #list, 8 do
    local v = 0
    for k = 0, 7 do v = v | (list[i + k] or 0) << k end
    out[#out + 1] = string.char(v)
  end
  return table.concat(out)
end

-- Deflate data, raw, of 1 + 258 * 4 * n zeros and some more in n bytes and some more: codes of one bit say "258 bytes
-- as the last one". Also how many zeros they are.
function M.zeros(n)
  local list, add, code = bits()
  add(1, 1) -- the last block,
  add(2, 2) -- with codes of its own:
  add(29, 5) -- 286 of them, and one distance
  add(0, 5)
  add(14, 4) -- lengths of codes, in the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1
  for _, length in ipairs {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2} do add(length, 3) end
  local function none(count) -- symbols without a code
    code "0"
    add(count - 11, 7)
  end
  code "11" -- byte 0: two bits
  none(138)
  none(117)
  code "11" -- the end: two bits
  none(28)
  code "10" -- 258 bytes: one bit
  code "10" -- distance 1: one bit
  code "10" -- a byte 0
  local more = 0
  while #list % 8 ~= 0 do
    list[#list + 1] = 0
    more = more + 1
  end
  local tail, _, last = bits()
  if more % 2 == 1 then
    tail[1] = 0
    more = more + 1
  end
  last "11"
  return bytes_of(list) .. ("\0"):rep(n) .. bytes_of(tail), 1 + 258 * (4 * n + more // 2)
end

-- An archive of one member of so many zeros; its checksum is not theirs.
function M.zip(name, n)
  local data, size = M.zeros(n)
  return files.zip {{name = name, data = data, method = 8, size = size, crc = 0}}, size
end

-- A block of deflate data, not the last.
local function stored(s) return string.pack("<I1I2I2", 0, #s, ~#s & 0xffff) .. s end

-- The same, the head of an array before them.
function M.npz(name, n)
  local packed, size = M.zeros(n)
  local more = -size % 1024
  local head = files.npy("|u1", ("(%d, 32, 32)"):format((size + more) // 1024), ("\0"):rep(more))
  return files.zip {{name = name .. ".npy", data = stored(head) .. packed, method = 8, size = size + #head, crc = 0}}
end

-- A gzip file of zeros behind a head.
function M.gzip(head, n)
  return "\x1f\x8b\8\0\0\0\0\0\0\3" .. stored(head) .. M.zeros(n) .. ("\0"):rep(8)
end

-- A file of so many bytes that takes no room on the disk: the head, then zeros.
function M.sparse(path, size, head)
  local f = assert(io.open(path, "wb"))
  assert(f:write(head or ""))
  assert(f:seek("set", size - 1))
  assert(f:write "\0")
  f:close()
  return path
end

local function torch(value)
  local s = pickled.pickle(value)
  return files.zip {{name = "archive/data.pkl", data = s, crc = core.crc32(s)}}
end

-- A .pth whose OrderedDicts are all made of one list of n pairs, `times` of them.
function M.ordered_dicts(n, times)
  local items = {}
  for i = 1, n do items[i] = pickled.int(i) .. "N\x86" end
  return torch("](" .. table.concat(items) .. "eq\0" .. pickled.global("collections", "OrderedDict")
    .. "q\1](" .. ("h\1h\0\x85R"):rep(times) .. "e\x87")
end

-- A .pth of n empty dictionaries in a list.
function M.dicts(n) return torch("](" .. ("}"):rep(n) .. "e") end

-- A .pth of n long names of what is not known.
function M.globals(n)
  return torch(pickled.str(("m"):rep(299)) .. "q\0" .. pickled.str(("g"):rep(299)) .. "q\1\x86]("
    .. ("h\0h\1\x93"):rep(n) .. "e\x86")
end

-- A pickle of NumPy's that makes n texts of a long one.
function M.texts(bytes, n)
  local make = pickled.global("_codecs", "encode") .. "q\0" .. pickled.tuple(pickled.str(("x"):rep(bytes)),
    pickled.str "latin1") .. "q\1\x86"
  return "\x80\2" .. make .. "](" .. ("h\0h\1R"):rep(n) .. "e\x86."
end

-- A TIFF of n tags that are not known, each of `count` bytes at the start of the file; padded to `size`.
function M.tiff(n, count, size)
  local tags = {}
  for i = 1, n do tags[i] = string.pack("<I2I2I4I4", 40000 + i, 1, count, 8) end
  local bytes = "II*\0" .. string.pack("<I4I2", 8, n + 2) .. string.pack("<I2I2I4I4", 256, 3, 1, 4)
    .. string.pack("<I2I2I4I4", 257, 3, 1, 4) .. table.concat(tags) .. "\0\0\0\0"
  return bytes .. ("\0"):rep(size - #bytes)
end

-- A WebP of n empty chunks.
function M.webp(n)
  local chunks = "VP8X\10\0\0\0\2\0\0\0\7\0\0\7\0\0" .. ("abcd\0\0\0\0"):rep(n)
  return "RIFF" .. string.pack("<I4", 4 + #chunks) .. "WEBP" .. chunks
end

return M
