--- Feature matching: G makes the means of some features of its samples those of the data.
-- @module gan.loss.feature_matching
local core = require "gan.core"
local check = require "gan.check"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local function means(i, name, x)
  check.real("feature_matching", i, name, x)
  if core.dim(x) < 2 or core.numel(x) == 0 then return check.expected("feature_matching", i, name, "features (N,...)", x) end
  return reduce.mean(x, 1)
end

--- generator(fake, real) of features (N,...), such as those of a hidden layer of D; D learns by a loss of its own.
--   form "l2": || mean over N of fake - mean over N of real ||^2, the paper's; gradient 2 (difference) / N for each feature
--   form "l1": mean over the features of |difference|, what the authors' code has; gradient sign(difference) / (N D), 0 at 0
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 3.1.
-- @tparam[opt] table opt form = "l2"
-- @treturn table generator: a function -> scalar
-- @raise if the features' shapes differ beyond N
return function(opt)
  opt = check.options("feature_matching", opt, {form = "l2"})
  if opt.form ~= "l2" and opt.form ~= "l1" then return check.expected("feature_matching", 1, "form", "'l2' or 'l1'", opt.form) end
  return {generator = function(fake, real)
    local f, r = means(1, "fake", fake), means(2, "real", real)
    local want = check.shape_string(core.shape(f))
    if check.shape_string(core.shape(r)) ~= want then
      return check.fail("feature_matching", "the features of one sample differ: fake %s, real %s", check.found(fake), check.found(real))
    end
    local d = pointwise.sub(f, r)
    return opt.form == "l2" and reduce.sum(pointwise.square(d)) or reduce.mean(pointwise.abs(d))
  end}
end
