-- R1: D pays for any slope at the real pictures, so that it comes to rest where G has learnt them.
-- Mescheder, Geiger, Nowozin: Which training methods for GANs do actually converge?, arXiv:1801.04406.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "r1", sizes = {16, 32, 64, 128},
  summary = "Trains a GAN with the R1 penalty on D.",
  defaults = {beta1 = 0, beta2 = 0.99},
  options = {
    {"gamma", "schedule", 10, lo = 0, help = "weight of the penalty, gamma / 2 * |slope|^2"},
    {"every", "integer", 1, lo = 1, help = "steps between two penalties, each so many times as heavy (StyleGAN2: 16)"},
  },
}
local opt = run.varying
local r1 = gan.penalty.lazy(gan.penalty.r1 {gamma = opt.gamma}, opt.every)

run:train {
  G = run:generator "dcgan", D = run:discriminator("dcgan", {norm = "none"}),
  loss = gan.loss.non_saturating(),
  penalties = {{r1, name = "r1"}},
  optimiser = function(params, player)
    local adam = {lr = run:lr(player), beta1 = opt.beta1, beta2 = opt.beta2}
    return gan.optim.adam(params, player == "D" and opt.every > 1 and r1:adam(adam) or adam)
  end,
}
