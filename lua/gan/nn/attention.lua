--- self_attention: every position of an image looks at all others.
-- @module gan.nn.attention
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"
local conv2d = require("gan.nn.conv").conv2d

local option = check.option

local attention = module.class "nn.self_attention"

--- Makes a layer in which every position of an image looks at all others: x + gamma o. Queries and keys have
-- C/reduction channels, values C/2, all from 1x1 convolutions without bias. A position's weights over the others are
-- softmax(q . k); o is a last 1x1 convolution of the weighted values. With pool, keys and values are the largest of
-- 2x2 pixels, as in the authors' code: a quarter of the memory, which grows with (H W)^2. Field gamma (1) starts at 0:
-- at first the layer does nothing.
-- Source: Zhang et al. 2019, arXiv:1805.08318, sec. 3.
-- @function gan.nn.self_attention
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam[opt=8] integer opt.reduction  C / channels of queries and keys
-- @tparam[opt=true] boolean opt.pool
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,H,W,C) -> (N,H,W,C)
-- @raise if an option is unknown or out of range
function attention:init(opt)
  local op = self.label
  opt = check.options(op, opt, {
    reduction = option.integer {default = 8, lo = 1}, pool = option.boolean {default = true}, rng = option.stream {},
  }, {"C"})
  local c, rng = opt[1], opt.rng
  local small, half = math.max(1, c // opt.reduction), math.max(1, c // 2)
  self.channels, self.pool = c, opt.pool
  local function one(ci, co) return conv2d {ci, co, kernel = 1, bias = false, rng = rng} end
  self.query, self.key, self.value, self.out = one(c, small), one(c, small), one(c, half), one(half, c)
  self.gamma = module.parameter(core.full({1}, 0))
end

function attention:forward(x)
  self:check_input(x, 4, self.channels)
  local s = core.shape(x)
  if self.pool and (s[2] < 2 or s[3] < 2) then
    return self:fail("an image of %dx%d is too small for pool = true", s[2], s[3])
  end
  local function rows(t) -- (N, positions, channels)
    local size = core.shape(t)
    return ops.reshape(t, {size[1], size[2] * size[3], size[4]})
  end
  local function pooled(t) return self.pool and (ops.max_pool2d(t, {kernel = 2})) or t end
  local q, k, v = rows(self.query(x)), rows(pooled(self.key(x))), rows(pooled(self.value(x)))
  local o = ops.matmul(ops.softmax(ops.matmul(q, ops.transpose(k))), v)
  o = self.out(ops.reshape(o, {s[1], s[2], s[3], core.size(v, 3)}))
  return ops.add(x, ops.mul(o, self.gamma))
end

function attention:shape(s) return self:check_shape(s, 4, self.channels) end

function attention:describe() return "self_attention " .. self.channels end

return {self_attention = attention}
