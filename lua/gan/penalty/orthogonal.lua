--- Orthogonal regularisation: the filters of a layer are to be at right angles.
-- @module gan.penalty.orthogonal
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.penalty.base"
local matmul = require("gan.ops.matmul").matmul
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local shape_ops = require "gan.ops.shape"

local Orthogonal = base.class "orthogonal"

-- || W W' * (1 - I) ||^2 of a kernel (...,Co): W (Co, all else).
local function off_diagonal(kernel)
  local co = core.size(kernel, -1)
  local w = shape_ops.reshape(kernel, {core.numel(kernel) // co, co})
  local mask = core.full({co, co}, 1)
  for i = 1, co do core.set_(mask, 0, i, i) end
  return reduce.sum(pointwise.square(pointwise.mul(matmul(shape_ops.transpose(w), w), mask)))
end

function Orthogonal:term(D)
  local net = self.net or D
  if type(net) ~= "table" or type(net.apply) ~= "function" then return check.expected("orthogonal", 1, "D", "a net (gan.nn)", net) end
  local sum
  net:apply(function(layer)
    if type(layer.kernel) ~= "function" or layer.kind == "embedding" then return end
    local term = off_diagonal(layer:kernel())
    sum = sum and pointwise.add(sum, term) or term
  end)
  if not sum then return check.fail("orthogonal", "the net has no linear or convolution layer") end
  return pointwise.mul(sum, base.number("orthogonal", self, "beta"))
end

--- orthogonal {beta = 1e-4}(D): beta * sum over the linear and convolution layers of ||W W' * (1 - I)||^2, W (Co, Ci Kh Kw): only what is
-- off the diagonal, so that the filters' lengths are free. Embeddings are left alone. For G: orthogonal {net = G}(), added to G's loss.
-- Source: Brock et al. 2019, arXiv:1809.11096, eq. 3. Differs: the authors' code adds half of the gradient.
-- @tparam[opt] table opt beta = 1e-4; net: the net whose weights count (default: the D that it is called with)
return function(opt)
  local self = setmetatable(check.options("orthogonal", opt, {beta = 1e-4, net = check.none}), Orthogonal)
  base.number("orthogonal", self, "beta")
  return self
end
