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

-- The schedules of the paper's code begin at numbers; other schedules take their place.
local lr, momentum = run:lr "G", run.varying.beta1
if type(lr) == "number" then lr = function(step) return math.max(run.options.lr / 1.000004 ^ step, 1e-6) end end
if type(momentum) == "number" then momentum = gan.schedule.linear {from = momentum, to = 0.7, steps = 150000} end
local half = gan.schedule.map(lr, function(v) return v / 2 end) -- D's loss there is the mean of its two terms

run:train {
  G = run:generator "mlp", D = run:discriminator "mlp",
  loss = gan.loss.non_saturating(),
  simultaneous = true,
  optimiser = function(params, player)
    return gan.optim.sgd(params, {lr = player == "D" and half or lr, momentum = momentum})
  end,
}
