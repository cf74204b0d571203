-- DRAGAN: D's slope is to be 1 around the real pictures.
-- Kodali et al.: On convergence and stability of GANs, arXiv:1705.07215.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "dragan", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN with DRAGAN's gradient penalty.",
  options = {{"gp", "number", 10, lo = 0, help = "weight of the gradient penalty"}},
}

run:train {
  G = run:generator "dcgan",
  D = run:discriminator("dcgan", {norm = "layer"}), -- a batch norm would mix the pictures' slopes
  loss = gan.loss.non_saturating(),
  penalties = {{gan.penalty.dragan {weight = run.options.gp, rng = run:stream "gp"}, name = "gp"}},
}
