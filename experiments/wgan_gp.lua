-- WGAN-GP: a critic, and a penalty on the slope it has between real and generated pictures.
-- Gulrajani et al.: Improved training of Wasserstein GANs, arXiv:1704.00028, algorithm 1.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "wgan_gp", sizes = {16, 32, 64, 128},
  summary = "Trains a WGAN with gradient penalty.",
  defaults = {lr = 1e-4, beta1 = 0, beta2 = 0.9, dsteps = 5}, -- alpha, beta_1, beta_2, n_critic
  options = {{"gp", "number", 10, lo = 0, help = "weight of the gradient penalty"}}, -- lambda
}

run:train {
  G = run:generator "dcgan",
  D = run:discriminator("dcgan", {norm = "layer"}), -- no batch norm in the critic: each picture's slope is its own
  loss = gan.loss.wasserstein(), -- D(G(z)) - D(x) for the critic, -D(G(z)) for G
  penalties = {{gan.penalty.gradient {weight = run.options.gp, rng = run:stream "gp"}, name = "gp"}},
}
