--- Tells nets where things are: the conditions of runs whose images are made of boxes, or of maps of classes.
-- @module gan.model.places
local asked = require "gan.data.asked"
local check = require "gan.check"
local core = require "gan.core"
local geometry = require "gan.data.geometry"
local layout = require "gan.model.layout"
local scaled = require "gan.data.scaled"

local M = {}

local VOID = 255

local function range(n)
  local rows = {}
  for i = 1, n do rows[i] = i - 1 end
  return rows
end

local Places = {places = true} -- pictures show it beside the images
Places.__index = Places

-- For each row of y a number; those of equal rows are equal.
local function keys(y)
  local out = {}
  for i = 1, core.size(y, 1) do out[i] = core.crc32(core.to_bytes(core.contiguous(core.narrow(y, 1, i, 1)))) end
  return out
end

--- Returns a batch's conditions, as gan.data.conditions asks for them.
-- @function Places:of
-- @tparam table beside  `boxes` and `box_classes`, or `mask`, as gan.data.batches gives them
-- @treturn Tensor  layouts, real (N,K,5), or maps, u8 (N,H,W)
-- @treturn table  list of N numbers: those of equal conditions are equal
-- @raise if they are missing
function Places:of(beside)
  local y
  if self.kind == "boxes" then
    y = layout.join(beside.boxes, beside.box_classes)
  else
    y = self.binary and geometry.relabel(beside.mask, self.binary) or beside.mask
  end
  return y, keys(y)
end

--- Returns what a checkpoint keeps. Cannot fail.
-- @function Places:state
-- @treturn table
function Places:state()
  return {kind = self.kind, classes = self.classes, most = self.most, height = self.height, width = self.width}
end

--- Returns the conditions of files from a command line (gan.data.asked).
-- @function Places:read
-- @tparam table paths  list of N strings
-- @treturn Tensor  (N,K,5) or u8 (N,H,W)
-- @treturn ?string  a notice, where one was fitted
-- @error if one cannot be read, or is no layout or mask of the run's classes
-- @raise if a path is no string
function Places:read(paths)
  local list, known, notice = {}, {}, nil
  for i, path in ipairs(paths) do
    if not known[path] then
      local o = {height = self.height, width = self.width, classes = self.classes, most = self.most}
      local y, more = asked[self.kind == "boxes" and "layout" or "mask"](path, o)
      if not y then return nil, more end
      known[path], notice = y, notice or more
    end
    list[i] = known[path]
  end
  return core.cat(list, 1), notice
end

--- Restores a state.
-- @function Places:load
-- @tparam table state  of the same kind, with the same classes
-- @raise if it is another
function Places:load(state)
  local other = type(state) ~= "table" or state.kind ~= self.kind or type(state.classes) ~= "table"
    or #state.classes ~= #self.classes
  for i, name in ipairs(self.classes) do other = other or state.classes[i] ~= name end
  if other then return check.fail("model.places", "the state is of another condition") end
end

--- Makes the condition of a run that asks for annotations {"boxes"}: G and D get layouts, real (N,K,5), as
-- gan.model.layout takes them.
-- @tparam Set set  the run's data
-- @treturn table  for run:train; `classes`, names of the boxes' classes; `most`, K, how many boxes an image has at most
-- @raise if the set has no boxes
function M.layouts(set)
  if type(set) ~= "table" or not set.boxes then
    return check.expected("model.places.layouts", 1, "set", "a data set with boxes", set)
  end
  local most = 1
  for i = 1, set.n do most = math.max(most, #set:boxes(i)) end
  return setmetatable({
    kind = "boxes", classes = set.box_classes, most = most, height = set.height, width = set.width,
  }, Places)
end

--- Makes the condition of a run that asks for annotations {"mask"}: G and D get maps of classes, u8 (N,H,W), 255 being
-- void. Masks that number objects whose classes are not known become ground and object.
-- @tparam Set set  the run's data
-- @treturn table  for run:train; `classes`, names, that of number 0 first
-- @raise if the set has no masks
function M.maps(set)
  if type(set) ~= "table" or not set.mask then
    return check.expected("model.places.maps", 1, "set", "a data set with masks", set)
  end
  local self = setmetatable({
    kind = "masks", classes = set.mask_classes, height = set.height, width = set.width,
  }, Places)
  if set.mask_kind == "instance" and not set.boxes then
    self.binary, self.classes = {}, {"ground", "object"}
    for v = 1, VOID - 1 do self.binary[v] = 1 end
  elseif not self.classes then
    self.classes = {"ground", table.unpack(set.box_classes)}
  end
  return self
end

--- Returns all images of a set with what G is told of them, in the set's order.
-- @tparam Set set  with the annotations of the condition
-- @tparam table condition  a run's; layouts have as many objects as it knows, the first ones
-- @treturn Tensor  (N,H,W,C) in [-1,1]
-- @treturn Tensor  (N,K,5) or u8 (N,H,W)
-- @raise if the set lacks the annotations
function M.of(set, condition)
  local images, all = scaled(set:rows(core.tensor(range(set.n), "i32"))), {}
  if condition.kind == "boxes" then
    for i = 1, set.n do
      local boxes, row = set:boxes(i), {}
      for k = 1, condition.most do
        local b = boxes[k]
        row[k] = b and {b.class, b.x0, b.y0, b.x1, b.y1} or {-1, 0, 0, 0, 0}
      end
      all[i] = row
    end
    return images, core.tensor(all)
  end
  for i = 1, set.n do
    local mask = set:mask(i)
    if set.mask_kind == "instance" and set.boxes then
      local map = {}
      for id = 1, VOID - 1 do map[id] = VOID end
      for _, b in ipairs(set:boxes(i)) do if b.id then map[b.id] = b.class + 1 end end
      mask = geometry.relabel(mask, map)
    end
    all[i] = core.reshape(mask, {1, set.height, set.width})
  end
  return images, (M.maps(set):of {mask = core.cat(all, 1)})
end

local function is_count(v) return math.type(v) == "integer" and v >= 1 and v <= 65536 end

--- Makes a condition again, of what a checkpoint keeps.
-- @tparam table state  any table
-- @treturn table  a condition
-- @error if it is none
-- @raise if state is no table
function M.again(state)
  if type(state) ~= "table" then return check.expected("model.places.again", 1, "state", "a table", state) end
  local names = state.classes
  if type(names) ~= "table" or #names == 0 then return nil, "classes: expected a list of names" end
  for _, name in ipairs(names) do
    if type(name) ~= "string" then return nil, "classes: expected a list of names" end
  end
  if not is_count(state.height) or not is_count(state.width) then
    return nil, "expected the height and width of images"
  end
  if state.kind == "boxes" and not is_count(state.most) then return nil, "most: expected a count of objects" end
  return setmetatable({
    kind = state.kind, classes = names, most = state.most, height = state.height, width = state.width,
  }, Places)
end

return M
