--- Lists the options that say how data are opened, for command lines; and opens data by them.
-- @module gan.data.options
local check = require "gan.check"
local data = require "gan.data"

local M = {}

local GIGABYTE = 1 << 30

-- In the order of --help and in the form of gan.command.declare.
local list = {
  {"data", "string", nil, arg = "PATH", help = ("images: %s; or 'shapes', 'fake'"):format(data.formats)},
  {"size", "integer", nil, lo = 1, hi = 16384, alias = {"image-size"}, help = "side of the images in pixels"},
  {"limit", "integer", nil, lo = 1, hi = 2147483647,
    help = "use only so many images, as many of each class (default: all)"},
  {"split", "string", nil, choices = data.SPLITS,
    help = "which part of data that come in parts, or all of them together (default: train)"},
  {"channels", "integer", nil, choices = {1, 3},
    help = "1: grey, 3: colour (default: colour if any image has it)"},
  {"fit", "string", "crop", choices = data.FITS,
    help = "images of another shape lose their edges, get a border of --background, or are stretched"},
  {"background", "string", nil, arg = "COLOUR",
    option = data.image.colour {expected = "white, black, '#rrggbb' or 0 to 255"},
    help = "of transparent pixels and borders: white, black, '#rrggbb' or 0 to 255 (default: white; black for arrays)"},
  {"exif", "flag", true, negatable = true, help = "turn photographs upright, as their EXIF orientation says"},
  {"stretch-range", "flag", false, help = "brighten 16-bit images until the largest value of them all is white"},
  {"skip-bad", "flag", false, help = "leave out files that cannot be read, and list them"},
  {"cache", "bytes", 2 * GIGABYTE, arg = "BYTES", free = true,
    help = "memory for images, such as 500M or 2G; more than that are read from disk while they are needed"},
}

local fields = {} -- of the list, names in Lua
for i, d in ipairs(list) do fields[i] = d[1]:gsub("-", "_") end

--- Returns the options for gan.command: a new list of entries. Cannot fail.
-- @tparam[opt] table changes  name in Lua -> false: without it; a table: fields of its entry, such as `help`; else its
--   default
-- @treturn table
-- @usage gan.data.options.list {data = {help = "drawings"}, size = 32, limit = false}
function M.list(changes)
  local out = {}
  for i, d in ipairs(list) do
    local c, change = {}, (changes or {})[fields[i]]
    for k, v in pairs(d) do c[k] = v end
    for k, v in pairs(type(change) == "table" and change or {[3] = change}) do c[k] = v end
    if change ~= false then out[#out + 1] = c end
  end
  return out
end

--- Returns the options' names on a command line, for scripts that have no use for them. Cannot fail.
-- @treturn table  list
function M.names()
  local out = {}
  for i, d in ipairs(list) do out[i] = d[1] end
  return out
end

--- Returns the options of gan.data.open among a command line's. Cannot fail.
-- @tparam table values  name in Lua -> value, as gan.command.parse returns them
-- @treturn table  those that have a value; not `data` itself
function M.of(values)
  local o = {}
  for _, name in ipairs(fields) do if name ~= "data" then o[name] = values[name] end end
  return o
end

--- Opens the data of a command line: `values.data`, or what a script's own function makes.
-- An option that such a function does not look at has no meaning there; `size` has one to nets.
-- @tparam table values  name in Lua -> value
-- @tparam[opt] table given  name -> true for what stood on the command line
-- @tparam[opt] function own  f(values) -> data set, or nil and a message
-- @treturn Set
-- @treturn table  name in Lua -> true, of the options that had no meaning
-- @error if the data cannot be opened, or an option without a meaning was given
-- @raise if the function returns something else
function M.open(values, given, own)
  if not own then
    local set, message = data.open(values.data, M.of(values))
    if not set then return nil, message end
    return set, {}
  end
  local seen, unused = {}, {}
  local set, message = own(setmetatable({}, {
    __index = function(_, name)
      seen[name] = true
      return values[name]
    end,
    __newindex = values,
    __pairs = function()
      for name in pairs(values) do seen[name] = true end
      return pairs(values)
    end,
  }))
  if not set then return nil, message or "the script's function 'open' returned nothing" end
  if type(set) ~= "table" or (math.type(set.n) or "") ~= "integer" or set.n < 1 or not check.callable(set.describe) then
    return check.fail("train.run", "option 'open': must return a data set (with n, describe and batches, at least), "
      .. "returned %s", check.found(set))
  end
  for i, name in ipairs(fields) do
    if not seen[name] and name ~= "size" then
      if given and given[name] then
        return nil, ("--%s: has no meaning here, the script makes its data itself"):format(list[i][1])
      end
      unused[name] = true
    end
  end
  return set, unused
end

--- Starts a loader of a data set: by its own method batches, else by gan.data.batches.
-- @tparam Set set  of `open`
-- @tparam table opt  for it
-- @treturn Loader
-- @raise if an option is wrong; if a set's own method returns no loader, naming what it lacks
function M.batches(set, opt)
  if type(set) ~= "table" then return check.expected("data.options.batches", 1, "set", "a data set", set) end
  if not set.batches then return data.batches(set, opt) end
  local loader = set:batches(opt)
  local mt = getmetatable(loader)
  for _, name in ipairs {"__call", "__close", "state", "load", "close", "epoch"} do
    local of = name:find "^__" and (type(mt) == "table" and mt) or type(loader) == "table" and loader or {}
    if of[name] == nil then
      return check.fail("train.run", "option 'open': batches of its data set must return a loader, with the fields of "
        .. "gan.data.batches' (it has no %s), returned %s", name, check.found(loader))
    end
  end
  return loader
end

return check.room("gan.data.options", M, {})
