--- Orthogonal regularisation: the filters of a layer are to be at right angles.
-- @module gan.penalty.orthogonal
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local matmul = require("gan.ops.matmul").matmul
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local shape_ops = require "gan.ops.shape"

local option = check.option
local NAME = "penalty.orthogonal"

local function is_net(v) return type(v) == "table" and type(v.apply) == "function" and v or nil end

local Orthogonal = base.class(NAME, {
  beta = option.number {default = 1e-4, lo = 0}, net = option.where {expected = "a net (gan.nn)", accept = is_net},
})

-- || W W' * (1 - I) ||^2 of a kernel (...,Co): W (Co, all else). Of (...,groups,Co/groups) the sum over the groups:
-- filters that see other channels are at right angles.
local function off_diagonal(kernel)
  local co = core.size(kernel, -1)
  local groups = core.dim(kernel) == 5 and core.size(kernel, 4) or 1
  local w = shape_ops.reshape(kernel, {core.numel(kernel) // (groups * co), groups, co})
  w = groups == 1 and shape_ops.reshape(w, {core.numel(kernel) // co, co}) or shape_ops.permute(w, {2, 1, 3})
  local mask = core.full({co, co}, 1)
  for i = 1, co do core.set_(mask, 0, i, i) end
  return reduce.sum(pointwise.square(pointwise.mul(matmul(shape_ops.transpose(w), w), mask)))
end

function Orthogonal:term(D)
  local net = self.net or is_net(D)
  if not net then return check.expected(NAME, 1, "D", "a net (gan.nn)", D) end
  local sum
  net:apply(function(layer)
    if type(layer.kernel) ~= "function" or layer.kind == "embedding" then return end
    local term = off_diagonal(layer:kernel())
    sum = sum and pointwise.add(sum, term) or term
  end)
  if not sum then return check.fail(NAME, "the net has no linear or convolution layer") end
  return pointwise.mul(sum, self:field "beta")
end

--- Makes the orthogonal regulariser, called f(D).
--
--     beta * sum over the linear and convolution layers of ||W W' * (1 - I)||^2, W (Co, Ci Kh Kw)
--
-- Only what is off the diagonal counts, so that the filters' lengths are free. Embeddings are left alone.
-- Source: Brock et al. 2019, arXiv:1809.11096, eq. 3.  Differs: the authors' code adds half of the gradient.
-- @function gan.penalty.orthogonal
-- @tparam[opt] table opt
-- @tparam[opt=1e-4] number opt.beta  weight, >= 0; a field
-- @tparam[opt] Module opt.net  the net whose weights count; default: the D that it is called with
-- @treturn function  f(D, real, fake, y) -> scalar
-- @raise if an option is unknown or out of range
-- @usage local penalty = gan.penalty.orthogonal {net = G}
-- lossG = lossG + penalty()
return function(opt) return base.new(Orthogonal, opt) end
