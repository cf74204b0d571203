--- dropout: zeroes random elements while training.
-- @module gan.nn.dropout
local check = require "gan.check"
local ops = require "gan.ops"
local checks = require "gan.nn.checks"
local module = require "gan.nn.module"

local dropout = module.class "nn.dropout"

--- nn.dropout{p = 0.5, always = false}: while training, each element is 0 with probability p, else x / (1 - p); afterwards x itself,
-- unless always: so a generator draws with it, too (Isola et al. 2017, arXiv:1611.07004, sec. 3.2).
-- The stream of the masks is the layer's own, seeded from gan's default stream, or the one given; `net:streams()` has it.
-- Source: Srivastava et al. 2014, JMLR 15, in its inverted form.
-- @tparam table opt p in [0,1]; always; rng: stream
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
