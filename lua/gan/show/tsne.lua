--- Lays feature vectors out in the plane, neighbours beside each other.
-- @module gan.show.tsne
local core = require "gan.core"
local check = require "gan.check"
local metric = require "gan.metric"

local option = check.option
local NAME = "show.tsne"

local WIDE = 50 -- principal components that are looked at
local START = 1e-4 -- standard deviation of the first coordinate
local EARLY, FACTOR = 4, 12 -- in the first quarter of the steps neighbours attract each other so much more

local function transposed(a) return core.contiguous(core.permute(a, {2, 1})) end

-- 1, or -1 where the largest of the numbers is negative.
local function sign(v)
  local k = 1
  for i = 2, #v do if math.abs(v[i]) > math.abs(v[k]) then k = i end end
  return v[k] < 0 and -1 or 1
end

-- The rows' first `count` principal coordinates, real (N,K): of centred rows, the largest first. Each component's
-- largest entry is positive. The smaller of the two matrices that know them is decomposed.
local function principal(x, count)
  local n, d = core.size(x, 1), core.size(x, 2)
  local k = math.min(count, n, d)
  local wide = d > n
  local a = wide and core.to(core.matmul(x, transposed(x)), "f64") or metric.moments():add(x):covariance()
  local values, vectors = core.eigh(a)
  local first = core.size(values, 1) - k + 1
  local v = core.to_table(core.narrow(vectors, 1, first, k))
  values = core.to_table(core.narrow(values, 1, first, k))
  local out = {}
  for i = 1, k do
    local from = v[k + 1 - i]
    local s = sign(wide and core.to_table(core.matmul(core.tensor {from}, x))[1] or from)
    if wide then s = s * math.sqrt(math.max(0, values[k + 1 - i])) end
    out[i] = {}
    for j, e in ipairs(from) do out[i][j] = s * e end
  end
  return wide and transposed(core.tensor(out)) or core.matmul(x, transposed(core.tensor(out)))
end

--- Lays rows out in the plane by t-SNE: exact, from their first two principal components, without a random number.
-- Rows are centred, divided by the largest number, and reduced to 50 principal components. The step size is N / 48, at
-- least 50; of S steps the first S / 4 have the affinities times 12 and a momentum of 0.5, the others of 0.8.
-- Distances far apart mean little: what is beside what means something. N^2 steps and 4 N^2 bytes.
-- Source: van der Maaten & Hinton 2008, JMLR 9.  Differs: the start and the step size, as Kobak & Linderman 2021 have
-- them; no noise at the start.
-- @function gan.show.tsne
-- @tparam Tensor features  real (N,D), finite; N from 4 to 32767
-- @tparam[opt] table opt
-- @tparam[opt] number opt.perplexity  how many neighbours count, from 1 to (N-1)/3; default: 30, or the most
-- @tparam[opt=1000] integer opt.steps  S
-- @tparam[opt] function opt.each  called with each step's number
-- @treturn Tensor  real (N,2)
-- @treturn table  protocol: `perplexity`, `steps`, `divergence` (nats), `components`
-- @raise if the rows are none, too few for the perplexity, not finite or all the same, or an option is wrong
return function(features, opt)
  check.real(NAME, 1, "features", features, 2)
  opt = check.options(NAME, opt, {
    perplexity = option.number {lo = 1}, steps = option.integer {default = 1000, lo = 1}, each = option.callable {},
  })
  local n, d = core.size(features, 1), core.size(features, 2)
  if n < 4 or d < 1 then
    return check.expected(NAME, 1, "features", "at least 4 rows of at least 1 number", features)
  end
  local most = (n - 1) / 3
  local perplexity = opt.perplexity or math.min(30, most)
  if perplexity > most then
    return check.fail(NAME, "option 'perplexity': expected a number <= %.4g, a third of the other rows, got %g", most,
      perplexity)
  end
  local bad = core.bad_row(features)
  if bad then return check.fail(NAME, "bad argument #1 'features' (row %d holds NaN or an infinity)", bad) end
  local x = core.sub(features, core.mean(features, 1, true))
  local largest = core.item(core.max(core.abs(x)))
  if largest == 0 then return check.fail(NAME, "the rows are all the same: there is nothing to lay out") end
  x = core.mul(x, 1 / largest)
  local components = principal(x, WIDE)
  if d > WIDE then x = components end
  local p = core.affinities(x, perplexity)
  local y = core.full({n, 2}, 0)
  local of = math.min(2, core.size(components, 2))
  core.copy_(core.narrow(y, 2, 1, of), core.narrow(components, 2, 1, of))
  local first = core.narrow(y, 2, 1, 1)
  y = core.mul(y, START / math.sqrt(core.item(core.mean(core.mul(first, first)))))
  local u, gain, rate = core.full({n, 2}, 0), core.full({n, 2}, 1), math.max(n / 48, 50)
  for t = 0, opt.steps - 1 do
    local early = t < opt.steps // EARLY
    core.tsne_step_(y, u, gain, p, early and FACTOR or 1, early and 0.5 or 0.8, rate)
    if opt.each then opt.each(t + 1) end
  end
  return y, {
    perplexity = perplexity, steps = opt.steps, divergence = core.tsne_divergence(y, p),
    components = core.size(components, 2),
  }
end
