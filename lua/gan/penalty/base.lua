--- Makes the classes of penalties, checks D's logits, and takes gradients in the images that have gradients again.
-- @internal gan.penalty.base
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local pointwise = require "gan.ops.pointwise"
local random = require "gan.random"
local reduce = require "gan.ops.reduce"
local shape_ops = require "gan.ops.shape"

local M = {}

--- Makes a class of penalties, whose objects are called as f(D, real, fake, y), which runs f:term(D, real, fake, y).
-- @tparam string name  public name, "penalty.r1"
-- @tparam[opt] table known  options, as for check.options
-- @treturn table  the class. Cannot fail.
function M.class(name, known)
  local class = {__name = name, __known = known}
  class.__index = class
  function class.__call(self, ...) return self:term(...) end

  --- Returns an option, which is a field and may have been set since the object was made, checked again.
  -- @function Penalty:field
  -- @tparam string option  its name
  -- @treturn number|boolean|function|table  its value
  -- @raise as the constructor
  function class:field(option)
    return (known[option].number or known[option]):check(name, option, self[option])
  end

  --- Sets the fields that were given as functions, f(step), to their numbers of a step; they begin with the number of
  -- step 1. gan.game.loop calls it before each update.
  -- @function Penalty:at
  -- @tparam integer step  from 1
  -- @raise naming the field whose function returned what it must not be
  function class:at(step)
    self.now = step
    check.at(name, self, known, step)
  end

  --- Returns the step that `at` told.
  -- @function Penalty:step
  -- @tparam string option  what needs it
  -- @treturn integer
  -- @raise if none was told
  function class:step(option)
    return self.now or check.fail(name, "option '%s' goes by steps, and no step is known: tell it by penalty:at(step)",
      option)
  end

  --- Returns the stream that the object draws from: its field `rng`, or gan's default stream. Cannot fail.
  -- @function Penalty:stream
  -- @treturn Stream
  function class:stream() return self.rng or random.default() end

  return class
end

--- Makes an object of a class of penalties.
-- @tparam table class  what M.class gave
-- @tparam[opt] table opt  the user's options
-- @treturn table  the options, as fields of the object
-- @raise naming what is wrong in opt
function M.new(class, opt)
  local name, known = class.__name, class.__known
  return setmetatable(check.vary(name, check.options(name, opt, known), known), class)
end

--- Checks a batch of images, an argument.
-- @tparam string op
-- @tparam integer i  place of the argument
-- @tparam string name
-- @tparam Tensor x  (N,...), not empty
-- @treturn Tensor  x, as it is: any shape (N,...)
-- @raise if it is none
function M.batch(op, i, name, x)
  check.real(op, i, name, x)
  if core.dim(x) < 1 or core.numel(x) == 0 then return check.expected(op, i, name, "images (N,...)", x) end
  return x
end

--- Checks that both kinds of images, arguments 2 and 3, have one shape.
-- @tparam string op
-- @tparam Tensor real  (N,...)
-- @tparam Tensor fake  real's shape
-- @raise if they differ
function M.batches(op, real, fake)
  M.batch(op, 2, "real", real)
  M.batch(op, 3, "fake", fake)
  local want = check.shape_string(core.shape(real))
  if check.shape_string(core.shape(fake)) ~= want then
    return check.expected(op, 3, "fake", want .. " to match real", fake)
  end
end

local function logits_of(op, logits, x)
  local n, real = core.size(x, 1), core.is_tensor(logits) and core.dtype(logits) == "real"
  if not real or core.dim(logits) < 1 or core.size(logits, 1) ~= n then
    return check.fail(op, "D must return real logits (%d,...) for %s, got %s", n, check.found(x), check.found(logits))
  end
  return logits
end

--- Returns D's logits of images.
-- @tparam string op
-- @tparam function D  called D(x, y)
-- @tparam Tensor x  (N,...)
-- @param y  labels or nil, handed on
-- @treturn Tensor  (N,...)
-- @raise if D is not callable, returns no real tensor with a slice for each image, or nothing is being recorded
function M.logits(op, D, x, y)
  if not check.callable(D) then return check.expected(op, 1, "D", "a net or a function", D) end
  if not autograd.is_recording() then
    return check.fail(op, "nothing is recorded inside no_grad: a penalty has no gradient there")
  end
  return logits_of(op, D(x, y), x)
end

--- Checks that the slope at an image is its own: no layer of D normalises by a batch's statistics. A D that is no net
-- cannot be looked into, and passes. So do virtual batch norm, whose reference is fixed, and minibatch layers, whose
-- purpose it is that images meet (StyleGAN2 has R1 beside one).
-- @tparam string op
-- @param D  a net or a function
-- @raise naming the layer
function M.check_alone(op, D)
  if type(D) ~= "table" or type(D.apply) ~= "function" then return end
  D:apply(function(layer, where)
    if layer.training == false or layer.kind ~= "batch_norm" and layer.kind ~= "conditional_batch_norm" then return end
    return check.fail(op, "D has %s (layer %s): there an image's logit depends on all of its batch, and the slope that "
      .. "is penalised is no longer the image's own. Take a D without it, or say batch_norm = true", layer.kind, where)
  end)
end

--- Returns a leaf with x's elements, without x's graph: what D's slope can be asked at.
-- @tparam Tensor x  any shape
-- @treturn Tensor  x's shape, tracked. Cannot fail.
function M.leaf(x) return autograd.requires_grad_(core.alias(x)) end

--- Returns d (sum of logits) / d x, which can be differentiated again in D's weights.
-- It is each image's own gradient where D treats images alone; with batch statistics in D they are coupled.
-- The seed is tracked, so that whatever comes of it is: a rule that is not made of recorded ops cannot pass for a
-- constant.
-- @tparam string op
-- @tparam Tensor logits  (N,...)
-- @tparam Tensor x  (N,...), the leaf that the logits were recorded from
-- @treturn Tensor  x's shape
-- @raise if logits is no real tensor with a slice for each image, or an op of D has no second derivative, naming it
function M.slope(op, logits, x)
  if not core.node(logits_of(op, logits, x)) then
    return check.fail(op, "D's logits do not depend on its input (was something detached?)")
  end
  local seed = autograd.requires_grad_(core.full(core.shape(logits), 1))
  return autograd.grad(logits, {x}, {create_graph = true, seed = seed})[1]
end

--- Returns the slope of D at x, in a pass of its own.
-- @tparam string op
-- @tparam function D  called D(x, y)
-- @tparam Tensor x  (N,...); its own graph is left out
-- @param y  labels or nil, handed on
-- @treturn Tensor  x's shape
-- @raise as M.logits and M.slope
function M.gradient(op, D, x, y)
  x = M.leaf(x)
  return M.slope(op, M.logits(op, D, x, y), x)
end

--- Returns the mean over images of (||gradient|| - target)^2, or of max(0, ||gradient|| - target)^2.
-- The norm runs over all axes but the first; where it is 0 its own gradient is 0.
-- @tparam Tensor gradient  (N,...)
-- @tparam number target  of the norm
-- @tparam[opt] boolean one_sided  the second form
-- @treturn Tensor  scalar. Cannot fail.
function M.distance(gradient, target, one_sided)
  local d = pointwise.sub(reduce.norm(shape_ops.flatten(gradient), 2), target)
  return reduce.mean(pointwise.square(one_sided and pointwise.relu(d) or d))
end

--- Returns uniform numbers in [0,1), one for each image of x.
-- @tparam Stream rng  where they are drawn
-- @tparam Tensor x  (N,...)
-- @treturn Tensor  (N,1,...,1), which broadcasts to x. Cannot fail.
function M.one_each(rng, x)
  local shape = {core.size(x, 1)}
  for i = 2, core.dim(x) do shape[i] = 1 end
  return rng:uniform(shape)
end

--- Returns gamma / 2 * mean over images of ||slope||^2, of a pass of D that was made.
-- @tparam string op
-- @tparam Tensor logits  (N,...), D's of x
-- @tparam Tensor x  (N,...), a tracked leaf
-- @tparam number gamma
-- @treturn Tensor  scalar
-- @raise as M.slope
function M.steepness(op, logits, x, gamma)
  return pointwise.mul(reduce.sum(pointwise.square(M.slope(op, logits, x))), gamma / (2 * core.size(x, 1)))
end

--- Makes the class of a penalty on the slope, with the options gamma and batch_norm; `kind` says which of D's passes it
-- needs.
-- @tparam string op  public name
-- @tparam string kind  "real", "fake" or "both"
-- @treturn table  the class. Cannot fail.
function M.sloped(op, kind)
  local class = M.class(op, {
    gamma = check.option.number {default = 10, lo = 0}:varying(), batch_norm = check.option.boolean {default = false},
  })
  class.kind = kind

  --- Checks that D can be penalised. gan.game.loop.new does.
  -- @function Penalty:check_net
  -- @tparam Module|function D  a net; a function passes
  -- @raise if it has batch norm, and the field `batch_norm` is false
  function class:check_net(D)
    if not self.batch_norm then M.check_alone(op, D) end
  end

  return class
end

--- Makes the class of a penalty on the squared norm of the gradient, gamma / 2 * mean ||g||^2: r1 or r2.
-- It needs nothing but D's pass over one kind of images, so a loop that makes this pass anyway can ask for the penalty
-- by of(logits, x), instead of a second pass; `kind` says which one.
-- @tparam string op  public name
-- @tparam string kind  of the images: "real" or "fake"
-- @treturn table  the class. Cannot fail.
function M.zero_centred(op, kind)
  local class = M.sloped(op, kind)

  --- Returns the penalty of a pass of D that was made already.
  -- @function Penalty:of
  -- @tparam Tensor logits  (N,...), D's of x
  -- @tparam Tensor x  (N,...), a tracked leaf
  -- @treturn Tensor  scalar
  -- @raise if the logits do not depend on x, or an op of D has no second derivative, naming it
  function class:of(logits, x)
    return M.steepness(op, logits, x, self:field "gamma")
  end

  function class:term(D, real, fake, y)
    self:check_net(D)
    local x = M.leaf(M.batch(op, kind == "real" and 2 or 3, kind, kind == "real" and real or fake))
    return self:of(M.logits(op, D, x, y), x)
  end
  return class
end

return M
