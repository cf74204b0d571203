--- The game on Gaussians in the plane (gan.data.ring): any configuration in seconds, counted by modes and quality, and seen with D's level sets.
local core = require "gan.core"
local check = require "gan.check"
local image = require "gan.data.image"
local loss_room = require "gan.loss"
local loop = require "gan.train.loop"
local models = require "gan.model"
local optim = require "gan.optim"
local penalty = require "gan.penalty"
local points = require "gan.data.ring"
local replay = require "gan.train.replay"
local sample = require "gan.train.sample"
local schedule = require "gan.schedule"

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

--- What gan.train.loop needs of a configuration beside nets and data.
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
  opt = check.options("train.ring", opt, known)
  for _, d in ipairs(M.options) do
    local fits = not d.choices
    for _, c in ipairs(d.choices or {}) do fits = fits or c == opt[d[1]] end
    if not fits then return check.expected("train.ring", 1, d[1], "one of " .. table.concat(d.choices, ", "), opt[d[1]]) end
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
  local adam = {lr = opt.lr, beta1 = opt.beta1, beta2 = opt.beta2}
  local ema = opt.ema > 0 and optim.ema(G:params(), {decay = opt.ema}) or nil
  local loader, z = ring:batches {batch = opt.batch, seed = opt.seed}, stream "z"
  spec.G, spec.D, spec.ema, spec.dsteps, spec.gsteps, spec.batch = G, D, ema, opt.dsteps, opt.gsteps, loader
  spec.optG, spec.optD = optim.adam(G:params(), adam), optim.adam(D:params(), adam)
  spec.ema_decay = function(step) return loop.young(opt.ema, step) end
  function spec.latent(n) return z:normal {n, opt.z} end
  local game, fixed, began, result = loop.new(spec), stream "pictures":normal {opt.samples, opt.z}, core.clock(), {curve = {}}
  local function score(step)
    local s = ring:score(sample.images(G, fixed, 1024, ema))
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

-- ---- pictures ----

local CELLS, SIDE = 128, 3 -- places in a row at which D is asked, and pixels of each
local LEVELS = 12
local low, high = {60, 90, 160}, {250, 240, 205} -- colours: where D says fake, and real
local line, dot, mark = string.char(150, 150, 160), string.char(20, 20, 20), string.char(200, 30, 30)

-- Ranks of values, in [0,1): what is below them.
local function ranks(values)
  local order, rank = {}, {}
  for i = 1, #values do order[i] = i end
  table.sort(order, function(a, b)
    if values[a] ~= values[b] then return values[a] < values[b] end
    return a < b
  end)
  for r, i in ipairs(order) do rank[i] = (r - 1) / #order end
  return rank
end

--- Samples over D's level sets: dark where D says fake, light where it says real; lines bound twelfths of the plane; circles are the modes, at
-- three deviations but at least two pixels.
-- @tparam table ring gan.data.ring
-- @tparam Module D
-- @tparam Tensor samples real (N,2)
-- @treturn Tensor u8 (384,384,3)
function M.picture(ring, D, samples)
  local reach, at = ring.reach, {}
  for i = 0, CELLS - 1 do
    for j = 0, CELLS - 1 do at[i * CELLS + j + 1] = {(j + 0.5) / CELLS * 2 * reach - reach, reach - (i + 0.5) / CELLS * 2 * reach} end
  end
  local rank = ranks(core.to_table(sample.images(D, core.tensor(at), CELLS)))
  local n, pixel, ground = CELLS * SIDE, {}, {}
  for i, r in ipairs(rank) do
    local c = {}
    for k = 1, 3 do c[k] = math.floor(low[k] + r * (high[k] - low[k]) + 0.5) end
    ground[i], rank[i] = string.char(table.unpack(c)), math.floor(r * LEVELS)
  end
  for y = 0, n - 1 do
    local bottom = y % SIDE == SIDE - 1 and y < n - 1
    for x = 0, n - 1 do
      local i = y // SIDE * CELLS + x // SIDE + 1
      local right = x % SIDE == SIDE - 1 and x < n - 1
      local edge = right and rank[i + 1] ~= rank[i] or bottom and rank[i + CELLS] ~= rank[i]
      pixel[y * n + x + 1] = edge and line or ground[i]
    end
  end
  local function put(x, y, colour)
    if x >= 0 and x < n and y >= 0 and y < n then pixel[y * n + x + 1] = colour end
  end
  local function place(x, y) return math.floor((x + reach) / (2 * reach) * n), math.floor((reach - y) / (2 * reach) * n) end
  for _, p in ipairs(core.to_table(samples)) do
    if p[1] == p[1] and p[2] == p[2] and math.abs(p[1]) < reach and math.abs(p[2]) < reach then
      local x, y = place(p[1], p[2])
      put(x, y, dot)
    end
  end
  for _, c in ipairs(ring.list) do
    local x, y = place(c[1], c[2])
    local r = math.max(2, 3 * ring.sigma / (2 * reach) * n)
    for a = 0, 63 do put(math.floor(x + r * math.cos(a * math.pi / 32) + 0.5), math.floor(y + r * math.sin(a * math.pi / 32) + 0.5), mark) end
  end
  return core.from_bytes(table.concat(pixel), {n, n, 3}, "u8")
end

--- Writes such a picture as a PNG file: true, or nil and a message.
function M.paint(path, ring, D, samples) return image.write(path, M.picture(ring, D, samples)) end

return M
