--- Density and coverage: precision and recall by the balls of real rows alone, so that one stray fake counts for little.
-- @module gan.metric.density_coverage
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local sample = require "gan.metric.sample"

local density_coverage = input.class()

--- Density: in how many balls of real rows a fake lies, over k (1 for equal distributions, and it may exceed 1); coverage: the part of real
-- rows with a fake in their ball. A ball's radius is the distance to the k-th nearest real neighbour.
-- @treturn number the coverage, in [0,1]
-- @treturn table protocol: metric, value, density, coverage, k, n_real, n_fake, dim
-- @raise if there are no more than k real rows or no fakes, or the widths differ
function density_coverage:value()
  local real, fake, k = self.real, self.fake, self.k
  local dim = sample.same_dim("density_coverage", real, fake)
  input.enough("density_coverage", "fake", fake.n, 1, "a density")
  local count, own = core.balls(fake:features(), real:features(), real:radii("density_coverage", "real", k))
  local density, coverage = 0, 0
  for _, n in ipairs(core.to_table(count)) do density = density + n end
  for _, hit in ipairs(core.to_table(own)) do coverage = coverage + hit end
  density, coverage = density / (k * fake.n), coverage / real.n
  return input.answer {
    metric = "density_coverage", value = coverage, density = density, coverage = coverage, k = k,
    n_real = real.n, n_fake = fake.n, dim = dim,
  }
end

--- Density and coverage of two feature sets.
-- Source: Naeem et al. 2020, arXiv:2002.09797, eqs. 3-4. Differs: the edge of a ball is inside, as in precision_recall (their code: outside).
-- @tparam table opt real: a sample or real (N,D); fake: the same (default: an empty sample, to be added to); k = 5
-- @treturn table add(features), value()
return function(opt)
  opt = check.options("density_coverage", opt, {real = check.none, fake = check.none, k = 5})
  local real, fake = sample.pair("density_coverage", opt)
  return setmetatable({real = real, fake = fake, k = check.int("density_coverage", 1, "k", opt.k, 1)}, density_coverage)
end
