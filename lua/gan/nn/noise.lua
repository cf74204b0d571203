--- noise: adds normal numbers to what passes.
-- @module gan.nn.noise
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

local noise = module.class "nn.noise"

--- Makes a layer that adds normal numbers in training: x + std n, n from N(0, 1), new at each call. At D's input it is
-- instance noise (Sonderby et al. 2016, arXiv:1610.04490): set the field `std` to let it fade. Between layers of D:
-- Zhao et al. 2016, arXiv:1609.03126.
-- @function gan.nn.noise
-- @tparam[opt] table opt
-- @tparam[opt=0.1] number opt.std  >= 0
-- @tparam[opt=false] boolean opt.always  adds in evaluation, too
-- @tparam[opt] Stream opt.rng  of the noise (default: one of the layer's own, seeded from gan's default stream)
-- @treturn Module  (N,...) -> (N,...)
-- @raise if an option is unknown or out of range
function noise:init(opt)
  opt = check.options("nn.noise", opt, {
    std = option.number {default = 0.1, lo = 0}, always = option.boolean {default = false}, rng = option.stream {},
  })
  self.std, self.always, self.rng = opt.std, opt.always, opt.rng or module.new_stream "noise"
end

function noise:forward(x)
  self:check_input(x)
  local std = self.std
  if type(std) ~= "number" or std ~= std or std < 0 then
    return self:fail("field 'std': expected a number >= 0, got %s", check.found(std))
  end
  if not (self.training or self.always) or std == 0 then return x end
  return ops.add(x, self.rng:normal(core.shape(x), 0, std))
end

function noise.shape(_, s) return s end

function noise:describe() return ("noise %g%s"):format(self.std, self.always and ", always" or "") end

return {noise = noise}
