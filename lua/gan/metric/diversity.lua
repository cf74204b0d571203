--- The mean distance between two fakes: near 0 where a generator has collapsed.
-- @module gan.metric.diversity
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local sample = require "gan.metric.sample"

local diversity = input.class()

--- The mean Euclidean distance over all pairs of different fakes.
-- @treturn number
-- @treturn table protocol: metric, value, deviation (population, over pairs), n_fake, dim
-- @raise if there are fewer than two fakes
function diversity:value()
  local n = self.fake.n
  input.enough("diversity", "fake", n, 2, "a pair")
  local sum, squares = core.distance_sums(self.fake:features())
  local pairs_ = n * (n - 1) / 2
  local mean = sum / pairs_
  return input.answer {
    metric = "diversity", value = mean, deviation = math.sqrt(math.max(0, squares / pairs_ - mean * mean)), n_fake = n, dim = self.fake.dim,
  }
end

--- Mean pairwise distance of a feature set; the same of a real set, put in its place, is the number to compare with.
-- @tparam[opt] table opt fake: a sample or real (N,D) (default: an empty sample, to be added to)
-- @treturn table add(features), value()
return function(opt)
  opt = check.options("diversity", opt, {fake = check.none})
  return setmetatable({fake = opt.fake == nil and sample {} or sample.of("diversity", "fake", opt.fake)}, diversity)
end
