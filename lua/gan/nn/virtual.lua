--- Virtual batch normalisation: each element is normalised with the statistics of a fixed reference batch and its own.
-- @module gan.nn.virtual
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

local M = {}

-- ---- the layer ----

M.virtual_batch_norm = module.class "nn.virtual_batch_norm"
local norm = M.virtual_batch_norm

--- Makes virtual batch normalisation, for a net inside nn.virtual_batch. The same in training and evaluation. m_r and
-- q_r are mean and mean square of the reference batch, per channel over all else; m_x and q_x those of one element,
-- per channel over its positions; n is the size of the reference batch. Fields gamma, beta (C).
--
--     c = 1/(n+1), mean = c m_x + (1-c) m_r, q = c q_x + (1-c) q_r
--     y = gamma (x - mean) / sqrt(q - mean^2 + eps) + beta
--
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 3.5; formula as in the authors' code for ImageNet.
-- @function gan.nn.virtual_batch_norm
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam[opt=1e-5] number opt.eps  >= 0
-- @treturn Module  (N,...,C) -> (N,...,C)
-- @raise if an option is unknown or out of range
function norm:init(opt)
  opt = check.options(self.label, opt, {eps = option.number {default = 1e-5, lo = 0}}, {"C"})
  self.channels, self.eps = opt[1], opt.eps
  self.gamma, self.beta = module.parameter(core.full({opt[1]}, 1)), module.parameter(core.full({opt[1]}, 0))
end

local function normalised(self, x, mean, square)
  local var = ops.relu(ops.sub(square, ops.mul(mean, mean))) -- rounding may leave less than nothing
  local y = ops.mul(ops.sub(x, mean), ops.pow(ops.add(var, self.eps), -0.5))
  return ops.add(ops.mul(y, self.gamma), self.beta)
end

-- Returns mean and mean square of x over the axes first..nd-1.
local function moments(x, first)
  local axes = {}
  for i = first, core.dim(x) - 1 do axes[#axes + 1] = i end
  local square = ops.mul(x, x)
  if #axes == 0 then return x, square end
  return ops.mean(x, axes, {keepdim = true}), ops.mean(square, axes, {keepdim = true})
end

function norm:forward(x)
  self:check_input(x, nil, self.channels)
  if core.numel(x) == 0 then
    return self:fail("bad argument #1 'x' (expected at least one element, got %s)", check.found(x))
  end
  if self._recording then
    local mean, square = moments(x, 1)
    self._reference = {mean = mean, square = square, count = core.size(x, 1)}
    return normalised(self, x, mean, square)
  end
  local r = self._reference
  if not r then
    return self:fail "no reference batch: put the net into nn.virtual_batch {net, reference = batch} and call that"
  end
  local c = 1 / (r.count + 1)
  local mean, square = moments(x, 2)
  local function mixed(own, ref) return ops.add(ops.mul(own, c), ops.mul(ref, 1 - c)) end
  return normalised(self, x, mixed(mean, r.mean), mixed(square, r.square))
end

function norm:shape(s) return self:check_shape(s, nil, self.channels) end

function norm:describe() return "virtual_batch_norm " .. self.channels end

-- ---- the reference batch ----

M.virtual_batch = module.class "nn.virtual_batch"
local batch = M.virtual_batch

-- Returns a net's virtual_batch_norm layers.
local function norms_of(net)
  local list = {}
  net:apply(function(layer) if layer.kind == "virtual_batch_norm" then list[#list + 1] = layer end end)
  return list
end

local a_batch = option.where {required = true, expected = "a real batch (N,...)", accept = function(v)
  return core.is_tensor(v) and core.dtype(v) == "real" and core.dim(v) > 1 and core.size(v, 1) > 0 and v or nil
end}

--- Makes a net whose virtual_batch_norm layers know a reference batch. At every call the reference goes through the net
-- first, and its statistics are part of the graph: a call costs twice as much. Buffer reference; field net.
-- @function gan.nn.virtual_batch
-- @tparam table opt
-- @tparam Module opt.1  the net
-- @tparam Tensor opt.reference  (N,...), as the net wants it, chosen once for all of training
-- @tparam[opt] Tensor opt.labels  i32 (N), those of the reference, for a conditional net
-- @treturn Module  as the net
-- @raise if the net has no virtual_batch_norm, or the reference is no batch
-- @usage local D = nn.virtual_batch {net, reference = batch}
function batch:init(opt)
  local op = self.label
  if type(opt) ~= "table" then return check.fail(op, "expected a table of options, got %s", check.found(opt)) end
  local named = {}
  for k, v in pairs(opt) do if k ~= 1 then named[k] = v end end
  if not module.is_module(opt[1]) then
    return check.fail(op, "expected a net as first entry, got %s", check.found(opt[1]))
  end
  named = check.options(op, named, {reference = a_batch, labels = option.tensor {dtype = "i32", dim = 1}})
  self.net = opt[1]
  if #norms_of(self.net) == 0 then return check.fail(op, "the net has no virtual_batch_norm") end
  local ref, labels = named.reference, named.labels
  self.reference = core.clone(ref)
  self.labels = labels and core.to(labels, "real") -- real: to be saved as a buffer
  self.input = self.net.input
end

local function set(norms, recording, forget)
  for _, layer in ipairs(norms) do
    layer._recording = recording
    if forget then layer._reference = nil end
  end
end

function batch:forward(x, y)
  local norms = norms_of(self.net)
  return core.with_undo(function() set(norms, true, true) end, function() set(norms, nil, true) end, function()
    self.net(self.reference, self.labels and core.to(self.labels, "i32"))
    set(norms, nil, false)
    return self.net(x, y)
  end)
end

function batch:shape(s)
  local out = self.net:shape(s)
  self.input = s
  return out
end

batch.given = {"reference", "labels"}

-- For tostring.
function batch:children() return {self.net} end

return M
