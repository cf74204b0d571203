--- Boxes held: the part of the boxes asked for that hold an object, where objects are coloured and their ground is not.
-- @module gan.measure.boxes_held
local core = require "gan.core"
local check = require "gan.check"
local coloured = require "gan.measure.coloured"
local geometry = require "gan.data.geometry"
local input = require "gan.metric.input"

local option = check.option
local NAME = "measure.boxes_held"

local held = {}
held.__index = held

--- Takes in images, and the boxes that were asked for.
-- @tparam Tensor images  u8, or real in [-1,1], (N,H,W,3)
-- @tparam Tensor layout  real (N,K,5): class, x0, y0, x1, y1, class -1 where there is none (gan.model.layout)
-- @treturn table  the metric
-- @raise if the images are grey, or the layout is of other images
function held:add(images, layout)
  local map = coloured.pixels(NAME, 1, images)
  local n = core.size(map, 1)
  check.real(NAME, 2, "layout", layout, 3)
  if core.size(layout, 1) ~= n or core.size(layout, 3) ~= 5 then
    return check.expected(NAME, 2, "layout", ("(%d,K,5)"):format(n), layout)
  end
  for i, objects in ipairs(core.to_table(layout)) do
    local boxes, asked, hits = nil, 0, 0
    for _, o in ipairs(objects) do
      if o[1] >= 0 then
        local box, best = {x0 = o[2], y0 = o[3], x1 = o[4], y1 = o[5]}, 0
        boxes = boxes or coloured.boxes(core.reshape(core.narrow(map, 1, i, 1), {core.size(map, 2), core.size(map, 3)}))
        for _, b in ipairs(boxes) do best = math.max(best, geometry.iou(box, b)) end
        asked = asked + 1
        if best >= self.iou then hits = hits + 1 end
      end
    end
    if asked > 0 then self.list[#self.list + 1] = {asked, hits} end
  end
  return self
end

--- Returns the part of boxes that some object fills: a component of coloured pixels whose tight box has an intersection
-- over union of at least `iou` with it.
-- @treturn number  in [0,1]
-- @treturn table  protocol: metric, value, deviation (the standard error; the boxes of a picture are not independent,
--   pictures are), n_fake (pictures with boxes), boxes, iou
-- @raise if there are fewer than 2 pictures with boxes
function held:value()
  local n, asked, hits, sum = #self.list, 0, 0, 0
  input.enough(NAME, "layout", n, 2, "a share with its deviation")
  for _, p in ipairs(self.list) do asked, hits = asked + p[1], hits + p[2] end
  local share = hits / asked
  for _, p in ipairs(self.list) do sum = sum + (p[2] - share * p[1]) ^ 2 end
  return input.answer {
    metric = "boxes_held", value = share, deviation = math.sqrt(n / (n - 1) * sum) / asked, n_fake = n, boxes = asked,
    iou = self.iou,
  }
end

--- Measures whether images obey layouts: a box holds its object where a component of coloured pixels (their largest and
-- least of red, green and blue differ by more than a fifth) fills it. For the built-in set, whose ground is grey; real
-- pictures of it, too, are not perfect, and what ignores the layout is right at times: measure both beside it.
-- @function gan.measure.boxes_held
-- @tparam[opt] table opt
-- @tparam[opt=0.5] number opt.iou  least intersection over union
-- @treturn table  `add(images, layout)`, `value()`
-- @raise if an option is unknown or out of range
return function(opt)
  opt = check.options(NAME, opt, {iou = option.number {default = 0.5, above = 0, hi = 1}})
  return setmetatable({iou = opt.iou, list = {}}, held)
end
