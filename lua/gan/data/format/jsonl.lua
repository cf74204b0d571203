--- Reads metadata.jsonl as Hugging Face's imagefolder has it: an object a line, `file_name` and what else there is of
-- text (caption, prompt), label, and objects, whose bbox are x, y, width and height.
-- @internal gan.data.format.jsonl
local budget = require "gan.file.budget"
local catalogue = require "gan.data.catalogue"
local check = require "gan.check"
local json = require "gan.file.json"
local layout = require "gan.data.layout"
local text = require "gan.file.text"

local M = {text = "metadata.jsonl"}

local NAMES = {"metadata.jsonl"}

--- Tells whether a path is such a file, or a folder with one in it or in its splits.
function M.detect(path, head)
  if head then return text.extension(path) == "jsonl" end
  return layout.find(path, NAMES)[1] ~= nil
end

local function numbers(list, n)
  if type(list) ~= "table" or #list ~= n then return false end
  for k = 1, n do if type(list[k]) ~= "number" then return false end end
  return true
end

-- The boxes of a line's objects; nil and what is wrong.
local function boxes_of(objects)
  if type(objects) ~= "table" then return nil, "'objects' is no object" end
  local bbox, names = objects.bbox, objects.categories or objects.category
  if type(bbox) ~= "table" then return nil, "'objects' has no list 'bbox'" end
  if names ~= nil and (type(names) ~= "table" or #names ~= #bbox) then
    return nil, ("'objects' has %d boxes and %d categories"):format(#bbox, type(names) == "table" and #names or 0)
  end
  local out = {}
  for k, b in ipairs(bbox) do
    if not numbers(b, 4) then return nil, ("box %d is no list of x, y, width and height"):format(k) end
    local class = names and names[k] or "object"
    if type(class) ~= "string" and math.type(class) ~= "integer" then
      return nil, ("category %d is neither a name nor a number"):format(k)
    end
    out[k] = {class = tostring(class), x0 = b[1], y0 = b[2], x1 = b[1] + b[3], y1 = b[2] + b[4]}
  end
  return out
end

local function texts_of(v)
  if type(v) == "string" then return {v} end
  if type(v) ~= "table" then return nil end
  for _, s in ipairs(v) do if type(s) ~= "string" then return nil end end
  return v
end

local function add(c, at, t, where, there)
  local file = t.file_name
  local path = type(file) == "string" and layout.join(at.dir, file)
  if not path then return c:problem(nil, "%s: no path 'file_name' below the file", where) end
  local record = c:add {path = path, name = ("%s: %s"):format(where, file), split = at.split}
  if there[path] then c:problem(record, "%s: %s is listed twice (first in %s)", where, file, there[path]) end
  there[path] = where
  local caption = t.text or t.caption or t.prompt
  if caption ~= nil then
    record.captions = texts_of(caption)
    if not record.captions then c:problem(record, "%s: the text is neither a string nor a list of them", where) end
  end
  if t.label ~= nil then
    local list, labels = type(t.label) == "table" and t.label or {t.label}, {}
    for k, v in ipairs(list) do
      if type(v) ~= "string" and math.type(v) ~= "integer" then
        c:problem(record, "%s: the label is neither a name nor a number", where)
      end
      labels[k] = tostring(v)
    end
    record.labels = labels
  end
  if t.objects ~= nil then
    local boxes, message = boxes_of(t.objects)
    if not boxes then return c:problem(record, "%s: %s", where, message) end
    record.boxes = boxes
  end
  return nil
end

--- Opens a file; see gan.data.open. Pictures that it does not list are told.
function M.open(path, o)
  local list = layout.is(path) and {{file = path, dir = text.folder_of(path)}} or layout.find(path, NAMES)
  local c = catalogue.new(path, "metadata.jsonl")
  for _, at in ipairs(list) do
    local s, message = text.read(at.file, budget.TEXT)
    if not s then return nil, message end
    local line, there, name = 0, {}, at.file:match "[^/]*$"
    for row in s:gmatch "[^\n]*" do
      line = line + 1
      local where = ("%s:%d"):format(name, line)
      if line > budget.LINES then return nil, ("%s: more than %d lines"):format(at.file, budget.LINES) end
      if row:find "%S" then
        local t, why = json.decode(row)
        if type(t) ~= "table" then c:problem(nil, "%s: %s", where, t == nil and why or "no object")
        else add(c, at, t, where, there) end
      end
    end
    for _, file in ipairs(layout.files(at.dir)) do
      if not there[file.path] then c:passed("picture| not listed, left out", check.shown(file.name)) end
    end
  end
  return c:open(o)
end

return M
