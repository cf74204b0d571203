-- Stands before the functions of the library and keeps arguments of calls that returned, the seeds of random calls.
-- Loaded before all else of the library it stands before those of gan.core, also where others keep them; `modules`
-- does the same for modules, `look` for the methods of an object.
local core = require "gan.core"

local M = {
  entries = {}, -- list of {name, f, seeds = argument lists, called, returned}
  on = false,   -- whether calls are kept
  objects = {}, -- things with methods that went in or out of calls, a list of each kind
}

local SEEDS, OBJECTS = 6, 6 -- argument lists of a function, objects of a kind
local LARGEST = 20000       -- elements of a tensor that is kept: calls are to be short

local is_tensor, numel = core.is_tensor, core.numel

local by_f = {}       -- a function, or what stands before it -> entry
local looked_at = {}  -- metatables and classes
local kinds = {}      -- metatable -> its part of `objects`

local function is_small(v) return not is_tensor(v) or numel(v) <= LARGEST end

local function meet(v)
  local kind = type(v)
  if kind ~= "table" and kind ~= "userdata" or is_tensor(v) then return end
  local mt = debug.getmetatable(v)
  if not mt then return end
  M.look(v)
  local list = kinds[mt]
  if not list then
    list = {}
    kinds[mt] = list
    M.objects[#M.objects + 1] = list
  end
  list.seen = (list.seen or 0) + 1
  if #list < OBJECTS then list[#list + 1] = v
  elseif list.seen % 8 == 0 then list[list.seen // 8 % OBJECTS + 1] = v end
end

local function keep(e, args, ...)
  e.returned = e.returned + 1
  for i = 1, args.n do
    meet(args[i])
    if not is_small(args[i]) then return ... end
  end
  meet((...))
  local n = #e.seeds
  if n < SEEDS then e.seeds[n + 1] = args
  elseif e.returned % 16 == 0 then e.seeds[e.returned // 16 % SEEDS + 1] = args end
  return ...
end

--- Returns what stands before a function from now on.
function M.before(name, f)
  if by_f[f] then return by_f[f].stand_in end
  local e = {name = name, f = f, seeds = {}, called = 0, returned = 0}
  function e.stand_in(...)
    if not M.on then return f(...) end
    e.called = e.called + 1
    return keep(e, table.pack(...), f(...))
  end
  by_f[f], by_f[e.stand_in] = e, e
  M.entries[#M.entries + 1] = e
  return e.stand_in
end

--- The entry of a function, or nil.
function M.entry(f) return by_f[f] end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do if type(k) == "string" then keys[#keys + 1] = k end end
  table.sort(keys)
  return keys
end

-- Replaces the functions in a table, and in the tables within it.
local function stand_before(prefix, separator, t, depth)
  if looked_at[t] then return end
  looked_at[t] = true
  for _, k in ipairs(sorted_keys(t)) do
    local v = rawget(t, k)
    if type(v) == "function" and not k:find "^__" then rawset(t, k, M.before(prefix .. separator .. k, v))
    elseif type(v) == "table" and depth > 0 and not is_tensor(v) and not k:find "^_" then
      stand_before(prefix .. separator .. k, ".", v, depth - 1)
    end
  end
end

--- Stands before the methods of an object's class, and of what that is derived from.
function M.look(v)
  local mt = debug.getmetatable(v)
  while type(mt) == "table" and not looked_at[mt] do
    local class = type(mt.__index) == "table" and mt.__index or mt
    local name = rawget(mt, "__name") or rawget(class, "class_name") or "object"
    stand_before(tostring(name), ":", class, 0)
    looked_at[mt] = true
    mt = debug.getmetatable(class)
  end
end

--- Stands before the functions of all modules of the library that are loaded.
function M.modules()
  local names = {}
  for name, v in pairs(package.loaded) do
    if name:find "^gan" and type(v) == "table" then names[#names + 1] = name end
  end
  table.sort(names, function(a, b)
    if #a ~= #b then return #a > #b end -- a room's files before the room: their names are longer
    return a < b
  end)
  for _, name in ipairs(names) do stand_before(name, ".", package.loaded[name], 1) end
end

for _, k in ipairs(sorted_keys(core)) do
  if type(core[k]) == "function" then core[k] = M.before("core." .. k, core[k]) end
end
looked_at[core] = true

return M
