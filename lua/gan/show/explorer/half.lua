--- Packs numbers as 16-bit floats (IEEE halves), rounded to the nearest, ties to even.
-- @internal gan.show.explorer.half

local CHUNK = 128 -- numbers that string.pack takes at once

-- The bits of a half, of a float's bits and value; nil beyond the range.
local function bits_of(bits, value)
  local sign, a = bits >> 16 & 0x8000, bits & 0x7fffffff
  if a >= 0x38800000 then -- from 2^-14 on: a normal half
    local h = a + 0xfff + (a >> 13 & 1) - 0x38000000 >> 13
    if h >= 0x7c00 then return nil end
    return sign | h
  end
  local m = math.abs(value) * 0x1p24 -- in units of the least half
  local k = m // 1 | 0
  if m - k > 0.5 or m - k == 0.5 and k & 1 == 1 then k = k + 1 end
  return sign | k
end

--- Packs bytes of 32-bit floats, as core.to_bytes makes them, divided by a power of two.
-- @tparam string floats  little-endian
-- @tparam[opt=1] number power  2^k
-- @treturn string  two bytes each
-- @error if a number is none, or 65520 or more
return function(floats, power)
  power = power or 1
  local out, whole = {}, ("<" .. ("I4"):rep(CHUNK))
  local values, halves = "<" .. ("f"):rep(CHUNK), "<" .. ("I2"):rep(CHUNK)
  for at = 1, #floats, 4 * CHUNK do
    local n = math.min(CHUNK, (#floats - at + 1) // 4)
    if n < CHUNK then
      whole, values, halves = "<" .. ("I4"):rep(n), "<" .. ("f"):rep(n), "<" .. ("I2"):rep(n)
    end
    local f = {values:unpack(floats, at)}
    if power ~= 1 then
      for i = 1, n do f[i] = f[i] / power end
    end
    local b = {whole:unpack(power == 1 and floats or values:pack(table.unpack(f, 1, n)), power == 1 and at or 1)}
    for i = 1, n do
      local h = bits_of(b[i], f[i])
      if not h then return nil, ("%g is beyond a 16-bit float"):format(f[i]) end
      b[i] = h
    end
    out[#out + 1] = halves:pack(table.unpack(b, 1, n))
  end
  return table.concat(out)
end
