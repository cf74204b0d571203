--- Matches the classes of two sides by their names: a run and its data, a classifier and a run.
-- @module gan.data.classes
local check = require "gan.check"
local core = require "gan.core"

local M = {}

local LISTED = 20 -- classes that a note names

-- Names that say no more than the number do not tell which class is meant.
local function numbers_only(names)
  for i, name in ipairs(names) do if name ~= tostring(i - 1) then return false end end
  return #names > 0
end

-- Names as a message shows them, each of at most so many bytes.
local LONG = 60
local function short(name) return #name > LONG and name:sub(1, LONG - 3) .. "..." or name end
local function list(names)
  local out = {}
  for i = 1, math.min(#names, 12) do out[i] = short(names[i]) end
  return table.concat(out, " ") .. (#names > 12 and " ..." or "")
end

--- Tells whether a value is a list of names of classes. Cannot fail.
-- @param v  any value
-- @treturn boolean
function M.are(v)
  if type(v) ~= "table" then return false end
  for i = 1, #v do if type(v[i]) ~= "string" then return false end end
  for k in pairs(v) do if math.type(k) ~= "integer" or k < 1 or k > #v then return false end end
  return true
end

local function positions(op, i, what, names)
  if type(names) ~= "table" then return check.expected(op, i, what, "a list of class names", names) end
  local at = {}
  for k, name in ipairs(names) do
    if type(name) ~= "string" then
      return check.expected(op, i, ("%s[%d]"):format(what, k), "a class name", name)
    end
    if at[name] then return nil, ("two classes are called '%s'"):format(short(name)) end
    at[name] = k - 1
  end
  return at
end

--- Finds the classes of one side among those of another, by name.
-- Where one side's names are its numbers alone ("0", "1", ...) and no name is the other's, classes are matched by
-- number, if there are as many.
-- @function gan.data.classes.map
-- @tparam table from  list of names; the class with label y is called from[y + 1]
-- @tparam table to  the other side's
-- @treturn table  list: label y of `from` is label result[y + 1] of `to`
-- @treturn boolean  true if any label becomes another one
-- @error naming a class that is missing, or twice there
-- @raise if an argument is no list of names
-- @usage local map = assert(gan.data.classes.map(run_classes, set.classes)) -- map[y + 1]: what the data call y
function M.map(from, to)
  local own, message = positions("data.classes.map", 1, "from", from)
  if not own then return nil, message end
  local at
  at, message = positions("data.classes.map", 2, "to", to)
  if not at then return nil, message end
  local by_number = numbers_only(from) ~= numbers_only(to)
  for name in pairs(own) do by_number = by_number and not at[name] end
  if by_number and #from ~= #to then
    local a, b = #from, #to
    if numbers_only(to) then a, b = b, a end
    return nil, ("%d %s without names, %d with"):format(a, a == 1 and "class" or "classes", b)
  end
  local out, moved = {}, false
  for k, name in ipairs(from) do
    out[k] = by_number and k - 1 or at[name]
    if not out[k] then
      return nil, ("there is no class '%s' among %s"):format(short(name), list(to))
    end
    moved = moved or out[k] ~= k - 1
  end
  return out, moved
end

-- Whether all class names (but for the top's, ".") are numbers.
local function numbers(names)
  local some = false
  for _, name in ipairs(names) do
    if name ~= "." then
      if name:find "%D" then return false end
      some = true
    end
  end
  return some
end

--- Puts class names in their order, in place: of bytes, or of numbers where all are numbers; "." first. Cannot fail.
-- @tparam table names  list of names
function M.sort(names)
  local by_number = numbers(names)
  table.sort(names, function(a, b)
    if by_number and a ~= "." and b ~= "." then
      local p, q = a:gsub("^0+", ""), b:gsub("^0+", "")
      if #p ~= #q then return #p < #q end
      if p ~= q then return core.before(p, q) end
    end
    return core.before(a, b)
  end)
end

--- Says which classes no image has. Cannot fail.
-- @tparam table names  list of names
-- @tparam table labels  list of integers from 0
-- @treturn string  a line for a set's notes; nil where all have one
function M.without_images(names, labels)
  local has, none = {}, {}
  for _, y in ipairs(labels) do has[y] = true end
  for k, name in ipairs(names) do if not has[k - 1] then none[#none + 1] = name end end
  if not none[1] then return nil end
  return ("no picture of the class%s %s%s"):format(none[2] and "es" or "",
    check.shown(table.concat(none, ", ", 1, math.min(#none, LISTED))), #none > LISTED and ", ..." or "")
end

return M
