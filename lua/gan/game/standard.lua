--- What most games have in common, from a few options: Adam for both players, an average of G, normal latent vectors.
-- @module gan.game.standard
local core = require "gan.core"
local check = require "gan.check"
local loss = require "gan.loss"
local optim = require "gan.optim"
local schedule = require "gan.schedule"

local option = check.option
local NAME = "game.standard"

local rate, decay = option.number {lo = 0}:varying(), option.number {lo = 0, hi = 1}:varying()
local known = {
  z = option.integer {lo = 1}, lr = rate, dlr = rate, glr = rate, beta1 = decay, beta2 = decay,
  batch = option.integer {default = 64, lo = 1}, pack = option.integer {default = 1, lo = 1},
  dsteps = option.integer {default = 1, lo = 1}, gsteps = option.integer {default = 1, lo = 1},
  ema_kimg = option.number {default = 0, lo = 0}:varying(), from = option.string {},
}

local RAMP = 0.05 -- an average's half-life is at most so large a part of the images seen (StyleGAN2-ADA)

-- The average's decay, for a half-life in thousands of images. One that begins as another run's average has nothing to
-- forget in a hurry: no ramp.
local function decay_of(kimg, batch, from)
  local images = type(kimg) == "number" and 1000 * kimg or function(step) return 1000 * kimg(step) end
  return schedule.half_life {images = images, batch = batch, ramp = not from and RAMP or nil}
end

--- Fills in what the options of a loop lack; what is there stays.
-- @function gan.game.standard
-- @tparam table spec  options of gan.game.loop, with G and D; changed in place
-- @tparam table opt  such as a run's options; fields of other names are not looked at
-- @tparam[opt] integer opt.z  Z, where spec has no latent
-- @tparam[opt] number|function opt.lr  step size of both players (default: Adam's), or f(step) -> one
-- @tparam[opt] number|function opt.dlr  D's own
-- @tparam[opt] number|function opt.glr  G's own
-- @tparam[opt] number|function opt.beta1  of Adam (default: its own)
-- @tparam[opt] number|function opt.beta2  of Adam (default: its own)
-- @tparam[opt=0] number|function opt.ema_kimg  half-life of the average of G, in thousands of images, or `f(step)`;
--   at first a twentieth of the images seen; 0: no average
-- @tparam[opt] string opt.from  the networks and the average began as those of this run: the half-life is whole at once
-- @tparam[opt=64] integer opt.batch  images of a step, or packs, for ema_kimg
-- @tparam[opt=1] integer opt.pack  images that D judges as one
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
  spec.pack = known.pack:check(NAME, "pack", spec.pack or opt.pack)
  spec.dsteps, spec.gsteps = spec.dsteps or opt.dsteps, spec.gsteps or opt.gsteps
  if opt.ema_kimg ~= 0 then
    if spec.ema == nil then spec.ema = optim.ema(spec.G) end
    spec.ema_decay = spec.ema_decay or decay_of(opt.ema_kimg, opt.batch * spec.pack, opt.from)
  end
  if not spec.latent then
    local size, z = known.z:check(NAME, "z", opt.z), stream "z"
    if not core.is_rng(z) then
      return check.fail(NAME, "stream must return a random stream (gan.rng), returned %s", check.found(z))
    end
    spec.latent = function(n) return z:normal {n, size} end
  end
  return spec
end
