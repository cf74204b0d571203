-- AC-GAN: G is told the class; D is not, but has to say it beside real or not. Both players want it to be right.
-- Odena, Olah, Shlens: Conditional image synthesis with auxiliary classifier GANs, arXiv:1610.09585.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "acgan", sizes = {16, 32, 64, 128}, conditional = true,
  summary = "Trains an AC-GAN on data with classes.",
  options = {
    {"class-weight", "number", 1, lo = 0, help = "weight of the class in G's loss"},
    {"class-fake", "number", 0, lo = 0, help = "weight of generated pictures' classes in D's loss; 1 is the paper's"},
  },
}

run:train {
  G = run:generator("dcgan", {conditioning = "acgan"}), D = run:discriminator("dcgan", {conditioning = "acgan"}),
  -- D learns classes from real pictures alone. Where it learns them from G's, too, the two agree on signs that nobody
  -- else can read.
  auxiliary = gan.loss.auxiliary_classifier {fake = run.options.class_fake, generator = run.options.class_weight},
}
