-- DCGAN: two networks learn from each other. G draws pictures from noise, D tells them from real ones; D learns to see
-- through G, G learns to get past D, until its pictures look like the data.
-- Radford, Metz, Chintala: Unsupervised representation learning with deep convolutional GANs, arXiv:1511.06434.
--
--   lua experiments/dcgan.lua --data shapes           pictures and checkpoints go to runs/00000-shapes-dcgan-32
--   lua experiments/dcgan.lua --data PATH --size 64   a folder of pictures, IDX (MNIST), CIFAR-10
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "dcgan", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN. Ctrl-C saves and stops; the same command goes on. 1 kimg is 1000 real images shown to D.",
  options = {{"classic", "flag", false, sets = {lr = 2e-4}, help = "the paper's step size, 2e-4, for long runs"}},
}
local opt = run.varying -- the options; of --lr and its like, which may be schedules, numbers or functions of the step

-- The players, gan.model.dcgan for --size, --z, --ngf, --ndf and the data's channels; and how each of them learns.
local G, D = run:generator "dcgan", run:discriminator "dcgan"
if opt.blocks > 1 or opt.pack > 1 or opt.aug ~= "none" then return run:train {G = G, D = D} end -- in gan.game.loop
local optG = gan.optim.adam(G:params(), {lr = run:lr "G", beta1 = opt.beta1, beta2 = opt.beta2})
local optD = gan.optim.adam(D:params(), {lr = run:lr "D", beta1 = opt.beta1, beta2 = opt.beta2})
local ema = opt.ema_kimg ~= 0 and gan.optim.ema(G) or nil
local half = gan.schedule.map(opt.ema_kimg, function(kimg) return 1000 * kimg end)
local decay = ema and gan.schedule.half_life {images = half, batch = opt.batch, ramp = not opt.from and 0.05 or nil}
local loss = gan.loss.logistic()
local noise = run:stream "z"
run:save_with {G = G, D = D, optG = optG, optD = optD, ema = ema}
run:show(G, ema)

for step in run:steps() do
  local lossD, lossG, fake, on_real, on_fake, on_fake_after

  -- D: real pictures up, G's pictures down. G is not asked: its graph ends at detach().
  for _ = 1, opt.dsteps do
    fake = G(noise:normal {opt.batch, opt.z})
    on_real = D(run:batch())
    local up = gan.grad(loss.real(on_real), optD.params) -- one after the other: half the memory
    on_fake = D(fake:detach())
    local down = gan.grad(loss.fake(on_fake), optD.params)
    optD:step(run:watch("D", gan.sum_grads(up, down)))
    lossD = loss.critic(on_real:detach(), on_fake:detach())
  end

  -- G: what would make the better D take these pictures for real?
  for k = 1, opt.gsteps do
    if k > 1 then fake = G(noise:normal {opt.batch, opt.z}) end
    on_fake_after = D(fake)
    lossG = loss.generator(on_fake_after)
    if ema then ema.decay = decay(step) end
    optG:step(run:watch("G", gan.grad(lossG, optG.params)), k == opt.gsteps and ema or nil)
  end

  run:report {D = lossD, G = lossG, real = on_real, fake = on_fake, fake_after = on_fake_after}
end
run:close()
