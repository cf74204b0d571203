--- Layout: images from boxes of objects, for squares of 32, 64 or 128 pixels: a generator whose norms differ from box
-- to box, and two critics: of the image beside its layout, and of each object.
--
-- A layout is real (N,K,5): class, x0, y0, x1, y1 of K objects in pixels of the image, class -1 where there is none.
-- Source: Sun & Wu 2019, arXiv:1908.07500 (LostGAN).  Differs: small; no learnt masks; the image critic sees the
-- layout; the object critic cuts objects, and their surroundings, out of the image.
-- @module gan.model.layout
local check = require "gan.check"
local core = require "gan.core"
local nn = require "gan.nn"
local ops = require "gan.ops"
local parts = require "gan.model.parts"

local option = check.option

local M = {}

local levels = {[32] = 2, [64] = 3, [128] = 4} -- doublings from 8 x 8 pixels
local FROM = 8

local function options(op, opt, known)
  known.size, known.channels = parts.size(32, "32, 64 or 128", function(n) return levels[n] end), parts.count(3)
  known.classes = option.integer {required = true, lo = 1, hi = 65536}
  known.init, known.rng = parts.init "xavier_uniform", option.stream {}
  return check.options(op, opt, known)
end

local function check_layout(self, objects, n)
  if core.is_tensor(objects) and core.dtype(objects) == "real" and core.dim(objects) == 3
    and core.size(objects, 1) == n and core.size(objects, 2) > 0 and core.size(objects, 3) == 5 then
    return core.contiguous(objects)
  end
  return self:fail("bad argument #2 'layout' (expected real (%d,K,5): class, x0, y0, x1, y1 of each object, got %s)", n,
    check.found(objects))
end

-- The classes of objects, i32 (N,K); 0 where there is none, whose coverage is 0.
local function classes_of(objects)
  local s = core.shape(objects)
  local class = core.reshape(core.contiguous(core.narrow(objects, 3, 1, 1)), {s[1], s[2]})
  return core.to(core.maximum(class, 0), "i32")
end

--- Joins boxes and their classes, as batches have them, to layouts.
-- @tparam Tensor boxes  (N,K,4): x0, y0, x1, y1 of each
-- @tparam Tensor classes  i32 (N,K), -1 where there is no box
-- @treturn Tensor  (N,K,5)
-- @raise if the shapes do not fit
-- @usage local layout = gan.model.layout.join(beside.boxes, beside.box_classes)
function M.join(boxes, classes)
  check.real("model.layout.join", 1, "boxes", boxes, 3)
  local s = core.shape(boxes)
  if s[3] ~= 4 then return check.expected("model.layout.join", 1, "boxes", "(N,K,4)", boxes) end
  if not core.is_tensor(classes) or core.dtype(classes) ~= "i32"
    or check.shape_string(core.shape(classes)) ~= check.shape_string {s[1], s[2]} then
    return check.expected("model.layout.join", 2, "classes", ("i32 (%d,%d)"):format(s[1], s[2]), classes)
  end
  return core.cat({core.reshape(core.to(core.contiguous(classes), "real"), {s[1], s[2], 1}), boxes}, 3)
end

-- ---- G ----

local generator = nn.class "layout_generator"

function generator:init(opt)
  local rng, width = opt.rng, 4 * opt.ngf
  self.size, self.z, self.z_object, self.most = opt.size, opt.z_image, opt.z_object, opt.most
  self.classes = nn.embedding {opt.classes, opt.code, rng = rng}
  local code = opt.code + opt.z_object
  self.objects = nn.linear {code, opt.spread, rng = rng}
  local layers = {nn.conv2d {opt.spread + opt.z_image, width, kernel = 3, padding = 1, rng = rng}}
  local function add(layer) layers[#layers + 1] = layer end
  for i = 0, levels[opt.size] do
    if i > 0 then
      local before = width
      width = math.max(1, width // 2)
      add(nn.conv_transpose2d {before, width, kernel = 4, stride = 2, padding = 1, bias = false, rng = rng})
    end
    add(nn.isla {width, code, rng = rng})
    add(nn.relu {})
  end
  add(nn.conv2d {width, opt.channels, kernel = 3, padding = 1, rng = rng})
  add(nn.tanh {})
  self.image = nn.chain(layers)
end

function generator:forward(z, layout)
  self:check_input(z, 2)
  local n = core.size(z, 1)
  layout = check_layout(self, layout, n)
  local k = core.size(layout, 2)
  if core.size(z, 2) ~= self.z + k * self.z_object then
    return self:fail("bad argument #1 'z' (expected (%d,%d): %d numbers of the image and %d of each of %s, got %s)", n,
      self.z + k * self.z_object, self.z, self.z_object, check.count(k, "object"), check.found(z))
  end
  local of_objects = ops.reshape(ops.narrow(z, 2, self.z + 1, k * self.z_object), {n, k, self.z_object})
  local codes = ops.cat({self.classes(classes_of(layout)), of_objects}, 3)
  local image = {self.size, self.size}
  local m = core.reshape(ops.box_coverage(layout, image, {FROM, FROM}), {n, FROM * FROM, k})
  local spread = ops.matmul(m, self.objects(codes))
  local start = ops.cat({ops.reshape(spread, {n, FROM, FROM, core.size(spread, 3)}),
    ops.expand(ops.reshape(ops.narrow(z, 2, 1, self.z), {n, 1, 1, self.z}), {n, FROM, FROM, self.z})}, 4)
  return self.image(start, {objects = layout, image = image, codes = codes})
end

function generator:shape() return {self.size, self.size, core.size(self.image[#self.image - 1].weight, 4)} end

function generator:describe()
  local s = core.shape(self.classes.weight)
  return ("layout_generator %s of %d, %d of an image, %d of an object"):format(check.count(s[1], "class"), s[2], self.z,
    self.z_object)
end

--- Makes G: numbers of the image and of each object, standard normal, and a layout to images. Called (z, layout); z
-- has first the image's numbers, then those of each object. What is absent changes nothing, nor does the order of
-- objects, if their numbers go with them.
-- @tparam table opt
-- @tparam integer opt.classes  Y
-- @tparam[opt=32] integer opt.size  32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt] integer opt.z  all numbers of z, z_image + K z_object: G.most is K then
-- @tparam[opt=32] integer opt.z_image  numbers of z for the image
-- @tparam[opt=16] integer opt.z_object  numbers of z for an object
-- @tparam[opt=48] integer opt.code  numbers of a class's vector
-- @tparam[opt=64] integer opt.spread  features that each object spreads over its box at 8 x 8 pixels
-- @tparam[opt=64] integer opt.ngf  4 ngf is the width at 8 x 8 pixels, then half of it from size to size
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt="xavier_uniform"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  z (N,z_image+K z_object), layout (N,K,5) -> images (N,size,size,channels) in (-1,1)
-- @raise if an option is unknown or out of range; names the sizes that it can make
function M.generator(opt)
  opt = options("model.layout.generator", opt, {
    z = option.integer {lo = 1}, z_image = parts.count(32), z_object = parts.count(16), code = parts.count(48),
    spread = parts.count(64), ngf = parts.count(64),
  })
  if opt.z and (opt.z <= opt.z_image or (opt.z - opt.z_image) % opt.z_object ~= 0) then
    return check.fail("model.layout.generator", "option 'z': expected %d and %d for each object, got %d", opt.z_image,
      opt.z_object, opt.z)
  end
  opt.most = opt.z and (opt.z - opt.z_image) // opt.z_object
  return parts.draw(generator(opt), opt)
end

-- ---- D ----

local discriminator = nn.class "layout_discriminator"

local SLOPE = 0.1
local CUT = 16         -- pixels of an object as its critic sees it
local AROUND = 1 / 8   -- of its size are added at each side: so that its end is seen

function discriminator:init(opt)
  local rng, width, before = opt.rng, opt.ndf, opt.channels + opt.classes
  self.size, self.channels, self.classes = opt.size, opt.channels, opt.classes
  local layers = {}
  local function add(layer) layers[#layers + 1] = layer end
  for _ = 0, levels[opt.size] do
    add(nn.conv2d {before, width, kernel = 4, stride = 2, padding = 1, rng = rng})
    add(nn.leaky_relu {slope = SLOPE})
    before, width = width, 2 * width
  end
  add(nn.global_pool {mode = "sum"})
  add(nn.linear {before, 1, rng = rng})
  add(nn.view {})
  self.image = nn.chain(layers)
  local half = math.max(1, opt.ndf // 2)
  self.object = nn.chain {
    nn.conv2d {opt.channels, half, kernel = 3, padding = 1, rng = rng}, nn.leaky_relu {slope = SLOPE},
    nn.conv2d {half, 2 * half, kernel = 4, stride = 2, padding = 1, rng = rng}, nn.leaky_relu {slope = SLOPE},
    nn.conv2d {2 * half, 4 * half, kernel = 4, stride = 2, padding = 1, rng = rng}, nn.leaky_relu {slope = SLOPE},
    nn.global_pool {mode = "sum"}, nn.projection_head {4 * half, opt.classes, rng = rng},
  }
end

--- Returns the logits of images beside layouts, which need not be theirs.
-- @tparam Tensor x  (N,size,size,channels)
-- @tparam Tensor layout  (N,K,5)
-- @treturn Tensor  (N)
-- @raise naming the argument that does not fit
function discriminator:judge_images(x, layout)
  self:check_input(x, 4, self.channels)
  local n, s = core.size(x, 1), self.size
  if core.size(x, 2) ~= s or core.size(x, 3) ~= s then
    return self:fail("bad argument #1 'x' (expected images of %dx%d, got %s)", s, s, check.found(x))
  end
  layout = check_layout(self, layout, n)
  local m = core.reshape(ops.box_coverage(layout, {s, s}, {s, s}), {n, s * s, core.size(layout, 2)})
  local maps = core.clamp(core.matmul(m, core.one_hot(classes_of(layout), self.classes)), 0, 1)
  return self.image(ops.cat({x, core.reshape(maps, {n, s, s, self.classes})}, 4))
end

-- The present objects: boxes with what is around (M,4), i32 images (M), i32 classes (M).
local function present(layout)
  local boxes, rows, classes = {}, {}, {}
  for i, list in ipairs(core.to_table(layout)) do
    for _, object in ipairs(list) do
      local class, x0, y0, x1, y1 = table.unpack(object)
      if class >= 0 then
        local w, h = (x1 - x0) * AROUND, (y1 - y0) * AROUND
        boxes[#boxes + 1] = {x0 - w, y0 - h, x1 + w, y1 + h}
        rows[#rows + 1], classes[#classes + 1] = i - 1, math.floor(class)
      end
    end
  end
  return boxes, rows, classes
end

--- Returns the logits of the objects that layouts have in images, one after the other: those of the first image first.
-- @tparam Tensor x  (N,size,size,channels)
-- @tparam Tensor layout  (N,K,5), with at least one object in all
-- @tparam[opt] Tensor classes  i32 (M), what they are to be judged as (default: the layout's)
-- @treturn Tensor  (M), M objects
-- @treturn Tensor  i32 (M), their classes in the layout
-- @raise naming the argument that does not fit
function discriminator:judge_objects(x, layout, classes)
  self:check_input(x, 4, self.channels)
  layout = check_layout(self, layout, core.size(x, 1))
  local boxes, rows, own = present(layout)
  if #rows == 0 then return self:fail("bad argument #2 'layout' (it has no object, all classes are -1)") end
  own = core.tensor(own, "i32")
  local cut = ops.roi_align(x, core.tensor(boxes), core.tensor(rows, "i32"), {size = CUT,
    scale = core.size(x, 2) / self.size})
  return self.object(cut, classes or own), own
end

function discriminator:forward(x, layout) return self:judge_images(x, layout) end

function discriminator:shape(s)
  self:check_shape(s, 4, self.channels)
  return {}
end

function discriminator:children() return {self.image, self.object} end

--- Makes D: two critics, of images and of their objects. Called (x, layout), it returns the logits of the images, as
-- judge_images does; judge_objects has those of the objects, also as other classes than their own.
-- @tparam table opt
-- @tparam integer opt.classes  Y
-- @tparam[opt=32] integer opt.size  32, 64 or 128
-- @tparam[opt=3] integer opt.channels  of the images
-- @tparam[opt=64] integer opt.ndf  width after the first layer
-- @tparam[opt="spectral"] string opt.norm  "spectral" or "none"
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt="xavier_uniform"] string|function opt.init  the name of one of nn.initial, or f(net, rng)
-- @treturn Module  images (N,size,size,channels), layout (N,K,5) -> logits (N)
-- @raise if an option is unknown or out of range; names the sizes that it can judge
function M.discriminator(opt)
  opt = options("model.layout.discriminator", opt, {
    ndf = parts.count(64), norm = option.word {"spectral", "none", default = "spectral"},
  })
  local net = parts.draw(discriminator(opt), opt)
  return opt.norm == "spectral" and nn.spectral(net, {rng = opt.rng}) or net
end

return M
