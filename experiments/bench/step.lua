-- Times one GAN training step on constant random pictures: D on real and fake, then G. Median of some steps after two
-- to warm up.
--   lua experiments/bench/step.lua --size 64 --channels 3 --batch 64 --steps 7 --json
--   lua experiments/bench/step.lua --net sndcgan --batch 64
--   lua experiments/bench/step.lua --net r3gan --width 32        its game: the loss in pairs, R1 and R2 in each step
--   lua experiments/bench/step.lua --profile
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"

local opt = bench.options("Times the training step of a GAN.", {
  {"net", "dcgan", "which networks: dcgan, sndcgan or r3gan", words = {"dcgan", "sndcgan", "r3gan"}},
  {"size", nil, "pixels (default 64; sndcgan, r3gan 32)"}, {"channels", 3, "1 or 3"}, {"batch", 64, "images"},
  {"steps", 7, "steps that are timed"},
  {"width", 64, "channels of the widest pictures' layers: ngf and ndf"},
  {"profile", false, "also: where the time goes, by kernel"},
  {"z", nil, "latent numbers (default 100; sndcgan 128; r3gan 64)"},
})

-- Seconds and calls by the core's function, once they are wanted. The library takes its functions when it is loaded, so
-- this comes first.
local spent, calls = {}, {}
if opt.profile then
  for name, f in pairs(core) do
    if type(f) == "function" and name ~= "clock" then
      local clock = core.clock
      local function count(start, ...)
        spent[name], calls[name] = (spent[name] or 0) + clock() - start, (calls[name] or 0) + 1
        return ...
      end
      core[name] = function(...) return count(clock(), f(...)) end
    end
  end
end
local gan = require "gan"

if opt.channels ~= 1 and opt.channels ~= 3 then bench.fail("--channels: expected 1 or 3, got %d", opt.channels) end

local G, D
if opt.net ~= "sndcgan" then
  local dcgan, model = opt.net == "dcgan", gan.model[opt.net]
  opt.size, opt.z = opt.size or dcgan and 64 or 32, opt.z or dcgan and 100 or 64
  if not ({[16] = 1, [32] = 1, [64] = 1, [128] = 1})[opt.size] then
    bench.fail("--size: expected 16, 32, 64 or 128, got %d", opt.size)
  end
  G = model.generator {size = opt.size, channels = opt.channels, ngf = opt.width, z = opt.z}
  D = model.discriminator {size = opt.size, channels = opt.channels, ndf = opt.width}
else
  opt.size, opt.z = opt.size or 32, opt.z or 128
  if opt.size % 8 ~= 0 or opt.size < 16 then
    bench.fail("--size: expected a multiple of 8 from 16 on, got %d", opt.size)
  end
  -- Without spectral normalisation, as in torch_step.py: layers.lua measures what that costs.
  G = gan.model.sndcgan.generator {size = opt.size, channels = opt.channels, ngf = opt.width, z = opt.z, init = "dcgan"}
  D = gan.model.sndcgan.discriminator {
    size = opt.size, channels = opt.channels, ndf = opt.width, norm = "none", init = "dcgan",
  }
end
local optG, optD = gan.optim.adam(G:params()), gan.optim.adam(D:params())
local loss = gan.loss.logistic()
local real = gan.rand(opt.batch, opt.size, opt.size, opt.channels):mul(2):sub(1)
local lossD, lossG

local step
function step()
  local fake = G(gan.randn(opt.batch, opt.z))
  local on_real = D(real)
  local up = gan.grad(loss.real(on_real), optD.params)
  local on_fake = D(fake:detach())
  optD:step(gan.sum_grads(up, gan.grad(loss.fake(on_fake), optD.params)))
  lossD = loss.critic(on_real:detach(), on_fake:detach())
  lossG = loss.generator(D(fake))
  optG:step(gan.grad(lossG, optG.params))
end

-- R3GAN's: both kinds in one pass of D, with their slopes; pairs in G's step, too.
local pairs_of, penalty = gan.loss.open "rp", gan.penalty.r1_r2 {gamma = 1}
local function paired_step()
  local fake = G(gan.randn(opt.batch, opt.z))
  local x, f = real:detach():requires_grad_(), fake:detach():requires_grad_()
  local on_real, on_fake = D(x), D(f)
  lossD = pairs_of.critic(on_real, on_fake)
  optD:step(gan.grad(lossD + penalty:of(on_real, x, on_fake, f), optD.params))
  lossG = pairs_of.generator(D(fake), gan.no_grad(D, real))
  optG:step(gan.grad(lossG, optG.params))
end
if opt.net == "r3gan" then step = paired_step end

step()
step()
spent, calls = {}, {}
local times, sum = {}, 0
for i = 1, opt.steps do
  local t = core.clock()
  step()
  times[i] = core.clock() - t
  sum = sum + times[i]
end

-- The table of --profile; the share of the step that is not convolution.
local function profile()
  local names, other = {}, sum
  for name, s in pairs(spent) do
    names[#names + 1] = name
    if name:find "^conv" then other = other - s end
  end
  table.sort(names, function(a, b) return spent[a] > spent[b] end)
  bench.say("%-24s %9s %8s %7s", "kernel", "ms a step", "share", "calls")
  for i = 1, math.min(#names, 16) do
    local name = names[i]
    bench.say("%-24s %9.2f %6.1f %% %7.0f", name, 1000 * spent[name] / opt.steps, 100 * spent[name] / sum,
      calls[name] / opt.steps)
  end
  bench.say("not convolution: %.1f %% of the step", 100 * other / sum)
  return bench.digits(other / sum, 3)
end

local s, _, rss = bench.median(times), core.rss()
local other_share = opt.profile and profile() or nil
bench.say("%s %dx%dx%d batch %d threads %d: %.4f s a step, %.1f images/s, at most %.0f MB (losses %.4f %.4f)",
  opt.net, opt.size, opt.size, opt.channels, opt.batch, opt.threads, s, opt.batch / s, rss / 2 ^ 20,
  lossD:item(), lossG:item())
bench.result {
  net = opt.net, size = opt.size, channels = opt.channels, batch = opt.batch, params = G:count() + D:count(),
  s_step = bench.digits(s), img_s = bench.digits(opt.batch / s), rss_mb = rss // 2 ^ 20 | 0, other_share = other_share,
  lossD = bench.digits(lossD:item()), lossG = bench.digits(lossG:item()),
}
