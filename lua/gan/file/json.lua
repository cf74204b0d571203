--- Writes JSON with sorted keys, and reads JSON; what is written comes back as it was.
--
-- The same table gives the same bytes in every process, which lua-cjson does not promise. Numbers come back bit for
-- bit: an integer literal is an integer of 64 bits, all else a float. A string may hold any bytes, as names of files
-- do: a byte that is no UTF-8 is written as \udc80 to \udcff, as Python's `surrogateescape` has it.
-- @module gan.file.json
local cjson = require "cjson"
local check = require "gan.check"
local budget = require "gan.file.budget"
local core = require "gan.core"

local M = {}

--- Stands for the empty list; an empty table is an object.
M.list = {}

local short = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r"}

-- Writes each byte that belongs to no UTF-8 character as the lone surrogate U+DC80 to U+DCFF.
local function escape_bytes(s)
  local out, from = {}, 1
  while true do
    local ok, bad = utf8.len(s, from)
    if ok then break end
    out[#out + 1] = s:sub(from, bad - 1)
    out[#out + 1] = ("\\udc%02x"):format(s:byte(bad))
    from = bad + 1
  end
  return table.concat(out) .. s:sub(from)
end

-- The class is spelt out: %c is another one in other locales.
local function encode_string(s)
  s = s:gsub('[\0-\31\127"\\]', function(c) return short[c] or ("\\u%04x"):format(c:byte()) end)
  return '"' .. (utf8.len(s) and s or escape_bytes(s)) .. '"'
end

--- Returns the shortest text that reads back as an equal number; "null" for NaN and infinities, which JSON lacks.
-- A float that is whole reads "2": `encode` writes 2.0.
-- @tparam number x  any
-- @treturn string
-- @raise if x is no number
function M.number(x)
  if math.type(x) == "integer" then return ("%d"):format(x) end
  for digits = 6, 17 do
    local s = ("%%.%dg"):format(digits):format(x):gsub("[^%w+-]+", ".") -- a locale may have a decimal comma
    if tonumber(s) == x then return s end
  end
  return "null"
end

-- A float stays one: its literal has a point or an exponent.
local function encode_number(x)
  local s = M.number(x)
  return math.type(x) == "float" and s:find "^%-?%d+$" and s .. ".0" or s
end

--- Returns a value as text. A table is a list if it has an element 1, else an object.
-- @param v  any string, number, boolean, or table of these with string keys; all else becomes "null"
-- @treturn string
-- @raise if an object's key is no string
function M.encode(v)
  local kind = type(v)
  if v == M.list then return "[]"
  elseif kind == "string" then return encode_string(v)
  elseif kind == "number" then return encode_number(v)
  elseif kind == "boolean" then return tostring(v)
  elseif kind ~= "table" then return "null" end
  local out = {}
  if #v > 0 then
    for i, e in ipairs(v) do out[i] = M.encode(e) end
    return "[" .. table.concat(out, ",") .. "]"
  end
  local keys = {}
  for k in pairs(v) do keys[#keys + 1] = k end
  core.sort(keys)
  for i, k in ipairs(keys) do out[i] = encode_string(k) .. ":" .. M.encode(v[k]) end
  return "{" .. table.concat(out, ",") .. "}"
end

-- cjson has one kind of number, the double, and no lone surrogates. So it is given strings alone, in which the first
-- letter tells what was there; and bytes in the place of the surrogates that stand for them.
local NUMBER, STRING = ("n"):byte(), '"s'

local function bytes_of(s)
  return (s:gsub("\\u([dD][89abAB]%x%x)\\u([dD][c-fC-F]%x%x)", function(high, low)
    return utf8.char(0x10000 + ((tonumber(high, 16) & 0x3ff) << 10 | tonumber(low, 16) & 0x3ff))
  end):gsub("\\u[dD][cC]([89a-fA-F]%x)", function(byte) return string.char(tonumber(byte, 16)) end))
end

local function marked(text)
  -- Then a quote ends its string, and a backslash begins an escape.
  if text:find("\\", 1, true) then text = text:gsub("\\(.)", {['"'] = "\\u0022", ["\\"] = "\\u005c"}) end
  local surrogates = text:find "\\u[dD]"
  return (text:gsub('([^"]*)("?[^"]*"?)', function(between, s)
    if between:find "%d" then between = between:gsub("-?%d[%w.+-]*", '"n%0"') end
    if s == "" then return between end
    return between .. STRING .. (surrogates and bytes_of(s) or s):sub(2)
  end))
end

local function unmarked(v)
  local kind = type(v)
  if kind == "string" then
    if v:byte() ~= NUMBER then return v:sub(2) end
    return tonumber(v:sub(2)) or error("expected a number, found " .. v:sub(2), 0)
  elseif kind ~= "table" then
    return v
  end
  if #v > 0 then -- in its place: a copy would take as much memory again
    for i = 1, #v do v[i] = unmarked(v[i]) end
    return v
  end
  local out = {}
  for k, e in pairs(v) do
    if k:byte() == NUMBER then error("expected a string as a key, found " .. k:sub(2), 0) end
    out[k:sub(2)] = unmarked(e)
  end
  return out
end

-- More brackets, commas and quotes than a text may have?
local function too_many(text)
  if #text <= budget.JSON_MARKS then return false end
  local count = 0
  for _ in text:gmatch '[%[{,"]' do
    count = count + 1
    if count > budget.JSON_MARKS then return true end
  end
  return false
end

--- Reads a text. An integer literal of at most 64 bits is an integer, any other number a float.
-- @tparam string text  one JSON value
-- @return  its value: a string, number, boolean or table
-- @error if it is no JSON, or has more than budget.JSON bytes or budget.JSON_MARKS brackets, commas and quotes
function M.decode(text)
  if #text > budget.JSON then return nil, ("%d bytes (at most %d are read)"):format(#text, budget.JSON) end
  if too_many(text) then return nil, ("more than %d brackets, commas and quotes"):format(budget.JSON_MARKS) end
  local ok, v = pcall(marked, text)
  if ok then ok, v = pcall(cjson.decode, v) end
  if ok then ok, v = pcall(unmarked, v) end
  if ok then return v end
  check.pass_memory(v)
  local lenient, message = pcall(cjson.decode, text) -- its message counts the characters of text
  return nil, (tostring(lenient and v or message):gsub("%s+", " "))
end

return M
