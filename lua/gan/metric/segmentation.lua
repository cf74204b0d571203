--- Segmentation: how many pixels of a map of classes are those of another one.
-- @module gan.metric.segmentation
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"

local option = check.option
local NAME = "metric.segmentation"
local VOID = 255 -- of no class, in a map of bytes: not counted

local segmentation = {}
segmentation.__index = segmentation

local function check_map(i, name, map, shape, classes)
  local dtype = core.is_tensor(map) and core.dtype(map)
  if dtype ~= "u8" and dtype ~= "i32" or core.dim(map) ~= 3
    or shape and check.shape_string(core.shape(map)) ~= check.shape_string(shape) then
    return check.expected(NAME, i, name, ("a map of classes, u8 or i32 %s"):format(
      shape and check.shape_string(shape) or "(N,H,W)"), map)
  end
  local numbers = core.to(core.reshape(core.contiguous(map), {core.numel(map)}), "real")
  local known = dtype == "u8" and core.ne(numbers, VOID) or nil
  if known then numbers = core.mul(numbers, known) end
  if core.numel(map) > 0 then
    local least, most = core.item(core.min(numbers)), core.item(core.max(numbers))
    if least < 0 or most >= classes then
      return check.fail(NAME, "bad argument #%d '%s' (expected classes in 0..%d, got %d)", i, name, classes - 1,
        math.tointeger(least < 0 and least or most))
    end
  end
  return core.one_hot(core.to(numbers, "i32"), classes), known
end

--- Takes in maps.
-- @tparam Tensor guess  u8 or i32 (N,H,W), each 0..Y-1: such as the largest logits of a segmenter
-- @tparam Tensor mask  u8 or i32 (N,H,W), what it should be; in u8 255 is void, and not counted
-- @treturn table  the metric
-- @raise if the shapes differ, or a class is out of range
function segmentation:add(guess, mask)
  local rows, known = check_map(2, "mask", mask, nil, self.classes)
  local columns = check_map(1, "guess", guess, core.shape(mask), self.classes)
  if known then rows = core.mul(rows, core.reshape(known, {core.numel(known), 1})) end
  local per = core.size(mask, 2) * core.size(mask, 3)
  for i = 1, core.size(mask, 1) do -- an image at a time: sums of ones stay exact
    local function of(x) return core.narrow(x, 1, (i - 1) * per + 1, per) end
    for y, row in ipairs(core.to_table(core.matmul(core.permute(of(rows), {2, 1}), of(columns)))) do
      for c, count in ipairs(row) do self.confusion[y][c] = self.confusion[y][c] + count end
    end
  end
  self.n = self.n + core.size(mask, 1)
  return self
end

--- Returns the part of pixels that have their class.
-- @treturn number  in [0,1]
-- @treturn table  protocol: metric, value, n_fake (images), classes, pixels; `not_ground`, the same of the pixels whose
--   class is not 0 (nil where there are none), and `miou`, the mean over the classes that either map has of
--   intersection over union: a map of nothing but ground has a high value, and neither of these
-- @raise if there are no pixels
function segmentation:value()
  local right, all, object_right, object, sum, there = 0, 0, 0, 0, 0, 0
  for y, row in ipairs(self.confusion) do
    local total, guessed = 0, 0
    for c, count in ipairs(row) do total, guessed = total + count, guessed + self.confusion[c][y] end
    right, all = right + row[y], all + total
    if y > 1 then object_right, object = object_right + row[y], object + total end
    if total + guessed > 0 then
      sum, there = sum + row[y] / (total + guessed - row[y]), there + 1
    end
  end
  input.enough(NAME, "mask", math.tointeger(all), 1, "a share of pixels")
  return input.answer {
    metric = "segmentation", value = right / all, n_fake = self.n, classes = self.classes,
    pixels = math.tointeger(all), not_ground = object > 0 and object_right / object or nil, miou = sum / there,
  }
end

--- Measures a map of classes against another one: accuracy of pixels, of those that are not ground (class 0), and mean
-- intersection over union.
-- @function gan.metric.segmentation
-- @tparam table opt
-- @tparam integer opt.classes  Y, from 2
-- @treturn table  `add(guess, mask)`, `value()`
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, {classes = option.integer {required = true, lo = 2, hi = 256}})
  local confusion = {}
  for y = 1, opt.classes do
    confusion[y] = {}
    for c = 1, opt.classes do confusion[y][c] = 0 end
  end
  return setmetatable({classes = opt.classes, n = 0, confusion = confusion}, segmentation)
end
