--- Writes JSON with sorted keys, and reads JSON.
--
-- The same table gives the same bytes in every process, which lua-cjson does not promise.
-- @module gan.file.json
local cjson = require "cjson"

local M = {}

--- Stands for the empty list; an empty table is an object.
M.list = {}

local short = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r"}

local function encode_string(s)
  return '"' .. s:gsub('[%c"\\]', function(c) return short[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
end

--- Returns the shortest text that reads back as the same number; "null" for NaN and infinities, which JSON lacks.
-- @tparam number x  any
-- @treturn string
-- @raise if x is no number
function M.number(x)
  if math.type(x) == "integer" then return ("%d"):format(x) end
  for digits = 6, 17 do
    local s = ("%%.%dg"):format(digits):format(x)
    if tonumber(s) == x then return s end
  end
  return "null"
end

--- Returns a value as text. A table is a list if it has an element 1, else an object.
-- @param v  any string, number, boolean, or table of these with string keys; all else becomes "null"
-- @treturn string
-- @raise if an object's key is no string
function M.encode(v)
  local kind = type(v)
  if v == M.list then return "[]"
  elseif kind == "string" then return encode_string(v)
  elseif kind == "number" then return M.number(v)
  elseif kind == "boolean" then return tostring(v)
  elseif kind ~= "table" then return "null" end
  local out = {}
  if #v > 0 then
    for i, e in ipairs(v) do out[i] = M.encode(e) end
    return "[" .. table.concat(out, ",") .. "]"
  end
  local keys = {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys)
  for i, k in ipairs(keys) do out[i] = encode_string(k) .. ":" .. M.encode(v[k]) end
  return "{" .. table.concat(out, ",") .. "}"
end

--- Reads a text. Numbers come as floats: use `math.tointeger`.
-- @tparam string text  one JSON value
-- @return  its value: a string, number, boolean or table
-- @error if it is no JSON
function M.decode(text)
  local ok, v = pcall(cjson.decode, text)
  if ok then return v end
  return nil, (tostring(v):gsub("%s+", " "))
end

--- Makes the numbers of a decoded table what they were, in place: integers are integers. Cannot fail.
-- @tparam table values  name -> value
-- @treturn table  the same one
function M.integers(values)
  for k, v in pairs(values) do if type(v) == "number" then values[k] = math.tointeger(v) or v end end
  return values
end

return M
