--- Reads CelebA's lists: attributes of pictures, and the parts that they belong to.
-- Source: torchvision's celeba.py; Liu et al. 2015, arXiv:1411.7766.  Differs: boxes and landmarks are not read, those
-- of list_bbox_celeba.txt belong to other pictures than the aligned ones.
-- @internal gan.data.format.celeba
local budget = require "gan.file.budget"
local catalogue = require "gan.data.catalogue"
local layout = require "gan.data.layout"
local text = require "gan.file.text"

local M = {text = "CelebA"}

local LIST, PARTS = "list_attr_celeba.txt", "list_eval_partition.txt"
local FOLDERS = {"img_align_celeba", "img_celeba", "images"}
local splits = {["0"] = "train", ["1"] = "val", ["2"] = "test"}

--- Tells whether a path is CelebA's list of attributes, or a folder with it.
function M.detect(path, head)
  if head then return path:match "[^/]*$" == LIST end
  return layout.is(path .. "/" .. LIST)
end

-- name -> split, or nil.
local function parts_of(c, dir)
  if not layout.is(dir .. "/" .. PARTS) then return nil end
  local s, message = text.read(dir .. "/" .. PARTS, budget.TEXT)
  if not s then
    c:problem(nil, "%s", message)
    return nil
  end
  local of, line = {}, 0
  for row in s:gmatch "[^\n]*" do
    line = line + 1
    local name, part = row:match "^(%S+)%s+(%S+)%s*$"
    if name and splits[part] then of[name] = splits[part]
    elseif row:find "%S" then c:problem(nil, "%s:%d: expected a name and 0, 1 or 2", PARTS, line) end
  end
  return of
end

--- Opens a folder with the list; see gan.data.open.
function M.open(path, o)
  local dir = layout.is(path) and text.folder_of(path) or path
  local s, message = text.read(dir .. "/" .. LIST, budget.TEXT)
  if not s then return nil, message end
  local images = layout.folder(dir, FOLDERS) or dir
  local c = catalogue.new(path, "CelebA")
  local part = parts_of(c, dir)
  local line, count, names, there, n = 0, nil, {}, {}, 0
  for row in s:gmatch "[^\n]*" do
    line = line + 1
    local words = {}
    for word in row:gmatch "%S+" do words[#words + 1] = word end
    if line == 1 then
      count = math.tointeger(tonumber(words[1]))
      if not count or words[2] then return nil, ("%s/%s:1: expected how many pictures there are"):format(dir, LIST) end
    elseif line == 2 then
      names = words
      if not names[1] then return nil, ("%s/%s:2: expected the attributes' names"):format(dir, LIST) end
    elseif words[1] then
      local record = c:add {path = images .. "/" .. words[1], name = ("%s:%d: %s"):format(LIST, line, words[1])}
      n = n + 1
      if words[1]:find "/" then c:problem(record, "%s: a path, no name", record.name) end
      if there[words[1]] then c:problem(record, "%s: listed twice", record.name) end
      there[words[1]] = true
      if #words ~= #names + 1 then
        c:problem(record, "%s: %d numbers (expected %d)", record.name, #words - 1, #names)
      end
      record.attributes = {}
      for k = 2, #words do
        local v = words[k]
        if v ~= "1" and v ~= "-1" and v ~= "0" then
          c:problem(record, "%s: '%s' is no 1 or -1", record.name, v)
          break
        end
        record.attributes[k - 1] = v == "1" and 1 or 0
      end
      record.split = part and part[words[1]]
      if part and not record.split then c:problem(record, "%s: not in %s", record.name, PARTS) end
    end
  end
  if n ~= count then c:problem(nil, "%s:1: says %d pictures, lists %d", LIST, count or 0, n) end
  c.attribute_names = names
  return c:open(o)
end

return M
