-- LSGAN: D regresses to 1 for real and 0 for generated pictures. A fake that D takes for real, but that lies far from
-- its border, still teaches G.
-- Mao et al.: Least squares generative adversarial networks, arXiv:1611.04076.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "lsgan", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN with the least squares loss.",
}

run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
  loss = gan.loss.least_squares(),
}
