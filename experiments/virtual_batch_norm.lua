-- Virtual batch norm: G normalises each picture with the statistics of one fixed batch, so that pictures of a batch do
-- not depend on each other.
-- Salimans et al.: Improved techniques for training GANs, arXiv:1606.03498, section 3.5. G costs twice as much.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "virtual_batch_norm", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN with virtual batch norm in G.",
}

run:train {
  G = run:generator("dcgan", {norm = "virtual"}), D = run:discriminator "dcgan",
}
