-- Relativistic average GAN: D says how much more real a picture is than the average of the other kind; G moves both.
-- Jolicoeur-Martineau: The relativistic discriminator, arXiv:1807.00734.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "relativistic", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN with the relativistic average loss.",
}

run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
  loss = gan.loss.relativistic(),
}
