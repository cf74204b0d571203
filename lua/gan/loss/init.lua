--- Adversarial losses on logits, each of them a constructor of a table of functions -> scalar.
--
--     critic(real, fake)       D's loss
--     real(l), fake(l)         its two terms, to take one gradient after the other
--     generator(fake, real)    G's loss
--     margin(real, fake)       by how much D takes real images for real, a plain tensor: see gan.loss.margin
--
-- A loss whose terms do not separate (the relativistic ones) has no `real` and `fake`. feature_matching has a
-- `generator` only, as perceptual has; auxiliary_classifier is on class logits, to be added to another loss; emd is on
-- latent vectors; joint_embedding on vectors of images and of texts; attributes on logits of labels.
-- @module gan.loss
local check = require "gan.check"
local core = require "gan.core"
local base = require "gan.loss.base"

local files = {
  "logistic", "non_saturating", "minimax", "least_squares", "hinge", "wasserstein", "relativistic",
  "relativistic_paired", "feature_matching", "auxiliary_classifier", "perceptual", "emd", "joint_embedding",
  "matching_aware", "attributes",
}

local M = {}

--- Maps short names of the adversarial losses, as scripts take them (`--loss ns`), to full ones. Cannot fail.
M.short = {
  ns = "non_saturating", minimax = "minimax", ls = "least_squares", hinge = "hinge", wgan = "wasserstein",
  ra = "relativistic", rp = "relativistic_paired",
}

--- Makes the adversarial loss of a short or a full name.
-- @tparam string name  a key or a value of gan.loss.short: "ns", "hinge", "least_squares", ...
-- @tparam[opt] table opt  options of that loss
-- @treturn table  what its constructor returns
-- @raise if there is none of that name, with the nearest; or if an option is wrong
function M.open(name, opt)
  local full, known = nil, {}
  for short, long in pairs(M.short) do
    if name == short or name == long then full = long end
    known[#known + 1] = short
    if long ~= short then known[#known + 1] = long end
  end
  if full then return M[full](opt) end
  core.sort(known)
  return check.fail("loss.open", "unknown loss %s%s", check.found(name), check.hint(name, known))
end

--- Returns by how much D takes real images for real, from the point at which a loss decides: the mean sign of it is the
-- heuristic r_t of adaptive augmentation (Karras et al. 2020, arXiv:2006.06676, eq. 1).
--
--     logistic, hinge     real
--     least squares       real - (a + b) / 2
--     Wasserstein         real - (mean real + mean fake) / 2: the critic's outputs have no zero
--     relativistic        real - mean fake; in pairs real - fake
--
-- Of a loss of one's own without `margin` it is real where the critic's terms separate (it has `real`), else
-- real - fake in pairs.
-- @tparam table loss  of this room, or a table of one's own
-- @tparam Tensor real  (N,...), D's logits of real images
-- @tparam Tensor fake  (N,...), D's logits of generated ones
-- @treturn Tensor  real's shape; of pairs (N); without a graph
-- @raise if the loss's own margin returns something else
function M.margin(loss, real, fake)
  local margin = loss.margin or (loss.real and base.margins.from() or base.margins.in_pairs)
  local out = margin(real, fake)
  if core.is_tensor(out) and core.dtype(out) == "real" and core.numel(out) > 0 then return out end
  return check.fail("loss.margin", "the loss's margin must return a real tensor, returned %s", check.found(out))
end

return check.room("gan.loss", M, files)
