--- The game on Gaussians in the plane (gan.data.ring): any configuration in seconds, counted by modes and quality.
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

-- The options of a configuration beyond those of every training script, in their form (gan.train.options).
M.options = {
  {"modes", "integer", 8, choices = {8, 25}, help = "8 Gaussians on a ring, or 25 on a grid"},
  {"loss", "string", "ns", choices = {"ns", "minimax", "ls", "hinge", "wgan", "ra"}, help = "the adversarial loss"},
  {"penalty", "string", "none", choices = {"none", "r1", "r2", "gp", "dragan", "lecam"}, help = "D's penalty"},
  {"weight", "number", nil, lo = 0, help = "its weight (default: the penalty's own)"},
  {"norm", "string", "none", choices = {"none", "batch", "layer", "spectral"}, help = "D's norm"},
  {"gnorm", "string", "none", choices = {"none", "batch", "layer"}, help = "G's norm"},
  {"minibatch", "string", "none", choices = {"none", "discrimination", "stddev"}, help = "D's layer that sees the batch as a whole"},
  {"replay", "integer", 0, lo = 0, hi = 1000000, help = "fakes in the pool that D also sees"},
  {"noise", "number", 0, lo = 0, hi = 10, help = "deviation of instance noise"},
  {"init", "string", "default", choices = {"default", "dcgan", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "orthogonal", "gan2014"},
    help = "starting values"},
  {"activation", "string", "leaky_relu", choices = {"relu", "leaky_relu", "elu", "selu", "swish", "gelu", "softplus", "sigmoid", "tanh"},
    help = "of both players' hidden layers"},
  {"slope", "number", 0.2, lo = 0, hi = 10, help = "the slope of leaky_relu below 0; alpha of elu"},
  {"depth", "integer", 3, lo = 1, hi = 20, help = "hidden layers"},
  {"decay", "integer", 12000, lo = 0, help = "steps in which the step size falls to 0; 0: it stays"},
  {"simultaneous", "flag", false, help = "both players move at once"},
}

--- Options of every training script that mean something else here, with their defaults.
M.defaults = {batch = 128, z = 4, ngf = 64, ndf = 64, lr = 4e-3, beta1 = 0.5, beta2 = 0.999, dsteps = 1, gsteps = 1, ema = 0.999, steps = 12000,
  snap = 4000}

local none = {none = true}

local function penalty_of(opt, stream)
  local w = opt.weight
  local make = {
    r1 = function() return penalty.r1 {gamma = w} end, r2 = function() return penalty.r2 {gamma = w} end,
    gp = function() return penalty.gradient {weight = w, rng = stream "penalty"} end,
    dragan = function() return penalty.dragan {weight = w, rng = stream "penalty"} end, lecam = function() return penalty.lecam {weight = w} end,
  }
  return make[opt.penalty] and {{make[opt.penalty](), name = opt.penalty}} or {}
end

--- Options of the two nets, gan.model.mlp: G's and D's.
function M.nets(opt)
  local G = {dim = 2, norm = opt.gnorm, activation = opt.activation, slope = opt.slope, depth = opt.depth, init = opt.init}
  local D = {dim = 2, norm = opt.norm, activation = opt.activation, slope = opt.slope, depth = opt.depth, init = opt.init,
    minibatch = not none[opt.minibatch] and opt.minibatch or nil, kernels = 16, dims = 4}
  return G, D
end

--- What gan.game.loop needs of a configuration beside nets and data.
-- @tparam table opt
-- @tparam function stream name -> random stream
function M.rules(opt, stream)
  local function rate(lr) return opt.decay > 0 and schedule.linear {from = lr, to = 0, steps = opt.decay, start = 1} or lr end
  return {
    lr = {D = rate(opt.dlr or opt.lr), G = rate(opt.glr or opt.lr)},
    loss = loss_room.open(opt.loss), penalties = penalty_of(opt, stream), simultaneous = opt.simultaneous,
    noise = opt.noise > 0 and opt.noise or nil, rng = opt.noise > 0 and stream "noise" or nil,
    replay = opt.replay > 0 and replay.pool {capacity = opt.replay, rng = stream "replay"} or nil,
  }
end

--- Plays a configuration from the start, in this process; nothing is written.
-- @tparam[opt] table opt the fields of M.options and M.defaults, and dlr, glr (default: lr); seed = 0; every = 0: steps between scores;
--   samples = 2500: of a score; on_score: f(step, score), called at each of them
-- @treturn table the last score (modes, quality, kl, counts: gan.data.ring), with steps, seconds, curve (a list of scores with their step), and
--   ring, G, D, ema
-- @raise on unknown or impossible options
function M.run(opt)
  local known = {seed = 0, every = 0, samples = 2500, on_score = check.none, dlr = check.none, glr = check.none}
  for _, d in ipairs(M.options) do
    if d[3] == nil then known[d[1]] = check.none else known[d[1]] = d[3] end
  end
  for name, v in pairs(M.defaults) do known[name] = v end
  opt = check.options("game.ring", opt, known)
  for _, d in ipairs(M.options) do
    local fits = not d.choices
    for _, c in ipairs(d.choices or {}) do fits = fits or c == opt[d[1]] end
    if not fits then return check.expected("game.ring", 1, d[1], "one of " .. table.concat(d.choices, ", "), opt[d[1]]) end
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
  spec.G, spec.D, spec.batch = G, D, ring:batches {batch = opt.batch, seed = opt.seed}
  local game, ema = loop.new(standard(spec, opt, stream)), spec.ema
  local fixed, began, result = stream "pictures":normal {opt.samples, opt.z}, core.clock(), {curve = {}}
  local function score(step)
    local s = ring:score(nn.evaluate(G, fixed, nil, {batch = 1024, average = ema}))
    s.step = step
    if opt.on_score then opt.on_score(step, s) end
    return s
  end
  for step = 1, opt.steps do
    game:step(step)
    if opt.every > 0 and step % opt.every == 0 and step < opt.steps then result.curve[#result.curve + 1] = score(step) end
  end
  local last = score(opt.steps)
  result.curve[#result.curve + 1] = last
  for k, v in pairs(last) do result[k] = v end
  result.steps, result.seconds, result.ring, result.G, result.D, result.ema = opt.steps, core.clock() - began, ring, G, D, ema
  return result
end

return M
