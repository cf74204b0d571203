--- Reads a folder of pictures beside a folder of masks: PNG of the same names, whose pixels are numbers.
-- @internal gan.data.format.masks
local budget = require "gan.file.budget"
local catalogue = require "gan.data.catalogue"
local check = require "gan.check"
local layout = require "gan.data.layout"
local text = require "gan.file.text"

local M = {text = "pictures beside masks"}

local IMAGES = {"images", "Images", "JPEGImages", "imgs", "img", "image", "pictures"}
local CLASSES = {"masks", "Masks", "mask", "SegmentationClass", "labels", "segmentation", "segmentations"}
local INSTANCES = {"instances", "Instances", "SegmentationObject", "objects"}

-- The folders of a path: images, masks, kind; nil where they are not both there.
local function folders_of(path)
  local images = layout.folder(path, IMAGES)
  if not images then return nil end
  local masks = layout.folder(path, CLASSES)
  if masks then return images, masks, "class" end
  masks = layout.folder(path, INSTANCES)
  return masks and images, masks, "instance"
end

--- Tells whether a path is a folder that has both, with masks in it.
function M.detect(path, head)
  if head then return false end
  local _, masks = folders_of(path)
  return masks ~= nil and layout.files(masks, function(name) return name:lower():find "%.png$" ~= nil end)[1] ~= nil
end

-- The names of classes in classes.txt, one a line; or nil.
local function names_of(path)
  local s = layout.is(path .. "/classes.txt") and text.read(path .. "/classes.txt", budget.SMALL)
  local names = {}
  for line in (s or ""):gmatch "[^\r\n]+" do names[#names + 1] = line end
  return names[1] and names
end

--- Opens a folder; see gan.data.open. `classes.txt` in it may name the classes, the first line number 0.
function M.open(path, o)
  local images, masks, kind = folders_of(path)
  if not masks then return nil, path .. ": no pictures beside masks in it" end
  local c = catalogue.new(path, "masks")
  c.mask_kind, c.mask_names = kind, names_of(path)
  local of, used = {}, {}
  local found = layout.files(masks, function(name) return name:lower():find "%.png$" ~= nil end)
  for _, file in ipairs(found) do of[file.stem] = file.path end
  for _, file in ipairs(layout.files(images)) do
    local mask = of[file.stem] or of[file.stem .. "_mask"] or of[file.stem .. "_labelIds"]
    if mask then used[mask] = true end
    c:add {path = file.path, name = file.name, mask = mask}
    if not mask then
      c:problem(c.records[#c.records], "%s: no mask %s.png in %s", file.name, file.stem, masks:match "[^/]*$")
    end
  end
  for _, file in ipairs(found) do
    if not used[file.path] then c:passed("mask| without a picture, left out", check.shown(file.name)) end
  end
  return c:open(o)
end

return M
