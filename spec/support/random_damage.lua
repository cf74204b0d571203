-- Damages strings at random, by math.random, so that a seed tells which: `damage(s, other)`, `other` being a string of
-- the same kind that pieces may come from; `damage.pieces(list, other)`, where a format's pieces are known.
local random = math.random
local function pick(list) return list[random(#list)] end

local function with(s, at, bytes) return s:sub(1, at - 1) .. bytes .. s:sub(at + #bytes) end

local limits = {
  "\0\0\0\0", "\xff\xff\xff\xff", "\xff\xff\xff\x7f", "\0\0\0\x80", "\1\0\0\0", "\0\0\0\1", "\xfe\xff\xff\xff",
  "\xff\xff\xff\xff\xff\xff\xff\x7f", "\0\0\0\0\0\0\0\x80", "\0\0\1\0", "\0\1\0\0", "\x7f\xff\xff\xff",
}
local numbers = {
  "0", "1", "-1", "2", "255", "65536", "1e400", "-1e400", "1e-400", "0.5", "nan", "NaN", "Infinity", "2147483647",
  "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e18", "0x10", "",
  "00", "1e5", "null", "true", "[]", "{}", '""',
}

-- An integer of some width in either order, a little or much larger or smaller.
local function other_integer(s)
  local width = pick {1, 2, 4, 8}
  if #s < width then return s end
  local at = random(#s - width + 1)
  local format = pick {"<i", ">i"} .. width
  local v = string.unpack(format, s, at)
  v = pick {v + 1, v - 1, v * 2, v // 2, v + random(-300, 300), -v}
  local bits = width * 8
  if bits < 64 then v = (v + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1) end
  return with(s, at, string.pack(format, v))
end

-- A number in a text becomes another.
local function other_number(s)
  local places = {}
  for from, to in s:gmatch "()%-?%d[%d.eE+-]*()" do places[#places + 1] = {from, to} end
  if #places == 0 then return s end
  local p = pick(places)
  return s:sub(1, p[1] - 1) .. pick(numbers) .. s:sub(p[2])
end

local damages = {
  function(s) return with(s, random(#s), string.char(random(0, 255))) end,
  function(s)
    local at = random(#s)
    return with(s, at, string.char(s:byte(at) ~ 1 << random(0, 7)))
  end,
  function(s) return with(s, random(#s), pick(limits):sub(1, pick {1, 2, 4, 4, 8})) end,
  other_integer, other_integer, other_number,
  function(s) return s:sub(1, random(0, #s - 1)) end,
  function(s) -- a piece is lost
    local at = random(#s)
    return s:sub(1, at - 1) .. s:sub(at + random(1, 16))
  end,
  function(s) -- a piece is there twice, or often
    local a = random(#s)
    local b = math.min(#s, a + random(1, 64))
    return s:sub(1, b) .. s:sub(a, b):rep(pick {0, 0, 1, 3, 100}) .. s:sub(a)
  end,
  function(s) -- a piece lies over another
    local a, n = random(#s), random(1, 32)
    return with(s, random(#s), s:sub(a, a + n))
  end,
  function(s) return s .. string.char(random(0, 255)):rep(random(1, 20)) end,
  function(s, other) -- the end is another's
    return s:sub(1, random(#s)) .. other:sub(random(#other))
  end,
  function(s, other) -- a piece is another's
    local a, n = random(#other), random(1, 64)
    return with(s, random(#s), other:sub(a, a + n))
  end,
}

local M = {}

local function damaged(s, other)
  for _ = 1, pick {1, 1, 1, 2, 3, 6} do
    if #s > 0 then s = pick(damages)(s, other and #other > 0 and other or s) end
  end
  return s
end

--- Damages a list of strings, the pieces of a file: some are lost, doubled, exchanged, another's, or damaged.
function M.pieces(list, other)
  local out = table.move(list, 1, #list, 1, {})
  for _ = 1, pick {1, 1, 2, 3} do
    local n, what = #out, random(6)
    if n > 0 then
      local i = random(n)
      if what == 1 then table.remove(out, i)
      elseif what == 2 then for _ = 1, pick {1, 1, 2, 40} do table.insert(out, random(n + 1), out[i]) end
      elseif what == 3 then
        local k = random(n)
        out[i], out[k] = out[k], out[i]
      elseif what == 4 then table.insert(out, random(n + 1), pick(other))
      else out[i] = damaged(out[i]) end
    end
  end
  return out
end

return setmetatable(M, {__call = function(_, s, other) return damaged(s, other) end})
