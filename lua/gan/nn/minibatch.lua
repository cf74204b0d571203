--- Layers through which D sees a batch as a whole: minibatch_discrimination and minibatch_stddev.
-- @module gan.nn.minibatch
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"
local random = require "gan.random"

local option = check.option

local M = {}

-- Appends s (N,B) to the channels of x (N,...,A), as constant maps where x is an image.
local function append(x, s)
  local shape, n = core.shape(x), #core.shape(x)
  if n > 2 then
    local ones, features = {shape[1]}, core.size(s, 2)
    for i = 2, n - 1 do ones[i] = 1 end
    ones[n], shape[n] = features, features
    s = ops.expand(ops.reshape(s, ones), shape)
  end
  return ops.cat({x, s}, -1)
end

local function more_channels(s, n)
  local out = table.move(s, 1, #s, 1, {})
  out[#s] = s[#s] + n
  return out
end

-- ---- minibatch discrimination ----

M.minibatch_discrimination = module.class "nn.minibatch_discrimination"
local discrimination = M.minibatch_discrimination

--- Makes minibatch discrimination: B new features that say how near an element is to the others of its batch. f is x,
-- or its mean over the image, and M = f T, T (A,B,C). D's batches must be all real or all fake.
--
--     o[i,b] = sum over j of exp(-sum over c of |M[i,b,c] - M[j,b,c]|)
--
-- In the form "openai" the columns of T have length exp(scale), (B,C) from 0 and learnt, a bias (B) from -1 is added,
-- and j = i does not count. Starting values: N(0, 1/A), in OpenAI's form N(0, 0.05^2).
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 3.2; form "openai": the authors' code for CIFAR-10.
-- @function gan.nn.minibatch_discrimination
-- @tparam table opt
-- @tparam integer opt.1  A
-- @tparam[opt=100] integer opt.kernels  B
-- @tparam[opt=5] integer opt.dims  C
-- @tparam[opt="paper"] string opt.form  "paper" or "openai"
-- @tparam[opt] boolean opt.count_self  j = i counts, which adds 1 (default: true in the paper's form)
-- @tparam[opt=false] boolean opt.average  divides by the number of terms
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,A) -> (N,A+B); (N,H,W,A) -> (N,H,W,A+B), constant over the image
-- @raise if an option is unknown or out of range
function discrimination:init(opt)
  local op = self.label
  opt = check.options(op, opt, {
    kernels = option.integer {default = 100, lo = 1}, dims = option.integer {default = 5, lo = 1},
    form = option.word {"paper", "openai", default = "paper"}, count_self = option.boolean {},
    average = option.boolean {default = false}, rng = option.stream {},
  }, {"A"})
  self.count_self, self.average = opt.count_self, opt.average
  if opt.count_self == nil then self.count_self = opt.form == "paper" end
  local a, b, c, rng = opt[1], opt.kernels, opt.dims, opt.rng or random.default()
  local std = opt.form == "openai" and 0.05 or 1 / math.sqrt(a)
  self.weight = module.parameter(rng:normal(module.counted {a, b, c}, 0, std))
  if opt.form == "openai" then
    self.scale, self.bias = module.parameter(core.full({b, c}, 0)), module.parameter(core.full({b}, -1))
  end
end

function discrimination:forward(x)
  local s = core.shape(self.weight)
  local a, b, c = s[1], s[2], s[3]
  self:check_input(x, core.is_tensor(x) and core.dim(x) ~= 4 and 2 or nil, a)
  local n = core.size(x, 1)
  local f = core.dim(x) == 4 and ops.mean(x, {2, 3}) or x
  local t = ops.reshape(self.weight, {a, b * c})
  if self.scale then
    local length = ops.maximum(ops.norm(t, 1), 1e-12)
    t = ops.mul(t, ops.div(ops.exp(ops.reshape(self.scale, {b * c})), length))
  end
  local o = ops.minibatch_similarity(ops.reshape(ops.matmul(f, t), {n, b, c}))
  if self.count_self then o = ops.add(o, 1) end
  if self.average then o = ops.mul(o, 1 / math.max(1, self.count_self and n or n - 1)) end
  if self.bias then o = ops.add(o, self.bias) end
  return append(x, o)
end

function discrimination:shape(s)
  self:check_shape(s, #s ~= 3 and 2 or nil, core.size(self.weight, 1))
  return more_channels(s, core.size(self.weight, 2))
end

function discrimination:describe()
  local s = core.shape(self.weight)
  return ("minibatch_discrimination %d, %d kernels of %d%s"):format(s[1], s[2], s[3], self.bias and ", openai" or "")
end

-- ---- minibatch standard deviation ----

M.minibatch_stddev = module.class "nn.minibatch_stddev"
local stddev = M.minibatch_stddev

--- Makes a layer that appends the standard deviation over groups of the batch as constant channels. No parameters. A
-- group has min(group, N) elements (of N = 8, elements 1, 3, 5, 7 are one). sqrt(var + 1e-8) over the group is
-- averaged over positions and over C/features neighbouring channels.
-- Source: Karras et al. 2018, arXiv:1710.10196, sec. 3; grouping as in the authors' later code.
-- @function gan.nn.minibatch_stddev
-- @tparam[opt] table opt
-- @tparam[opt=4] integer opt.group  elements; must divide the batch
-- @tparam[opt=1] integer opt.features  new channels; must divide C
-- @treturn Module  (N,...,C) -> (N,...,C+features)
-- @raise if an option is unknown or out of range
function stddev:init(opt)
  opt = check.options(self.label, opt, {
    group = option.integer {default = 4, lo = 1}, features = option.integer {default = 1, lo = 1},
  })
  self.group, self.features = opt.group, opt.features
end

local function check_features(self, c)
  if c % self.features ~= 0 then
    return self:fail("%s cannot be split into %s", check.count(c, "channel"), check.count(self.features, "feature"))
  end
end

function stddev:forward(x)
  self:check_input(x)
  local s, features = core.shape(x), self.features
  local n, c = s[1], s[#s]
  local group = math.min(self.group, n)
  check_features(self, c)
  if core.numel(x) == 0 then
    return self:fail("bad argument #1 'x' (expected at least one element, got %s)", check.found(x))
  end
  if n % group ~= 0 then
    return self:fail("a batch of %d does not divide into groups of %d: choose a batch size that is a multiple of "
      .. "the option 'group'", n, group)
  end
  local v = ops.reshape(x, {group, n // group, -1, features, c // features})
  local d = ops.sub(v, ops.mean(v, 1, {keepdim = true}))
  local std = ops.sqrt(ops.add(ops.mean(ops.mul(d, d), 1), 1e-8))
  local each = ops.reshape(ops.mean(std, {2, 4}), {1, n // group, features})
  return append(x, ops.reshape(ops.expand(each, {group, n // group, features}), {n, features}))
end

function stddev:shape(s)
  self:check_shape(s)
  check_features(self, s[#s])
  return more_channels(s, self.features)
end

function stddev:describe() return ("minibatch_stddev, groups of %d"):format(self.group) end

return M
