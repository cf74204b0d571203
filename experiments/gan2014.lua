-- The first GAN: fully connected nets, G against maxout units with dropout, descent with momentum, both players moving
-- at once.
-- Goodfellow et al.: Generative adversarial networks, arXiv:1406.2661, and its code for MNIST. Here z is normal, not
-- uniform, and pictures are in [-1,1].
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "gan2014", sizes = {16, 28, 32, 64},
  summary = "Trains the fully connected GAN of 2014, with momentum --beta1.",
  defaults = {batch = 100, lr = 0.1, ngf = 1200, ndf = 240, ema_kimg = 0},
  without = {"dlr", "glr", "beta2", "dsteps", "gsteps"},
}
local opt = run.options

local function falling(step) return math.max(opt.lr / 1.000004 ^ step, 1e-6) end
local momentum = gan.schedule.linear {from = opt.beta1, to = 0.7, steps = 150000}

run:train {
  G = run:generator "mlp", D = run:discriminator "mlp",
  loss = gan.loss.non_saturating(),
  simultaneous = true,
  optimiser = function(params) return gan.optim.sgd(params, {momentum = 0.5}) end,
  lr = {D = function(step) return falling(step) / 2 end, G = falling}, -- D's loss there is the mean of its two terms
  hooks = {
    before_step = function(loop, step) loop.optD.momentum, loop.optG.momentum = momentum(step), momentum(step) end,
  },
}
