-- Makes trees of files hostile: each of their entries and tables deleted, or replaced by what nobody wrote.
--
--   for _, place in ipairs(hostile.places(tree)) do
--     for name in pairs(hostile.values) do file = hostile.with(tree, place, hostile.values[name]) end
--   end
--
-- What is JSON inside of a text is a table, too.
local core = require "gan.core"
local json = require "gan.file.json"

local M = {}

local JSON = {} -- in a place: the text's table

--- What is put in the place of an entry, name -> function of the old value.
M.values = {
  none = function() return nil end, nan = function() return 0 / 0 end, infinity = function() return 1 / 0 end,
  ["-1"] = function() return -1 end, zero = function() return 0 end, half = function() return 0.5 end,
  ["2^53"] = function() return 1 << 53 end, ["largest integer"] = function() return math.maxinteger end,
  ["empty text"] = function() return "" end, ["long text"] = function() return ("x"):rep(100000) end,
  ["bytes"] = function() return "\27[2J\0\xff\n" end, ["true"] = function() return true end,
  ["empty table"] = function() return {} end, list = function() return {1, 2, 3} end,
  deep = function()
    local t = {}
    for _ = 1, 20 do t = {t} end
    return t
  end,
  many = function()
    local t = {}
    for i = 1, 3000 do t[i] = i end
    return t
  end,
  ["empty tensor"] = function() return core.full({0}, 0) end,
  ["tensor of bytes"] = function() return core.full({2, 3}, 1, "u8") end,
  scalar = function() return core.full({}, 0 / 0) end,
  ["tensor of infinities"] = function(old)
    return core.full(core.is_tensor(old) and core.dtype(old) == "real" and core.shape(old) or {1}, 1 / 0)
  end,
  ["five dimensions"] = function() return core.full({1, 2, 1, 2, 1}, 0) end,
}

M.names = {}
for name in pairs(M.values) do M.names[#M.names + 1] = name end
table.sort(M.names)

local function table_in(text) return type(text) == "string" and text:find "^[{%[]" and json.decode(text) or nil end

--- Lists the places in a tree: each is a list of keys.
function M.places(tree)
  local list = {}
  local function walk(v, path)
    local inner = table_in(v)
    if path[1] then list[#list + 1] = path end
    if inner then return walk(inner, table.move(path, 1, #path, 1, {[#path + 1] = JSON})) end
    if type(v) ~= "table" then return end
    local keys = {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, k in ipairs(keys) do walk(v[k], table.move(path, 1, #path, 1, {[#path + 1] = k})) end
  end
  walk(tree, {})
  return list
end

--- Returns a place as a text.
function M.name(place)
  local out = {}
  for i, k in ipairs(place) do out[i] = k == JSON and "(JSON)" or tostring(k) end
  return table.concat(out, ".")
end

--- Returns a tree with something else at a place; the tree itself stays as it is.
function M.with(tree, place, f)
  local function put(v, i)
    if i > #place then return f(v) end
    if place[i] == JSON then return json.encode(put(table_in(v), i + 1)) end
    local out = {}
    for k, x in pairs(v) do out[k] = x end
    out[place[i]] = put(v[place[i]], i + 1)
    return out
  end
  return put(tree, 1)
end

return M
