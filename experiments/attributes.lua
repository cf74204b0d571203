-- Attributes: pictures that have several properties at once. G's norms add up what each attribute changes, and D's
-- answer the inner products of its features with each attribute's vector; or both are told them as further channels.
-- Miyato, Koyama, arXiv:1802.05637; Mirza, Osindero, arXiv:1411.1784.
--
--   lua experiments/attributes.lua --data shapes              which kinds and colours there are
--   lua experiments/generate.lua --run runs/NAME --attributes red,circle --grid
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "attributes", sizes = {16, 32, 64, 128}, annotations = {"attributes"},
  summary = "Trains a generator that draws pictures with given attributes.",
  options = {
    {"conditioning", "string", "projection", choices = {"projection", "concat"},
      help = "how the nets are told the attributes"},
    {"mismatch", "number", 0.5, lo = 0, hi = 1,
      help = "part of the fakes' share in D's loss that goes to real pictures with another's attributes; 0: none"},
  },
}
local opt = run.options

local condition = run.recorder:must(gan.model.attributes.new(run.data))
local nets = {conditioning = opt.conditioning, classes = condition.count}

run:train {
  G = run:generator("dcgan", nets),
  D = run:discriminator("dcgan", {conditioning = opt.conditioning, classes = condition.count, norm = "spectral"}),
  loss = gan.loss.hinge(), condition = condition, mismatch = opt.mismatch,
}
