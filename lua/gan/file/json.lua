--- JSON with sorted keys: the same table gives the same bytes in every process, which lua-cjson does not promise.
local cjson = require "cjson"

local M = {}

--- The empty list; an empty table is an object.
M.list = {}

local short = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r"}

local function encode_string(s)
  return '"' .. s:gsub('[%c"\\]', function(c) return short[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
end

--- The shortest text that reads back as the same number; "null" for NaN and infinities, which JSON lacks.
function M.number(x)
  if math.type(x) == "integer" then return ("%d"):format(x) end
  for digits = 6, 17 do
    local s = ("%%.%dg"):format(digits):format(x)
    if tonumber(s) == x then return s end
  end
  return "null"
end

--- Text of a string, number, boolean, or table: a list if it has an element 1, else an object with string keys.
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

--- Value of a text, or nil, message. Numbers come as floats; use math.tointeger.
function M.decode(text)
  local ok, v = pcall(cjson.decode, text)
  if ok then return v end
  return nil, (tostring(v):gsub("%s+", " "))
end

return M
