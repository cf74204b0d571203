--- dropout: zeroes random elements while training.
-- @module gan.nn.dropout
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

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
  opt = check.options("nn.dropout", opt, {
    p = option.number {default = 0.5, lo = 0, hi = 1}, always = option.boolean {default = false},
    rng = option.stream {},
  })
  self.p, self.always, self.rng = opt.p, opt.always, opt.rng or module.new_stream "dropout"
end

function dropout:forward(x)
  if not (self.training or self.always) or self.p == 0 then return x end
  return (ops.dropout(x, self.p, self.rng))
end

function dropout.shape(_, s) return s end

function dropout:describe() return ("dropout %g%s"):format(self.p, self.always and ", always" or "") end

return {dropout = dropout}
