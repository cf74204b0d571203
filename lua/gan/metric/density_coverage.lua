--- Density and coverage: precision and recall by the balls of real rows alone, so that a stray fake counts for little.
-- @module gan.metric.density_coverage
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local rows = require "gan.metric.rows"

local option = check.option
local NAME = "metric.density_coverage"

local density_coverage = input.class()

--- Returns the coverage, and the density in its protocol.
-- Density: in how many balls of real rows a fake lies, over k (1 for equal distributions, and it may exceed 1).
-- Coverage: the part of real rows with a fake in their ball. A ball's radius is the distance to the k-th nearest real
-- neighbour.
-- @treturn number  the coverage, in [0,1]
-- @treturn table  protocol: metric, value, density, coverage, k, n_real, n_fake, dim; balls i32 (n_fake): in how many
--   of them a fake lies; reached i32 (n_real): 1 where a fake lies in a real row's ball
-- @raise if there are no more than k real rows or no fakes, or the widths differ
function density_coverage:value()
  local real, fake, k = self.real, self.fake, self.k
  local dim = rows.same_dim(NAME, real, fake)
  input.enough(NAME, "fake", fake.n, 1, "a density")
  local count, own = core.balls(fake:features(), real:features(), real:radii(NAME, "real", k))
  local density, coverage = 0, 0
  for _, n in ipairs(core.to_table(count)) do density = density + n end
  for _, hit in ipairs(core.to_table(own)) do coverage = coverage + hit end
  density, coverage = density / (k * fake.n), coverage / real.n
  return input.answer {
    metric = "density_coverage", value = coverage, density = density, coverage = coverage, k = k,
    n_real = real.n, n_fake = fake.n, dim = dim, balls = count, reached = own,
  }
end

--- Makes density and coverage of two feature sets.
-- Source: Naeem et al. 2020, arXiv:2002.09797, eqs. 3-4.
-- Differs: the edge of a ball is inside, as in precision_recall (their code: outside).
-- @function gan.metric.density_coverage
-- @tparam table opt
-- @tparam table|Tensor opt.real  rows, or real (N,D)
-- @tparam[opt] table|Tensor opt.fake  the same; default: empty rows, to be added to
-- @tparam[opt=5] integer opt.k  which neighbour gives the radius, >= 1
-- @treturn table  `add(features)`, `value()`
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    real = rows.option {required = true}, fake = rows.option {}, k = option.integer {default = 5, lo = 1},
  })
  return setmetatable({real = opt.real, fake = opt.fake or rows {dim = opt.real.dim}, k = opt.k}, density_coverage)
end
