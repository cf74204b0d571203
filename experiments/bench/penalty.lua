-- Times a gradient penalty: a DCGAN's training step with R1 every step, or WGAN-GP's critic step, over the same step
-- without; the two in turns, in one process, medians. Beside PyTorch's own ratio (torch_step.py --penalty) where that
-- is installed.
--   lua experiments/bench/penalty.lua --penalty r1 --size 64 --batch 64 --steps 5 --json
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"
local gan = require "gan"

local opt = bench.options("Times a training step with and without a gradient penalty.", {
  {"penalty", "r1", "r1: D and G's step; gp: the critic's alone", words = {"r1", "gp"}},
  {"size", 64, "pixels"}, {"channels", 3, "1 or 3"}, {"batch", 64, "images"}, {"width", 64, "ngf and ndf"},
  {"z", 100, "latent numbers"},
  {"steps", 5, "steps of either kind that are timed"}, {"no-torch", false, "no comparison"},
})
local G = gan.model.dcgan.generator {size = opt.size, channels = opt.channels, ngf = opt.width, z = opt.z}
local D = gan.model.dcgan.discriminator {size = opt.size, channels = opt.channels, ndf = opt.width}
local critic = opt.penalty == "gp"
local real = gan.rand(opt.batch, opt.size, opt.size, opt.channels):mul(2):sub(1)

local game = {
  G = G, D = D, optG = gan.optim.adam(G:params()), optD = gan.optim.adam(D:params()),
  loss = critic and gan.loss.wasserstein() or gan.loss.logistic(), batch = function() return real end,
  latent = function(n) return gan.randn(n, opt.z) end, gsteps = critic and function() return 0 end or 1,
}
local loops = {plain = gan.game.loop.new(game)}
game.penalties = {critic and gan.penalty.gradient() or gan.penalty.r1 {batch_norm = true}}
loops.penalised = gan.game.loop.new(game)

local times = {plain = {}, penalised = {}}
for i = -1, opt.steps do
  for _, kind in ipairs {"plain", "penalised"} do
    local t = core.clock()
    loops[kind]:step(math.max(1, i))
    if i > 0 then times[kind][i] = core.clock() - t end
  end
end
local plain, penalised = bench.median(times.plain), bench.median(times.penalised)
bench.say("%s %dx%dx%d batch %d threads %d: %.4f s a step, %.4f s with the penalty: %.2f times",
  opt.penalty, opt.size, opt.size, opt.channels, opt.batch, opt.threads, plain, penalised, penalised / plain)

local theirs
if not opt.no_torch and bench.has_torch() then
  local command = "%s %s --penalty %s --size %d --channels %d --batch %d --width %d --z %d --steps %d --threads %d"
  local pipe = assert(io.popen(command:format(bench.python, bench.script "torch_step.py", opt.penalty, opt.size,
    opt.channels, opt.batch, opt.width, opt.z, opt.steps, opt.threads)))
  theirs = bench.json.decode(pipe:read "a")
  if not pipe:close() or type(theirs) ~= "table" then bench.fail("torch_step.py failed") end
  bench.say("PyTorch: %.4f s a step, %.4f s with the penalty: %.2f times",
    theirs.s_step, theirs.s_penalised, theirs.ratio)
end
local _, peak = core.rss()
bench.result {penalty = opt.penalty, size = opt.size, channels = opt.channels, batch = opt.batch,
  s_step = bench.digits(plain),
  s_penalised = bench.digits(penalised), ratio = bench.digits(penalised / plain, 4), rss_mb = peak // 2 ^ 20 | 0,
  torch_ratio = theirs and theirs.ratio, torch_s_penalised = theirs and theirs.s_penalised,
  torch_rss_mb = theirs and theirs.rss_mb}
