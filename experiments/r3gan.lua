-- R3GAN: D and G compare real with fake, pair by pair, and D's slopes are penalised on both kinds. Nothing else is
-- needed, no norm and no trick; all that changes follows one cosine: step size, beta2, gamma.
-- Huang, Gokaslan, Kuleshov, Tompkin: The GAN is dead; long live the GAN! A modern GAN baseline, arXiv:2501.05441.
-- Differs: small nets, small batches and large steps, and no augmentation but --mirror.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "r3gan", sizes = {16, 32, 64, 128},
  summary = "Trains R3GAN: a relativistic pairing loss with R1 and R2.",
  defaults = {
    z = 64, ngf = 32, ndf = 32, lr = "cosine:1e-3:2.5e-4", beta1 = 0, beta2 = "cosine:0.9:0.99", -- there 2e-4 to 5e-5
  },
  options = {{"gamma", "schedule", "cosine:1:0.1", lo = 0, help = "weight of R1 and R2"}},
}

run:train {
  G = run:generator "r3gan", D = run:discriminator "r3gan",
  loss = gan.loss.relativistic_paired(), -- D(x_i) against D(G(z_i)): softplus of the difference
  penalties = {{gan.penalty.r1_r2 {gamma = run.varying.gamma}, name = "r1_r2"}},
  fresh = true, -- G's step draws real pictures and noise of its own
}
