-- One DCGAN training step on constant random pictures: D on real and fake, then G. Median of some steps after two to warm up.
--   lua experiments/bench/step.lua --size 64 --channels 3 --batch 64 --steps 7 --json
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local gan = require "gan"
local core = require "gan.core"

local opt = bench.options("Times the DCGAN training step.", {
  {"size", 64, "pixels"}, {"channels", 3, "1 or 3"}, {"batch", 64, "images"}, {"steps", 7, "steps that are timed"}, {"width", 64, "ngf and ndf"},
  {"z", 100, "latent numbers"}, {"json", false, "print one line of JSON"},
})

local G = gan.model.dcgan.generator {size = opt.size, channels = opt.channels, ngf = opt.width, z = opt.z}
local D = gan.model.dcgan.discriminator {size = opt.size, channels = opt.channels, ndf = opt.width}
local optG, optD = gan.optim.adam(G:params()), gan.optim.adam(D:params())
local loss = gan.loss.logistic()
local real = gan.rand(opt.batch, opt.size, opt.size, opt.channels):mul(2):sub(1)
local lossD, lossG

local function step()
  local fake = G(gan.randn(opt.batch, opt.z))
  lossD = loss.critic(D(real), D(fake:detach()))
  optD:step(gan.grad(lossD, optD.params))
  lossG = loss.generator(D(fake))
  optG:step(gan.grad(lossG, optG.params))
end

step()
step()
local times = {}
for i = 1, opt.steps do
  local t = core.clock()
  step()
  times[i] = core.clock() - t
end
local s, _, rss = bench.median(times), core.rss()
local line = opt.json and '{"who":"gan","size":%d,"channels":%d,"batch":%d,"threads":%d,"s_step":%.4f,"img_s":%.1f,"rss_mb":%.0f,"lossD":%.4f,"lossG":%.4f}'
  or "size %d channels %d batch %d threads %d: %.4f s a step, %.1f images/s, at most %.0f MB (losses %.4f %.4f)"
print(line:format(opt.size, opt.channels, opt.batch, opt.threads, s, opt.batch / s, rss / 2 ^ 20, lossD:item(), lossG:item()))
