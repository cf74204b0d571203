--- noise: adds normal numbers to what passes.
-- @module gan.nn.noise
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local checks = require "gan.nn.checks"
local module = require "gan.nn.module"

local noise = module.class "nn.noise"

--- nn.noise{std = 0.1, always = false}: x + std n, n from N(0, 1), new at each call; after training x itself, unless always.
-- At D's input it is instance noise (Sonderby et al. 2016, arXiv:1610.04490): set the field `std` to let it fade. Between layers of D, Zhao et
-- al. 2016, arXiv:1609.03126. The stream is the layer's own, seeded from gan's default stream, or the one given; `net:streams()` has it.
-- @tparam table opt std >= 0; always; rng: stream
function noise:init(opt)
  opt = check.options("nn.noise", opt, {std = 0.1, always = false, rng = check.none})
  self.std = checks.number("nn.noise", "std", opt.std, 0)
  self.always = checks.boolean("nn.noise", "always", opt.always)
  self.rng = checks.own_stream("nn.noise", opt.rng)
end

function noise:forward(x)
  self:check_input(x)
  local std = self.std
  if type(std) ~= "number" or std ~= std or std < 0 then return self:fail("field 'std': expected a number >= 0, got %s", check.found(std)) end
  if not (self.training or self.always) or std == 0 then return x end
  return ops.add(x, self.rng:normal(core.shape(x), 0, std))
end

function noise.shape(_, s) return s end

function noise:describe() return ("noise %g%s"):format(self.std, self.always and ", always" or "") end

return {noise = noise}
