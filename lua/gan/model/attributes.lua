--- What a run's nets are told of attributes (a condition of gan.data.conditions): which of several names an image has.
-- @module gan.model.attributes
local check = require "gan.check"
local core = require "gan.core"

local M = {}

local KIND = "attributes"
local LISTED = 40 -- names that an error shows

local Attributes = {}
Attributes.__index = Attributes

local function made(names)
  local place = {}
  for k, name in ipairs(names) do place[name] = k end
  return setmetatable({kind = KIND, names = names, count = #names, place = place}, Attributes)
end

--- Makes a condition of attributes: rows of 0 and 1. Fields `names`, a list, and `count`, A.
-- @function gan.model.attributes.new
-- @tparam Set set  with attributes, each 0 or 1
-- @treturn Attributes
-- @error if an attribute is another number
-- @raise if the set has no attributes
function M.new(set)
  if type(set) ~= "table" or not core.is_tensor(set.attributes) then
    return check.expected("model.attributes.new", 1, "set", "a data set with attributes", set)
  end
  local names = {}
  for k = 1, core.size(set.attributes, 2) do names[k] = (set.attribute_names or {})[k] or ("attribute%d"):format(k) end
  for i, row in ipairs(core.to_table(set.attributes)) do
    for k, v in ipairs(row) do
      if v ~= 0 and v ~= 1 then
        return nil, ("image %d: attribute '%s' is %g, expected 0 or 1"):format(i, check.shown(names[k]), v)
      end
    end
  end
  return made(names)
end

--- Returns a batch's conditions, as gan.data.conditions asks for them.
-- @function Attributes:of
-- @tparam table beside  `attributes`, real (N,A)
-- @treturn Tensor  real (N,A), the same
-- @treturn table  list of N texts: the names of those that are 1
-- @raise if they are of another number
function Attributes:of(beside)
  local keys = {}
  for i, row in ipairs(core.to_table(beside.attributes)) do
    if #row ~= self.count then
      return check.fail("Attributes:of", "expected %s, got %d", check.count(self.count, "attribute"), #row)
    end
    local has = {}
    for k, v in ipairs(row) do if v == 1 then has[#has + 1] = self.names[k] end end
    keys[i] = table.concat(has, ",")
  end
  return beside.attributes, keys
end

--- Returns the conditions of texts from a command line.
-- @function Attributes:read
-- @tparam table texts  list of N strings: names, commas between them; an empty one has none
-- @treturn Tensor  real (N,A)
-- @error naming what is no attribute, with the nearest
-- @raise if texts is no list of strings
function Attributes:read(texts)
  local rows = {}
  for i, list in ipairs(texts) do
    if type(list) ~= "string" then return check.expected("Attributes:read", 1, "texts", "a list of strings", list) end
    local row = {}
    for k = 1, self.count do row[k] = 0 end
    for name in list:gmatch "[^,]+" do
      name = name:match "^%s*(.-)%s*$"
      local k = self.place[name]
      if not k and name ~= "" then
        local near = check.nearest(name, self.names)
        return nil, ("expected attributes (%s%s), got '%s'%s"):format(
          check.shown(table.concat(self.names, " ", 1, math.min(#self.names, LISTED))),
          #self.names > LISTED and " ..." or "", check.shown(name),
          near and (" (did you mean '%s'?)"):format(check.shown(near)) or "")
      end
      if k then row[k] = 1 end
    end
    rows[i] = row
  end
  return core.tensor(rows)
end

--- Returns what a checkpoint keeps. Cannot fail.
-- @function Attributes:state
-- @treturn table
function Attributes:state() return {kind = KIND, names = self.names} end

-- Checks names out of a file.
local function are_names(names)
  if type(names) ~= "table" or #names == 0 then return false end
  for _, name in ipairs(names) do if type(name) ~= "string" then return false end end
  return true
end

--- Restores a state.
-- @function Attributes:load
-- @tparam table state  of the same attributes
-- @raise if they are others
function Attributes:load(state)
  local names = type(state) == "table" and state.names
  if not are_names(names) or table.concat(names, "\n") ~= table.concat(self.names, "\n") then
    return check.fail("Attributes:load", "expected attributes %s", check.shown(table.concat(self.names, " ")))
  end
end

--- Makes a condition again, of what a checkpoint keeps.
-- @function gan.model.attributes.again
-- @tparam table state  any table
-- @treturn Attributes
-- @error if it is none
-- @raise if state is no table
function M.again(state)
  if type(state) ~= "table" then return check.expected("model.attributes.again", 1, "state", "a table", state) end
  if not are_names(state.names) then return nil, "names: expected a list of names" end
  return made(state.names)
end

return M
