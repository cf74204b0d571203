--- What a run remembers of its data, by which it knows them again wherever they lie.
-- @module gan.data.identity
local classes = require "gan.data.classes"
local core = require "gan.core"
local check = require "gan.check"
local data_set = require "gan.data.set"

local M = {}

--- Returns what tells a set's data from others: its fingerprint (gan.data.set) and the names of its classes.
-- A table that is no set, but has images, is taken for one. Cannot fail.
-- @tparam table set  a set, or whatever batches are made of
-- @treturn table  of plain values: `images`, `height`, `width`, `channels`, `checksum`, `classes` and
--   `annotations` or nil; nil where
--   a set without a fingerprint has no images either
function M.of(set)
  local images, t = set.images -- t: fingerprint
  if set.fingerprint then
    t = set:fingerprint()
  elseif core.is_tensor(images) and core.dtype(images) == "u8" and core.dim(images) == 4 then
    t = data_set.new({images = images, labels = set.labels}):fingerprint()
  else
    return nil
  end
  local out = {classes = set.classes}
  for name, v in pairs(t) do out[name] = v end
  return out
end

local sizes = {"images", "height", "width", "channels"}

--- Takes back what `of` returned, as a file has kept it. Cannot fail.
-- @param t  any value
-- @treturn table  t
-- @error saying what is wrong where it is something else
function M.accept(t)
  if type(t) ~= "table" then return nil, "data: expected what tells them from others, got " .. check.found(t) end
  for _, name in ipairs(sizes) do
    if t[name] ~= nil and (math.type(t[name]) ~= "integer" or t[name] < 0) then
      return nil, ("data: %s: expected an integer >= 0, got %s"):format(name, check.found(t[name]))
    end
  end
  local sum = t.checksum
  if type(sum) ~= "string" then return nil, "data: checksum: expected a text, got " .. check.found(sum) end
  local more = t.annotations
  if more ~= nil and type(more) ~= "string" then
    return nil, "data: annotations: expected a text, got " .. check.found(more)
  end
  if t.classes == nil or classes.are(t.classes) then return t end
  return nil, "data: classes: expected a list of names, got " .. check.found(t.classes)
end

local function told(t)
  return ("%s of %sx%s, %s (%s)"):format(check.count(t.images or 0, "image"), t.height, t.width,
    t.channels == 1 and "grey" or "colour", t.checksum)
end

local function names(t) return table.concat(t, " ", 1, math.min(#t, 12)) .. (#t > 12 and " ..." or "") end

--- Says how data differ from what a run remembers of its own. Cannot fail.
-- Classes may have other names, but not each other's.
-- @tparam table old  of `of`
-- @tparam table new  the same, of the data that are there now
-- @treturn string  nil where they are the same data
-- @treturn string  what else is worth knowing, such as other names of classes; or nil
function M.difference(old, new)
  for _, name in ipairs(sizes) do
    if old[name] ~= new[name] then return ("was started with %s, now there are %s"):format(told(old), told(new)) end
  end
  local was, is = old.classes or {}, new.classes or {}
  local _, moved = classes.map(was, is)
  if moved == true then
    return ("was started with the classes in the order %s, now %s"):format(names(was), names(is))
  end
  if old.checksum ~= new.checksum then
    return ("was started with other data: the same number and size, but other pictures or labels (%s, now %s)"):format(
      old.checksum, new.checksum)
  end
  if old.annotations ~= new.annotations then
    return ("was started with other annotations of the same images (%s, now %s)"):format(old.annotations or "none",
      new.annotations or "none")
  end
  for i = 1, math.max(#was, #is) do
    if was[i] ~= is[i] then
      return nil, ("class %d was called %s, now %s"):format(i - 1, was[i] or "nothing", is[i] or "nothing")
    end
  end
end

return M
