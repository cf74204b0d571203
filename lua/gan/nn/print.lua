--- Prints a net as a table: a row for each layer, with the shape of its result and the number of its parameters.
-- @internal gan.nn.print
local check = require "gan.check"
local core = require "gan.core"
local walk = require "gan.nn.walk"

local HEAD = {"", "layer", "output", "parameters"}

-- Returns the shape of the layer's result for input s (without the batch), or nil where that is unknown.
local function result_shape(layer, s)
  if not s or not walk.is_module(layer) or not layer.shape then return nil end
  local ok, out = pcall(layer.shape, layer, s)
  if ok and type(out) == "table" then return out end
end

-- 1234567 -> "1,234,567".
local function grouped(n)
  local s = tostring(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (s:gsub("^,", ""))
end

-- Appends the rows of a layer whose input has shape s; returns the shape of its result.
local function add_rows(layer, name, s, out)
  if walk.is_module(layer) and layer.children then
    local prefix = name == "" and "" or name .. "."
    for i, child in ipairs(layer:children()) do s = add_rows(child, prefix .. i, s, out) end
    return s
  end
  s = result_shape(layer, s)
  local text, count = "function", 0
  if walk.is_module(layer) then text, count = layer:describe(), layer:count() end
  out[#out + 1] = {name, text, s and check.shape_string(s) or "?", grouped(count)}
  return s
end

-- Returns lines of columns: three to the left, the last to the right.
local function aligned(rows)
  local width = {0, 0, 0, 0}
  for _, row in ipairs(rows) do
    for i, text in ipairs(row) do width[i] = math.max(width[i], #text) end
  end
  local name = width[1] > 0 and ("%%-%ds  "):format(width[1]) or "%s"
  local format = name .. ("%%-%ds  %%-%ds  %%%ds"):format(table.unpack(width, 2))
  local lines = {}
  for i, row in ipairs(rows) do lines[i] = format:format(table.unpack(row)) end
  return table.concat(lines, "\n")
end

--- Returns a layer and all below as a table of text; tostring of a layer calls it.
local function to_string(layer)
  local rows = {HEAD}
  add_rows(layer, "", layer.input, rows)
  rows[#rows + 1] = {"", "total", "", grouped(layer:count())}
  return aligned(rows)
end

return core.without_locale(to_string)
