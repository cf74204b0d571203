--- Inception-v3 as the Frechet inception distance and the Inception Score use it: images -> 2048 features, 1008 logits.
--
-- Source: Szegedy et al. 2015, arXiv:1512.00567, in the form of TensorFlow's graph of 2015-12-05. Tensor names and
-- layouts are those of torchvision's inception_v3, from which that graph differs: 1008 outputs and no auxiliary head;
-- average pools divide by the pixels inside the picture; Mixed_7c pools the maximum; the input is resized as TensorFlow
-- 1 did (preprocess). For inference alone: no graph is recorded, batch norm (epsilon 0.001) is folded into the
-- convolutions, temporaries give their memory back at once.
-- @module gan.model.inception
local core = require "gan.core"
local check = require "gan.check"
local random = require "gan.random"

local option = check.option

local M = {}

local SIZE, CLASSES, EPSILON = 299, 1008, 1e-3

-- ---- topology ----

-- A net is a list of steps: convolution (with the rectifier behind it), 3x3 pool, or a join of branches, each a list of
-- steps itself.
-- Convolutions of stride 1 keep the size unless `padding` says otherwise, steps of stride 2 have no padding.
local function conv(name, co, kernel, stride, padding)
  local kh, kw = table.unpack(type(kernel) == "table" and kernel or {kernel or 1, kernel or 1})
  local same = (stride or 1) == 1 and {kh // 2, kw // 2} or {0, 0}
  return {kind = "conv", name = name, co = co, kh = kh, kw = kw, stride = stride or 1, padding = padding or same}
end

local valid = {0, 0}
local avg = {kind = "avg_pool2d", options = {kernel = 3, stride = 1, padding = 1, count_include_pad = false}}
local max = {kind = "max_pool2d", options = {kernel = 3, stride = 1, padding = 1}}
local half = {kind = "max_pool2d", options = {kernel = 3, stride = 2, padding = 0}}
local function named(name, pool) return {kind = pool.kind, name = name, options = pool.options} end

local function join(branches) return {kind = "join", branches = branches} end

local function A(pool)
  return join {
    {conv("branch1x1", 64)},
    {conv("branch5x5_1", 48), conv("branch5x5_2", 64, 5)},
    {conv("branch3x3dbl_1", 64), conv("branch3x3dbl_2", 96, 3), conv("branch3x3dbl_3", 96, 3)},
    {avg, conv("branch_pool", pool)},
  }
end

local function B()
  return join {
    {conv("branch3x3", 384, 3, 2)},
    {conv("branch3x3dbl_1", 64), conv("branch3x3dbl_2", 96, 3), conv("branch3x3dbl_3", 96, 3, 2)},
    {half},
  }
end

local function C(c7)
  return join {
    {conv("branch1x1", 192)},
    {conv("branch7x7_1", c7), conv("branch7x7_2", c7, {1, 7}), conv("branch7x7_3", 192, {7, 1})},
    {conv("branch7x7dbl_1", c7), conv("branch7x7dbl_2", c7, {7, 1}), conv("branch7x7dbl_3", c7, {1, 7}),
      conv("branch7x7dbl_4", c7, {7, 1}), conv("branch7x7dbl_5", 192, {1, 7})},
    {avg, conv("branch_pool", 192)},
  }
end

local function D()
  return join {
    {conv("branch3x3_1", 192), conv("branch3x3_2", 320, 3, 2)},
    {conv("branch7x7x3_1", 192), conv("branch7x7x3_2", 192, {1, 7}), conv("branch7x7x3_3", 192, {7, 1}),
      conv("branch7x7x3_4", 192, 3, 2)},
    {half},
  }
end

local function E(pool)
  return join {
    {conv("branch1x1", 320)},
    {conv("branch3x3_1", 384), join {{conv("branch3x3_2a", 384, {1, 3})}, {conv("branch3x3_2b", 384, {3, 1})}}},
    {conv("branch3x3dbl_1", 448), conv("branch3x3dbl_2", 384, 3),
      join {{conv("branch3x3dbl_3a", 384, {1, 3})}, {conv("branch3x3dbl_3b", 384, {3, 1})}}},
    {pool, conv("branch_pool", 192)},
  }
end

-- Sizes are those for 299x299 pixels.
local function topology()
  local blocks = {
    {"5b", A(32)}, {"5c", A(64)}, {"5d", A(64)},                                  -- 35x35: 256, 288, 288 channels
    {"6a", B()}, {"6b", C(128)}, {"6c", C(160)}, {"6d", C(160)}, {"6e", C(192)},  -- 17x17: 768
    {"7a", D()}, {"7b", E(avg)}, {"7c", E(max)},                                  -- 8x8: 1280, 2048, 2048
  }
  local steps = {
    conv("Conv2d_1a_3x3", 32, 3, 2),          -- 149x149
    conv("Conv2d_2a_3x3", 32, 3, 1, valid),   -- 147x147
    conv("Conv2d_2b_3x3", 64, 3),             -- 147x147
    named("maxpool1", half),                  -- 73x73x64
    conv("Conv2d_3b_1x1", 80),                -- 73x73
    conv("Conv2d_4a_3x3", 192, 3, 1, valid),  -- 71x71
    named("maxpool2", half),                  -- 35x35x192
  }
  for _, block in ipairs(blocks) do
    block[2].name = "Mixed_" .. block[1]
    steps[#steps + 1] = block[2]
  end
  return steps
end

-- Gives every convolution of a list of steps its full name and channels, appends it to `out`; returns the channels that
-- come out of the last.
local function connect(steps, prefix, ci, width, out)
  for _, step in ipairs(steps) do
    if step.kind == "conv" then
      step.name, step.ci, step.co = prefix .. step.name, ci, math.max(1, math.floor(step.co * width + 0.5))
      out[#out + 1] = step
      ci = step.co
    elseif step.kind == "join" then
      local sum = 0
      for _, branch in ipairs(step.branches) do
        branch.co = connect(branch, step.name and step.name .. "." or prefix, ci, width, out)
        sum = sum + branch.co
      end
      ci, step.co = sum, sum
    end
  end
  return ci
end

local function build(width)
  local steps, convs = topology(), {}
  return steps, convs, connect(steps, "", 3, width, convs)
end

-- Height and width of a list's result; visit(step, h, w, channels) sees those of all results.
local function sizes_after(steps, h, w, c, visit)
  for _, step in ipairs(steps) do
    local kh, kw, s, p = step.kh, step.kw, step.stride, step.padding
    if step.kind == "join" then
      local h0, w0 = h, w
      for _, branch in ipairs(step.branches) do h, w = sizes_after(branch, h0, w0, c, visit) end
    else
      if step.kind ~= "conv" then
        kh, kw, s, p = 3, 3, step.options.stride, {step.options.padding, step.options.padding}
      end
      h, w = (h + 2 * p[1] - kh) // s + 1, (w + 2 * p[2] - kw) // s + 1
    end
    c = step.co or c
    if visit then visit(step, h, w, c) end
  end
  return h, w
end

-- ---- options ----

local width = option.number {default = 1, lo = 1 / 64, hi = 4} -- factor of all channels
local at_once = option.integer {default = 16, lo = 1, hi = 4096}

--- Lists what the net is made of, without making it.
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.width  factor of all channels
-- @tparam[opt=299] integer opt.size  height and width of the input, at least 75
-- @treturn table  list of {name, kind, co, h, w} in order of computation: convolutions ("conv", with ci, kh, kw,
--   stride, padding), pools ("avg_pool2d", "max_pool2d") and joins ("join"; blocks are named)
-- @raise if an option is unknown or out of range
function M.layers(opt)
  opt = check.options("model.inception.layers", opt, {width = width, size = option.integer {default = SIZE, lo = 75}})
  local size, steps, list = opt.size, build(opt.width), {}
  sizes_after(steps, size, size, 3, function(step, h, w, co)
    list[#list + 1] = {name = step.name, kind = step.kind, ci = step.ci, co = co, kh = step.kh, kw = step.kw,
      stride = step.stride, padding = step.padding, h = h, w = w}
  end)
  return list
end

-- ---- input ----

local function finite(t)
  local s = core.item(core.sum(t))
  return s - s == 0
end

local function check_pictures(op, x)
  local ok = core.is_tensor(x) and core.dtype(x) ~= "i32" and core.dim(x) == 4
  if not ok or core.size(x, 2) == 0 or core.size(x, 3) == 0 or core.size(x, 4) ~= 1 and core.size(x, 4) ~= 3 then
    return check.expected(op, 1, "images", "u8, or real in [-1,1], (N,H,W,1) or (N,H,W,3)", x)
  end
  return x
end

--- Returns pictures as the net wants them: resized to 299x299 by TensorFlow 1's bilinear rule, grey in three channels.
-- A pixel is (v - 128) / 128 of v in 0..255. Real pictures become bytes first, trunc(clamp(127.5 x + 128, 0, 255)), so
-- that a picture counts as it would from a file.
-- @tparam Tensor images  (N,H,W,1) or (N,H,W,3), u8, or real in [-1,1]; not modified
-- @treturn Tensor  (N,299,299,3)
-- @raise if it is another tensor, or holds numbers that are not finite
function M.preprocess(images)
  local x = check_pictures("model.inception.preprocess", images)
  if core.dtype(x) == "real" then
    if not finite(x) then
      return check.fail("model.inception.preprocess", "bad argument #1 'images' (numbers that are not finite)")
    end
    x = core.mul(x, 127.5)
    core.sub_(core.add_(x, 128), 0.5) -- conversion to bytes rounds half up: less the half that it adds, it truncates
    x = core.to(x, "u8")
  end
  x = core.resize(core.to(x, "real"), {size = SIZE, mode = "bilinear", legacy = true})
  core.mul_(core.sub_(x, 128), 1 / 128)
  if core.size(x, 4) == 3 then return x end
  return core.contiguous(core.expand(x, {core.size(x, 1), SIZE, SIZE, 3}))
end

-- ---- the forward pass ----

-- Where the maker of a step's result puts it: into y, or, where y is nil, into a tensor of its own.
local function convolve(step, x, y) return core.conv2d_relu(x, step.weight, step.options, step.bias, y) end
local function pooled(step, x, y) return core[step.kind .. "_to"](x, step.options, y) end

local run

-- The branches' results beside each other, each made in its place.
local function joined(step, x, y)
  if not y then
    local h, w = sizes_after(step.branches[1], core.size(x, 2), core.size(x, 3))
    y = core.full({core.size(x, 1), h, w, step.co}, 0)
  end
  local at = 1
  for _, branch in ipairs(step.branches) do
    local place = core.narrow(y, 4, at, branch.co)
    run(branch, x, place)
    core.release_since(place, 0)
    at = at + branch.co
  end
  return y
end

local function mean(x)
  local one = core.avg_pool2d(x, {kernel = {core.size(x, 2), core.size(x, 3)}})
  return core.reshape(one, {core.size(x, 1), core.size(x, 4)})
end

-- Sends x (N,H,W,C) through the steps; `out` takes the last one's result, visit(name, result) sees them all.
-- What lies in between gives its memory back at once.
function run(steps, x, out, visit)
  local first = x
  for i, step in ipairs(steps) do
    local make = step.kind == "conv" and convolve or step.kind == "join" and joined or pooled
    local y = make(step, x, i == #steps and out or nil)
    if visit then visit(step.name, y) end
    if x ~= first then core.release_since(x, 0) end
    x = y
  end
  return x
end

-- ---- the net ----

local net = {}
net.__index = net
net.__name = "inception"

local function check_images(op, x)
  if not core.is_tensor(x) or core.dtype(x) ~= "real" or core.dim(x) ~= 4 or core.size(x, 4) ~= 3
    or core.size(x, 2) < 75 or core.size(x, 3) < 75 then
    return check.expected(op, 1, "x", "real (N,H,W,3), H and W at least 75, usually 299", x)
  end
end

-- Calls f(part of x) for every `batch` images; the results, lists of tensors, are joined.
local function in_batches(x, batch, f)
  local n, parts = core.size(x, 1), {}
  for first = 1, math.max(n, 1), batch do
    for i, t in ipairs(f(core.narrow(x, 1, first, math.min(batch, n - first + 1)))) do
      parts[i] = parts[i] or {}
      table.insert(parts[i], t)
    end
  end
  for i, list in ipairs(parts) do parts[i] = #list == 1 and list[1] or core.cat(list, 1) end
  return parts
end

-- features, logits, logits without bias of at most a batch
local function judge(self, x, visit)
  local last = run(self.steps, x, nil, visit)
  local features = mean(last)
  core.release_since(last, 0)
  local unbiased = core.matmul(features, self.fc)
  return {features, core.add(unbiased, self.fc_bias), unbiased}
end

-- Calls the net: x (N,H,W,3) in [-1,1] as preprocess makes it (any size from 75x75 on works), in parts of `batch`
-- images. Returns features (N,2048), the mean over the picture of what Mixed_7c gives; logits (N,1008), of which 1 to
-- 1000 are ImageNet's classes; and the logits without their bias, from which the Inception Score is computed.
function net:__call(x)
  check_images("inception", x)
  return table.unpack(in_batches(x, self.batch, function(part) return judge(self, part) end), 1, 3)
end

local taps, wanted = {"maxpool1", "maxpool2", "Mixed_6e", "Mixed_7c"}, {}
for _, name in ipairs(taps) do wanted[name] = true end

--- Returns features of earlier layers, too, each the mean over the picture.
-- @tparam Tensor x  (N,H,W,3), as the net is called with
-- @treturn table  maxpool1 -> (N,64), maxpool2 -> (N,192), Mixed_6e -> (N,768), Mixed_7c -> (N,2048): net's features
-- @raise if x has another shape
function net:taps(x)
  check_images("taps", x)
  local parts = in_batches(x, self.batch, function(part)
    local found, list = {}, {}
    judge(self, part, function(name, y) found[name] = wanted[name] and mean(y) end)
    for i, name in ipairs(taps) do list[i] = found[name] end
    return list
  end)
  local out = {}
  for i, name in ipairs(taps) do out[name] = parts[i] end
  return out
end

--- Calls a function for the result of every step: convolutions and pools in front ("maxpool1", ...), and blocks.
-- Results (N,H,W,C) must be copied to be kept. For tests, and for features of one's own.
-- @tparam Tensor x  (N,H,W,3), as the net is called with
-- @tparam function visit  `visit(name, result)`; name as "Conv2d_1a_3x3" or "Mixed_5b"
-- @raise if x has another shape
function net:trace(x, visit)
  check_images("trace", x)
  in_batches(x, self.batch, function(part) return judge(self, part, visit) end)
end

--- Returns what the net makes of pictures of any size: preprocess and the net, in parts of `batch` images.
-- @tparam Tensor images  (N,H,W,1) or (N,H,W,3), as for preprocess
-- @treturn Tensor  features (N,2048)
-- @treturn Tensor  logits (N,1008)
-- @treturn Tensor  logits without bias (N,1008)
-- @raise as preprocess
function net:features(images)
  check_pictures("features", images)
  return table.unpack(in_batches(images, self.batch, function(part) return judge(self, M.preprocess(part)) end), 1, 3)
end

--- Returns how many numbers the net has before folding, batch norm's four vectors counted: 23,885,392. Cannot fail.
-- @treturn integer  all
-- @treturn integer  of convolutions
-- @treturn integer  of batch norms
-- @treturn integer  of the last layer
function net:count()
  local convs, norms, last = 0, 0, core.numel(self.fc) + core.numel(self.fc_bias)
  for _, step in ipairs(self.convs) do
    convs, norms = convs + core.numel(step.weight), norms + 4 * step.co
  end
  return convs + norms + last, convs, norms, last
end

function net:__tostring()
  return ("inception-v3 for FID: %d convolutions, %d numbers, %d features, %d logits"):format(#self.convs,
    (self:count()), core.size(self.fc, 1), CLASSES)
end

-- ---- loading and saving ----

local function assemble(opt)
  local steps, convs, features = build(opt.width)
  for _, step in ipairs(convs) do step.options = {stride = step.stride, padding = step.padding} end
  return setmetatable({steps = steps, convs = convs, batch = opt.batch}, net), features
end

local norms = {gamma = ".bn.weight", beta = ".bn.bias", mean = ".bn.running_mean", var = ".bn.running_var"}

-- Name -> shape of all tensors, and the names in order.
local function expected(self, features)
  local shapes, names = {}, {}
  local function add(name, shape)
    shapes[name] = shape
    names[#names + 1] = name
  end
  for _, step in ipairs(self.convs) do
    add(step.name .. ".conv.weight", {step.co, step.ci, step.kh, step.kw})
    for _, key in ipairs {"gamma", "beta", "mean", "var"} do add(step.name .. norms[key], {step.co}) end
  end
  add("fc.weight", {CLASSES, features})
  add("fc.bias", {CLASSES})
  return shapes, names
end

-- All that is wrong with a state, a list of texts.
local function misfits(state, shapes, names)
  local wrong, extra = {}, {}
  for _, name in ipairs(names) do
    local t, shape = state[name], check.shape_string(shapes[name])
    if t == nil then wrong[#wrong + 1] = ("'%s' %s is missing"):format(name, shape)
    elseif not core.is_tensor(t) or core.dtype(t) ~= "real" or check.shape_string(core.shape(t)) ~= shape then
      wrong[#wrong + 1] = ("'%s' (expected real tensor %s, got %s)"):format(name, shape, check.found(t))
    end
  end
  for name in pairs(state) do
    if not shapes[name] and not tostring(name):find "%.num_batches_tracked$" then extra[#extra + 1] = tostring(name) end
  end
  core.sort(extra)
  for _, name in ipairs(extra) do wrong[#wrong + 1] = ("'%s' is not in the net"):format(name) end
  return wrong
end

--- Makes the net of a state as torch saves it, its batch norms folded. Keeps none of the tensors. Names are
-- torchvision's ("Mixed_5b.branch1x1.conv.weight", ".bn.weight", ".bn.bias", ".bn.running_mean", ".bn.running_var",
-- "fc.weight", "fc.bias"), convolutions (Co,Ci,Kh,Kw), fc.weight (1008,2048); "num_batches_tracked" is ignored.
--
--     w' = w gamma / sqrt(var + 0.001), b' = beta - mean gamma / sqrt(var + 0.001)
--
-- @tparam table state  name -> real tensor
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.width  factor of all channels
-- @tparam[opt=16] integer opt.batch  images computed at a time, which bounds the memory
-- @treturn Net
-- @error if a tensor is missing, unknown, not finite or of another shape: the message lists them all
-- @raise if state is no table, or an option is unknown or out of range
function M.load(state, opt)
  opt = check.options("model.inception.load", opt, {width = width, batch = at_once})
  if type(state) ~= "table" then
    return check.expected("model.inception.load", 1, "state", "a table of tensors", state)
  end
  local self, features = assemble(opt)
  local wrong = misfits(state, expected(self, features))
  if #wrong > 0 then return nil, "no Inception weights for FID: " .. table.concat(wrong, "; ") end
  for _, step in ipairs(self.convs) do
    local function get(key) return state[step.name .. norms[key]] end
    local scale = core.div(get "gamma", core.sqrt(core.add(get "var", EPSILON)))
    step.weight = core.mul(core.permute(state[step.name .. ".conv.weight"], {3, 4, 2, 1}), scale)
    step.bias = core.sub(get "beta", core.mul(get "mean", scale))
    if not (finite(step.weight) and finite(step.bias)) then wrong[#wrong + 1] = ("'%s'"):format(step.name) end
  end
  if #wrong > 0 then
    return nil, "Inception weights that are not finite, or variances below 0: " .. table.concat(wrong, "; ")
  end
  self.fc = core.clone(core.permute(state["fc.weight"], {2, 1}))
  self.fc_bias = core.clone(state["fc.bias"])
  return self
end

--- Returns the net's tensors by torch's names and in torch's layout, for saving: what load takes. Cannot fail. The
-- norms are folded, so theirs are gamma 1, mean 0 and a variance that makes their scale 1; beta is the convolution's
-- bias. load(net:state()) is the same net, to the byte.
-- @treturn table  name -> tensor
function net:state()
  local state = {["fc.weight"] = core.clone(core.permute(self.fc, {2, 1})), ["fc.bias"] = core.clone(self.fc_bias)}
  for _, step in ipairs(self.convs) do
    local name, n = step.name, {step.co}
    state[name .. ".conv.weight"] = core.clone(core.permute(step.weight, {4, 3, 1, 2}))
    state[name .. norms.gamma], state[name .. norms.beta] = core.full(n, 1), core.clone(step.bias)
    state[name .. norms.mean], state[name .. norms.var] = core.full(n, 0), core.full(n, 1 - EPSILON)
  end
  return state
end

--- Makes a net with random weights N(0, 2/fan_in) and no biases, for tests and as a random feature network.
-- @tparam[opt] table opt
-- @tparam[opt=1] number opt.width  factor of all channels
-- @tparam[opt=16] integer opt.batch  images computed at a time, which bounds the memory
-- @tparam[opt] Stream opt.rng  of the weights (default: gan's default stream)
-- @treturn Net
-- @raise if an option is unknown or out of range
function M.new(opt)
  opt = check.options("model.inception.new", opt, {width = width, batch = at_once, rng = option.stream {}})
  local rng, self, features = opt.rng or random.default(), assemble(opt)
  for _, step in ipairs(self.convs) do
    local s = {step.kh, step.kw, step.ci, step.co}
    step.weight = rng:normal(s, 0, math.sqrt(2 / (step.kh * step.kw * step.ci)))
    step.bias = core.full({step.co}, 0)
  end
  self.fc, self.fc_bias = rng:normal({features, CLASSES}, 0, math.sqrt(1 / features)), core.full({CLASSES}, 0)
  return self
end

return M
