--- The part of fakes that are copies: much nearer to one training row than to every other.
-- @module gan.metric.memorised
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local rows = require "gan.metric.rows"

local option = check.option
local NAME = "metric.memorised"

local memorised = input.class()

-- The rows without those that equal an earlier one: (M,D), and the places (M) of these, from 0.
local function distinct(x)
  local there, places = {}, {}
  for i = 1, core.size(x, 1) do
    local bytes = core.to_bytes(core.narrow(x, 1, i, 1))
    if not there[bytes] then there[bytes], places[#places + 1] = true, i - 1 end
  end
  return core.gather_rows(x, core.tensor(places, "i32")), places
end

--- Returns the part of fakes whose nearest training row is nearer than `below` times the second nearest.
-- Training rows that are equal count as one. What chance gives is known: of points that remember nothing the ratio's
-- power of m is uniform, m being the intrinsic dimension, 1 / mean ln (d2 / d1) over the training rows themselves.
-- @treturn number  in [0,1]
-- @treturn table  protocol: metric, value, below, flagged (how many fakes), expected (how many by chance), dimension
--   (m), n_real, n_fake, distinct (training rows without repetitions), dim; ratios f64 (n_fake); distances f64
--   (n_fake,2) and rows i32 (n_fake,2), from 0, the nearest two
-- @raise if there are fewer than three distinct training rows or no fakes, or the widths differ
function memorised:value()
  local real, fake, below = self.real, self.fake, self.below
  local dim = rows.same_dim(NAME, real, fake)
  input.enough(NAME, "fake", fake.n, 1, "a share")
  input.enough(NAME, "real", real.n, 3, "a ratio")
  local known, places = distinct(real:features())
  input.enough(NAME, "real", #places, 3, "a ratio (rows that are equal are one)")
  local spread = 0
  for _, d in ipairs(core.to_table((core.nearest(known, nil, 2)))) do
    spread = spread + math.log(d[2] / d[1]) / 2 / #places
  end
  local squared, at = core.nearest(fake:features(), known, 2)
  local distances, near, ratios, flagged = core.to_table(squared), core.to_table(at), {}, 0
  for i, d in ipairs(distances) do
    d[1], d[2] = math.sqrt(d[1]), math.sqrt(d[2])
    near[i] = {places[near[i][1] + 1], places[near[i][2] + 1]}
    ratios[i] = d[1] / d[2]
    if ratios[i] < below then flagged = flagged + 1 end
  end
  local m = 1 / spread
  return input.answer {
    metric = "memorised", value = flagged / fake.n, below = below, flagged = flagged, expected = fake.n * below ^ m,
    dimension = m, n_real = real.n, n_fake = fake.n, distinct = #places, dim = dim, ratios = core.tensor(ratios, "f64"),
    distances = core.tensor(distances, "f64"), rows = core.tensor(near, "i32"),
  }
end

--- Makes the share of copies among fakes, by Euclidean distance of features.
-- Source: the ratio, Lowe 2004, IJCV 60, sec. 7.1; the dimension, Facco et al. 2017, arXiv:1803.06992.
-- Differs: the dimension is the likeliest one of all ratios, where the paper fits a line.
-- @function gan.metric.memorised
-- @tparam table opt
-- @tparam table|Tensor opt.real  the training set: rows, or real (N,D)
-- @tparam[opt] table|Tensor opt.fake  the same; default: empty rows, to be added to
-- @tparam[opt] number opt.below  a copy's ratio is below it, in (0,1]; default: a third
-- @treturn table  `add(features)`, `value()`
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    real = rows.option {required = true}, fake = rows.option {}, below = option.number {above = 0, hi = 1},
  })
  opt.below = opt.below or 1 / 3
  opt.fake = opt.fake or rows {dim = opt.real.dim}
  return setmetatable(opt, memorised)
end
