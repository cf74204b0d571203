-- A U-Net makes the mask's picture: near to the real one pixel by pixel, and so that a critic of patches, which sees
-- the mask, takes it for real. There is no z: G's only noise is dropout.
-- Isola, Zhu, Zhou, Efros: Image-to-image translation with conditional adversarial networks, arXiv:1611.07004.
--
--   lua experiments/generate.lua --run runs/NAME --mask FILE.png
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "pix2pix", sizes = {16, 32, 64, 128, 256}, annotations = {"mask"}, without = {"pack"},
  summary = "Trains a U-Net that makes pictures of masks.",
  defaults = {data = "shapes", batch = 16, z = 1, ngf = 32},
  options = {
    {"l1", "number", 100, lo = 0, help = "weight of the mean distance from the real picture in G's loss"},
    {"layers", "integer", 2, lo = 1, hi = 3, help = "how far D's patches reach: 16, 34 or 70 pixels"},
    {"dropout", "number", 0.5, lo = 0, hi = 0.9, help = "probability in G's two innermost levels, also when drawing"},
  },
}
local opt = run.options
local condition = gan.model.places.maps(run.data)
local classes = #condition.classes

-- D's loss counts half, as in the paper: it learns slower than G.
local function half(f) return function(...) return f(...) * 0.5 end end
local logistic = gan.loss.logistic()
local loss = {real = half(logistic.real), fake = half(logistic.fake), critic = half(logistic.critic),
  generator = logistic.generator, margin = logistic.margin}

run:train {
  G = run:generator("pix2pix", {inputs = classes, dropout = opt.dropout}),
  D = run:discriminator("pix2pix", {inputs = classes, layers = opt.layers}),
  condition = condition, loss = loss,
  g_penalties = opt.l1 > 0 and {
    {function(_, real, fake) return gan.l1_loss(fake, real) end, weight = opt.l1, name = "l1"},
  } or nil,
}
