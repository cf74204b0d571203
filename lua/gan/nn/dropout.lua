--- dropout: zeroes random elements while training.
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local dropout = module.layer "dropout"

--- nn.dropout{p = 0.5}: while training, each element is 0 with probability p, else x / (1 - p); afterwards x itself.
-- The stream of the masks is the layer's own, seeded from gan's default stream, or the one given; `net:streams()` has it.
-- Source: Srivastava et al. 2014, JMLR 15, in its inverted form.
-- @tparam table opt p in [0,1]; rng: stream
function dropout:init(opt)
  opt = check.options("nn.dropout", opt, {p = 0.5, rng = check.none})
  self.p = module.number("nn.dropout", "p", opt.p, 0, 1)
  local from = module.stream("nn.dropout", opt.rng)
  self.rng = opt.rng or core.rng(core.item(from:integer({}, 0, 2147483647)), "dropout")
end

function dropout:forward(x)
  if not self.training or self.p == 0 then return x end
  return (ops.dropout(x, self.p, self.rng))
end

function dropout.shape(_, s) return s end

function dropout:describe() return ("dropout %g"):format(self.p) end

return {dropout = dropout}
