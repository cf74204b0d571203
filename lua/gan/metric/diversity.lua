--- The mean distance between two fakes: near 0 where a generator has collapsed.
-- @module gan.metric.diversity
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local rows = require "gan.metric.rows"

local NAME = "metric.diversity"

local diversity = input.class()

--- Returns the mean Euclidean distance over all pairs of different fakes.
-- @treturn number
-- @treturn table  protocol: metric, value, deviation (population, over pairs), n_fake, dim
-- @raise if there are fewer than two fakes
function diversity:value()
  local n = self.fake.n
  input.enough(NAME, "fake", n, 2, "a pair")
  local sum, squares = core.distance_sums(self.fake:features())
  local pairs_ = n * (n - 1) / 2
  local mean = sum / pairs_
  return input.answer {
    metric = "diversity", value = mean, deviation = math.sqrt(math.max(0, squares / pairs_ - mean * mean)), n_fake = n,
    dim = self.fake.dim,
  }
end

--- Makes the mean pairwise distance of a feature set.
-- The same of a real set, put in the fakes' place, is the number to compare with.
-- @function gan.metric.diversity
-- @tparam[opt] table opt
-- @tparam[opt] table|Tensor opt.fake  rows, or real (N,D); default: empty rows, to be added to
-- @treturn table  `add(features)`, `value()`
-- @raise if an option is unknown or no feature set
return function(opt)
  return setmetatable({fake = check.options(NAME, opt, {fake = rows.option {}}).fake or rows {}}, diversity)
end
