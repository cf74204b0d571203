-- Returns a function that damages a string in a few random ways; by math.random, so that a seed tells which.
local random = math.random
local function pick(list) return list[random(#list)] end

local function with(s, at, bytes) return s:sub(1, at - 1) .. bytes .. s:sub(at + #bytes) end

local limits = {
  "\0\0\0\0", "\xff\xff\xff\xff", "\xff\xff\xff\x7f", "\0\0\0\x80", "\1\0\0\0", "\0\0\0\1", "\xfe\xff\xff\xff",
}

local damages = {
  function(s) return with(s, random(#s), string.char(random(0, 255))) end,
  function(s)
    local at = random(#s)
    return with(s, at, string.char(s:byte(at) ~ 1 << random(0, 7)))
  end,
  function(s) return with(s, random(#s), pick(limits):sub(1, pick {1, 2, 4, 4})) end,
  function(s) return s:sub(1, random(0, #s - 1)) end,
  function(s) -- a piece is lost
    local at = random(#s)
    return s:sub(1, at - 1) .. s:sub(at + random(1, 16))
  end,
  function(s) -- a piece is there twice
    local a = random(#s)
    local b = math.min(#s, a + random(1, 64))
    return s:sub(1, b) .. s:sub(a)
  end,
  function(s) -- a piece lies over another
    local a, n = random(#s), random(1, 32)
    return with(s, random(#s), s:sub(a, a + n))
  end,
  function(s) return s .. string.char(random(0, 255)):rep(random(1, 20)) end,
}

return function(s)
  for _ = 1, pick {1, 1, 1, 2, 3, 6} do if #s > 0 then s = pick(damages)(s) end end
  return s
end
