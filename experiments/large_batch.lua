-- Large batches on a small machine: gradients are added up over blocks of a batch that fit into memory (--blocks). D
-- learns four times as fast as G.
-- Brock et al.: Large scale GAN training for high fidelity natural image synthesis, arXiv:1809.11096; two step sizes:
-- Heusel et al., arXiv:1706.08500.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "large_batch", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN with batches larger than memory, in blocks.",
  defaults = {batch = 512, blocks = 8, lr = 5e-5, beta1 = 0},
  without = {"dlr", "glr"},
  options = {
    {"ratio", "number", 4, above = 0, change = true, help = "D's step size, of G's"},
    {"clip", "number", 10, above = 0, help = "largest norm of a gradient"},
  },
}
local opt = run.options

run:train {
  G = run:generator "dcgan", D = run:discriminator("dcgan", {norm = "spectral"}),
  loss = gan.loss.hinge(),
  lr = {D = gan.schedule.map(run:lr "D", function(lr) return lr * opt.ratio end), G = run:lr "G"},
  clip = {D = opt.clip, G = opt.clip},
}
