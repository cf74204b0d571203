--- Defines what a data set is: u8 images with the annotations there are. Its fields:
--
-- * `n`: how many images, also `#set`
-- * `height`, `width`, `channels`; `size`: the side, if square
-- * `images`: u8 (N,H,W,C)
-- * `labels`: i32 (N), from 0, or nil; `classes`: their names, or nil: `classes[label + 1]`
-- * `source`: path or name; `format`; `split`: "train" or "test" where the data come in two
-- * `natural`: false of images that the library draws
--
-- Where the set has them, also the methods `caption(i)`, `boxes(i)`, `mask(i)`; i counts from 1.
--
-- @module gan.data.set
local core = require "gan.core"
local check = require "gan.check"

local methods = {}

local function index(set, op, i)
  return check.int(op, 1, "i", i, 1, set.n)
end

--- Returns one image. A view.
-- @function Set:image
-- @tparam integer i  from 1
-- @treturn Tensor  u8 (H,W,C)
-- @raise if there is no such image
function methods:image(i)
  i = index(self, "image", i)
  return core.reshape(core.narrow(self.images, 1, i, 1), {self.height, self.width, self.channels})
end

--- Returns one line: what, how many, how large, which classes. Cannot fail.
-- @function Set:describe
-- @treturn string
function methods:describe()
  local parts = {("%s (%s): %d images of %dx%d, %s"):format(self.source, self.format, self.n, self.height, self.width,
    self.channels == 1 and "grey" or "colour")}
  if self.classes then
    local names = table.concat(self.classes, " ", 1, math.min(#self.classes, 12))
    parts[#parts + 1] = ("%d classes: %s%s"):format(#self.classes, names, #self.classes > 12 and " ..." or "")
  else
    parts[#parts + 1] = "no classes"
  end
  return table.concat(parts, ", ")
end

local M = {}

local mt = {
  __index = methods,
  __len = function(set) return set.n end,
  __tostring = function(set) return set:describe() end,
}

--- Makes a data set of its fields; the sizes are read off `images`.
-- @tparam table fields  those above, and methods of its own: `caption`, `boxes`, `mask`: f(set, i)
-- @treturn Set  the same table
-- @raise if there are no images u8 (N,H,W,C)
-- @usage local set = gan.data.set.new {images = pictures, source = "mine", format = "tensor"}
function M.new(fields)
  local images = type(fields) == "table" and fields.images
  if not (core.is_tensor(images) and core.dtype(images) == "u8" and core.dim(images) == 4) then
    return check.fail("data.set.new", "field 'images': expected an u8 tensor (N,H,W,C), got %s",
      check.found(images or nil))
  end
  local shape = core.shape(fields.images)
  fields.n, fields.height, fields.width, fields.channels = shape[1], shape[2], shape[3], shape[4]
  fields.size = shape[2] == shape[3] and shape[2] or nil
  if fields.natural == nil then fields.natural = true end
  for _, name in ipairs {"caption", "boxes", "mask"} do
    local f = fields[name]
    if f then fields[name] = function(set, i) return f(set, index(set, name, i)) end end
  end
  return setmetatable(fields, mt)
end

return M
