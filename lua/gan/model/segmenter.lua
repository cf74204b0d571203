--- Segmenter: a small net that names each pixel's class, by which images made of masks are measured.
-- Source: Ronneberger et al. 2015, arXiv:1505.04597 (U-Net).  Differs: two halvings, padded convolutions, batch norm.
-- @module gan.model.segmenter
local check = require "gan.check"
local nn = require "gan.nn"
local ops = require "gan.ops"

local option = check.option

local segmenter = nn.class "segmenter"

local function block(from, to, stride, rng)
  return nn.chain {
    nn.conv2d {from, to, kernel = 3, stride = stride, padding = 1, bias = false, rng = rng}, nn.batch_norm {to},
    nn.relu {},
  }
end

function segmenter:init(opt)
  local w, rng = opt.width, opt.rng
  self.channels, self.classes = opt.channels, opt.classes
  self.first = block(opt.channels, w, 1, rng)
  self.half = nn.chain {block(w, 2 * w, 2, rng), block(2 * w, 2 * w, 1, rng)}
  self.quarter = nn.chain {block(2 * w, 4 * w, 2, rng), block(4 * w, 4 * w, 1, rng)}
  self.up = block(6 * w, 2 * w, 1, rng)
  self.last = block(3 * w, w, 1, rng)
  self.head = nn.conv2d {w, opt.classes, kernel = 1, rng = rng}
end

function segmenter:forward(x)
  self:check_input(x, 4, self.channels)
  local s = x:shape()
  if s[2] % 4 ~= 0 or s[3] % 4 ~= 0 then
    return self:fail("bad argument #1 'x' (expected sides that are multiples of 4, got %s)", check.found(x))
  end
  local full = self.first(x)
  local half = self.half(full)
  local up = self.up(ops.cat({half, ops.upsample(self.quarter(half), 2)}, 4))
  return self.head(self.last(ops.cat({full, ops.upsample(up, 2)}, 4)))
end

function segmenter:shape(s)
  self:check_shape(s, 4, self.channels)
  return {s[1], s[2], self.classes}
end

function segmenter:describe() return ("segmenter, %s"):format(check.count(self.classes, "class")) end

--- Makes a segmenter.
-- @function gan.model.segmenter
-- @tparam table opt
-- @tparam integer opt.classes  Y
-- @tparam[opt=3] integer opt.channels  1 or 3
-- @tparam[opt=16] integer opt.width  channels at the full size; twice and four times as many at a half and a quarter
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,channels) in [-1,1], H and W multiples of 4 -> logits (N,H,W,Y)
-- @raise if an option is unknown or out of range
return function(opt)
  local o = check.options("model.segmenter", opt, {
    classes = option.integer {required = true, lo = 2, hi = 256}, channels = option.word {1, 3, default = 3},
    width = option.integer {default = 16, lo = 1, hi = 256}, rng = option.stream {},
  })
  local net = segmenter(o)
  nn.initial.he_normal(net, {rng = o.rng})
  return net
end
