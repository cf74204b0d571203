--- Reads Pascal VOC's XML: a file of boxes for each picture.
-- Source: Everingham et al., the PASCAL VOC development kit: edges count from 1 and are inclusive.  Differs: none; only
-- xmin and ymin lose 1, so that x1 and y1 are exclusive.
-- @internal gan.data.format.voc
local catalogue = require "gan.data.catalogue"
local check = require "gan.check"
local core = require "gan.core"
local layout = require "gan.data.layout"
local text = require "gan.file.text"
local tree = require "gan.data.tree"
local xml = require "gan.file.xml"

local M = {text = "Pascal VOC"}

local IMAGES = {"JPEGImages", "images", "Images", "imgs", "img"}
local MOST = 16 << 20 -- bytes of a file
local BELOW = 8 -- folders that are looked into

local function is_xml(name) return name:lower():find "%.xml$" ~= nil end

-- The folder with XML files that a folder has; or nil.
local function annotations_in(path)
  local own = layout.folder(path, {"Annotations", "annotations"})
  return own and layout.files(own, is_xml)[1] and own or nil
end

-- The folder of XML files of a path, or nil: Annotations in it, also one below; or itself, where pictures have them.
local function folder_of(path)
  local own = annotations_in(path)
  if own then return own end
  for _, name in ipairs(core.folder(path) or {}) do if is_xml(name) then return path end end
  local folders, only = layout.folders(path), nil
  for _, name in ipairs(#folders <= BELOW and folders or {}) do
    local below = annotations_in(path .. "/" .. name)
    if below and only then return nil end
    only = only or below
  end
  return only
end

--- Tells whether a path is a folder of such files, or a folder with Annotations in it.
function M.detect(path, head)
  if head then return false end
  local folder = folder_of(path)
  if not folder then return false end
  if folder ~= path then return true end
  local first = text.read(layout.files(folder, is_xml)[1].path, MOST)
  return first ~= nil and first:find("<annotation", 1, true) ~= nil
end

local function child(node, tag)
  for _, c in ipairs(node or {}) do if c.tag == tag then return c end end
  return nil
end
local function text_of(node, tag)
  local c = child(node, tag)
  return c and c.text:match "^%s*(.-)%s*$"
end

-- The picture of an XML file: by the name that it gives, never by its path, which is of some annotator's disk.
local function picture_of(file, name, pictures)
  local base = name and name ~= "" and name:gsub("\\", "/"):match "[^/]*$"
  local stem = file.stem:match "[^/]*$"
  return base and pictures[base] or pictures[stem] or base and pictures[base:match "^(.+)%.[^.]*$" or base]
end

local function box_of(c, record, object, where, k)
  local name, b = text_of(object, "name"), child(object, "bndbox")
  if not name or name == "" then return c:problem(record, "%s: object %d has no name", where, k) end
  if not b then return c:problem(record, "%s: object %d, '%s', has no bndbox", where, k, check.shown(name)) end
  local v = {}
  for i, edge in ipairs {"xmin", "ymin", "xmax", "ymax"} do
    v[i] = tonumber(text_of(b, edge) or "")
    if not v[i] then
      return c:problem(record, "%s: object %d, '%s', has no number %s", where, k, check.shown(name), edge)
    end
  end
  local boxes = record.boxes
  boxes[#boxes + 1] = {
    class = name, x0 = v[1] - 1, y0 = v[2] - 1, x1 = v[3], y1 = v[4], empty = v[3] <= v[1] or v[4] <= v[2],
  }
  return nil
end

--- Opens a folder; see gan.data.open.
function M.open(path, o)
  local folder = folder_of(path)
  if not folder then return nil, path .. ": no XML files in it" end
  local beside = folder:match "^(.*)/[^/]*$"
  local images = folder ~= path and (layout.folder(beside, IMAGES) or beside) or folder
  local pictures = {}
  for _, dir in ipairs {images, folder} do
    for _, name in ipairs(core.folder(dir) or {}) do
      if tree.is_named(name) then
        local stem = name:match "^(.+)%.[^.]*$"
        pictures[name], pictures[stem] = dir .. "/" .. name, pictures[stem] or dir .. "/" .. name
      end
    end
  end
  local c, there = catalogue.new(path, "Pascal VOC"), {}
  for _, file in ipairs(layout.files(folder, is_xml)) do
    local root, message = xml.read(file.path)
    if root and root.tag ~= "annotation" then root, message = nil, ("<%s>, no <annotation>"):format(root.tag) end
    if not root then c:problem(nil, "%s: %s", file.name, message)
    else
      local name = text_of(root, "filename")
      local picture = picture_of(file, name, pictures)
      local size = child(root, "size")
      if not picture then
        c:problem(nil, "%s: there is no picture '%s'", file.name, check.shown(name or file.stem))
      else
        local record = c:add {
          path = picture, name = file.name, boxes = {}, height = math.tointeger(tonumber(text_of(size, "height"))),
          width = math.tointeger(tonumber(text_of(size, "width"))),
        }
        if there[picture] then
          c:problem(record, "%s: the same picture as %s, %s", file.name, there[picture], picture:match "[^/]*$")
        end
        there[picture] = file.name
        local k = 0
        for _, object in ipairs(root) do
          if object.tag == "object" then
            k = k + 1
            box_of(c, record, object, file.name, k)
          end
        end
      end
    end
  end
  return c:open(o)
end

return M
