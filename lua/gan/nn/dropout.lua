--- dropout: zeroes random elements while training.
-- @module gan.nn.dropout
local check = require "gan.check"
local ops = require "gan.ops"
local checks = require "gan.nn.checks"
local module = require "gan.nn.module"

local dropout = module.class "nn.dropout"

--- Makes a layer that zeroes random elements in training, and scales the others by 1 / (1 - p). With `always` it does
-- so in evaluation, too: a generator then draws with it (Isola et al. 2017, arXiv:1611.07004, sec. 3.2).
-- Source: Srivastava et al. 2014, JMLR 15.  Differs: inverted, so evaluation is the identity.
-- @function gan.nn.dropout
-- @tparam[opt] table opt
-- @tparam[opt=0.5] number opt.p  probability of a zero, in [0,1]
-- @tparam[opt=false] boolean opt.always  drops in evaluation, too
-- @tparam[opt] Stream opt.rng  of the masks (default: one of the layer's own, seeded from gan's default stream)
-- @treturn Module  any shape -> the same
-- @raise if an option is unknown or out of range
function dropout:init(opt)
  opt = check.options("nn.dropout", opt, {p = 0.5, always = false, rng = check.none})
  self.p = checks.number("nn.dropout", "p", opt.p, 0, 1)
  self.always = checks.boolean("nn.dropout", "always", opt.always)
  self.rng = checks.own_stream("nn.dropout", opt.rng)
end

function dropout:forward(x)
  if not (self.training or self.always) or self.p == 0 then return x end
  return (ops.dropout(x, self.p, self.rng))
end

function dropout.shape(_, s) return s end

function dropout:describe() return ("dropout %g%s"):format(self.p, self.always and ", always" or "") end

return {dropout = dropout}
