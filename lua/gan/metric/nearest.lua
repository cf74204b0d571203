--- The nearest training rows of every fake: whether a generator remembers instead of inventing.
-- @module gan.metric.nearest
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local sample = require "gan.metric.sample"

local nearest = input.class()

--- The mean distance of a fake to its nearest training row. Held-out real rows, put in the place of fakes, give the number to compare with.
-- @treturn number
-- @treturn table protocol: metric, value, deviation (population, over fakes), n_real, n_fake, dim, k; distances f64 (n_fake,k) and rows i32
--   (n_fake,k), from 0, nearest first; authenticity where it was asked for: the part of fakes whose nearest training row has another
--   training row nearer than the fake (1: nothing is copied; about 1/2 for new draws of the same distribution)
-- @raise if there are fewer than k training rows or no fakes, or the widths differ
function nearest:value()
  local real, fake, k = self.real, self.fake, self.k
  local dim = sample.same_dim("nearest", real, fake)
  input.enough("nearest", "real", real.n, k, ("k = %d"):format(k))
  input.enough("nearest", "fake", fake.n, 1, "a mean")
  local squared, rows = core.nearest(fake:features(), real:features(), k)
  local all, first = core.to_table(squared), {}
  local authenticity
  if self.authenticity then
    local own, places, kept = core.to_table(real:radii("nearest", "real", 1)), core.to_table(rows), 0
    for i, list in ipairs(all) do if own[places[i][1] + 1] < list[1] then kept = kept + 1 end end
    authenticity = kept / fake.n
  end
  for i, list in ipairs(all) do
    for j, v in ipairs(list) do list[j] = math.sqrt(v) end
    first[i] = list[1]
  end
  local mean, deviation = input.spread(first)
  return input.answer {
    metric = "nearest", value = mean, deviation = deviation, n_real = real.n, n_fake = fake.n, dim = dim, k = k,
    distances = core.tensor(all, "f64"), rows = rows, authenticity = authenticity,
  }
end

--- Nearest training neighbours of fakes, by Euclidean distance of features.
-- Source: authenticity: Alaa et al. 2022, arXiv:2102.08921, sec. 4.3. Differs: distances in the given features, not in a learnt embedding.
-- @tparam table opt real: the training set, a sample or real (N,D); fake: the same (default: an empty sample, to be added to); k = 1;
--   authenticity = false (it needs the distances among the training rows)
-- @treturn table add(features), value()
return function(opt)
  opt = check.options("nearest", opt, {real = check.none, fake = check.none, k = 1, authenticity = false})
  if type(opt.authenticity) ~= "boolean" then return check.expected("nearest", 1, "authenticity", "a boolean", opt.authenticity) end
  local real, fake = sample.pair("nearest", opt)
  return setmetatable({real = real, fake = fake, k = check.int("nearest", 1, "k", opt.k, 1), authenticity = opt.authenticity}, nearest)
end
