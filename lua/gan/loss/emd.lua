--- A stand-in for the earth mover's distance between latent vectors and the normal distribution.
-- @module gan.loss.emd
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local index = require "gan.ops.index"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local NAME = "loss.emd"

-- |z_i - t_j|^2 but for what all i, or all j, have in common: (N,M), of numbers without a graph.
local function distances(z, t)
  local z2 = core.sum(core.mul(z, z), {2}, true)
  local t2 = core.reshape(core.sum(core.mul(t, t), {2}), {1, core.size(t, 1)})
  return core.add(core.sub(z2, core.mul(core.matmul(z, core.contiguous(core.permute(t, {2, 1}))), 2)), t2)
end

-- Mean over pairs of |a - b|^2.
local function pairs_apart(a, b) return reduce.mean(reduce.sum(pointwise.square(pointwise.sub(a, b)), 2)) end

--- Makes the loss that holds learnt latent vectors together with the normal distribution: each of them near a draw, and
-- a vector near each draw.
--
--     mean over j of min over i |z_i - t_j|^2  +  mean over i of min over j |z_i - t_j|^2
--
-- z (N,Z) are the vectors, t (M,Z) draws from N(0, 1), the authors' 10 N. Of equally near ones the first counts.
-- Source: Noguchi & Harada 2019, arXiv:1904.01774, sec. 3.3.
-- @function gan.loss.emd
-- @tparam[opt] table opt  no option yet
-- @treturn table  `latents`: a function (z, t) -> scalar, differentiable in both, which raises if they are no matrices
--   of one width
-- @raise if an option is given
-- @usage local apart = gan.loss.emd().latents(z, rng:normal {10 * N, Z})
return function(opt)
  check.options(NAME, opt, {})
  return {latents = function(z, t)
    check.real(NAME, 1, "z", z, 2)
    check.real(NAME, 2, "t", t, 2)
    if core.size(z, 2) ~= core.size(t, 2) or core.numel(z) == 0 or core.numel(t) == 0 then
      return check.fail(NAME, "expected z (N,Z) and t (M,Z), got %s and %s", check.found(z), check.found(t))
    end
    local d = distances(core.contiguous(autograd.detach(z)), core.contiguous(autograd.detach(t)))
    local of_t, of_z = core.argmin(d, 1), core.argmin(d, 2)
    return pointwise.add(pairs_apart(index.gather_rows(z, of_t), t), pairs_apart(z, index.gather_rows(t, of_z)))
  end}
end
