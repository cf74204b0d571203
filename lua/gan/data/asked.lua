--- Reads what a generator is asked for, of a file: a layout of objects, a map of classes.
-- @module gan.data.asked
local check = require "gan.check"
local core = require "gan.core"
local json = require "gan.file.json"
local labels = require "gan.latent.labels"
local budget = require "gan.file.budget"
local store = require "gan.data.store"
local text = require "gan.file.text"

local option = check.option

local M = {}

local VOID = 255
local LISTED = 8 -- numbers that a message names

local shape = {
  height = option.integer {required = true, lo = 1}, width = option.integer {required = true, lo = 1},
  classes = option.table {required = true},
}

local function with(more)
  local out = {}
  for k, v in pairs(shape) do out[k] = v end
  for k, v in pairs(more) do out[k] = v end
  return out
end

local function is_number(v) return type(v) == "number" and v == v and math.abs(v) < math.huge end

-- A list of n numbers.
local function numbers(v, n)
  if type(v) ~= "table" or #v ~= n then return false end
  for i = 1, n do if not is_number(v[i]) then return false end end
  return true
end

-- The object's row: class, x0, y0, x1, y1 in pixels of the image; or nil and what is wrong. h, w: what its edges are
-- parts of.
local function row_of(object, o, h, w)
  if type(object) ~= "table" or type(object.class) ~= "string" and math.type(object.class) ~= "integer" then
    return nil, 'expected {"class": "NAME", "box": [x0, y0, x1, y1]}'
  end
  local class = type(object.class) == "string" and object.class or "#" .. object.class
  local y, message = labels.labels(o.classes, {0}, class)
  if not y then return nil, message end
  local b = object.box
  if not numbers(b, 4) then return nil, "its box: expected four numbers, x0, y0, x1, y1" end
  local x0, y0, x1, y1 = table.unpack(b)
  if x1 <= x0 or y1 <= y0 then
    return nil, ("its box (%g, %g, %g, %g): expected x0 < x1 and y0 < y1"):format(x0, y0, x1, y1)
  elseif x0 < 0 or y0 < 0 or x1 > w or y1 > h then
    return nil, ("its box (%g, %g, %g, %g) is not inside of (0, 0, %g, %g)"):format(x0, y0, x1, y1, w, h)
  end
  local sx, sy = o.width / w, o.height / h
  return {core.get(y, 1) + 0.0, x0 * sx, y0 * sy, x1 * sx, y1 * sy}
end

--- Reads a layout.
--
--     {"size": [H, W], "objects": [{"class": "circle", "box": [x0, y0, x1, y1]}, ...]}
--
-- Boxes are in pixels of a picture of that size; without size, in parts of 1. All that is wrong with it is said at
-- once.
-- @tparam string path  of the file
-- @tparam table opt
-- @tparam integer opt.height  of the image that is asked for
-- @tparam integer opt.width  its width
-- @tparam table opt.classes  names
-- @tparam integer opt.most  K, objects at most
-- @treturn Tensor  (1,K,5): class, x0, y0, x1, y1 in pixels of the image; class -1 where there is none
-- @error if it cannot be read, or is none; naming each object whose class is unknown, or whose box is empty or not
--   inside
-- @raise if an option is unknown or missing
function M.layout(path, opt)
  local o = check.options("data.asked.layout", opt, with {most = option.integer {required = true, lo = 1}})
  local s, message = text.read(path, budget.SMALL)
  if not s then return nil, message end
  local t
  t, message = json.decode(s)
  if t == nil then return nil, ("%s: %s"):format(check.shown(path), check.shown(message)) end
  local objects = type(t) == "table" and t.objects
  if type(objects) ~= "table" or next(objects) and #objects == 0 then
    return nil, check.shown(path) .. ': expected {"objects": [{"class": "NAME", "box": [x0, y0, x1, y1]}, ...]}'
  end
  local h, w = 1, 1
  if t.size ~= nil then
    if not numbers(t.size, 2) or t.size[1] <= 0 or t.size[2] <= 0 then
      return nil, check.shown(path) .. ": size: expected [height, width], above 0"
    end
    h, w = t.size[1], t.size[2]
  end
  local rows, wrong = {}, {}
  if #objects == 0 then wrong[1] = "no objects" end
  if #objects > o.most then
    wrong[1] = ("%s, the run knows layouts of at most %d"):format(check.count(#objects, "object"), o.most)
  end
  for k, object in ipairs(objects) do
    local why
    rows[k], why = row_of(object, o, h, w)
    if why then wrong[#wrong + 1] = ("object %d: %s"):format(k, check.shown(why)) end
  end
  if wrong[1] then
    local more = #wrong > LISTED and ("; and %d more"):format(#wrong - LISTED) or ""
    return nil, ("%s: %s%s"):format(check.shown(path), table.concat(wrong, "; ", 1, math.min(#wrong, LISTED)), more)
  end
  for k = #rows + 1, o.most do rows[k] = {-1, 0, 0, 0, 0} end
  return core.tensor {rows}
end

--- Reads a map of classes: a grey or palette PNG, whose numbers are the classes; 255 is void. One of another size is
-- fitted as pictures are, by its centre, with the nearest pixels.
-- @tparam string path  of the file
-- @tparam table opt
-- @tparam integer opt.height  of the image that is asked for
-- @tparam integer opt.width  its width
-- @tparam table opt.classes  names, that of number 0 first; with two of them 255 is 1 where there is no other but 0
-- @treturn Tensor  u8 (1,height,width)
-- @treturn string  how it was fitted; nil where its size is the image's
-- @error if it cannot be read, or is no map; naming the numbers that are no class
-- @raise if an option is unknown or missing
function M.mask(path, opt)
  local o = check.options("data.asked.mask", opt, with {})
  if type(path) ~= "string" then return check.expected("data.asked.mask", 1, "path", "a string", path) end
  local how = {height = o.height, width = o.width, channels = 1, fit = "crop", cache = 1 << 30, mask = true}
  local found, message, bad = store.open({{path = path, name = path}}, how, path)
  if not found then return nil, bad and bad[1] and check.shown(bad[1][2]) or message end
  local seen = core.to_table(found.numbers)
  if #o.classes == 2 and seen[#seen] == VOID and (#seen == 1 or #seen == 2 and seen[1] == 0) then
    how.mask = "binary"
    found = store.open({{path = path, name = path}}, how, path)
    seen = {}
  end
  local wrong = {}
  for _, v in ipairs(seen) do if v >= #o.classes and v ~= VOID then wrong[#wrong + 1] = v end end
  if wrong[1] then
    return nil, ("%s: has the %s %s%s; the run knows 0 to %d (%s)"):format(check.shown(path),
      #wrong == 1 and "class" or "classes", table.concat(wrong, ", ", 1, math.min(#wrong, LISTED)),
      #wrong > LISTED and ", ..." or "", #o.classes - 1, check.shown(table.concat(o.classes, " ", 1,
      math.min(#o.classes, 2 * LISTED))))
  end
  local size = core.to_table(found.sizes)[1]
  local fitted = (size[1] ~= o.height or size[2] ~= o.width) and ("%s: %dx%d, fitted to %dx%d (height x width)"):format(
    check.shown(path), size[1], size[2], o.height, o.width) or nil
  return core.reshape(found.images, {1, o.height, o.width}), fitted
end

return M
