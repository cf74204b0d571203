--- Feature matching: G makes the means of some features of its images those of the data.
-- @module gan.loss.feature_matching
local core = require "gan.core"
local check = require "gan.check"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local NAME = "loss.feature_matching"

local function means(i, name, x)
  check.real(NAME, i, name, x)
  if core.dim(x) < 2 or core.numel(x) == 0 then return check.expected(NAME, i, name, "features (N,...)", x) end
  return reduce.mean(x, 1)
end

--- Makes the loss of feature matching, for G alone: D learns by a loss of its own.
-- The features are (N,...), such as those of a hidden layer of D.
--
--     form "l2": || mean over N of fake - mean over N of real ||^2, the paper's
--     form "l1": mean over the features of |difference|, as the authors' code has it
--
-- A feature's gradient is 2 (difference) / N, or sign(difference) / (N D), which is 0 at 0.
-- Source: Salimans et al. 2016, arXiv:1606.03498, sec. 3.1.
-- @function gan.loss.feature_matching
-- @tparam[opt] table opt
-- @tparam[opt="l2"] string opt.form  "l2" or "l1"
-- @treturn table  `generator`: a function (fake, real) -> scalar, which raises if the features' shapes differ beyond N
-- @raise if an option is unknown or another word
return function(opt)
  local form = check.options(NAME, opt, {form = check.option.word {"l2", "l1", default = "l2"}}).form
  return {generator = function(fake, real)
    local f, r = means(1, "fake", fake), means(2, "real", real)
    if check.shape_string(core.shape(r)) ~= check.shape_string(core.shape(f)) then
      return check.fail(NAME, "the features of one image differ: fake %s, real %s", check.found(fake),
        check.found(real))
    end
    local d = pointwise.sub(f, r)
    return form == "l2" and reduce.sum(pointwise.square(d)) or reduce.mean(pointwise.abs(d))
  end}
end
