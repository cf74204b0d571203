-- Spectral normalisation and the hinge loss: no layer of D stretches any difference, and D stops where it is right by a
-- margin.
-- Miyato et al.: Spectral normalization for generative adversarial networks, arXiv:1802.05957.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "hinge_sn", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN whose D has spectral normalisation, with the hinge loss.",
}

run:train {
  G = run:generator "dcgan", D = run:discriminator("dcgan", {norm = "spectral"}),
  loss = gan.loss.hinge(),
}
