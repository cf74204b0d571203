--- Improved precision and recall: how many fakes look real, and how much of what is real is reached.
-- @module gan.metric.precision_recall
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local rows = require "gan.metric.rows"

local option = check.option
local NAME = "metric.precision_recall"

local precision_recall = input.class()

--- Returns the harmonic mean of precision and recall, and both in its protocol, as either alone is had for nothing.
-- Precision: the part of fakes within the ball of a real row, whose radius is the distance to its k-th nearest real
-- neighbour. Recall: the part of real rows within the ball of a fake.
-- @treturn number  in [0,1]; 0 where both are 0
-- @treturn table  protocol: metric, value, precision, recall, k, n_real, n_fake, dim
-- @raise if a set has no more than k rows, or the widths differ
function precision_recall:value()
  local real, fake, k = self.real, self.fake, self.k
  local dim = rows.same_dim(NAME, real, fake)
  local around_real, around_fake = real:radii(NAME, "real", k), fake:radii(NAME, "fake", k)
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

--- Makes improved precision and recall of two feature sets.
-- Source: Kynkaanniemi et al. 2019, arXiv:1904.06991, eqs. 1-2.
-- Differs: none (the edge of a ball is inside; a row is not its own neighbour).
-- @function gan.metric.precision_recall
-- @tparam table opt
-- @tparam table|Tensor opt.real  rows, or real (N,D)
-- @tparam[opt] table|Tensor opt.fake  the same; default: empty rows, to be added to
-- @tparam[opt=3] integer opt.k  which neighbour gives the radius, >= 1
-- @treturn table  `add(features)`, `value()`
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    real = rows.option {required = true}, fake = rows.option {}, k = option.integer {default = 3, lo = 1},
  })
  opt.fake = opt.fake or rows {dim = opt.real.dim}
  return setmetatable(opt, precision_recall)
end
