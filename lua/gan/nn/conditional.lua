--- Layers that see the labels: conditional_batch_norm, label_concat, projection_head, label_product, class_head.
-- Labels y are i32 (N), counted from 0. In their place all but class_head take weights of the classes, real (N,Y): what
-- a layer has of each class is then added up by these. Rows sum to 1 where mixtures are wanted; a 1 among zeros is the
-- label.
-- @module gan.nn.conditional
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local initial = require "gan.nn.initial"
local module = require "gan.nn.module"
local linear = require("gan.nn.linear").linear
local embedding = require("gan.nn.embedding").embedding
local batch_norm = require("gan.nn.norm").batch_norm

local option = check.option

local M = {}

-- ---- conditional batch norm ----

M.conditional_batch_norm = module.class "nn.conditional_batch_norm"
local norm = M.conditional_batch_norm

--- Makes batch normalisation with gamma and beta of each element's class. Called (x, y).
-- Fields gamma (Y,C), from 1, and beta (Y,C), from 0; buffers running_mean, running_var (C), of all classes together.
-- Weights w of several labels, such as 0 and 1, need not add up to 1: what labels change adds up, from plain batch norm
-- on, gamma = 1 + sum of w_k (gamma_k - 1), beta = sum of w_k beta_k.
-- Source: de Vries et al. 2017, arXiv:1707.00683; in G, Miyato & Koyama 2018, arXiv:1802.05637.
-- @function gan.nn.conditional_batch_norm
-- @tparam table opt
-- @tparam integer opt.1  C
-- @tparam integer opt.2  Y, classes
-- @tparam[opt=1e-5] number opt.eps  >= 0
-- @tparam[opt=0.1] number opt.momentum  in [0,1], as for batch_norm
-- @treturn Module  (N,...,C), i32 (N) or real (N,Y) -> (N,...,C)
-- @raise if an option is unknown or out of range
function norm:init(opt)
  local op = self.label
  opt = check.options(op, opt, {
    eps = option.number {default = 1e-5, lo = 0}, momentum = option.number {default = 0.1, lo = 0, hi = 1},
  }, {"C", "Y"})
  self.channels, self.classes = opt[1], opt[2]
  self.eps, self.momentum = opt.eps, opt.momentum
  self.gamma = module.parameter(core.full(module.counted {opt[2], opt[1]}, 1))
  self.beta = module.parameter(core.full(module.counted {opt[2], opt[1]}, 0))
  self.running_mean, self.running_var = core.full({opt[1]}, 0), core.full({opt[1]}, 1)
end

module.rectifies(norm, function(self, x, slope, y)
  self:check_input(x, nil, self.channels)
  self:check_labels(y, core.size(x, 1), self.classes)
  local gamma, beta = module.mixed(self.gamma, y), module.mixed(self.beta, y)
  if core.dtype(y) == "real" then gamma = ops.add(gamma, ops.sub(1, ops.sum(y, 2, {keepdim = true}))) end
  if not self.training then
    return (ops.conditional_batch_norm_eval(x, gamma, beta, self.running_mean, self.running_var, self.eps, slope))
  end
  batch_norm.check_count(self, x)
  local out, mean, var = ops.conditional_batch_norm(x, gamma, beta, self.eps, slope)
  batch_norm.average(self, x, mean, var)
  return out
end)

norm.batch_statistics, norm.per_class = batch_norm.batch_statistics, {"gamma", "beta"}

function norm:shape(s) return self:check_shape(s, nil, self.channels) end

function norm:describe()
  return ("conditional_batch_norm %d, %s"):format(self.channels, check.count(self.classes, "class"))
end

-- ---- label concatenation ----

M.label_concat = module.class "nn.label_concat"
local concat = M.label_concat

--- Makes a layer that puts the label behind the features, as one 1 among zeros; on images as constant maps. Called (x,
-- y). With `features`, a learnt vector of that length takes the place of the Y numbers.
-- Source: Mirza & Osindero 2014, arXiv:1411.1784; maps, Radford et al. 2015 (the authors' code).
-- @function gan.nn.label_concat
-- @tparam table opt
-- @tparam integer opt.1  Y, classes
-- @tparam[opt] integer opt.features  length of a learnt embedding, from N(0, 1) (default: none)
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,D), i32 (N) or real (N,Y) -> (N,D+Y); (N,H,W,C), the same -> (N,H,W,C+Y)
-- @raise if an option is unknown or out of range
function concat:init(opt)
  local op = self.label
  opt = check.options(op, opt, {features = option.integer {lo = 1}, rng = option.stream {}}, {"Y"})
  self.classes = opt[1]
  if opt.features then self.embedding = embedding {opt[1], opt.features, rng = opt.rng} end
end

local function width(self) return self.embedding and core.size(self.embedding.weight, 2) or self.classes end

function concat:forward(x, y)
  self:check_input(x, core.is_tensor(x) and core.dim(x) ~= 4 and 2 or nil)
  local s = core.shape(x)
  self:check_labels(y, s[1], self.classes)
  local code = self.embedding and self.embedding(y)
    or core.dtype(y) == "i32" and ops.one_hot(y, self.classes) or y
  if #s == 4 then
    s[4] = width(self)
    code = ops.expand(ops.reshape(code, {s[1], 1, 1, s[4]}), s)
  end
  return ops.cat({x, code}, -1)
end

function concat:shape(s)
  self:check_shape(s, #s ~= 3 and 2 or nil)
  local out = table.move(s, 1, #s, 1, {})
  out[#s] = s[#s] + width(self)
  return out
end

function concat:describe()
  local text = ("label_concat, %s"):format(check.count(self.classes, "class"))
  return self.embedding and ("%s as %s"):format(text, check.count(width(self), "number")) or text
end

-- ---- heads of D ----

M.projection_head = module.class "nn.projection_head"
local projection = M.projection_head

--- Makes D's last layer of a conditional GAN by projection: logit = x . psi + b + x . V[y]. Called (x, y).
-- Fields psi, a linear layer, and classes, an embedding (Y,D) that starts from Xavier's uniform distribution.
-- Source: Miyato & Koyama 2018, arXiv:1802.05637, eq. 3.
-- @function gan.nn.projection_head
-- @tparam table opt
-- @tparam integer opt.1  D, features
-- @tparam integer opt.2  Y, classes
-- @tparam[opt=true] boolean opt.bias  that of psi
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,D), i32 (N) or real (N,Y) -> logits (N)
-- @raise if an option is unknown or out of range
function projection:init(opt)
  local op = self.label
  opt = check.options(op, opt, {bias = option.boolean {default = true}, rng = option.stream {}}, {"D", "Y"})
  local rng = opt.rng
  self.psi = linear {opt[1], 1, bias = opt.bias, rng = rng}
  self.classes = initial.xavier_uniform(embedding {opt[2], opt[1], rng = rng}, {rng = rng})
end

function projection:forward(x, y)
  local s = core.shape(self.classes.weight)
  self:check_input(x, 2, s[2])
  local n = core.size(x, 1)
  self:check_labels(y, n, s[1])
  return ops.add(ops.reshape(self.psi(x), {n}), ops.sum(ops.mul(self.classes(y), x), 2))
end

function projection:shape(s)
  self:check_shape(s, 2, core.size(self.classes.weight, 2))
  return {}
end

function projection:describe()
  local s = core.shape(self.classes.weight)
  return ("projection_head %d, %s%s"):format(s[2], check.count(s[1], "class"), self.classes:describe_norm())
end

M.label_product = module.class "nn.label_product"
local product = M.label_product

--- Makes D's last layer of a conditional GAN without a part that is the same for all labels: logit = (x W) . E[y].
-- Called (x, y). Fields linear, without a bias, and classes, an embedding (Y,F).
-- Source: as in R3GAN, Huang et al. 2024, arXiv:2501.05441; the product, Miyato & Koyama 2018, arXiv:1802.05637.
-- @function gan.nn.label_product
-- @tparam table opt
-- @tparam integer opt.1  D, features
-- @tparam integer opt.2  Y, classes
-- @tparam[opt] integer opt.features  F, how long the embedding is (default: D)
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,D), i32 (N) or real (N,Y) -> logits (N)
-- @raise if an option is unknown or out of range
function product:init(opt)
  local op = self.label
  opt = check.options(op, opt, {features = option.integer {lo = 1}, rng = option.stream {}}, {"D", "Y"})
  local features, rng = opt.features or opt[1], opt.rng
  self.linear = linear {opt[1], features, bias = false, rng = rng}
  self.classes = embedding {opt[2], features, rng = rng}
end

function product:forward(x, y)
  self:check_input(x, 2, core.size(self.linear.weight, 1))
  self:check_labels(y, core.size(x, 1), core.size(self.classes.weight, 1))
  return ops.sum(ops.mul(self.linear(x), self.classes(y)), 2)
end

function product:shape(s)
  self:check_shape(s, 2, core.size(self.linear.weight, 1))
  return {}
end

function product:describe()
  local s = core.shape(self.classes.weight)
  return ("label_product %d -> %d, %s%s"):format(core.size(self.linear.weight, 1), s[2], check.count(s[1], "class"),
    self.classes:describe_norm())
end

M.class_head = module.class "nn.class_head"
local class_head = M.class_head

--- Makes D's last layer with an auxiliary classifier beside D's answer; the labels are for the loss.
-- Fields logit and classes, linear layers. Source: Odena et al. 2017, arXiv:1610.09585.
-- @function gan.nn.class_head
-- @tparam table opt
-- @tparam integer opt.1  D, features
-- @tparam integer opt.2  Y, classes
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,D) -> logits (N), class logits (N,Y)
-- @raise if an option is unknown or out of range
function class_head:init(opt)
  opt = check.options(self.label, opt, {rng = option.stream {}}, {"D", "Y"})
  local rng = opt.rng
  self.logit, self.classes = linear {opt[1], 1, rng = rng}, linear {opt[1], opt[2], rng = rng}
end

function class_head:forward(x)
  self:check_input(x, 2, core.size(self.classes.weight, 1))
  return ops.reshape(self.logit(x), {core.size(x, 1)}), self.classes(x)
end

class_head.per_class = {"classes"}

function class_head:shape(s)
  self:check_shape(s, 2, core.size(self.classes.weight, 1))
  return {}
end

function class_head:describe()
  local s = core.shape(self.classes.weight)
  return ("class_head %d -> 1, and %s%s"):format(s[1], check.count(s[2], "class"), self.classes:describe_norm())
end

return M
