--- The kernel distance between two feature sets (KID): an unbiased estimate, so that small sets do.
-- @module gan.metric.kid
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local sample = require "gan.metric.sample"

local kid = input.class()

local function subset(s, size, rng) return core.gather_rows(s:features(), core.narrow(rng:permutation(s.n), 1, 1, size)) end

--- Mean over subsets of the unbiased squared MMD with the kernel (<x,y>/D + 1)^3. It may be negative.
-- @treturn number
-- @treturn table protocol: metric, value, deviation (population, over subsets), n_real, n_fake, dim, subsets, size, seed
-- @raise if a set has fewer rows than a subset, or the widths differ
function kid:value()
  local dim = sample.same_dim("kid", self.real, self.fake)
  local m = self.size
  input.enough("kid", "real", self.real.n, m, ("a subset of %d"):format(m))
  input.enough("kid", "fake", self.fake.n, m, ("a subset of %d"):format(m))
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

--- Kernel distance of two feature sets.
-- Source: Binkowski et al. 2018, arXiv:1801.01401, sec. 4. Differs: none; the sum between the sets keeps its pairs i = j, as their code has it.
-- @tparam table opt real: a sample or real (N,D); fake: the same (default: an empty sample, to be added to); subsets = 100;
--   size = 1000 rows of each, drawn without replacement; seed = 0
-- @treturn table add(features), value()
return function(opt)
  opt = check.options("kid", opt, {real = check.none, fake = check.none, subsets = 100, size = 1000, seed = 0})
  local real, fake = sample.pair("kid", opt)
  return setmetatable({
    real = real, fake = fake,
    subsets = check.int("kid", 1, "subsets", opt.subsets, 1, 1000000), size = check.int("kid", 1, "size", opt.size, 2),
    seed = check.int("kid", 1, "seed", opt.seed, math.mininteger),
  }, kid)
end
