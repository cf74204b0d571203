--- Reads the labels in dataset.json, which StyleGAN's dataset_tool.py puts beside pictures.
-- Format: {"labels": [["00000/img00000000.png", 3], ...]}, or null; a label may also be a list of
-- numbers.
-- @internal gan.data.stylegan
local check = require "gan.check"
local json = require "gan.file.json"
local pixels = require "gan.data.pixels"

local M = {}

--- Names the file, at the top of a folder or archive.
M.NAME = "dataset.json"

local MOST_LABEL = 65535

-- name -> vector, and how long they are; or nil, and why there are none.
local function vectors_of(list, size)
  local map = {}
  for i, pair in ipairs(list) do
    local v = type(pair) == "table" and pair[2]
    local good = type(v) == "table" and #v == size and type(pair[1]) == "string"
    for k = 1, good and size or 0 do good = good and type(v[k]) == "number" and v[k] == v[k] end
    if not good then
      return nil, ("has no name with a list of %d numbers as entry %d of its labels"):format(size, i)
    end
    map[pair[1]] = v
  end
  return map, nil, size
end

-- name -> label of a decoded text; or nil, and why there are none.
local function labels_of(t)
  local list = type(t) == "table" and t.labels
  if type(list) ~= "table" then return nil, "has no labels" end
  local map, first = {}, type(list[1]) == "table" and list[1][2]
  if type(first) == "table" then return vectors_of(list, #first) end
  for i, pair in ipairs(list) do
    local name, label = nil, nil
    if type(pair) == "table" then name, label = pair[1], pair[2] end
    local y = type(label) == "number" and math.tointeger(label)
    if type(name) ~= "string" or not y or y < 0 or y > MOST_LABEL then
      return nil, ("has no name with an integer from 0 to %d as entry %d of its labels"):format(MOST_LABEL, i)
    end
    map[name] = y
  end
  if not next(map) then return nil, "has no labels" end
  return map
end

--- Reads a text. Cannot fail: a text that has no labels gives none.
-- @tparam ?string text  of dataset.json; nil: it cannot be read
-- @tparam ?string why  it cannot
-- @treturn table  `of(names, notes)`: the labels of pictures, a list of integers from 0, and the names of the classes;
--   or nil where not every one has a label. Adds to the notes why labels are not used. Folders are no classes here.
--   Where labels are vectors: nil, nil, and a list of them, which are attributes.
function M.read(text, why)
  local t, message, map, vectors
  if text then t, message = json.decode(text) end
  if not text then why = ("cannot be read (%s)"):format(why)
  elseif t == nil then map, why = nil, ("is no JSON (%s)"):format(message) else map, why, vectors = labels_of(t) end
  local function of(names, notes)
    local labels, all = {}, {}
    for i, name in ipairs(names) do labels[i] = map and map[name] end
    local reason = why
    if map and #labels < #names then
      local n = 0
      for _, name in ipairs(names) do n = n + (map[name] and 1 or 0) end
      reason = ("labels %d of %s: they are not used"):format(n, check.count(#names, "picture"))
    end
    if reason then
      notes[#notes + 1] = ("%s %s; there are no classes"):format(M.NAME, reason)
      return nil
    end
    if vectors then return nil, nil, labels end
    for _, y in pairs(map) do all[#all + 1] = y end
    return labels, pixels.classes(labels, {all}, notes)
  end
  return {of = of}
end

return M
