--- Draws the built-in set: coloured geometric shapes on textured ground, with class, boxes, mask and caption.
-- @module gan.data.shapes
local core = require "gan.core"
local check = require "gan.check"
local set = require "gan.data.set"

local option = check.option

local M = {}

-- In the order of csrc/kernels/shapes.h.
local kinds = {"circle", "square", "triangle", "star", "ring", "cross", "heart", "moon"}
local colours = {"red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"}
local grounds = {"plain", "striped", "checked", "dotted", "speckled", "wavy"}

local SCENE, PER = 2, 6 -- integers before the objects, and of one object

-- The objects of picture i as tables.
local function objects(s, i)
  local v = core.to_table(core.narrow(s.scenes, 1, i, 1))[1]
  local list = {}
  for k = 1, v[2] do
    local at = SCENE + (k - 1) * PER
    list[k] = {
      class = v[at + 1], name = kinds[v[at + 1] + 1], colour = colours[v[at + 2] + 1], id = k, y0 = v[at + 3],
      x0 = v[at + 4], y1 = v[at + 5], x1 = v[at + 6],
    }
  end
  return list, grounds[v[1] + 1]
end

-- Where a lies as seen from b, by their boxes' centres.
local function relation(a, b)
  local dy, dx = (a.y0 + a.y1) - (b.y0 + b.y1), (a.x0 + a.x1) - (b.x0 + b.x1)
  if math.abs(dy) >= math.abs(dx) then return dy < 0 and "above" or "below" end
  return dx < 0 and "left of" or "right of"
end

local function noun(object, size)
  local small = (object.y1 - object.y0) + (object.x1 - object.x0) < 0.8 * size
  return ("%s%s %s"):format(small and "small " or "", object.colour, object.name)
end

local function with_article(words) return (words:find "^[aeiou]" and "an " or "a ") .. words end

local function captions(s, i)
  local list, ground = objects(s, i)
  local words = {with_article(noun(list[1], s.size))}
  for k = 2, #list do
    local what = with_article(noun(list[k], s.size))
    words[#words + 1] = (k > 2 and "and " or "") .. relation(list[1], list[k]) .. " " .. what
  end
  return {table.concat(words, " ") .. " on " .. ground .. " ground"}
end

local HELD = 128 << 20 -- bytes of masks that stay: one takes as long to draw as its picture

local function mask(s, i)
  local held = s.held_masks
  if not held[i] and s.n * s.size * s.size > HELD then return core.shapes_mask(i, s.size, s.seed, s.objects) end
  held[i] = held[i] or core.shapes_mask(i, s.size, s.seed, s.objects)
  return core.clone(held[i])
end

--- Draws the set. Picture i depends on seed, size, objects and i alone, so a larger count only adds pictures.
-- The class is the kind of the largest shape. The set's own methods:
--
-- * `boxes(i)`: a list, largest first, of boxes (gan.data.geometry) that also have a `name`, a `colour`, and `id`,
--   their place in the list
-- * `mask(i)`: u8 (H,W), 0 ground, k the k-th of `boxes(i)`
-- * `captions(i)`: a list of one, "a red circle above a small blue square on striped ground"
-- * `attributes`, real (N,16): which kinds and colours the picture shows
--
-- The set has no mirror images: its light comes from the upper left, its moons open to the right.
-- @function gan.data.shapes
-- @tparam[opt] table opt
-- @tparam[opt=10000] integer opt.count  how many pictures
-- @tparam[opt=32] integer opt.size  side in pixels, 16 to 512
-- @tparam[opt=0] integer opt.seed  of the pictures
-- @tparam[opt=3] integer opt.objects  most shapes in a picture, 1 to 3
-- @treturn Set
-- @raise if an option is unknown or out of range
function M.set(opt)
  local o = check.options("data.shapes", opt, {
    count = option.integer {default = 10000, lo = 1}, size = option.integer {default = 32, lo = 16, hi = 512},
    seed = option.integer {default = 0}, objects = option.integer {default = 3, lo = 1, hi = 3},
  })
  local images, labels, scenes, attributes = core.shapes(o.count, o.size, o.seed, o.objects)
  local classes = table.move(kinds, 1, #kinds, 1, {})
  return set.new {
    images = images, labels = labels, scenes = scenes, classes = classes, seed = o.seed, objects = o.objects,
    source = "shapes", format = "drawn", natural = false, mirrors = false, held_masks = {},
    boxes = function(s, i) return (objects(s, i)) end, mask = mask, captions = captions, box_classes = classes,
    mask_kind = "instance", mask_classes = {"ground", table.unpack(kinds)},
    attributes = attributes, attribute_names = table.move(colours, 1, #colours, #kinds + 1,
      table.move(kinds, 1, #kinds, 1, {})),
  }
end

--- Opens the set for gan.data.open "shapes". Grey is not to be had: the captions name colours.
-- @tparam table o  checked options of gan.data.open
-- @treturn Set
-- @error if the size or the channels are not to be had
function M.open(o)
  if o.channels == 1 then return nil, "shapes: drawn in colour only (channels = 3)" end
  local size = o.size or 32
  if size < 16 or size > 512 then return nil, ("shapes: drawn at sizes from 16 to 512, not %d"):format(size) end
  return M.set {count = o.count or o.limit, size = size, seed = o.seed}
end

return M
