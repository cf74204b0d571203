--- The kernel distance between two feature sets (KID): an unbiased estimate, so that small sets do.
-- @module gan.metric.kid
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local rows = require "gan.metric.rows"

local option = check.option
local NAME = "metric.kid"

local kid = input.class()

local function subset(s, size, rng)
  return core.gather_rows(s:features(), core.narrow(rng:permutation(s.n), 1, 1, size))
end

--- Returns the mean over subsets of the unbiased squared MMD with the kernel (<x,y>/D + 1)^3. It may be negative.
-- @treturn number
-- @treturn table  protocol: metric, value, deviation (population, over subsets), n_real, n_fake, dim, subsets, size,
--   seed
-- @raise if a set has fewer rows than a subset, or the widths differ
function kid:value()
  local dim = rows.same_dim(NAME, self.real, self.fake)
  local m = self.size
  input.enough(NAME, "real", self.real.n, m, ("a subset of %d"):format(m))
  input.enough(NAME, "fake", self.fake.n, m, ("a subset of %d"):format(m))
  local rng, list = core.rng(self.seed, "kid"), {}
  for i = 1, self.subsets do
    local x, y = subset(self.real, m, rng), subset(self.fake, m, rng)
    list[i] = (core.cubic_sum(x) + core.cubic_sum(y)) / (m * (m - 1)) - 2 * core.cubic_sum(x, y) / (m * m)
  end
  local mean, deviation = input.spread(list)
  return input.answer {
    metric = "kid", value = mean, deviation = deviation, n_real = self.real.n, n_fake = self.fake.n, dim = dim,
    subsets = self.subsets, size = m, seed = self.seed,
  }
end

--- Makes the kernel distance of two feature sets.
-- Source: Binkowski et al. 2018, arXiv:1801.01401, sec. 4.
-- Differs: none; the sum between the sets keeps its pairs i = j, as their code has it.
-- @function gan.metric.kid
-- @tparam table opt
-- @tparam table|Tensor opt.real  rows, or real (N,D)
-- @tparam[opt] table|Tensor opt.fake  the same; default: empty rows, to be added to
-- @tparam[opt=100] integer opt.subsets  1..1000000
-- @tparam[opt=1000] integer opt.size  rows of each set in a subset, >= 2, drawn without replacement
-- @tparam[opt=0] integer opt.seed  of the draws
-- @treturn table  `add(features)`, `value()`
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    real = rows.option {required = true}, fake = rows.option {},
    subsets = option.integer {default = 100, lo = 1, hi = 1000000}, size = option.integer {default = 1000, lo = 2},
    seed = option.integer {default = 0},
  })
  opt.fake = opt.fake or rows {dim = opt.real.dim}
  return setmetatable(opt, kid)
end
