-- Shows whether a faster convolution learns the same: trains a DCGAN with direct convolution, with tiles of 2 and with
-- tiles of 4, from the same seeds; prints the means of the curves over windows of steps, beside how far apart seeds
-- are. Half an hour on one core.
--   lua experiments/bench/curves.lua --data PATH --seeds 4 --steps 1000 --threads 1
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"
local gan = require "gan"

local opt = bench.options("Compares the training curves of the convolution engines.", {
  {"data", "shapes", "as for dcgan.lua", text = true}, {"size", 32, "pixels: 16, 32, 64 or 128"},
  {"batch", 64, "images"},
  {"width", 64, "ngf and ndf"}, {"seeds", 4, "runs of each engine"}, {"steps", 1000, "steps of each run"},
  {"window", 250, "steps of which a mean is taken"}})
local z = 100
local keys = {"lossD", "lossG", "D(x)", "D(G(z))"}
local engines = {{"direct", 0}, {"winograd2", 2}, {"winograd4", 4}}

local set, message = gan.data.open(opt.data, {size = opt.size})
if not set then bench.fail("--data: %s", message) end

-- Sums over each window: {lossD, lossG, D(x), D(G(z))}.
local function train(seed)
  local channels = set.channels
  local of_G, of_D = gan.rng(seed, "G"), gan.rng(seed, "D")
  local G = gan.model.dcgan.generator {size = opt.size, channels = channels, ngf = opt.width, z = z, rng = of_G}
  local D = gan.model.dcgan.discriminator {size = opt.size, channels = channels, ndf = opt.width, rng = of_D}
  local optG = gan.optim.adam(G:params(), {lr = 2e-4, beta1 = 0.5})
  local optD = gan.optim.adam(D:params(), {lr = 2e-4, beta1 = 0.5})
  local loss, noise = gan.loss.logistic(), gan.rng(seed, "z")
  local loader = gan.data.batches(set, {batch = opt.batch, seed = seed})
  local sums = {}
  for step = 1, opt.steps do
    local fake = G(noise:normal {opt.batch, z})
    local on_real, on_fake = D(loader:next()), D(fake:detach())
    local lossD = loss.critic(on_real, on_fake)
    optD:step(gan.grad(lossD, optD.params))
    local lossG = loss.generator(D(fake))
    optG:step(gan.grad(lossG, optG.params))
    local now = {lossD:item(), lossG:item(), on_real:sigmoid():mean():item(), on_fake:sigmoid():mean():item()}
    local w = (step - 1) // opt.window + 1
    sums[w] = sums[w] or {0, 0, 0, 0, n = 0}
    for i, v in ipairs(now) do sums[w][i] = sums[w][i] + v end
    sums[w].n = sums[w].n + 1
  end
  loader:close()
  return sums
end

local curves = {} -- [engine][window][key] = list over seeds
for e, engine in ipairs(engines) do
  curves[e] = {}
  core.winograd(engine[2])
  for seed = 1, opt.seeds do
    for w, sums in ipairs(train(seed)) do
      curves[e][w] = curves[e][w] or {{}, {}, {}, {}}
      for i in ipairs(keys) do curves[e][w][i][seed] = sums[i] / sums.n end
    end
  end
end

local function mean_deviation(list)
  local mean, sum = 0, 0
  for _, v in ipairs(list) do mean = mean + v / #list end
  for _, v in ipairs(list) do sum = sum + (v - mean) ^ 2 end
  return mean, (sum / math.max(1, #list - 1)) ^ 0.5
end

-- "seeds": the standard deviation between seeds of one engine, pooled; "apart": the largest difference between two
-- engines' means in standard errors of such a difference. Chance alone gives about 1, and over 3 in one row of some
-- hundred.
bench.say("%s, %dx%d, batch %d, %d seeds: means over the steps",
  opt.data:match "[^/]*/?$", opt.size, opt.size, opt.batch, opt.seeds)
bench.say("%-10s %-8s %10s %10s %10s %10s %8s", "steps", "", "direct", "winograd2", "winograd4", "seeds", "apart")
local records = {}
for w = 1, #curves[1] do
  local last = math.min(w * opt.window, opt.steps)
  for i, key in ipairs(keys) do
    local mean, variance = {}, 0
    for e in ipairs(engines) do
      local deviation
      mean[e], deviation = mean_deviation(curves[e][w][i])
      variance = variance + deviation ^ 2 / #engines
    end
    local error = (2 * variance / opt.seeds) ^ 0.5
    local apart = error > 0 and (math.max(table.unpack(mean)) - math.min(table.unpack(mean))) / error or 0
    records[#records + 1] = {first = (w - 1) * opt.window + 1, last = last, what = key, direct = bench.digits(mean[1]),
      winograd2 = bench.digits(mean[2]), winograd4 = bench.digits(mean[3]), seeds = bench.digits(variance ^ 0.5, 3),
      apart = bench.digits(apart, 3)}
    bench.say("%-10s %-8s %10.4f %10.4f %10.4f %10.4f %8.2f",
      i == 1 and ("%d-%d"):format((w - 1) * opt.window + 1, last) or "", key,
      mean[1], mean[2], mean[3], variance ^ 0.5, apart)
  end
end
bench.result {size = opt.size, batch = opt.batch, seeds = opt.seeds, steps = opt.steps, curves = records}
