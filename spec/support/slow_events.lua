-- Reads TensorBoard's event files by the letter, bit by bit: another way than gan.file.tensorboard, to test it by.
local M = {}

-- The remainder of the bits of s, least first, divided by Castagnoli's polynomial.
local function crc32c(s)
  local bits = {}
  for i = 1, #s do
    for k = 0, 7 do bits[#bits + 1] = s:byte(i) >> k & 1 end
  end
  local r = 0xFFFFFFFF
  for _, bit in ipairs(bits) do
    local out = (r & 1) ~ bit
    r = r >> 1
    if out == 1 then r = r ~ 0x82F63B78 end
  end
  return r ~ 0xFFFFFFFF
end

local function masked(s)
  local c = crc32c(s)
  return ((c >> 15 | (c << 17) % 2 ^ 32 // 1 | 0) + 0xa282ead8) % 4294967296
end

-- Message -> field number -> list of raw values.
local function message(s)
  local out, i = {}, 1
  local function varint()
    local v, factor = 0, 1
    repeat
      local b = s:byte(i)
      i = i + 1
      v, factor = v + b % 128 * factor, factor * 128
    until b < 128
    return math.tointeger(v)
  end
  while i <= #s do
    local key = varint()
    local field, kind, v = key // 8, key % 8, nil
    if kind == 0 then v = varint()
    elseif kind == 1 then v, i = string.unpack("<d", s, i)
    elseif kind == 5 then v, i = string.unpack("<f", s, i)
    elseif kind == 2 then
      local n = varint()
      assert(i + n - 1 <= #s, "a field beyond its message")
      v, i = s:sub(i, i + n - 1), i + n
    else error("wire type " .. kind) end
    out[field] = out[field] or {}
    table.insert(out[field], v)
  end
  return out
end

--- Returns the events of a file's bytes: list of {wall, step, version, values = {{tag, number or picture}}}. Raises
-- where a byte is not as it should be.
function M.read(bytes)
  local list, i = {}, 1
  while i <= #bytes do
    local n, sum = string.unpack("<I8I4", bytes, i)
    assert(sum == masked(bytes:sub(i, i + 7)), "the length's checksum")
    local data = bytes:sub(i + 12, i + 11 + n)
    assert(string.unpack("<I4", bytes, i + 12 + n) == masked(data), "the data's checksum")
    i = i + 16 + n
    local m = message(data)
    local e = {wall = m[1][1], step = m[2] and m[2][1] or 0, version = m[3] and m[3][1], values = {}}
    for _, value in ipairs(m[5] and message(m[5][1])[1] or {}) do
      local v = message(value)
      local image = v[4] and message(v[4][1])
      table.insert(e.values, {v[1][1], v[2] and v[2][1]
        or {h = image[1][1], w = image[2][1], c = image[3][1], png = image[4][1]}})
    end
    list[#list + 1] = e
  end
  return list
end

return M
