-- Makes arguments for random calls: any values at all, and values near those that worked. By math.random, so that a
-- seed tells which.
local autograd = require "gan.autograd"
local core = require "gan.core"

local M = {
  pool = {}, -- values that calls returned, 1 to M.POOL
  POOL = 40,
}

local random = math.random
local function pick(list) return list[random(#list)] end
local function chance(p) return random() < p end
M.pick, M.chance = pick, chance

local integers = {
  0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 7, 8, 9, 16, -1, -2, -3, 64, 255, 256, 1000, 65536,
  2 ^ 31 - 1, 2 ^ 31, -2 ^ 31, 2 ^ 32, 2 ^ 40, 2 ^ 43, 2 ^ 53, math.maxinteger, math.mininteger, math.maxinteger - 1,
}
local floats = {0.0, -0.0, 0.5, 1.5, -0.5, 1e-30, 1e30, 1e308, 5e-324, math.huge, -math.huge, 0 / 0, 0.1, 0.9, 2.0}
local strings = {
  "", "x", "real", "u8", "i32", "f64", "nearest", "bilinear", "constant", "reflect", "replicate", "mean", "sum", "none",
  "relu", "a\0b", "no/such/file.png", "%s%n%d", "\255\254", ("long"):rep(500), "-1", "0x10", "1e5", "nan", "shapes",
  ".", '{"a": [1, 2, {"b": null}]}', ("["):rep(100000), "\x89PNG\r\n\26\n", "\255\216\255\224", "\31\139\8\0",
  "\0\0\8\3\0\0\0\2", "#ff0000", "white", "fake", "run", "a\27[2Jb", "1e400", "0,5",
}
local option_names = {
  "kernel", "stride", "padding", "dilation", "size", "mode", "top", "bottom", "left", "right", "value",
  "count_include_pad", "align_corners", "legacy", "output_padding", "groups", "eps", "momentum", "bias", "axis", "axes",
  "keep", "seed", "create_graph", "retain_graph", "allow_unused", "order", "lr", "beta1", "beta2", "decay", "batch",
  "count", "channels", "n", "p", "slope", "alpha", "init", "train", "affine", "mirror", "crop", "shuffle", "z", "ngf",
  "ndf",
}

local function integer()
  local v = pick(integers)
  return math.tointeger(v) or v
end

local function small() return pick {0, 1, 1, 2, 2, 3, 4, 5, 8} end

local function small_sizes()
  local nd = pick {0, 1, 1, 2, 2, 2, 3, 4, 4, 4, 4, 5, 8}
  local s = {}
  for i = 1, nd do s[i] = pick {0, 1, 1, 2, 2, 3, 3, 4, 5} end
  return s
end

-- A closed handle of a tensor.
local function closed(t)
  t = core.alias(t)
  debug.getmetatable(t).__gc(t)
  return t
end

-- The same elements, or some of them, lying otherwise in memory.
local function other_view(t)
  local s = core.shape(t)
  local nd = #s
  local kind = random(3)
  if kind == 1 and nd >= 2 then
    local axes = {}
    for i = 1, nd do axes[i] = nd + 1 - i end
    return core.permute(t, axes)
  elseif kind == 2 and nd >= 1 then
    local a = random(nd)
    local n = s[a]
    local start = random(n + 1)
    return core.narrow(t, a, start, random(0, n - start + 1))
  elseif nd < 8 then
    return core.expand(t, {random(0, 3), table.unpack(s)})
  end
  return t
end

--- Makes a tensor of any dtype and small shape, perhaps a view, tracked, or closed.
function M.tensor()
  local dtype = pick {"real", "real", "real", "real", "u8", "i32", "f64"}
  local s = small_sizes()
  local t
  if dtype == "real" then
    t = chance(0.1) and core.full(s, pick(floats)) or core.rng(random(1000)):normal(s)
  else
    t = core.to(core.rng(random(1000)):integer(s, pick {0, 0, -2}, 3), dtype)
  end
  if chance(0.4) then t = other_view(t)
  elseif dtype == "real" and chance(0.1) then t = autograd.requires_grad_(core.clone(t))
  elseif chance(0.01) then t = closed(t) end
  return t
end

local function list(make, most)
  local t = {}
  for i = 1, random(0, most) do t[i] = make() end
  return t
end

local function options()
  local t = chance(0.4) and list(function() return random(5) end, 3) or {}
  for _ = 1, random(0, 4) do t[pick(option_names)] = M.any(1) end
  return t
end

local functions = {
  function(...) return ... end,
  function() end,
  function() error("from a callback") end,
  function() error({}) end,
  function() return M.tensor() end,
  function() return M.any(1) end,
  function(...) return coroutine.yield(...) end,
  function() collectgarbage() end,
}

local generators = {
  M.tensor, M.tensor, M.tensor, M.tensor, M.tensor, M.tensor,
  small, small, small, integer,
  function() return pick(floats) end,
  function() return pick(strings) end,
  function() return nil end,
  function() return chance(0.5) end,
  function() return list(small, 5) end,
  function() return list(integer, 5) end,
  function() return list(M.tensor, 4) end,
  options, options,
  function() return core.rng(random(5), "fuzz") end,
  function() return pick(functions) end,
  function() return M.pool[random(M.POOL)] end,
  function() return M.pool[random(M.POOL)] end,
  function() return list(function() return M.any(1) end, 4) end,
  function() return coroutine.create(pick(functions)) end,
  function() return io.stdout end,
  function()
    return setmetatable({}, {__index = pick(functions), __len = pick(functions), __call = pick(functions)})
  end,
}

--- Makes any value.
function M.any(depth)
  if depth and depth > 3 then return small() end
  return pick(generators)()
end

--- Makes a list of up to six of them: {n =, ...}.
function M.arguments()
  local args = {n = random(0, 6)}
  for i = 1, args.n do args[i] = M.any() end
  return args
end

-- A value of a type that the manual names; any other value where it is none of these.
local typed = {
  Tensor = M.tensor, integer = small, number = function() return chance(0.5) and small() or pick(floats) end,
  string = function() return pick(strings) end, boolean = function() return chance(0.5) end,
  table = function() return chance(0.5) and options() or list(small, 4) end,
  ["function"] = function() return pick(functions) end,
  Stream = function() return core.rng(random(5), "fuzz") end,
}

--- Makes an argument list of the types that the manual says. params: of spec/support/manual.lua.
function M.typed_arguments(params)
  local args = {n = 0}
  for _, p in ipairs(params) do
    if not p.name:find "[^.]%.[^.]" and not (p.optional and chance(0.5)) then
      local kinds = {}
      for kind in (p.type or ""):gmatch "[%w]+" do kinds[#kinds + 1] = typed[kind] end
      args.n = args.n + 1
      args[args.n] = #kinds > 0 and pick(kinds)() or M.any()
    end
  end
  return args
end

local function near_number(v)
  local kind = random(6)
  if kind == 1 then return v + 1 elseif kind == 2 then return v - 1 elseif kind == 3 then return -v
  elseif kind == 4 then return integer() elseif kind == 5 then return pick(floats) end
  return v * 2
end

local function near_string(s)
  local kind = random(5)
  if kind == 1 or #s == 0 then return pick(strings) end
  local at = random(#s)
  if kind == 2 then return s:sub(1, at - 1) .. string.char(random(0, 255)) .. s:sub(at + 1) end
  if kind == 3 then return s:sub(1, at - 1) end
  if kind == 4 then return s:sub(1, at) .. s:sub(random(#s)) end
  return s .. pick {"\0", "/", "/x", "%", "\n", ".tmp"}
end

local function near_tensor(t)
  local kind, dtype = random(8), core.dtype(t)
  if kind <= 2 then return core.to(t, pick {"real", "u8", "i32", "f64"}) end
  if kind <= 5 then return other_view(t) end
  if kind == 6 and dtype == "real" then return core.full(core.shape(t), pick(floats)) end
  if kind == 7 and dtype == "i32" then return core.full(core.shape(t), pick {-1, 2 ^ 31 - 1, -2 ^ 31, 1000}, "i32") end
  return chance(0.05) and closed(t) or M.tensor()
end

--- Makes a value near one that worked.
function M.near(v, depth)
  depth = depth or 0
  local kind = type(v)
  if chance(0.15) or depth > 4 then return M.any() end
  if core.is_tensor(v) then
    local ok, t = pcall(near_tensor, v)
    return ok and t or v
  elseif kind == "number" then return near_number(v)
  elseif kind == "string" then return near_string(v)
  elseif kind == "boolean" then return not v
  elseif kind == "function" then return pick(functions)
  elseif kind == "table" and not debug.getmetatable(v) then
    local copy, keys = {}, {}
    for k, e in next, v do
      copy[k] = e
      keys[#keys + 1] = k
    end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    local k = #keys > 0 and pick(keys)
    local what = random(8)
    if not k or what == 1 then copy[pick {1, #v + 1, "x", pick(option_names)}] = M.any(depth + 1)
    elseif what == 2 then copy[k] = nil
    else copy[k] = M.near(copy[k], depth + 1) end
    return copy
  end
  return M.any()
end

--- Makes an argument list near one that worked.
function M.near_arguments(seed)
  local args = {n = seed.n}
  for i = 1, seed.n do args[i] = seed[i] end
  if seed.n == 0 then return chance(0.8) and args or M.arguments() end
  for _ = 1, pick {0, 0, 1, 1, 1, 2, 3} do
    local i, what = random(seed.n), random(20)
    if what == 1 then args[i] = args[random(seed.n)] -- twice the same
    elseif what == 2 then args[i] = nil
    else args[i] = M.near(args[i]) end
  end
  if chance(0.05) then args.n = random(0, seed.n) end
  if chance(0.05) then
    args.n = args.n + 1
    args[args.n] = M.any()
  end
  for i = 1, args.n do
    local a = args[i]
    if core.is_tensor(a) and chance(0.1) then
      local ok, tracked = pcall(function() return autograd.requires_grad_(core.clone(a)) end)
      args[i] = ok and tracked or a
    end
  end
  return args
end

local function sorted_keys(t)
  local keys = {}
  for k in next, t do if type(k) == "string" then keys[#keys + 1] = k end end
  table.sort(keys)
  return keys
end

--- Describes a value in a few words.
function M.describe(v, depth)
  depth = depth or 0
  if core.is_tensor(v) then
    local ok, s = pcall(core.shape, v)
    return ok and ("%s(%s)"):format(core.dtype(v), table.concat(s, ",")) or "closed tensor"
  end
  if type(v) == "string" then return ("%q"):format(#v > 60 and v:sub(1, 60) .. "..." or v) end
  if type(v) == "table" and not debug.getmetatable(v) then
    if depth > 2 then return "{...}" end
    local parts = {}
    for i = 1, math.min(#v, 20) do parts[i] = M.describe(v[i], depth + 1) end
    for _, k in ipairs(sorted_keys(v)) do parts[#parts + 1] = k .. "=" .. M.describe(rawget(v, k), depth + 1) end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  if type(v) == "table" or type(v) == "userdata" then return "object " .. tostring(debug.getmetatable(v).__name) end
  return (tostring(v):gsub("0x%x+", ""))
end

return M
