--- What most games have in common, from a few options: Adam for both players, an average of G, normal latent vectors.
-- @module gan.game.standard
local core = require "gan.core"
local check = require "gan.check"
local loss = require "gan.loss"
local optim = require "gan.optim"
local schedule = require "gan.schedule"

local option = check.option
local NAME = "game.standard"

local rate, decay = option.number {lo = 0}, option.number {lo = 0, hi = 1}
local known = {
  z = option.integer {lo = 1}, lr = rate, dlr = rate, glr = rate, beta1 = decay, beta2 = decay,
  ema = option.number {default = 0, lo = 0, hi = 1}, dsteps = option.integer {default = 1, lo = 1},
  gsteps = option.integer {default = 1, lo = 1},
}

--- Fills in what the options of a loop lack; what is there stays.
-- @function gan.game.standard
-- @tparam table spec  options of gan.game.loop, with G and D; changed in place
-- @tparam table opt  such as a run's options; fields of other names are not looked at
-- @tparam[opt] integer opt.z  Z, where spec has no latent
-- @tparam[opt] number opt.lr  step size of both players (default: Adam's)
-- @tparam[opt] number opt.dlr  D's own
-- @tparam[opt] number opt.glr  G's own
-- @tparam[opt] number opt.beta1  of Adam (default: its own)
-- @tparam[opt] number opt.beta2  of Adam (default: its own)
-- @tparam[opt=0] number opt.ema  decay of the average of G's weights, which begins as a mean; 0: none
-- @tparam[opt=1] integer opt.dsteps
-- @tparam[opt=1] integer opt.gsteps
-- @tparam function stream  f(name) -> Stream; "z" is asked for
-- @tparam[opt] function optimiser  f(params, "D" or "G") -> optimiser, in the place of Adam
-- @treturn table  spec
-- @raise if G or D is missing, or a number is out of range
return function(spec, opt, stream, optimiser)
  for _, name in ipairs {"G", "D"} do
    if type(spec[name]) ~= "table" then
      return check.fail(NAME, "option '%s': expected a net, got %s", name, check.found(spec[name]))
    end
  end
  local own = {}
  for name in pairs(known) do own[name] = opt[name] end
  opt = check.options(NAME, own, known)
  optimiser = optimiser or function(params, player)
    local lr = opt[player == "D" and "dlr" or "glr"] or opt.lr
    return optim.adam(params, {lr = lr, beta1 = opt.beta1, beta2 = opt.beta2})
  end
  spec.loss = spec.loss or loss.logistic()
  spec.optG = spec.optG or optimiser(spec.G:params(), "G")
  spec.optD = spec.optD or optimiser(spec.D:params(), "D")
  spec.dsteps, spec.gsteps = spec.dsteps or opt.dsteps, spec.gsteps or opt.gsteps
  if spec.ema == nil and opt.ema > 0 then spec.ema = optim.ema(spec.G:params(), {decay = opt.ema}) end
  spec.ema_decay = spec.ema_decay or schedule.young {decay = opt.ema}
  if not spec.latent then
    local size, z = known.z:check(NAME, "z", opt.z), stream "z"
    if not core.is_rng(z) then
      return check.fail(NAME, "stream must return a random stream (gan.rng), returned %s", check.found(z))
    end
    spec.latent = function(n) return z:normal {n, size} end
  end
  return spec
end
