--- The first ten convolutions of VGG-16, by whose outputs perceptual losses compare images. Its weights are not part of
-- this library: they come from a file of torchvision's names.
-- @module gan.model.vgg
local core = require "gan.core"
local check = require "gan.check"
local nn = require "gan.nn"
local ops = require "gan.ops"

local option = check.option

local M = {}

-- conv1_1 to conv4_3: their numbers in torchvision's features, and their widths. Before 5, 10 and 17 is a pooling.
local NUMBERS, WIDTHS = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21}, {64, 64, 128, 128, 256, 256, 256, 512, 512, 512}
local POOLED = {[5] = true, [10] = true, [17] = true}
local LEAST = 8 -- pixels, halved three times
local MEANS = {103.939, 116.779, 123.68}

local function name(i, what) return ("features.%d.%s"):format(NUMBERS[i], what) end

local wanted = {}
for i in ipairs(NUMBERS) do wanted[name(i, "weight")], wanted[name(i, "bias")] = true, true end

--- Tells whether a tensor of torchvision's VGG-16 is one that `load` takes. Cannot fail.
-- @tparam string tensor  its name, such as "features.0.weight"
-- @treturn boolean
function M.wants(tensor) return wanted[tensor] == true end

local vgg = nn.class "vgg"

function vgg:init(body) self.body = body end

--- Returns what the net makes of images: the outputs of conv1_1, conv1_2, conv2_1, conv2_2, conv3_1 to conv3_3, conv4_1
-- to conv4_3, behind their rectifiers. What it sees is (x + 1) 127.5 - (103.939, 116.779, 123.68), as the authors of
-- batch statistics adaptation have it: the channels are red, green, blue, the means those of blue, green, red.
-- @tparam Tensor x  (N,H,W,C) in [-1,1], H and W at least 8; C 3, or 1, which is repeated
-- @treturn table  list of ten tensors (N,h,w,c), differentiable in x; h and w are halved before each new number
-- @raise if x has another shape
function vgg:features(x)
  check.real("model.vgg", 1, "x", x, 4)
  local s = core.shape(x)
  if s[4] ~= 1 and s[4] ~= 3 or s[2] < LEAST or s[3] < LEAST then
    return check.expected("model.vgg", 1, "x", ("images (N,H,W,C) of %d pixels or more, C 1 or 3"):format(LEAST), x)
  end
  if s[4] == 1 then x = ops.cat({x, x, x}, 4) end
  return nn.stages(self.body, ops.sub(ops.mul(ops.add(x, 1), 127.5), core.tensor(MEANS)))
end

vgg.forward = vgg.features

function vgg:children() return self.body:children() end

local function pool(x) return (ops.max_pool2d(x, {kernel = 2})) end

-- All that is wrong with a state, a list of texts.
local function misfits(state, convs)
  local wrong = {}
  local function look(key, shape)
    local t, text = state[key], check.shape_string(shape)
    local fits = core.is_tensor(t) and core.dtype(t) == "real" and check.shape_string(core.shape(t)) == text
    local sum = fits and core.item(core.sum(t))
    if t == nil then wrong[#wrong + 1] = ("'%s' %s is missing"):format(key, text)
    elseif not fits then
      wrong[#wrong + 1] = ("'%s' (expected real tensor %s, got %s)"):format(key, text, check.found(t))
    elseif sum - sum ~= 0 then wrong[#wrong + 1] = ("'%s' holds numbers that are not finite"):format(key) end
  end
  for i, conv in ipairs(convs) do
    look(name(i, "weight"), {conv.co, conv.ci, 3, 3})
    look(name(i, "bias"), {conv.co})
  end
  return wrong
end

--- Makes the net of a state as torchvision's vgg16 has it: "features.0.weight" (64,3,3,3), "features.0.bias" (64), and
-- so on for 2, 5, 7, 10, 12, 14, 17, 19 and 21. Other entries are not looked at.
-- Source: Simonyan & Zisserman 2015, arXiv:1409.1556, table 1, D.
-- @tparam table state  name -> real tensor, weights (Co,Ci,Kh,Kw)
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.width  factor of all channels but the image's: for tests
-- @treturn Module  called (x), as its method `features`
-- @error if a tensor is missing, not finite or of another shape: the message lists them all
-- @raise if state is no table, or an option is unknown or out of range
function M.load(state, opt)
  opt = check.options("model.vgg.load", opt, {width = option.number {default = 1, above = 0, hi = 1}})
  if type(state) ~= "table" then return check.expected("model.vgg.load", 1, "state", "a table of tensors", state) end
  local convs, before = {}, 3
  for i, width in ipairs(WIDTHS) do
    local co = math.max(1, math.floor(width * opt.width))
    convs[i], before = {ci = before, co = co}, co
  end
  local wrong = misfits(state, convs)
  if #wrong > 0 then return nil, "no weights of VGG-16: " .. table.concat(wrong, "; ") end
  local layers = {name = "VGG-16"}
  for i, conv in ipairs(convs) do
    if POOLED[NUMBERS[i]] then layers[#layers + 1] = pool end
    local layer = nn.conv2d {conv.ci, conv.co, kernel = 3, padding = 1}
    layer:load {
      weight = core.contiguous(core.permute(state[name(i, "weight")], {3, 4, 2, 1})), bias = state[name(i, "bias")],
    }
    layers[#layers + 1] = layer
    layers[#layers + 1] = nn.relu {}
  end
  return vgg(nn.chain(layers)):eval()
end

return M
