--- The game on Gaussians in the plane (gan.data.ring): any configuration in seconds, counted by modes and quality.
-- @module gan.game.ring
local core = require "gan.core"
local check = require "gan.check"
local choice = require "gan.game.choice"
local loop = require "gan.game.loop"
local models = require "gan.model"
local nn = require "gan.nn"
local points = require "gan.data.ring"
local replay = require "gan.game.replay"
local schedule = require "gan.schedule"
local standard = require "gan.game.standard"

local M = {}

local option = check.option
local BATCH = 1024 -- points drawn at a time
local GAMMA = 40 -- of R1 and R2, times a mode's variance: large ones find all modes, small ones are sharp

local options = {
  {"modes", "integer", 8, choices = {8, 25}, help = "8 Gaussians on a ring, or 25 on a grid"},
}
local function add(list)
  for _, d in ipairs(list) do options[#options + 1] = d end
end
add(choice.list {
  net = false, loss = "rp", penalty = "r1_r2",
  gamma = {help = "the penalty's weight (default: of r1, r2 and r1_r2 40 times a mode's variance; else its own)"},
  norm = {choices = {"none", "batch", "layer", "spectral"}},
})
add {
  {"gnorm", "string", "none", choices = {"none", "batch", "layer"}, help = "G's norm"},
  {"replay", "integer", 0, lo = 0, hi = 1000000, help = "fakes in the pool that D also sees"},
  {"noise", "number", 0, lo = 0, hi = 10, help = "deviation of instance noise"},
  {"init", "string", "default", help = "starting values", choices = {
    "default", "dcgan", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "orthogonal", "gan2014",
  }},
  {"activation", "string", "tanh", help = "of both players' hidden layers", choices = {
    "relu", "leaky_relu", "elu", "selu", "swish", "gelu", "softplus", "sigmoid", "tanh",
  }},
  {"slope", "number", 0.2, lo = 0, hi = 10, help = "the slope of leaky_relu below 0; alpha of elu"},
  {"depth", "integer", 3, lo = 1, hi = 20, help = "hidden layers"},
  {"decay", "integer", 0, lo = 0, change = true,
    help = "steps in which a step size that is a number falls to 0; 0: it stays"},
  {"simultaneous", "flag", false, help = "both players move at once"},
}

--- Holds the plain GAN's options, where they differ from the defaults: it misses modes.
M.classic = {
  loss = "ns", penalty = "none", activation = "leaky_relu", z = 4, ngf = 64, ndf = 64, lr = 4e-3, beta1 = 0.5,
  beta2 = 0.999, decay = 12000, steps = 12000,
}

--- Lists the options of a configuration beyond those of every training script, in the form of gan.command.declare.
M.options = options

--- Options of every training script that mean something else here, with their defaults.
M.defaults = {
  batch = 128, z = 2, ngf = 128, ndf = 128, lr = "cosine:4e-3:0", beta1 = 0, beta2 = 0.99, dsteps = 1, gsteps = 1,
  ema_kimg = 64, steps = 10000, snap = 2500,
}

-- The kinds of `defaults`.
local function count(default) return option.integer {default = default, lo = 1, hi = 65536} end
local function varies(default)
  return option.where {
    default = default, expected = "a number, f(step) -> one, or the text of a schedule",
    accept = function(v) return (type(v) == "number" or type(v) == "string" or check.callable(v)) and v or nil end,
  }
end
local VARYING = {lr = true, dlr = true, glr = true, beta1 = true, beta2 = true, gamma = true, ema_kimg = true}
local kinds = {
  batch = count, z = count, ngf = count, ndf = count, dsteps = count, gsteps = count,
  beta1 = varies, beta2 = varies, lr = varies, ema_kimg = varies,
  steps = function(default) return option.integer {default = default, lo = 1} end,
  snap = function(default) return option.integer {default = default, lo = 0} end,
}

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
  D.pack = config.pack
  if config.minibatch ~= "none" then D.minibatch, D.kernels, D.dims = config.minibatch, 16, 4 end
  return shared(config.gnorm), D
end

--- Returns what gan.game.loop needs of a configuration beside nets and data.
-- @tparam table config  the configuration: fields of `options` and `defaults`, schedules as functions
-- @tparam function stream  f(name) -> Stream
-- @treturn table  options of gan.game.loop
-- @raise if a loss or penalty is unknown
function M.rules(config, stream)
  local function rate(lr)
    if config.decay == 0 or type(lr) ~= "number" then return lr end
    return schedule.linear {from = lr, to = 0, steps = config.decay, start = 1, name = "--decay"}
  end
  local how = {}
  for _, name in ipairs {"loss", "penalty", "gamma", "lazy", "norm", "pack"} do how[name] = config[name] end
  if how.gamma == nil and how.penalty:find "^r[12]" then
    how.gamma = GAMMA * points.new {modes = config.modes}.sigma ^ 2
  end
  local rules = choice.rules(how, stream)
  rules.lr = {D = rate(config.dlr or config.lr), G = rate(config.glr or config.lr)}
  rules.simultaneous, rules.noise = config.simultaneous, config.noise > 0 and config.noise or nil
  rules.rng = rules.noise and stream "noise"
  rules.replay = config.replay > 0 and replay.pool {capacity = config.replay, rng = stream "replay"} or nil
  return rules
end

-- What run takes: the options as gan.check has them.
local function known()
  local out = {
    seed = option.integer {default = 0}, every = option.integer {default = 0, lo = 0},
    samples = option.integer {default = 2500, lo = 1}, on_score = option.callable {},
    pack = option.integer {default = 1, lo = 1},
    dlr = varies(), glr = varies(),
  }
  for _, d in ipairs(M.options) do
    local name, kind, default = d[1], d[2], d[3]
    if d.choices then
      out[name] = option.word {default = default, table.unpack(d.choices)}
    elseif kind == "schedule" then
      out[name] = varies(default)
    else
      out[name] = option[kind == "flag" and "boolean" or kind] {default = default, lo = d.lo, hi = d.hi}
    end
  end
  for name, v in pairs(M.defaults) do out[name] = kinds[name](v) end
  return out
end

--- Plays a configuration from the start, in this process; nothing is written.
-- What may be a schedule is a number, f(step) -> one, or a text for gan.schedule.open.
-- @tparam[opt] table opt
-- @tparam[opt=8] integer opt.modes  8 Gaussians on a ring, or 25 on a grid
-- @tparam[opt="rp"] string opt.loss  as gan.loss.open takes it
-- @tparam[opt="r1_r2"] string opt.penalty  D's: "none", or one of gan.game.choice.penalties
-- @tparam[opt] number|function|string opt.gamma  its weight (default: of R1 and R2 40 times a mode's variance; else
--   its own)
-- @tparam[opt=1] integer opt.lazy  takes it at every so many-th update of D only
-- @tparam[opt="none"] string opt.norm  D's: "batch", "layer" or "spectral"
-- @tparam[opt="none"] string opt.gnorm  G's: "batch" or "layer"
-- @tparam[opt="none"] string opt.minibatch  D's layer that sees the batch as a whole: "discrimination" or "stddev"
-- @tparam[opt=1] integer opt.pack  D judges so many points at once
-- @tparam[opt=0] integer opt.replay  fakes in the pool that D also sees
-- @tparam[opt=0] number opt.noise  deviation of instance noise
-- @tparam[opt="default"] string opt.init  starting values
-- @tparam[opt="tanh"] string opt.activation  of both players' hidden layers
-- @tparam[opt=0.2] number opt.slope  of leaky_relu below 0; alpha of elu
-- @tparam[opt=3] integer opt.depth  hidden layers
-- @tparam[opt=0] integer opt.decay  steps in which a step size that is a number falls to 0; 0: it stays
-- @tparam[opt=false] boolean opt.simultaneous  both players move at once
-- @tparam[opt=128] integer opt.batch  points in a batch, or packs
-- @tparam[opt=2] integer opt.z  Z
-- @tparam[opt=128] integer opt.ngf  width of G
-- @tparam[opt=128] integer opt.ndf  width of D
-- @tparam[opt="cosine:4e-3:0"] number|function|string opt.lr  step size of both players
-- @tparam[opt=0] number|function|string opt.beta1  of Adam
-- @tparam[opt=0.99] number|function|string opt.beta2  of Adam
-- @tparam[opt=1] integer opt.dsteps  D's updates in a step
-- @tparam[opt=1] integer opt.gsteps  G's updates in a step
-- @tparam[opt=64] number|function|string opt.ema_kimg  half-life of the average of G, in thousands of points; 0: none
-- @tparam[opt=10000] integer opt.steps  length of the game
-- @tparam[opt=2500] integer opt.snap  is not used here
-- @tparam[opt=0] integer opt.seed  of all random numbers
-- @tparam[opt=0] integer opt.every  steps between scores; 0: one at the end
-- @tparam[opt=2500] integer opt.samples  points in a score
-- @tparam[opt] function opt.on_score  f(step, score), called at each of them
-- @tparam[opt] number|function|string opt.dlr  D's step size (default: lr)
-- @tparam[opt] number|function|string opt.glr  G's (default: lr)
-- @treturn table  the last score (`modes`, `quality`, `kl`, `counts`: gan.data.ring), with `steps`, `seconds`, `curve`
--   (a list of scores with their `step`), and `ring`, `G`, `D`, `ema`
-- @raise if an option is unknown or impossible
function M.run(opt)
  opt = check.options("game.ring.run", opt, known())
  for name, v in pairs(opt) do
    local open = type(v) == "string" and VARYING[name]
    if open then opt[name] = schedule.open(v, {steps = opt.steps, batch = opt.batch, name = name}) end
  end
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
  spec.G, spec.D, spec.batch = G, D, ring:batches {batch = opt.batch * opt.pack, seed = opt.seed}
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
