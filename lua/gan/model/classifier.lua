--- Small classifiers, whose penultimate features measure generators where Inception's would mean little.
-- lenet is for grey images of 28 or 32 pixels, resnet for colour ones of 32.
-- @module gan.model.classifier
local check = require "gan.check"
local nn = require "gan.nn"
local ops = require "gan.ops"

local M = {}

-- ---- layers ----

local max_pool = nn.class "max_pool 2x2"
function max_pool.forward(_, x) return (ops.max_pool2d(x, {kernel = 2})) end
function max_pool:shape(s)
  self:check_shape(s, 4)
  return {s[1] // 2, s[2] // 2, s[3]}
end

local mean_pool = nn.class "mean over height and width"
function mean_pool.forward(_, x) return ops.global_avg_pool2d(x) end
function mean_pool:shape(s)
  self:check_shape(s, 4)
  return {s[3]}
end

local function conv(ci, co, stride, kernel, rng)
  return nn.conv2d {ci, co, kernel = kernel, stride = stride, padding = kernel // 2, bias = false, rng = rng}
end

-- x (N,H,W,Ci) -> relu(branch(x) + shortcut(x)) (N,H/stride,W/stride,Co). The shortcut is x itself where that fits,
-- else a 1x1 convolution. Source: He et al. 2016, arXiv:1512.03385, fig. 2 and option B of sec. 3.3.
local residual = nn.class "residual"
function residual:init(ci, co, stride, rng)
  self.branch = nn.chain {
    conv(ci, co, stride, 3, rng), nn.batch_norm {co}, nn.relu {},
    conv(co, co, 1, 3, rng), nn.batch_norm {co},
  }
  if ci ~= co or stride ~= 1 then self.shortcut = nn.chain {conv(ci, co, stride, 1, rng), nn.batch_norm {co}} end
  self.widths = {ci, co, stride}
end
function residual:forward(x) return ops.relu(ops.add(self.branch(x), self.shortcut and self.shortcut(x) or x)) end
function residual:shape(s) return self.branch:shape(s) end
function residual:describe() return ("residual %d -> %d, 3x3 twice, stride %d"):format(table.unpack(self.widths)) end

-- ---- the net ----

local classifier = nn.class "classifier"

function classifier:init(fields) for name, v in pairs(fields) do self[name] = v end end

--- Returns penultimate features and the logits made of them.
-- @tparam Tensor x  (N,size,size,channels), images in [-1,1]
-- @treturn Tensor  features (N,D), after the last rectifier, before dropout: D = net.dim
-- @treturn Tensor  logits (N,Y)
-- @raise if x has another shape
function classifier:features(x)
  local features = self.body(x)
  return features, self.head(features)
end

function classifier:forward(x)
  local _, logits = self:features(x)
  return logits
end

function classifier:shape(s) return self.head:shape(self.body:shape(s)) end

-- For tostring.
function classifier:children()
  local list = self.body:children()
  return table.move(self.head:children(), 1, #self.head, #list + 1, list)
end

local option = check.option

-- Checks the options of both nets. Each has an upper limit, as options may come from a file.
-- known: the options that differ; of channels and dropout the defaults.
local function options(op, opt, known)
  known.channels = option.word {1, 3, default = known.channels}
  known.classes = option.integer {default = 10, lo = 2, hi = 1000}
  known.width = option.integer {default = 32, lo = 1, hi = 256}
  known.dropout, known.rng = option.number {default = known.dropout, lo = 0, below = 1}, option.stream {}
  return check.options(op, opt, known)
end

-- body: layers (H,W,C) -> (D). The net's public `options` make another of its kind.
local function build(kind, opt, body, dim)
  local rng = opt.rng
  opt.rng = nil
  body.name, body.input = "body", {opt.size, opt.size, opt.channels}
  local net = classifier {
    kind = kind, options = opt, dim = dim, classes = opt.classes, input = body.input, body = nn.chain(body),
    head = nn.chain {
      name = "head", input = {dim}, nn.dropout {p = opt.dropout, rng = rng}, nn.linear {dim, opt.classes, rng = rng},
    },
  }
  nn.initial.he_normal(net.body, {rng = rng})
  return net
end

--- Makes LeNet's successor: three times 3x3 convolution, batch norm, relu, 2x2 max pooling, then two linear layers.
-- net:features(x) returns features (N,D) and logits. Fields dim (D), classes (Y), kind, options.
-- Source: LeCun et al. 1998, Proc. IEEE 86(11); with the norm, rectifiers and dropout of later years.
-- @tparam[opt] table opt
-- @tparam[opt=28] integer opt.size  16 to 64
-- @tparam[opt=1] integer opt.channels  1 or 3
-- @tparam[opt=10] integer opt.classes  Y
-- @tparam[opt=32] integer opt.width  channels of the first convolution, doubled by the next two
-- @tparam[opt=128] integer opt.features  D
-- @tparam[opt=0.3] number opt.dropout  probability before the last layer
-- @tparam[opt] Stream opt.rng  of the starting values and dropout's masks (default: gan's default stream)
-- @treturn Module  in training mode: x (N,size,size,channels) in [-1,1] -> logits (N,Y)
-- @raise if an option is unknown or out of range
function M.lenet(opt)
  local o = options("model.classifier.lenet", opt, {
    size = option.integer {default = 28, lo = 16, hi = 64}, channels = 1, dropout = 0.3,
    features = option.integer {default = 128, lo = 1, hi = 2048},
  })
  local w, rng, side = o.width, o.rng, o.size // 8
  return build("lenet", o, {
    conv(o.channels, w, 1, 3, rng), nn.batch_norm {w}, nn.relu {}, max_pool(),
    -- state size, for 28 pixels: 14 x 14 x width
    conv(w, 2 * w, 1, 3, rng), nn.batch_norm {2 * w}, nn.relu {}, max_pool(),
    -- 7 x 7 x (2 width)
    conv(2 * w, 4 * w, 1, 3, rng), nn.batch_norm {4 * w}, nn.relu {}, max_pool(),
    -- 3 x 3 x (4 width)
    nn.flatten {}, nn.linear {side * side * 4 * w, o.features, bias = false, rng = rng},
    nn.batch_norm {o.features}, nn.relu {},
  }, o.features)
end

--- Makes a small residual network: a 3x3 convolution, three stages of blocks, the mean over all pixels, a linear layer.
-- The second and third stage halve the height and width and double the channels, so that D = 4 width. Called as lenet
-- is.
-- Source: He et al. 2016, arXiv:1512.03385, sec. 4.2.
-- @tparam[opt] table opt
-- @tparam[opt=32] integer opt.size  8 to 256
-- @tparam[opt=3] integer opt.channels  1 or 3
-- @tparam[opt=10] integer opt.classes  Y
-- @tparam[opt=32] integer opt.width  channels of the first stage
-- @tparam[opt=1] integer opt.blocks  residual blocks in a stage
-- @tparam[opt=0] number opt.dropout  probability before the last layer
-- @tparam[opt] Stream opt.rng  of the starting values and dropout's masks (default: gan's default stream)
-- @treturn Module  in training mode: x (N,size,size,channels) in [-1,1] -> logits (N,Y)
-- @raise if an option is unknown or out of range
function M.resnet(opt)
  local o = options("model.classifier.resnet", opt, {
    size = option.integer {default = 32, lo = 8, hi = 256}, channels = 3, dropout = 0,
    blocks = option.integer {default = 1, lo = 1, hi = 8},
  })
  local w, rng = o.width, o.rng
  local body = {conv(o.channels, w, 1, 3, rng), nn.batch_norm {w}, nn.relu {}}
  local from = w
  for stage = 0, 2 do
    for block = 1, o.blocks do
      local to = w << stage
      body[#body + 1] = residual(from, to, stage > 0 and block == 1 and 2 or 1, rng)
      from = to
    end
  end
  -- state size: size/4 x size/4 x (4 width)
  body[#body + 1] = mean_pool()
  return build("resnet", o, body, 4 * w)
end

return M
