--- The loss of attributes: D also tells which of several labels an image has.
-- @module gan.loss.attributes
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.loss.base"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local option = check.option

local NAME = "loss.attributes"
local RAREST = 10 -- the largest weight of a label

local function weights_of(counts, n)
  local list = {}
  for k, count in ipairs(counts) do
    if type(count) ~= "number" or count < 0 or count > n then
      return check.fail(NAME, "option 'counts': expected numbers in 0..%d, got %s at entry %d", n, check.found(count),
        k)
    end
    list[k] = count > 0 and math.min(RAREST, (n - count) / count) or RAREST
  end
  return core.tensor(list)
end

--- Makes the binary cross entropy of the logits of Y labels, each of which an image has or has not, to be added to an
-- adversarial loss: D's on real images and their labels, G's on generated ones and those that they were made for.
--
--     sum: mean over N of the sum over labels; mean: over both. One label: w y softplus(-l) + (1 - y) softplus(l)
--
-- With `counts`, how many of `of` images have each label, a rare label has the weight w = (of - count) / count, at most
-- 10; without, 1.
-- Source: Choi et al. 2018, arXiv:1711.09020, eqs. 2 and 3.
-- @function gan.loss.attributes
-- @tparam[opt] table opt
-- @tparam[opt="sum"] string opt.form  "sum" or "mean"
-- @tparam[opt] table opt.counts  list of Y numbers
-- @tparam[opt] integer opt.of  images in all; needed with counts
-- @treturn table  `real`, `generator`: functions (logits (N,Y), y (N,Y) of 0 and 1) -> scalar, nats
-- @raise if an option is unknown or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    form = option.word {"sum", "mean", default = "sum"}, counts = option.table {}, of = option.integer {lo = 1},
  })
  if opt.counts and not opt.of then
    return check.fail(NAME, "option 'counts': needs the option 'of', how many images there are")
  end
  local weights = opt.counts and weights_of(opt.counts, opt.of)
  local function loss(logits, y)
    check.real(NAME, 1, "logits", base.logits(NAME, 1, "logits", logits), 2)
    check.real(NAME, 2, "y", y, 2)
    local s = core.shape(logits)
    if check.shape_string(s) ~= check.shape_string(core.shape(y)) or weights and core.size(weights, 1) ~= s[2] then
      return check.fail(NAME, "expected logits and y (N,Y)%s, got %s and %s",
        weights and (" of %s"):format(check.count(core.size(weights, 1), "label")) or "", check.found(logits),
        check.found(y))
    end
    local has = pointwise.mul(pointwise.softplus(pointwise.neg(logits)), y)
    local lacks = pointwise.mul(pointwise.softplus(logits), pointwise.sub(1, y))
    local mean = reduce.mean(pointwise.add(weights and pointwise.mul(has, weights) or has, lacks))
    return opt.form == "sum" and pointwise.mul(mean, s[2]) or mean
  end
  return {real = loss, generator = loss}
end
