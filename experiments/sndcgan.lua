-- SNDCGAN: the plain convolutional nets of the paper on spectral normalisation, with setting C of its grid.
-- Miyato et al.: Spectral normalization for generative adversarial networks, arXiv:1802.05957, tables 1 and 3.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "sndcgan", sizes = {16, 24, 32, 48, 64, 96, 128},
  summary = "Trains an SNDCGAN with the hinge loss.",
  defaults = {z = 128, lr = 2e-4},
}

run:train {
  G = run:generator "sndcgan", D = run:discriminator "sndcgan",
  loss = gan.loss.hinge(),
}
