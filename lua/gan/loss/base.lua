--- Checks logits, makes the losses whose terms of real and fake separate, and has the points at which losses decide.
-- @internal gan.loss.base
local core = require "gan.core"
local check = require "gan.check"
local pointwise = require "gan.ops.pointwise"

local M = {}

-- Ops that only move elements.
local views = {
  reshape = true, permute = true, alias = true, clone = true, contiguous = true, narrow = true, expand = true,
}

-- The op that made t, seen through views; nil where t's graph does not tell.
local function maker(t)
  local node = core.node(t)
  while node and not node.leaf and views[node.op.name] do node = node.inputs[1] end
  return node and not node.leaf and node.op.name or nil
end

-- Tells whether v (N,K), N and K at least 2, has rows of numbers in [0,1] that sum to 1: a softmax's, whatever made it.
local function is_softmax(v)
  if core.dim(v) ~= 2 or core.size(v, 1) < 2 or core.size(v, 2) < 2 then return false end
  for _, row in ipairs(core.to_table(v)) do
    local sum = 0
    for _, p in ipairs(row) do
      if not (p >= 0 and p <= 1) then return false end
      sum = sum + p
    end
    if math.abs(sum - 1) > 1e-4 then return false end
  end
  return true
end

--- Checks that an argument is a real tensor with at least one element, and no probabilities: losses take logits.
-- A sigmoid's range alone is that of many logits, and passes. gan.train.run gives a hint where a run has seen nothing
-- else.
-- @tparam string op  the loss
-- @tparam integer i  place of the argument
-- @tparam string name  of the argument
-- @param v  its value
-- @treturn Tensor  v, of any shape
-- @raise if v was made by a sigmoid or softmax, as far as its graph tells, or has the shape and the range of a softmax
function M.logits(op, i, name, v)
  check.real(op, i, name, v)
  if core.numel(v) == 0 then return check.expected(op, i, name, "at least one logit", v) end
  local by = maker(v)
  if by == "sigmoid" or by == "softmax" or by == "log_softmax" then
    return check.fail(op, "bad argument #%d '%s' (expected logits, got the result of %s: "
      .. "leave out D's last %s, this loss works on what goes into it)", i, name, by, by)
  end
  if is_softmax(v) then
    return check.fail(op, "bad argument #%d '%s' (expected logits, got %d rows of probabilities: each sums to 1)",
      i, name, core.size(v, 1))
  end
  return v
end

--- By how much D puts real images above the point at which a loss decides: the field `margin` of losses. Each is
-- called (real, fake), with D's logits of any shape and without a graph, and returns a plain tensor: of positive
-- numbers where D takes the image for real. Cannot fail.
M.margins = {}

--- That of a loss that decides at 0, or at another number.
-- @tparam[opt=0] number point
-- @treturn function
function M.margins.from(point)
  return function(real) return point and core.sub(core.alias(real), point) or core.alias(real) end
end

--- That of a critic whose outputs have no zero: from half-way between the means of both kinds.
function M.margins.between(real, fake)
  real, fake = core.alias(real), core.alias(fake)
  return core.sub(real, (core.item(core.mean(real)) + core.item(core.mean(fake))) / 2)
end

--- That of a loss that compares with the mean of the other kind.
function M.margins.to_mean(real, fake)
  return core.sub(core.alias(real), core.item(core.mean(core.alias(fake))))
end

--- That of a loss that compares in pairs; what has no partner is left out.
function M.margins.in_pairs(real, fake)
  local n = math.min(core.numel(real), core.numel(fake))
  local function first(l) return core.narrow(core.reshape(core.contiguous(core.alias(l)), {core.numel(l)}), 1, 1, n) end
  return core.sub(first(real), first(fake))
end

--- Makes a loss whose critic is the sum of a term of real and a term of fake logits, with both as fields.
-- @tparam string op  name of the loss
-- @tparam function on_real  logits -> scalar
-- @tparam function on_fake  logits -> scalar
-- @tparam function generator  logits of fakes -> scalar
-- @tparam[opt] function margin  one of `margins`; default: from 0
-- @treturn table  `critic`, `real`, `fake`, `generator`: functions that check their logits; `margin`. Cannot fail.
function M.separable(op, on_real, on_fake, generator, margin)
  local self = {margin = margin or M.margins.from()}
  function self.real(logits) return on_real(M.logits(op, 1, "real", logits)) end
  function self.fake(logits) return on_fake(M.logits(op, 1, "fake", logits)) end
  function self.critic(real, fake)
    M.logits(op, 1, "real", real)
    M.logits(op, 2, "fake", fake)
    return pointwise.add(on_real(real), on_fake(fake))
  end
  function self.generator(fake) return generator(M.logits(op, 1, "fake", fake)) end
  return self
end

return M
