-- Shows what D's last layer wants under spectral normalisation. Plays the same games with it as it is, without its
-- norm, with a factor that is learnt, and without its bias; prints FID and KID of what G draws, by its averaged weights
-- and by its own, and how far apart D's logits of one batch of real pictures are. A minute of one core for each game.
--   lua experiments/bench/last_layer.lua --data PATH --features FILE --threads 1
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"
local gan = require "gan"

local Z, KIMG = 64, 32 -- size of z; half-life of the average

local opt = bench.options("Compares last layers of a discriminator with spectral normalisation.", {
  {"data", "shapes", "as for dcgan.lua (default shapes)", text = true}, {"size", 32, "pixels: 16, 32, 64 or 128"},
  {"batch", 64, "images"}, {"width", 32, "ngf and ndf"}, {"steps", 1000, "steps of each game"},
  {"seeds", 3, "games of each kind"}, {"first", 0, "the first seed", lo = 0},
  {"loss", "hinge", "short name of a loss (default hinge)", text = true},
  {"lr", "1e-3", "step size of both players (default 1e-3)", text = true},
  {"last", "spectral,plain,gain,nobias", "kinds of last layers (default: all four)", text = true},
  {"features", "random_conv", "as for evaluate.lua (default random_conv)", text = true},
  {"n", 2000, "images of each side, or all of the data"}, {"mirror", false, "flip every other image"}})

local lr = tonumber(opt.lr)
if not lr then bench.fail("--lr: expected a number, got '%s'", opt.lr) end
local set, message = gan.data.open(opt.data, {size = opt.size})
if not set then bench.fail("--data: %s", message) end
local features
features, message = gan.measure.features.open(opt.features, {size = opt.size, channels = set.channels})
if not features then bench.fail("--features: %s", message) end
local evaluate = gan.measure.evaluate
local session = evaluate.new {features = features, metrics = {"fid", "kid"}}
assert(session:set_real(assert(evaluate.of_set(set, {n = math.min(opt.n, set.n)}))))

local factor = gan.nn.class "factor"
function factor:init() self.gain = gan.nn.parameter(gan.tensor {1}) end
function factor:forward(x) return x * self.gain end

-- What is done to D and its last convolution.
local kinds = {
  spectral = function() end,
  plain = function(_, last) last.norm = nil end,
  gain = function(D) D[#D + 1] = factor {} end,
  nobias = function(_, last) last.bias = nil end,
}

local function scores(G, average)
  local by_name = {}
  for _, r in ipairs(assert(session:measure(evaluate.of_net(G, {n = opt.n, z = Z, ema = average})))) do
    by_name[r.metric] = r.value
  end
  return by_name.fid, by_name.kid
end

local function play(kind, seed)
  local function stream(name) return core.rng(seed, name) end
  local shape = {size = opt.size, channels = set.channels}
  local function net(make, fields)
    for k, v in pairs(shape) do fields[k] = v end
    return make(fields)
  end
  local G = net(gan.model.dcgan.generator, {z = Z, ngf = opt.width, rng = stream "init.G"})
  local D = net(gan.model.dcgan.discriminator, {norm = "spectral", ndf = opt.width, rng = stream "init.D"})
  kinds[kind](D, D[#D - 1])
  local loader <close> = gan.data.batches(set, {batch = opt.batch, seed = seed, mirror = opt.mirror})
  local game = gan.game.standard({G = G, D = D, loss = gan.loss.open(opt.loss), batch = loader},
    {z = Z, batch = opt.batch, lr = lr, beta1 = 0, beta2 = 0.9, ema_kimg = KIMG}, stream)
  local loop, real = gan.game.loop.new(game), nil
  for step = 1, opt.steps do real = loop:step(step).real end
  local apart = real:sub(real:mean()):square():mean():sqrt():item()
  local fid, kid = scores(G, game.ema)
  local own_fid, own_kid = scores(G)
  return {kind = kind, seed = seed, fid = fid, kid = kid, own_fid = own_fid, own_kid = own_kid, apart = apart,
    mean = real:mean():item(), gain = kind == "gain" and D[#D].gain:item() or nil}
end

bench.say("%s, %dx%d, %s, lr %s, width %d, %d steps, %s", opt.data:match "[^/]*/?$", opt.size, opt.size, opt.loss,
  opt.lr, opt.width, opt.steps, tostring(features))
bench.say("%-10s %5s %8s %8s %8s %8s %10s %10s %8s", "last", "seed", "FID", "KID", "own FID", "own KID", "logits",
  "apart", "gain")
local games = {}
for seed = opt.first, opt.first + opt.seeds - 1 do
  for kind in opt.last:gmatch "[^,]+" do
    if not kinds[kind] then bench.fail("--last: expected some of gain, nobias, plain, spectral, got '%s'", kind) end
    local r = play(kind, seed)
    games[#games + 1] = r
    bench.say("%-10s %5d %8.3f %8.4f %8.3f %8.4f %10.3g %10.2g %8s", kind, seed, r.fid, r.kid, r.own_fid, r.own_kid,
      r.mean, r.apart, r.gain and ("%.2f"):format(r.gain) or "")
  end
end
bench.result {size = opt.size, loss = opt.loss, steps = opt.steps, games = games}
