--- Reads tables of pictures: CSV with a header (RFC 4180), and TSV, which knows no quotes. A column `file` and what
-- else there is of label, caption and columns of 0 and 1, which are attributes; a picture may have several rows.
-- @internal gan.data.format.table
local budget = require "gan.file.budget"
local catalogue = require "gan.data.catalogue"
local layout = require "gan.data.layout"
local text = require "gan.file.text"

local M = {text = ".csv, .tsv"}

local NAMES = {}
for _, name in ipairs {"metadata", "captions", "labels", "annotations", "attributes"} do
  for _, extension in ipairs {".csv", ".tsv"} do NAMES[#NAMES + 1] = name .. extension end
end

-- Column -> what it is.
local columns = {
  file = "file", file_name = "file", filename = "file", image = "file", path = "file",
  label = "label", labels = "label", class = "label", category = "label",
  caption = "caption", captions = "caption", text = "caption", prompt = "caption",
  split = "split",
}
local splits = {train = "train", val = "val", valid = "val", validation = "val", test = "test", eval = "eval"}

--- Tells whether a path is such a table, or a folder that has one by a usual name.
function M.detect(path, head)
  if head then
    local extension = text.extension(path)
    return (extension == "csv" or extension == "tsv") and not head:find "[\0-\8]"
  end
  return layout.find(path, NAMES)[1] ~= nil
end

local FIELDS = 1 << 24 -- of a table
local TOO_MANY = ("more than %d fields"):format(FIELDS)

-- The records of CSV: list of lists of fields, with `line`; or nil and a message.
function M.csv(s)
  local records, at, line, n, fields = {}, 1, 1, #s, 0
  while at <= n do
    local record = {line = line}
    repeat
      local field, stop
      if s:byte(at) == 34 then -- a quote
        local began, parts, from = line, {}, at + 1
        while true do
          local close = s:find('"', from, true)
          if not close then return nil, ("line %d: a quote that is not closed"):format(began) end
          parts[#parts + 1] = s:sub(from, close - 1)
          from = close + 1
          if s:byte(from) ~= 34 then break end
          parts[#parts + 1] = '"'
          from = from + 1
        end
        field = table.concat(parts)
        for _ in field:gmatch "\n" do line = line + 1 end
        stop = from
        if stop <= n and not s:find("^[,\n]", stop) and not s:find("^\r\n", stop) then
          return nil, ("line %d: something behind a closing quote (expected a comma)"):format(line)
        end
      else
        stop = s:find("[,\n]", at) or n + 1
        field = s:sub(at, stop - 1)
        if s:byte(stop) ~= 44 then field = field:gsub("\r$", "") end
      end
      record[#record + 1] = field
      fields = fields + 1
      if fields > FIELDS then return nil, TOO_MANY end
      if s:byte(stop) == 13 then stop = stop + 1 end
      local more = s:byte(stop) == 44
      if s:byte(stop) == 10 then line = line + 1 end
      at = stop + 1
      if more and at > n then record[#record + 1] = "" end
    until not more or at > n
    if #record > 1 or record[1] ~= "" then records[#records + 1] = record end
  end
  return records
end

--- Returns the records of TSV: quotes are text; or nil and a message.
function M.tsv(s)
  local records, line, fields = {}, 0, 0
  for row in (s .. "\n"):gmatch "(.-)\r?\n" do
    line = line + 1
    if row ~= "" then
      local record = {line = line}
      for field in (row .. "\t"):gmatch "(.-)\t" do record[#record + 1] = field end
      fields = fields + #record
      if fields > FIELDS then return nil, TOO_MANY end
      records[#records + 1] = record
    end
  end
  return records
end

-- What the columns are: list of kinds, "attribute" of those that hold 0 and 1 alone; nil and a message without a file.
local function kinds_of(header, records, name)
  local kinds, has, unused = {}, {}, {}
  for k, column in ipairs(header) do
    kinds[k] = columns[column:lower()]
    has[kinds[k] or ""] = true
  end
  for k, column in ipairs(header) do
    if not kinds[k] and not has.caption and column:lower() == "name" then kinds[k] = "caption" end
  end
  if not has.file then
    return nil, ("%s: no column 'file' (there is: %s)"):format(name, table.concat(header, ", "))
  end
  for k, column in ipairs(header) do
    local binary = not kinds[k] and #records > 1
    for i = 2, binary and #records or 1 do
      local v = records[i][k]
      if v ~= "0" and v ~= "1" then binary = false break end
    end
    if binary then kinds[k] = "attribute" elseif not kinds[k] then unused[#unused + 1] = column end
  end
  return kinds, unused
end

local function add_row(c, at, by_file, row, header, kinds, name)
  local where = ("%s:%d"):format(name, row.line)
  if #row ~= #header then
    return c:problem(nil, "%s: %d fields (expected %d, as the header has)", where, #row, #header)
  end
  local file, split, record
  for k, kind in pairs(kinds) do
    if kind == "file" then file = row[k] elseif kind == "split" then split = row[k] end
  end
  local path = layout.join(at.dir, file)
  if not path then return c:problem(nil, "%s: '%s' is no path below the table", where, file) end
  if split and not splits[split:lower()] then
    return c:problem(nil, "%s: '%s' is no split (train, val, test or eval)", where, split)
  end
  record = by_file[path]
  local first = not record
  if first then
    record = c:add {path = path, name = where .. ": " .. file, split = at.split or split and splits[split:lower()]}
    by_file[path] = record
  end
  local attributes = {}
  for k = 1, #header do
    local v, kind = row[k], kinds[k]
    if kind == "attribute" then attributes[#attributes + 1] = tonumber(v)
    elseif (kind == "label" or kind == "caption") and v ~= "" then
      local list = kind .. "s"
      record[list] = record[list] or {}
      local there = false
      for _, own in ipairs(record[list]) do there = there or own == v end
      if not there then table.insert(record[list], v) end
    end
  end
  if attributes[1] then
    if not first and table.concat(record.attributes, ",") ~= table.concat(attributes, ",") then
      c:problem(record, "%s: other attributes than in an earlier row of the same picture", where)
    end
    record.attributes = attributes
  end
  return nil
end

--- Opens a table; see gan.data.open.
function M.open(path, o)
  local list = layout.is(path) and {{file = path, dir = text.folder_of(path)}} or layout.find(path, NAMES)
  local c = catalogue.new(path, "table")
  local by_file, names = {}, nil
  for _, at in ipairs(list) do
    local s, message = text.read(at.file, budget.TEXT)
    if not s then return nil, message end
    s = s:gsub("^\xef\xbb\xbf", "")
    local name = at.file:match "[^/]*$"
    local records
    records, message = (text.extension(at.file) == "csv" and M.csv or M.tsv)(s)
    if not records then return nil, ("%s: %s"):format(at.file, message) end
    local header = records[1] or {}
    local kinds, unused = kinds_of(header, records, at.file)
    if not kinds then return nil, unused end
    if unused[1] then c.notes[#c.notes + 1] = ("%s: columns not used: %s"):format(name, table.concat(unused, ", ")) end
    local attributes = {}
    for k, column in ipairs(header) do if kinds[k] == "attribute" then attributes[#attributes + 1] = column end end
    if names and table.concat(names, ",") ~= table.concat(attributes, ",") then
      return nil, ("%s: other attributes than in the other splits"):format(at.file)
    end
    names = attributes
    for i = 2, #records do add_row(c, at, by_file, records[i], header, kinds, name) end
  end
  c.attribute_names = names and names[1] and names or nil
  return c:open(o)
end

return M
