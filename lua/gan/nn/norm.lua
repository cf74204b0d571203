--- Normalising layers: batch_norm, layer_norm, instance_norm, group_norm, pixel_norm. Channels are the last axis.
-- @module gan.nn.norm
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

local M = {}

-- Reads the options C, eps, affine and those of `known`. Makes gamma (C) = 1 and beta (C) = 0 unless affine = false.
local function init(self, opt, known)
  local op = self.label
  known.eps = option.number {default = 1e-5, lo = 0}
  opt = check.options(op, opt, known, {"C"})
  self.channels, self.eps = opt[1], opt.eps
  if opt.affine then
    self.gamma, self.beta = module.parameter(core.full({opt[1]}, 1)), module.parameter(core.full({opt[1]}, 0))
  end
  return opt
end

local function shape(self, s) return self:check_shape(s, nil, self.channels) end
local function image_shape(self, s) return self:check_shape(s, 4, self.channels) end
local function describe(self) return ("%s %d"):format(self.kind, self.channels) end

-- ---- batch norm ----

local batch_norm = module.class "nn.batch_norm"
M.batch_norm = batch_norm

--- Makes batch normalisation, per channel over all other axes: y = gamma (x - mean) / sqrt(var + eps) + beta. Training
-- takes the batch's mean and biased variance, and records them, the variance unbiased, as in PyTorch; a batch must
-- have more than one value per channel. Evaluation takes the running statistics. Fields gamma, beta (C); buffers
-- running_mean, running_var (C).
--
--     running <- (1 - momentum) running + momentum batch
--
-- Source: Ioffe & Szegedy 2015, arXiv:1502.03167, alg. 1.
-- @function gan.nn.batch_norm
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam[opt=1e-5] number opt.eps  >= 0
-- @tparam[opt=0.1] number opt.momentum  in [0,1]
-- @tparam[opt=true] boolean opt.affine  gamma and beta exist
-- @treturn Module  (N,...,C) -> (N,...,C)
-- @raise if an option is unknown or out of range
function batch_norm:init(opt)
  opt = init(self, opt, {
    momentum = option.number {default = 0.1, lo = 0, hi = 1}, affine = option.boolean {default = true},
  })
  self.momentum = opt.momentum
  self.running_mean, self.running_var = core.full({self.channels}, 0), core.full({self.channels}, 1)
end

--- Checks that a batch has more than one value per channel. The conditional layer calls it, too.
-- @tparam Tensor x  (N,...,C)
-- @raise naming the layer
function batch_norm:check_count(x)
  if core.numel(x) // self.channels < 2 then
    return self:fail("training needs more than one value per channel, got %s; "
      .. "call net:eval() to use running statistics", check.found(x))
  end
end

--- Takes the statistics of a batch into the running ones. Cannot fail.
-- @tparam Tensor x  (N,...,C), the batch
-- @tparam Tensor mean  (C)
-- @tparam Tensor var  (C), biased
function batch_norm:average(x, mean, var)
  local n = core.numel(x) // self.channels
  core.ema_(self.running_mean, mean, self.momentum)
  core.ema_(self.running_var, core.mul(var, n / (n - 1)), self.momentum)
end

module.rectifies(batch_norm, function(self, x, slope)
  self:check_input(x, nil, self.channels)
  if not self.training then
    return (ops.batch_norm_eval(x, self.gamma, self.beta, self.running_mean, self.running_var, self.eps, slope))
  end
  self:check_count(x)
  local y, mean, var = ops.batch_norm(x, self.gamma, self.beta, self.eps, slope)
  self:average(x, mean, var)
  return y
end)

batch_norm.shape, batch_norm.describe = shape, describe
batch_norm.batch_statistics = {"running_mean", "running_var"}

-- ---- the others: the same in training and evaluation ----

M.layer_norm = module.class "nn.layer_norm"

--- Makes layer normalisation: per element of the batch over all other axes.
-- Source: Ba et al. 2016, arXiv:1607.06450.
-- @function gan.nn.layer_norm
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam[opt=1e-5] number opt.eps  >= 0
-- @tparam[opt=true] boolean opt.affine  gamma and beta (C), per channel, exist
-- @treturn Module  (N,...,C) -> (N,...,C)
-- @raise if an option is unknown or out of range
function M.layer_norm:init(opt) init(self, opt, {affine = option.boolean {default = true}}) end
module.rectifies(M.layer_norm, function(self, x, slope)
  self:check_input(x, nil, self.channels)
  return (ops.layer_norm(x, self.gamma, self.beta, self.eps, slope))
end)
M.layer_norm.shape, M.layer_norm.describe = shape, describe

M.instance_norm = module.class "nn.instance_norm"

--- Makes instance normalisation: per image and channel over height and width.
-- Source: Ulyanov et al. 2016, arXiv:1607.08022.
-- @function gan.nn.instance_norm
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam[opt=1e-5] number opt.eps  >= 0
-- @tparam[opt=false] boolean opt.affine  gamma and beta (C), per channel, exist
-- @treturn Module  (N,H,W,C) -> (N,H,W,C)
-- @raise if an option is unknown or out of range
function M.instance_norm:init(opt) init(self, opt, {affine = option.boolean {default = false}}) end
module.rectifies(M.instance_norm, function(self, x, slope)
  self:check_input(x, 4, self.channels)
  return (ops.instance_norm(x, self.gamma, self.beta, self.eps, slope))
end)
M.instance_norm.shape, M.instance_norm.describe = image_shape, describe

M.group_norm = module.class "nn.group_norm"

--- Makes group normalisation: per element of the batch and group of C/groups neighbouring channels.
-- Source: Wu & He 2018, arXiv:1803.08494.
-- @function gan.nn.group_norm
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam[opt=32] integer opt.groups  a divisor of C
-- @tparam[opt=1e-5] number opt.eps  >= 0
-- @tparam[opt=true] boolean opt.affine  gamma and beta (C), per channel, exist
-- @treturn Module  (N,...,C) -> (N,...,C)
-- @raise if an option is unknown or out of range
function M.group_norm:init(opt)
  opt = init(self, opt, {affine = option.boolean {default = true}, groups = option.integer {default = 32, lo = 1}})
  self.groups = opt.groups
  if self.channels % self.groups ~= 0 then
    return check.fail("nn.group_norm", "option 'groups': expected a divisor of C = %d, got %d", self.channels,
      self.groups)
  end
end
function M.group_norm:forward(x)
  self:check_input(x, nil, self.channels)
  return (ops.group_norm(x, self.groups, self.gamma, self.beta, self.eps))
end
M.group_norm.shape = shape
function M.group_norm:describe() return ("group_norm %d, groups %d"):format(self.channels, self.groups) end

M.pixel_norm = module.class "nn.pixel_norm"

--- Makes pixel normalisation: x / sqrt(mean over C of x^2 + eps). No parameters.
-- Source: Karras et al. 2018, arXiv:1710.10196, sec. 4.2.
-- @function gan.nn.pixel_norm
-- @tparam[opt] table opt
-- @tparam[opt=1e-8] number opt.eps  >= 0
-- @treturn Module  (N,...,C) -> (N,...,C)
-- @raise if an option is unknown or out of range
function M.pixel_norm:init(opt)
  self.eps = check.options("nn.pixel_norm", opt, {eps = option.number {default = 1e-8, lo = 0}}).eps
end
function M.pixel_norm:forward(x)
  self:check_input(x)
  return (ops.pixel_norm(x, self.eps))
end
function M.pixel_norm.shape(_, s) return s end

return M
