--- The Inception Score: how sure a classifier is of each fake, and how many classes it sees.
-- @module gan.metric.inception_score
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local rows = require "gan.metric.rows"

local option = check.option
local NAME = "metric.inception_score"

local inception_score = {}
inception_score.__index = inception_score

-- Adds rows to the sums of one split: those of p, and of sum p log p.
local function gather(part, logits)
  part.total = part.total or core.full({core.size(logits, 2)}, 0, "f64")
  part.entropy = part.entropy + core.softmax_sums_(part.total, logits)
  part.n = part.n + core.size(logits, 1)
end

local function empty() return {n = 0, entropy = 0} end

-- Mean KL(p_i || mean p) = mean sum p log p - sum q log q, nats.
local function divergence(part)
  local marginal = 0
  for _, t in ipairs(core.to_table(part.total)) do
    local q = t / part.n
    if q > 0 then marginal = marginal + q * math.log(q) end
  end
  return math.max(0, part.entropy / part.n - marginal)
end

-- Puts rows that stand at first.. into the splits floor(i N / splits) .. floor((i+1) N / splits) - 1 of N.
local function spread(parts, splits, all, first, logits)
  local at, n = 0, core.size(logits, 1)
  while at < n do
    local i = #parts
    if i == 0 or first + at >= i * all // splits then
      parts[i + 1] = empty()
    else
      local take = math.min(n - at, i * all // splits - first - at)
      gather(parts[i], core.narrow(logits, 1, at + 1, take))
      at = at + take
    end
  end
end

--- Takes in what a classifier gave for generated images.
-- @tparam[opt] Tensor _  features (N,D), ignored: all metrics share the call
-- @tparam Tensor logits  real (N,Y), in the order in which they are to be split
-- @treturn table  the metric
-- @raise if more rows come than were announced, or one is not finite
function inception_score:add(_, logits)
  input.rows(NAME, 2, "logits", logits, self.classes)
  self.classes = core.size(logits, 2)
  if not self.expected then
    self.kept:add(logits)
  else
    local n = self.n + core.size(logits, 1)
    if n > self.expected then
      return check.fail(NAME, "expected %s as n says, got %d", check.count(self.expected, "row"), n)
    end
    spread(self.parts, self.splits, self.expected, self.n, logits)
  end
  self.n = self.n + core.size(logits, 1)
  return self
end

--- Returns the mean over the contiguous splits of exp(mean KL of a fake's class distribution from their mean).
-- @treturn number  in [1, Y]
-- @treturn table  protocol: metric, value, deviation (population, over splits), splits, n_fake, classes; single: the
--   score of all rows as one set, and its logarithm log_single (nats), as Barratt and Sharma would have it
-- @raise if there are fewer rows than splits, or not those that were announced
function inception_score:value()
  local n, parts = self.n, self.parts
  if self.expected and n ~= self.expected then
    return check.fail(NAME, "expected %s as n says, got %d", check.count(self.expected, "row"), n)
  end
  input.enough(NAME, "fake", n, self.splits, check.count(self.splits, "split"))
  if not self.expected then
    parts = {}
    spread(parts, self.splits, n, 0, self.kept:features())
  end
  local scores, sums, entropy = {}, {}, 0
  for c = 1, self.classes do sums[c] = 0 end
  for i, part in ipairs(parts) do
    scores[i] = math.exp(divergence(part))
    entropy = entropy + part.entropy
    for c, t in ipairs(core.to_table(part.total)) do sums[c] = sums[c] + t end
  end
  local all = divergence {n = n, entropy = entropy, total = core.tensor(sums, "f64")}
  local mean, deviation = input.spread(scores)
  return input.answer {
    metric = "inception_score", value = mean, deviation = deviation, splits = self.splits, n_fake = n,
    classes = self.classes, single = math.exp(all), log_single = all,
  }
end

--- Makes the Inception Score of a classifier's logits.
-- For the field's numbers the logits are those of the 2015 Inception without its bias, all 1008 of them; others are not
-- comparable. Rows sorted by class must be shuffled first.
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 4; Barratt and Sharma 2018, arXiv:1801.01973.
-- @function gan.metric.inception_score
-- @tparam[opt] table opt
-- @tparam[opt=10] integer opt.splits  >= 1
-- @tparam[opt] integer opt.n  rows that will come, >= splits, so that none are kept; default: logits are kept
-- @treturn table  `add(features, logits)`, `value()`
-- @raise if an option is unknown or out of range
return function(opt)
  opt = check.options(NAME, opt, {splits = option.integer {default = 10, lo = 1}, n = option.integer {lo = 1}})
  local splits, n = opt.splits, opt.n
  if n and n < splits then option.integer {lo = splits}:check(NAME, "n", n) end
  local kept = not n and rows {} or nil
  return setmetatable({splits = splits, expected = n, n = 0, parts = {}, kept = kept}, inception_score)
end
