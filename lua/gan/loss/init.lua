--- Adversarial losses on logits: constructors of {critic = f(real, fake), real = f(l), fake = f(l), generator = f(fake, real)}, each -> scalar.
--
-- real and fake are the critic's two terms, for those who take one gradient after the other; a loss whose terms do not separate
-- (relativistic) has none. feature_matching has a generator only; auxiliary_classifier is on class logits, to be added to another.
-- @module gan.loss
local check = require "gan.check"

local files = {
  "logistic", "non_saturating", "minimax", "least_squares", "hinge", "wasserstein", "relativistic",
  "feature_matching", "auxiliary_classifier",
}

local M = {}

--- Short names of the adversarial losses, as scripts take them (`--loss ns`).
M.short = {ns = "non_saturating", minimax = "minimax", ls = "least_squares", hinge = "hinge", wgan = "wasserstein", ra = "relativistic"}

--- The adversarial loss of a short or a full name.
-- @tparam string name "ns", "minimax", "ls", "hinge", "wgan", "ra", or what they stand for
-- @tparam[opt] table opt options of that loss
-- @raise naming the nearest if there is none of that name
function M.open(name, opt)
  local full, known = nil, {}
  for short, long in pairs(M.short) do
    if name == short or name == long then full = long end
    known[#known + 1] = short
    if long ~= short then known[#known + 1] = long end
  end
  if full then return M[full](opt) end
  table.sort(known)
  local near = type(name) == "string" and check.nearest(name, known)
  return check.fail("loss.open", "unknown loss %s%s", check.found(name),
    near and (" (did you mean '%s'?)"):format(near) or " (known: " .. table.concat(known, ", ") .. ")")
end

return check.room("gan.loss", M, files)
