-- Minibatch discrimination: D sees how alike the pictures of a batch are, so that G cannot draw the same one for ever.
-- Salimans et al.: Improved techniques for training GANs, arXiv:1606.03498, section 3.2; standard deviation: Karras et
-- al., arXiv:1710.10196.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "minibatch", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN whose D sees a batch as a whole.",
  options = {
    {"layer", "string", "discrimination", choices = {"discrimination", "stddev"},
      help = "learnt similarities, or the standard deviation"},
  },
}

run:train {
  G = run:generator "dcgan", D = run:discriminator("dcgan", {minibatch = run.options.layer}),
}
