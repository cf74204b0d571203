-- Projection discriminator: D's answer has a term that is the inner product of the picture's features with the class's
-- vector; G's batch norms have a scale and a shift for each class.
-- Miyato, Koyama: cGANs with projection discriminator, arXiv:1802.05637.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "projection", sizes = {16, 32, 64, 128}, conditional = true,
  summary = "Trains a conditional GAN with a projection discriminator on data with classes.",
  options = {
    {"mismatch", "number", 0.5, lo = 0, hi = 1,
      help = "part of the fakes' share in D's loss that goes to real pictures with a wrong label"},
  },
}

run:train {
  G = run:generator("dcgan", {conditioning = "projection"}),
  D = run:discriminator("dcgan", {conditioning = "projection", norm = "spectral"}),
  loss = gan.loss.hinge(),
  mismatch = run.options.mismatch, -- as in cgan.lua; 0: the paper's game
}
