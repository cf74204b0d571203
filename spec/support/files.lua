-- Pictures, data files and archives for specs: writers of PNG, IDX, CIFAR-10 and zip that share no code with the
-- library (PNG: stored deflate blocks, any colour type, depth, filter and interlace).
local temp = require "spec.support.temp"

-- A fresh folder from files.folder() goes away by files.remove(path).
local M = {write = temp.write, read = temp.read, remove = temp.remove, folder = temp.folder}

local crc_table = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = c & 1 == 1 and 0xEDB88320 ~ (c >> 1) or c >> 1 end
  crc_table[i] = c
end
function M.crc32(s)
  local c = 0xFFFFFFFF
  for i = 1, #s do c = crc_table[(c ~ s:byte(i)) & 255] ~ (c >> 8) end
  return c ~ 0xFFFFFFFF
end

local function adler32(s)
  local a, b = 1, 0
  for i = 1, #s do
    a = (a + s:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return b << 16 | a
end

function M.deflate(s)
  local out = {"\x78\x01"}
  local n = math.max(1, (#s + 65534) // 65535)
  for i = 1, n do
    local part = s:sub((i - 1) * 65535 + 1, i * 65535)
    out[#out + 1] = string.pack("<I1I2I2", i == n and 1 or 0, #part, ~#part & 0xFFFF) .. part
  end
  return table.concat(out) .. string.pack(">I4", adler32(s))
end

-- A deflate stream in zlib's frame.
function M.zlib(stream, data) return "\x78\x9c" .. stream .. string.pack(">I4", adler32(data)) end

function M.chunk(name, data)
  return string.pack(">I4", #data) .. name .. data .. string.pack(">I4", M.crc32(name .. data))
end

M.signature = "\x89PNG\r\n\x1a\n"

local samples = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4}
local adam7 = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4}, {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}}

local function paeth(a, b, c)
  local p = a + b - c
  local pa, pb, pc = math.abs(p - a), math.abs(p - b), math.abs(p - c)
  return pa <= pb and pa <= pc and a or pb <= pc and b or c
end

local function filtered(kind, row, up, bpp)
  local out = {}
  for i = 1, #row do
    local a, b, c = row[i - bpp] or 0, up[i] or 0, up[i - bpp] or 0
    if i <= bpp then a, c = 0, 0 end
    local guess = ({[0] = 0, a, b, (a + b) // 2, paeth(a, b, c)})[kind]
    out[i] = string.char((row[i] - guess) & 255)
  end
  return string.char(kind) .. table.concat(out)
end

-- Writes a PNG file: png{h=, w=, colour=, depth=8, value=f(y,x,k) -> sample, filter=f(row) -> 0..4, interlaced=, plte=,
-- trns=, before=, after=}. Rows, columns and samples count from 0; before and after are chunks put around IDAT.
function M.png(o)
  local depth, s = o.depth or 8, samples[o.colour]
  local bpp, raw = math.max(1, s * depth // 8), {}
  for _, p in ipairs(o.interlaced and adam7 or {{0, 0, 1, 1}}) do
    local up = {}
    for y = p[1], o.w > p[2] and o.h - 1 or -1, p[3] do
      local row, acc, bits = {}, 0, 0
      for x = p[2], o.w - 1, p[4] do
        for k = 0, s - 1 do
          acc, bits = acc << depth | o.value(y, x, k), bits + depth
          while bits >= 8 do
            bits = bits - 8
            row[#row + 1] = acc >> bits & 255
          end
        end
      end
      if bits > 0 then row[#row + 1] = acc << (8 - bits) & 255 end
      raw[#raw + 1] = filtered(o.filter and o.filter(y) or 0, row, up, bpp)
      up = row
    end
  end
  local head = string.pack(">I4I4I1I1I1I1I1", o.w, o.h, depth, o.colour, 0, 0, o.interlaced and 1 or 0)
  return M.signature .. M.chunk("IHDR", head) ..
    (o.plte and M.chunk("PLTE", o.plte) or "") .. (o.trns and M.chunk("tRNS", o.trns) or "") .. (o.before or "") ..
    M.chunk("IDAT", o.idat or M.deflate(table.concat(raw))) .. (o.after or "") .. M.chunk("IEND", "")
end

-- A square picture of one colour.
function M.plain(size, r, g, b)
  return M.png {h = size, w = size, colour = 2, value = function(_, _, k) return ({[0] = r, g, b})[k] end}
end

function M.idx_images(n, h, w, bytes) return string.pack(">I4I4I4I4", 0x803, n, h, w) .. bytes end
function M.idx_labels(n, bytes) return string.pack(">I4I4", 0x801, n) .. bytes end

-- An .npy file around a header's text.
function M.npy_text(header, data, version)
  local size = (version or 1) == 1 and ("<s2"):pack(header) or ("<s4"):pack(header)
  return "\x93NUMPY" .. string.char(version or 1, 0) .. size .. data
end

-- An .npy file: npy("<f8", "(1,)", bytes).
function M.npy(descr, shape, data, fortran, version)
  local order = fortran and "True" or "False"
  local header = ("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n"):format(descr, order, shape)
  return M.npy_text(header, data, version)
end

-- Writes a zip archive of members {name=, data=, deflated=, zip64=}; deflated: true, or the deflate stream that is to
-- stand there. Further fields put something else than the truth into the list of members: packed=, size=, crc=, flags=,
-- method=, offset=, list_name=. o.end64: with zip64 records at the end; o.comment: behind all.
function M.zip(members, o)
  o = o or {}
  local body, list, at, full = {}, {}, 0, 0xffffffff
  for i, m in ipairs(members) do
    local packed = type(m.deflated) == "string" and m.deflated or m.deflated and M.deflate(m.data):sub(3, -5) or m.data
    local method, crc = m.method or m.deflated and 8 or 0, m.crc or M.crc32(m.data)
    local extra = m.zip64 and string.pack("<I2I2I8I8", 1, 16, #m.data, #packed) or ""
    body[i] = string.pack("<c4I2I2I2I2I2I4I4I4I2I2", "PK\3\4", 20, 0, method, 0, 0, crc,
      m.zip64 and full or #packed, m.zip64 and full or #m.data, #m.name, #extra) .. m.name .. extra .. packed
    local size, shown = m.size or #m.data, m.packed or #packed
    if m.zip64 then extra = string.pack("<I2I2I2I2i8i8i8", 0x7075, 0, 1, 24, size, shown, m.offset or at) end
    local name = m.list_name or m.name
    list[i] = string.pack("<c4I2I2I2I2I2I2I4I4I4I2I2I2I2I2I4I4", "PK\1\2", 20, 20, m.flags or 0, method, 0, 0, crc,
      m.zip64 and full or shown, m.zip64 and full or size, #name, #extra, 0, 0, 0, 0,
      m.zip64 and full or m.offset or at) .. name .. extra
    at = at + #body[i]
  end
  local names = table.concat(list)
  local tail = ""
  if o.end64 then
    tail = string.pack("<c4I8I2I2I4I4I8I8I8I8", "PK\6\6", 44, 45, 45, 0, 0, #list, #list, #names, at)
      .. string.pack("<c4I4I8I4", "PK\6\7", 0, at + #names, 1)
  end
  local count, size, start = #list, #names, at
  if o.end64 then count, size, start = 0xffff, full, full end
  return table.concat(body) .. names .. tail
    .. string.pack("<c4I2I2I2I2I4I4s2", "PK\5\6", 0, 0, count, o.count or count, size, start, o.comment or "")
end

function M.base64(s)
  local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local acc, bits, out = 0, 0, {}
  for c in s:gmatch "[%w+/]" do
    acc, bits = (acc << 6 | digits:find(c, 1, true) - 1) & 0xFFFFFF, bits + 6
    if bits >= 8 then
      bits = bits - 8
      out[#out + 1] = string.char(acc >> bits & 255)
    end
  end
  return table.concat(out)
end

-- 16x8 JPEGs by libjpeg's cjpeg: left half (200,30,30), right half (20,60,220).
M.jpeg = {
  colour = M.base64 [[
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8fExciJCIe
    JBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh7/wAARCAAIABAD
    AREAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABQf/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAACAb/xAAUEQEA
    AAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCaJEiA5ciE/9k=]],
  progressive = M.base64 [[
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8fExciJCIe
    JBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh7/wgARCAAIABAD
    AREAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABAb/xAAVAQEBAAAAAAAAAAAAAAAAAAAHBf/aAAwDAQACEAMQAAABmZCINcIP/8QAFBABAAAA
    AAAAAAAAAAAAAAAAEP/aAAgBAQABBQI//8QAFBEBAAAAAAAAAAAAAAAAAAAAEP/aAAgBAwEBPwE//8QAFBEBAAAAAAAAAAAAAAAAAAAAEP/aAAgB
    AgEBPwE//8QAFBABAAAAAAAAAAAAAAAAAAAAEP/aAAgBAQAGPwI//8QAFBABAAAAAAAAAAAAAAAAAAAAEP/aAAgBAQABPyE//9oADAMBAAIAAwAA
    ABCf/8QAFBEBAAAAAAAAAAAAAAAAAAAAEP/aAAgBAwEBPxA//8QAFBEBAAAAAAAAAAAAAAAAAAAAEP/aAAgBAgEBPxA//8QAFBABAAAAAAAAAAAA
    AAAAAAAAEP/aAAgBAQABPxA//9k=]],
  grey = M.base64 [[
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8fExciJCIe
    JBweHx7/wAALCAAIABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABQf/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAA/AJoHf//Z]],
  arithmetic = M.base64 [[
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8fExciJCIe
    JBweHx7/yQALCAAIABABAREA/8wABgAQEAX/2gAIAQEAAD8A/wC20+D/2Q==]],
}

return M
