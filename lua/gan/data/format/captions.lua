--- Reads a folder of pictures beside one of texts, or with texts in it: of each picture a .txt file of the same name, a
-- caption a line.
-- @internal gan.data.format.captions
local budget = require "gan.file.budget"
local catalogue = require "gan.data.catalogue"
local check = require "gan.check"
local core = require "gan.core"
local layout = require "gan.data.layout"
local text = require "gan.file.text"
local tree = require "gan.data.tree"

local M = {text = "pictures beside .txt"}

local IMAGES = {"images", "Images", "imgs", "img", "image", "pictures", "jpg"}
local TEXTS = {"text", "texts", "captions", "text_c10"}
local PROBED = 16 -- pictures whose texts are looked for

local function is_text(name) return name:lower():find "%.txt$" ~= nil end

-- The folders of pictures and of texts; or nil.
local function folders_of(path)
  local images, texts = layout.folder(path, IMAGES), layout.folder(path, TEXTS)
  if images and texts and layout.files(texts, is_text)[1] then return images, texts end
  local probed = 0
  for _, name in ipairs(core.folder(path) or {}) do
    if tree.is_named(name) and probed < PROBED then
      probed = probed + 1
      local beside = ("%s/%s.txt"):format(path, name:match "^(.+)%.[^.]*$")
      local s = layout.is(beside) and text.read(beside, budget.SMALL)
      if s and s:find "%a" then return path, path end -- numbers alone are boxes of a format that is not read
    end
  end
  return nil
end

--- Tells whether a path is a folder that has both.
function M.detect(path, head) return not head and folders_of(path) ~= nil end

-- The lines of a text that are not empty; or nil and a message.
local function captions_of(path)
  local s, message = text.read(path, budget.SMALL)
  if not s then return nil, message end
  local list, line = {}, 0
  for row in s:gsub("^\xef\xbb\xbf", ""):gmatch "[^\n]*" do
    line = line + 1
    row = row:gsub("\r$", "")
    local ok, at = utf8.len(row)
    if not ok then return nil, ("line %d, byte %d: no UTF-8"):format(line, at) end
    if row:find "%S" then list[#list + 1] = row end
  end
  return list
end

--- Opens a folder; see gan.data.open.
function M.open(path, o)
  local images, texts = folders_of(path)
  if not images then return nil, path .. ": no pictures beside texts in it" end
  local c = catalogue.new(path, "captions")
  local of = {}
  for _, file in ipairs(layout.files(texts, is_text)) do of[file.stem] = file end
  for _, file in ipairs(layout.files(images)) do
    local own = of[file.stem]
    of[file.stem] = nil
    local record = c:add {path = file.path, name = file.name}
    if own then
      local list, message = captions_of(own.path)
      record.captions = list
      if not list then c:problem(record, "%s: %s", own.name, message) end
    else
      c:passed("picture| without a text", check.shown(file.name))
    end
  end
  local rest = {}
  for stem in pairs(of) do rest[#rest + 1] = stem end
  core.sort(rest)
  for _, stem in ipairs(rest) do
    c:problem(nil, "%s: captions of a picture that is missing", check.shown(of[stem].name))
  end
  return c:open(o)
end

return M
