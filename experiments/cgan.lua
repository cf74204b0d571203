-- Conditional GAN: both players are told the class; the label is appended to z, and as constant maps to D's first
-- features.
-- Mirza, Osindero: Conditional generative adversarial nets, arXiv:1411.1784.
--
--   lua experiments/generate.lua --run runs/NAME --class heart
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "cgan", sizes = {16, 32, 64, 128}, conditional = true,
  summary = "Trains a conditional DCGAN on data with classes.",
  options = {
    {"mismatch", "number", 0.5, lo = 0, hi = 1,
      help = "part of the fakes' share in D's loss that goes to real pictures with a wrong label"},
  },
}

run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
  -- A picture that is real but not of the class: without it D hardly needs the label (Reed et al. 2016,
  -- arXiv:1605.05396). 0: the paper's game.
  mismatch = run.options.mismatch,
}
