--- The Inception Score: how sure a classifier is of each fake, and how many classes it sees.
-- @module gan.metric.inception_score
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local sample = require "gan.metric.sample"

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

--- Adds what a classifier gave for generated images.
-- @param _ features: ignored, for the call that all metrics share
-- @tparam Tensor logits real (N,Y), in the order in which they are to be split
-- @raise if more rows come than were announced
function inception_score:add(_, logits)
  input.rows("inception_score", 2, "logits", logits, self.classes)
  self.classes = core.size(logits, 2)
  if not self.expected then
    self.kept:add(logits)
  else
    local n = self.n + core.size(logits, 1)
    if n > self.expected then return check.fail("inception_score", "n = %d rows were announced, got %d", self.expected, n) end
    spread(self.parts, self.splits, self.expected, self.n, logits)
  end
  self.n = self.n + core.size(logits, 1)
  return self
end

--- The score of each of the contiguous splits: exp of the mean KL of a fake's class distribution from their mean.
-- @treturn number mean over splits, in [1, Y]
-- @treturn table protocol: metric, value, deviation (population, over splits), splits, n_fake, classes; single: the score of all rows as one
--   set, and its logarithm log_single (nats), as Barratt and Sharma would have it
-- @raise if there are fewer rows than splits, or not those that were announced
function inception_score:value()
  local n, parts = self.n, self.parts
  if self.expected and n ~= self.expected then
    return check.fail("inception_score", "n = %d rows were announced, got %d", self.expected, n)
  end
  input.enough("inception_score", "fake", n, self.splits, ("%d splits"):format(self.splits))
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
    metric = "inception_score", value = mean, deviation = deviation, splits = self.splits, n_fake = n, classes = self.classes,
    single = math.exp(all), log_single = all,
  }
end

--- Inception Score of a classifier's logits. For the field's numbers the logits are those of the 2015 Inception without its bias, all 1008 of them;
-- others are not comparable. Rows sorted by class must be shuffled first.
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 4; Barratt and Sharma 2018, arXiv:1801.01973.
-- @tparam[opt] table opt splits = 10; n: the number of rows that will come, so that none are kept (default: logits are kept)
-- @treturn table add(features, logits), value()
return function(opt)
  opt = check.options("inception_score", opt, {splits = 10, n = check.none})
  local splits = check.int("inception_score", 1, "splits", opt.splits, 1)
  local n = opt.n and check.int("inception_score", 1, "n", opt.n, splits)
  return setmetatable({splits = splits, expected = n, n = 0, parts = {}, kept = not n and sample {} or nil}, inception_score)
end
