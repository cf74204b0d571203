--- A generator whose weights are frozen: all that is learnt is a scale and a shift a channel behind its batch norms.
-- @module gan.nn.adapted
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local conditional = require "gan.nn.conditional"
local module = require "gan.nn.module"
local norm = require "gan.nn.norm"
local virtual = require "gan.nn.virtual"
local walk = require "gan.nn.walk"

local M = {}

-- ---- which layers ----

local normalises = {[conditional.conditional_batch_norm] = true, [virtual.virtual_batch_norm] = true}
for _, class in pairs(norm) do normalises[class] = true end

--- Lists the layers of a net that normalise: of batches (also conditional and virtual ones), layers, instances, groups
-- and pixels. Those that learn a scale and a shift have them in the fields gamma and beta, (C) or (Y,C); those that
-- average batches have the fields running_mean and running_var.
-- @function gan.nn.norms
-- @tparam Module net  of any layers
-- @treturn table  list of `{name =, layer =}`, outer layers first; the name is the one that they have in net:state()
-- @raise if net is no layer
-- @usage for _, n in ipairs(gan.nn.norms(G)) do print(n.name, n.layer.gamma) end
function M.norms(net)
  if not module.is_module(net) then return check.expected("nn.norms", 1, "net", "a net", net) end
  local list = {}
  net:apply(function(layer, name)
    if normalises[getmetatable(layer)] then list[#list + 1] = {name = name, layer = layer} end
  end)
  return list
end

-- ---- the layer in the place of a batch norm ----

local adapted_norm = module.class "nn.adapted_norm"

-- layer: a batch norm, conditional or not. class: whose gamma and beta are taken of a conditional one.
function adapted_norm:init(layer, class)
  self.norm, self.class, self.channels = layer, class or 0, layer.channels
  if layer.classes and self.class >= layer.classes then
    return check.fail("nn.adapted", "option 'class': expected 0 to %d, got %d", layer.classes - 1, self.class)
  end
  self.scale = module.parameter(core.full({self.channels}, 1))
  self.shift = module.parameter(core.full({self.channels}, 0))
end

-- The frozen gamma or beta of the class, (C).
local function frozen(self, name, default)
  local t = self.norm[name]
  if not t then return core.full({self.channels}, default) end
  return core.dim(t) == 1 and t or core.reshape(core.narrow(t, 1, self.class + 1, 1), {self.channels})
end

-- scale (gamma x' + beta) + shift is one batch norm: that of gamma scale and beta scale + shift.
module.rectifies(adapted_norm, function(self, x, slope)
  self:check_input(x, nil, self.channels)
  local gamma = ops.mul(self.scale, frozen(self, "gamma", 1))
  local beta = ops.add(ops.mul(self.scale, frozen(self, "beta", 0)), self.shift)
  local n = self.norm
  return (ops.batch_norm_eval(x, gamma, beta, n.running_mean, n.running_var, n.eps, slope))
end)

function adapted_norm:shape(s) return self:check_shape(s, nil, self.channels) end
function adapted_norm:describe() return "scale and shift of " .. self.norm:describe() end

-- ---- the net ----

-- Puts f(v) into the place of every value v in a layer's fields and in the plain tables there; goes into what stays.
local function replace(t, f, seen)
  seen[t] = true
  for _, key in ipairs(walk.keys(t)) do
    local v = t[key]
    local new = f(v)
    if new ~= v then t[key] = new
    elseif walk.is_container(v) and not seen[v] then replace(v, f, seen) end
  end
end

-- Makes buffers of a layer's parameters: the same numbers, which nobody learns.
local function freeze(net)
  local made = {}
  replace(net, function(v)
    local node = core.is_tensor(v) and core.node(v)
    if not (node and node.leaf) then return v end
    made[v] = made[v] or core.alias(v)
    return made[v]
  end, {})
end

local adapted = module.class "nn.adapted"
M.adapted = adapted

local known = {class = check.option.integer {lo = 0}}

--- Makes a net of a trained generator for batch statistics adaptation. All its weights are frozen, and it stays in
-- evaluation mode: batch norms take their stored statistics. What is learnt, the only parameters, is a scale (C), from
-- 1, and a shift (C), from 0, behind each batch norm, on top of its own gamma and beta:
--
--     y = scale (gamma (x - mean) / sqrt(var + eps) + beta) + shift
--
-- The generator is changed and belongs to the new net. One that sees labels is given one class for all images; of a
-- conditional batch norm that class's gamma and beta are taken.
-- Source: Noguchi & Harada 2019, arXiv:1904.01774, sec. 3.2.  Differs: no scale and shift right behind the first linear
-- layer, where there is no norm; but behind the last norm, too.
-- @function gan.nn.adapted
-- @tparam table opt
-- @tparam Module opt.1  the generator, called net(z) or net(z, y)
-- @tparam[opt] integer opt.class  the label that it is called with, from 0 (default: none)
-- @treturn Module  z (N,Z) -> images (N,H,W,C); labels that it is called with are not looked at
-- @raise if the generator has no batch norm, or class is none of its classes
-- @usage local G = nn.adapted {trained.G}
function adapted:init(opt)
  local op = self.label
  if type(opt) ~= "table" then return check.fail(op, "expected a table of options, got %s", check.found(opt)) end
  local named, net = {}, opt[1]
  for k, v in pairs(opt) do if k ~= 1 then named[k] = v end end
  named = check.options(op, named, known)
  if not module.is_module(net) then
    return check.fail(op, "expected a net as first entry, got %s", check.found(net))
  end
  local places, kinds = {}, {}
  for _, n in ipairs(M.norms(net)) do
    if n.layer.running_mean then places[n.layer] = true else kinds[n.layer.kind] = true end
  end
  if not next(places) then
    local others = check.names(kinds)
    return check.fail(op, "the net has no batch norm, behind whose stored statistics a scale and a shift are learnt "
      .. "(its norms: %s)", others[1] and table.concat(others, ", ") or "none")
  end
  freeze(net)
  for layer in pairs(places) do places[layer] = adapted_norm(layer, named.class) end
  replace(net, function(v) return places[v] or v end, {})
  self.class, self.net = named.class, net
  self.input = net.input
  self:eval()
end

function adapted:forward(x)
  return (self.net(x, self.class and core.full({core.size(x, 1)}, self.class, "i32")))
end

--- Keeps evaluation mode, whatever asks for training. Cannot fail.
-- @treturn Module  the net
function adapted:train() return self:eval() end

--- Returns how far scales and shifts are from where they began, differentiable in them.
--
--     sum over norms of mean (scale - 1)^2 + mean shift^2
--
-- Source: Noguchi & Harada 2019, arXiv:1904.01774; as the authors' code has it. Cannot fail.
-- @treturn Tensor  scalar
function adapted:distance()
  local sum
  self:apply(function(layer)
    if getmetatable(layer) ~= adapted_norm then return end
    local term = ops.add(ops.mean(ops.square(ops.sub(layer.scale, 1))), ops.mean(ops.square(layer.shift)))
    sum = sum and ops.add(sum, term) or term
  end)
  return sum
end

function adapted:shape(s) return self.net:shape(s) end
function adapted:children() return {self.net} end

return M
