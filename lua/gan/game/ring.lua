--- The game on Gaussians in the plane (gan.data.ring): any configuration in seconds, counted by modes and quality.
-- @module gan.game.ring
local core = require "gan.core"
local check = require "gan.check"
local loss_room = require "gan.loss"
local loop = require "gan.game.loop"
local models = require "gan.model"
local nn = require "gan.nn"
local penalty = require "gan.penalty"
local points = require "gan.data.ring"
local replay = require "gan.game.replay"
local schedule = require "gan.schedule"
local standard = require "gan.game.standard"

local M = {}

local option = check.option
local BATCH = 1024 -- points drawn at a time

local options = {
  {"modes", "integer", 8, choices = {8, 25}, help = "8 Gaussians on a ring, or 25 on a grid"},
  {"loss", "string", "ns", choices = {"ns", "minimax", "ls", "hinge", "wgan", "ra"}, help = "the adversarial loss"},
  {"penalty", "string", "none", choices = {"none", "r1", "r2", "gp", "dragan", "lecam"}, help = "D's penalty"},
  {"weight", "number", nil, lo = 0, help = "its weight (default: the penalty's own)"},
  {"norm", "string", "none", choices = {"none", "batch", "layer", "spectral"}, help = "D's norm"},
  {"gnorm", "string", "none", choices = {"none", "batch", "layer"}, help = "G's norm"},
  {"minibatch", "string", "none", choices = {"none", "discrimination", "stddev"},
    help = "D's layer that sees the batch as a whole"},
  {"replay", "integer", 0, lo = 0, hi = 1000000, help = "fakes in the pool that D also sees"},
  {"noise", "number", 0, lo = 0, hi = 10, help = "deviation of instance noise"},
  {"init", "string", "default", help = "starting values", choices = {
    "default", "dcgan", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "orthogonal", "gan2014",
  }},
  {"activation", "string", "leaky_relu", help = "of both players' hidden layers", choices = {
    "relu", "leaky_relu", "elu", "selu", "swish", "gelu", "softplus", "sigmoid", "tanh",
  }},
  {"slope", "number", 0.2, lo = 0, hi = 10, help = "the slope of leaky_relu below 0; alpha of elu"},
  {"depth", "integer", 3, lo = 1, hi = 20, help = "hidden layers"},
  {"decay", "integer", 12000, lo = 0, change = true, help = "steps in which the step size falls to 0; 0: it stays"},
  {"simultaneous", "flag", false, help = "both players move at once"},
}

--- Lists the options of a configuration beyond those of every training script, in the form of gan.command.declare.
M.options = options

--- Options of every training script that mean something else here, with their defaults.
M.defaults = {
  batch = 128, z = 4, ngf = 64, ndf = 64, lr = 4e-3, beta1 = 0.5, beta2 = 0.999, dsteps = 1, gsteps = 1, ema_kimg = 64,
  steps = 12000, snap = 4000,
}

-- The kinds of `defaults`.
local function count(default) return option.integer {default = default, lo = 1, hi = 65536} end
local function decay(default) return option.number {default = default, lo = 0, below = 1} end
local kinds = {
  batch = count, z = count, ngf = count, ndf = count, dsteps = count, gsteps = count,
  beta1 = decay, beta2 = decay,
  ema_kimg = function(default) return option.number {default = default, lo = 0} end,
  lr = function(default) return option.number {default = default, above = 0} end,
  steps = function(default) return option.integer {default = default, lo = 1} end,
  snap = function(default) return option.integer {default = default, lo = 0} end,
}

local none = {none = true}

local function penalty_of(config, stream)
  local w = config.weight
  local make = {
    r1 = function() return penalty.r1 {gamma = w, batch_norm = config.norm == "batch"} end,
    r2 = function() return penalty.r2 {gamma = w, batch_norm = config.norm == "batch"} end,
    gp = function() return penalty.gradient {weight = w, rng = stream "penalty"} end,
    dragan = function() return penalty.dragan {weight = w, rng = stream "penalty"} end,
    lecam = function() return penalty.lecam {weight = w} end,
  }
  return make[config.penalty] and {{make[config.penalty](), name = config.penalty}} or {}
end

--- Returns the options of the two nets of a configuration. Cannot fail.
-- @tparam table config  the configuration: fields of `options`
-- @treturn table  of gan.model.mlp.generator
-- @treturn table  of gan.model.mlp.discriminator
function M.nets(config)
  local function shared(norm)
    return {
      dim = 2, norm = norm, activation = config.activation, slope = config.slope, depth = config.depth,
      init = config.init,
    }
  end
  local D = shared(config.norm)
  D.minibatch, D.kernels, D.dims = not none[config.minibatch] and config.minibatch or nil, 16, 4
  return shared(config.gnorm), D
end

--- Returns what gan.game.loop needs of a configuration beside nets and data.
-- @tparam table config  the configuration: fields of `options` and `defaults`
-- @tparam function stream  f(name) -> Stream
-- @treturn table  options of gan.game.loop
-- @raise if a loss or penalty is unknown
function M.rules(config, stream)
  local function rate(lr)
    if config.decay == 0 or type(lr) ~= "number" then return lr end
    return schedule.linear {from = lr, to = 0, steps = config.decay, start = 1, name = "--decay"}
  end
  return {
    lr = {D = rate(config.dlr or config.lr), G = rate(config.glr or config.lr)},
    loss = loss_room.open(config.loss), penalties = penalty_of(config, stream), simultaneous = config.simultaneous,
    noise = config.noise > 0 and config.noise or nil, rng = config.noise > 0 and stream "noise" or nil,
    replay = config.replay > 0 and replay.pool {capacity = config.replay, rng = stream "replay"} or nil,
  }
end

-- What run takes: the options as gan.check has them.
local function known()
  local out = {
    seed = option.integer {default = 0}, every = option.integer {default = 0, lo = 0},
    samples = option.integer {default = 2500, lo = 1}, on_score = option.callable {},
    dlr = option.number {above = 0}, glr = option.number {above = 0},
  }
  for _, d in ipairs(M.options) do
    local name, kind, default = d[1], d[2], d[3]
    if d.choices then
      out[name] = option.word {default = default, table.unpack(d.choices)}
    else
      out[name] = option[kind == "flag" and "boolean" or kind] {default = default, lo = d.lo, hi = d.hi}
    end
  end
  for name, v in pairs(M.defaults) do out[name] = kinds[name](v) end
  return out
end

--- Plays a configuration from the start, in this process; nothing is written.
-- @tparam[opt] table opt
-- @tparam[opt=8] integer opt.modes  8 Gaussians on a ring, or 25 on a grid
-- @tparam[opt="ns"] string opt.loss  as gan.loss.open takes it
-- @tparam[opt="none"] string opt.penalty  D's: "r1", "r2", "gp", "dragan" or "lecam"
-- @tparam[opt] number opt.weight  the penalty's (default: its own)
-- @tparam[opt="none"] string opt.norm  D's: "batch", "layer" or "spectral"
-- @tparam[opt="none"] string opt.gnorm  G's: "batch" or "layer"
-- @tparam[opt="none"] string opt.minibatch  D's layer that sees the batch as a whole: "discrimination" or "stddev"
-- @tparam[opt=0] integer opt.replay  fakes in the pool that D also sees
-- @tparam[opt=0] number opt.noise  deviation of instance noise
-- @tparam[opt="default"] string opt.init  starting values
-- @tparam[opt="leaky_relu"] string opt.activation  of both players' hidden layers
-- @tparam[opt=0.2] number opt.slope  of leaky_relu below 0; alpha of elu
-- @tparam[opt=3] integer opt.depth  hidden layers
-- @tparam[opt=12000] integer opt.decay  steps in which the step size falls to 0; 0: it stays
-- @tparam[opt=false] boolean opt.simultaneous  both players move at once
-- @tparam[opt=128] integer opt.batch  points in a batch
-- @tparam[opt=4] integer opt.z  Z
-- @tparam[opt=64] integer opt.ngf  width of G
-- @tparam[opt=64] integer opt.ndf  width of D
-- @tparam[opt=0.004] number opt.lr  step size of both players
-- @tparam[opt=0.5] number opt.beta1  of Adam
-- @tparam[opt=0.999] number opt.beta2  of Adam
-- @tparam[opt=1] integer opt.dsteps  D's updates in a step
-- @tparam[opt=1] integer opt.gsteps  G's updates in a step
-- @tparam[opt=64] number opt.ema_kimg  half-life of the average of G, in thousands of points; 0: none
-- @tparam[opt=12000] integer opt.steps  length of the game
-- @tparam[opt=4000] integer opt.snap  is not used here
-- @tparam[opt=0] integer opt.seed  of all random numbers
-- @tparam[opt=0] integer opt.every  steps between scores; 0: one at the end
-- @tparam[opt=2500] integer opt.samples  points in a score
-- @tparam[opt] function opt.on_score  f(step, score), called at each of them
-- @tparam[opt] number opt.dlr  D's step size (default: lr)
-- @tparam[opt] number opt.glr  G's (default: lr)
-- @treturn table  the last score (`modes`, `quality`, `kl`, `counts`: gan.data.ring), with `steps`, `seconds`, `curve`
--   (a list of scores with their `step`), and `ring`, `G`, `D`, `ema`
-- @raise if an option is unknown or impossible
function M.run(opt)
  opt = check.options("game.ring.run", opt, known())
  local streams = {}
  local function stream(name)
    streams[name] = streams[name] or core.rng(opt.seed, name)
    return streams[name]
  end
  local ring = points.new {modes = opt.modes}
  local for_G, for_D = M.nets(opt)
  for_G.z, for_G.ngf, for_G.rng, for_D.ndf, for_D.rng = opt.z, opt.ngf, stream "init.G", opt.ndf, stream "init.D"
  local spec = M.rules(opt, stream)
  local G, D = models.mlp.generator(for_G), models.mlp.discriminator(for_D)
  spec.G, spec.D, spec.batch = G, D, ring:batches {batch = opt.batch, seed = opt.seed}
  local game, ema = loop.new(standard(spec, opt, stream)), spec.ema
  local fixed, began, curve = stream "pictures":normal {opt.samples, opt.z}, core.clock(), {}
  local function score(step)
    local s = ring:score(nn.evaluate(G, fixed, nil, {batch = BATCH, average = ema}))
    s.step = step
    if opt.on_score then opt.on_score(step, s) end
    curve[#curve + 1] = s
    return s
  end
  for step = 1, opt.steps do
    game:step(step)
    if opt.every > 0 and step % opt.every == 0 and step < opt.steps then score(step) end
  end
  local result = {
    curve = curve, steps = opt.steps, seconds = core.clock() - began, ring = ring, G = G, D = D, ema = ema,
  }
  for k, v in pairs(score(opt.steps)) do result[k] = v end
  return result
end

return M
