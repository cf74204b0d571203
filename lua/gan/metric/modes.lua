--- Modes: how many of all kinds of pictures there are among the fakes, and how unevenly.
-- @module gan.metric.modes
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"

local option = check.option
local NAME = "metric.modes"
local FAR = 40 -- deviations from the mean, beyond which a count of a fair draw adds nothing

local modes = {}
modes.__index = modes

--- Takes in the kinds of some fakes.
-- @tparam Tensor kinds  i32 (N), each 0..modes-1: such as a classifier's answers
-- @treturn table  the metric
-- @raise naming the row that is out of range
function modes:add(kinds)
  if not (core.is_tensor(kinds) and core.dtype(kinds) == "i32" and core.dim(kinds) == 1) then
    return check.expected(NAME, 1, "kinds", "an i32 tensor (N)", kinds)
  end
  local list = core.to_table(kinds)
  for i, k in ipairs(list) do
    if k < 0 or k >= self.modes then
      return check.fail(NAME, "bad argument #1 'kinds' (expected kinds in 0..%d, got %d in row %d)", self.modes - 1, k,
        i)
    end
  end
  for _, k in ipairs(list) do self.counts[k] = (self.counts[k] or 0) + 1 end
  self.n = self.n + #list
  return self
end

-- What n fair draws from so many modes give on average: modes that are there, divergence. A mode's count is binomial.
local function fair(n, count)
  local p, mean, sum = 1 / count, n / count, 0
  local log_p = n * math.log(1 - p) -- of the count k
  local none = math.exp(log_p)
  for k = 1, math.min(n, math.ceil(mean + FAR * math.sqrt(mean) + FAR)) do
    log_p = log_p + math.log((n - k + 1) / k) + math.log(p / (1 - p))
    sum = sum + math.exp(log_p) * k / n * math.log(k / mean)
  end
  return count * (1 - none), count * sum
end

--- Returns how many kinds there are.
-- @treturn number
-- @treturn table  protocol: metric, value, n_fake, of (modes that there are); kl: the divergence of the fakes' kinds
--   from the uniform ones, sum p log(p modes), in nats; fair: `modes` and `kl` that as many fair draws have on average,
--   which is the best to be hoped for; counts: kind, from 0 -> how many fakes, where there are any
-- @raise if there are no fakes
function modes:value()
  input.enough(NAME, "fake", self.n, 1, "a count")
  local found, kl = 0, 0
  for kind = 0, self.modes - 1 do
    local p = (self.counts[kind] or 0) / self.n
    if p > 0 then found, kl = found + 1, kl + p * math.log(p * self.modes) end
  end
  local there, divergence = fair(self.n, self.modes)
  return input.answer {
    metric = "modes", value = found, n_fake = self.n, of = self.modes, kl = kl, fair = {modes = there, kl = divergence},
    counts = self.counts,
  }
end

--- Counts the modes that fakes cover, where it is known which there are: digits, or all stacks of three (Stacked-MNIST:
-- 1,000 modes, 26,000 fakes, whose fair draws have a divergence of 0.0193).
-- Source: Metz et al. 2017, arXiv:1611.02163, sec. 3.3.1; Srivastava et al. 2017, arXiv:1705.07761, sec. 4.
-- @function gan.metric.modes
-- @tparam table opt
-- @tparam integer opt.modes  how many there are, from 2
-- @treturn table  `add(kinds)`, `value()`
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, {modes = option.integer {required = true, lo = 2, hi = 1 << 24}})
  return setmetatable({modes = opt.modes, n = 0, counts = {}}, modes)
end
