--- What penalties share: classes of callable objects, D's logits, gradients in the images that can be differentiated again.
-- @internal gan.penalty.base
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local pointwise = require "gan.ops.pointwise"
local random = require "gan.random"
local reduce = require "gan.ops.reduce"
local shape_ops = require "gan.ops.shape"

local M = {}

--- A class of penalties: its objects, made by setmetatable, are called as f(D, real, fake, y), which runs f:term(D, real, fake, y).
function M.class(name)
  local class = {__name = name}
  class.__index = class
  function class.__call(self, ...) return self:term(...) end
  return class
end

--- Checks a field that is a number >= lo (0), and may have been set since the object was made.
function M.number(op, self, name, lo) return check.number(op, 1, name, self[name], lo or 0) end

--- Checks a batch of samples (N,...).
function M.batch(op, i, name, x)
  check.real(op, i, name, x)
  if core.dim(x) < 1 or core.numel(x) == 0 then return check.expected(op, i, name, "samples (N,...)", x) end
  return x
end

--- Checks that both kinds of samples have one shape.
function M.batches(op, real, fake)
  M.batch(op, 2, "real", real)
  M.batch(op, 3, "fake", fake)
  local want = check.shape_string(core.shape(real))
  if check.shape_string(core.shape(fake)) ~= want then return check.expected(op, 3, "fake", want .. " to match real", fake) end
end

local function logits_of(op, logits, x)
  if not core.is_tensor(logits) or core.dtype(logits) ~= "real" or core.dim(logits) < 1 or core.size(logits, 1) ~= core.size(x, 1) then
    return check.fail(op, "D must return real logits (%d,...) for %s, got %s", core.size(x, 1), check.found(x), check.found(logits))
  end
  return logits
end

--- D's logits (N,...) of x.
-- @raise if D is not callable, does not return a real tensor with a slice for each sample, or nothing is being recorded
function M.logits(op, D, x, y)
  if not check.callable(D) then return check.expected(op, 1, "D", "a net or a function", D) end
  if not autograd.is_recording() then return check.fail(op, "nothing is recorded inside no_grad: a penalty has no gradient there") end
  return logits_of(op, D(x, y), x)
end

--- A leaf with x's elements, whose own graph is left out: what D's slope can be asked at.
function M.leaf(x) return autograd.requires_grad_(core.alias(x)) end

--- d (sum of logits) / d x, of x's shape, itself differentiable in D's weights; x: the leaf that the logits were recorded from. It is each
-- sample's own gradient where D treats samples alone; with batch statistics in D it is coupled, as everybody's is.
-- The seed is tracked so that whatever comes of it is: then a rule that is not made of recorded ops cannot pass for a constant.
-- @raise if logits is no real tensor with a slice for each sample, or an op of D has no second derivative, naming it
function M.slope(op, logits, x)
  if not core.node(logits_of(op, logits, x)) then return check.fail(op, "D's logits do not depend on its input (was something detached?)") end
  local seed = autograd.requires_grad_(core.full(core.shape(logits), 1))
  return autograd.grad(logits, {x}, {create_graph = true, seed = seed})[1]
end

--- The slope of D at x in a pass of its own.
function M.gradient(op, D, x, y)
  x = M.leaf(x)
  return M.slope(op, M.logits(op, D, x, y), x)
end

--- Mean over samples of (||gradient|| - target)^2, or of max(0, ||gradient|| - target)^2. The norm runs over all axes but the first; where it
-- is 0 its own gradient is 0.
function M.distance(gradient, target, one_sided)
  local d = pointwise.sub(reduce.norm(shape_ops.flatten(gradient), 2), target)
  return reduce.mean(pointwise.square(one_sided and pointwise.relu(d) or d))
end

--- Uniform numbers in [0,1), one for each sample of x, of a shape that broadcasts to x's.
function M.one_each(op, self, x)
  local shape = {core.size(x, 1)}
  for i = 2, core.dim(x) do shape[i] = 1 end
  return random.stream(op, self.rng):uniform(shape)
end

--- A penalty on the squared norm of the gradient: gamma / 2 * mean ||g||^2. Defines r1 and r2. It needs nothing but D's pass over one kind of
-- samples, so a loop that makes this pass anyway can ask for the penalty by of(logits, x), instead of a second pass; kind says which one.
-- @tparam string op
-- @tparam string kind of the samples: "real" or "fake"
function M.zero_centred(op, kind)
  local class = M.class(op)
  class.kind = kind
  function class:of(logits, x)
    local g = M.slope(op, logits, x)
    return pointwise.mul(reduce.sum(pointwise.square(g)), M.number(op, self, "gamma") / (2 * core.size(x, 1)))
  end
  function class:term(D, real, fake, y)
    local x = M.leaf(M.batch(op, kind == "real" and 2 or 3, kind, kind == "real" and real or fake))
    return self:of(M.logits(op, D, x, y), x)
  end
  return function(opt)
    local self = setmetatable(check.options(op, opt, {gamma = 10}), class)
    M.number(op, self, "gamma")
    return self
  end
end

return M
