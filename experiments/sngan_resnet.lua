-- SNGAN's residual nets: five critic steps, no memory in Adam's mean, a step size that falls to 0.
-- Miyato et al.: Spectral normalization for generative adversarial networks, arXiv:1802.05957, table 4. The paper's
-- widths at 32 pixels are --ngf 256 --ndf 128.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "sngan_resnet", sizes = {32, 64},
  summary = "Trains SNGAN's residual nets with the hinge loss.",
  defaults = {z = 128, lr = 2e-4, beta1 = 0, beta2 = 0.9, dsteps = 5},
  options = {
    {"decay", "integer", 50000, lo = 1, change = true, help = "steps in which a step size that is a number falls to 0"},
  },
}
local opt = run.options
local function falling(player)
  local lr = run:lr(player)
  if type(lr) ~= "number" then return lr end -- a schedule in its place
  return gan.schedule.linear {from = lr, to = 0, steps = opt.decay, start = 1, name = "--decay"}
end

run:train {
  G = run:generator "sngan_resnet", D = run:discriminator "sngan_resnet",
  loss = gan.loss.hinge(),
  lr = {D = falling "D", G = falling "G"},
}
