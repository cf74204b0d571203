--- Improved precision and recall: how many fakes look real, and how much of what is real is reached.
-- @module gan.metric.precision_recall
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local sample = require "gan.metric.sample"

local precision_recall = input.class()

--- Precision: the part of fakes within the ball of a real row, whose radius is the distance to its k-th nearest real neighbour; recall: the part
-- of real rows within the ball of a fake.
-- @treturn number their harmonic mean F, as either alone is had for nothing (0 where both are 0)
-- @treturn table protocol: metric, value, precision, recall, k, n_real, n_fake, dim
-- @raise if a set has no more than k rows, or the widths differ
function precision_recall:value()
  local real, fake, k = self.real, self.fake, self.k
  local dim = sample.same_dim("precision_recall", real, fake)
  local around_real, around_fake = real:radii("precision_recall", "real", k), fake:radii("precision_recall", "fake", k)
  local count, _, reached = core.balls(fake:features(), real:features(), around_real, around_fake)
  local p, r = 0, 0
  for _, n in ipairs(core.to_table(count)) do p = p + (n > 0 and 1 or 0) end
  for _, hit in ipairs(core.to_table(reached)) do r = r + hit end
  p, r = p / fake.n, r / real.n
  return input.answer {
    metric = "precision_recall", value = p + r > 0 and 2 * p * r / (p + r) or 0, precision = p, recall = r, k = k,
    n_real = real.n, n_fake = fake.n, dim = dim,
  }
end

--- Improved precision and recall of two feature sets.
-- Source: Kynkaanniemi et al. 2019, arXiv:1904.06991, eqs. 1-2. Differs: none (the edge of a ball is inside; a row is not its own neighbour).
-- @tparam table opt real: a sample or real (N,D); fake: the same (default: an empty sample, to be added to); k = 3
-- @treturn table add(features), value()
return function(opt)
  opt = check.options("precision_recall", opt, {real = check.none, fake = check.none, k = 3})
  local real, fake = sample.pair("precision_recall", opt)
  return setmetatable({real = real, fake = fake, k = check.int("precision_recall", 1, "k", opt.k, 1)}, precision_recall)
end
