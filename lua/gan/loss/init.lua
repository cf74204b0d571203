--- Adversarial losses on logits, each of them a constructor of a table of functions -> scalar.
--
--     critic(real, fake)       D's loss
--     real(l), fake(l)         its two terms, to take one gradient after the other
--     generator(fake, real)    G's loss
--
-- A loss whose terms do not separate (the relativistic ones) has no `real` and `fake`. feature_matching has a
-- `generator` only, as perceptual has; auxiliary_classifier is on class logits, to be added to another loss; emd is on
-- latent vectors.
-- @module gan.loss
local check = require "gan.check"
local core = require "gan.core"

local files = {
  "logistic", "non_saturating", "minimax", "least_squares", "hinge", "wasserstein", "relativistic",
  "relativistic_paired", "feature_matching", "auxiliary_classifier", "perceptual", "emd",
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

return check.room("gan.loss", M, files)
