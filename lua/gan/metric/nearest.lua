--- The nearest training rows of every fake: whether a generator remembers instead of inventing.
-- @module gan.metric.nearest
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local rows = require "gan.metric.rows"

local option = check.option
local NAME = "metric.nearest"

local nearest = input.class()

--- Returns the mean distance of a fake to its nearest training row.
-- Held-out real rows, put in the fakes' place, give the number to compare with.
-- @treturn number
-- @treturn table  protocol: metric, value, deviation (population, over fakes), n_real, n_fake, dim, k; distances f64
--   (n_fake,k) and rows i32 (n_fake,k), from 0, nearest first; authenticity where it was asked for: the part of fakes
--   whose nearest training row has another training row nearer than the fake (1: nothing is copied; about 1/2 for new
--   draws of the same distribution)
-- @raise if there are fewer than k training rows or no fakes, or the widths differ
function nearest:value()
  local real, fake, k = self.real, self.fake, self.k
  local dim = rows.same_dim(NAME, real, fake)
  input.enough(NAME, "real", real.n, k, ("k = %d"):format(k))
  input.enough(NAME, "fake", fake.n, 1, "a mean")
  local squared, places = core.nearest(fake:features(), real:features(), k)
  local all, first = core.to_table(squared), {}
  local authenticity
  if self.authenticity then
    local own, at, kept = core.to_table(real:radii(NAME, "real", 1)), core.to_table(places), 0
    for i, list in ipairs(all) do if own[at[i][1] + 1] < list[1] then kept = kept + 1 end end
    authenticity = kept / fake.n
  end
  for i, list in ipairs(all) do
    for j, v in ipairs(list) do list[j] = math.sqrt(v) end
    first[i] = list[1]
  end
  local mean, deviation = input.spread(first)
  return input.answer {
    metric = "nearest", value = mean, deviation = deviation, n_real = real.n, n_fake = fake.n, dim = dim, k = k,
    distances = core.tensor(all, "f64"), rows = places, authenticity = authenticity,
  }
end

--- Makes the nearest training neighbours of fakes, by Euclidean distance of features.
-- Source: authenticity: Alaa et al. 2022, arXiv:2102.08921, sec. 4.3.
-- Differs: distances in the given features, not in a learnt embedding.
-- @function gan.metric.nearest
-- @tparam table opt
-- @tparam table|Tensor opt.real  the training set: rows, or real (N,D)
-- @tparam[opt] table|Tensor opt.fake  the same; default: empty rows, to be added to
-- @tparam[opt=1] integer opt.k  neighbours of each fake, >= 1
-- @tparam[opt=false] boolean opt.authenticity  asks for it; it needs the distances among the training rows
-- @treturn table  `add(features)`, `value()`
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    real = rows.option {required = true}, fake = rows.option {}, k = option.integer {default = 1, lo = 1},
    authenticity = option.boolean {default = false},
  })
  opt.fake = opt.fake or rows {dim = opt.real.dim}
  return setmetatable(opt, nearest)
end
