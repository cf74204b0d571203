-- An augmentation of one's own: transforms of the library, put together with a function. D sees all pictures through
-- it, so that a few hundred last longer; G learns the pictures as they are, for some stay so.
-- Transforms: Karras et al. 2020, arXiv:2006.06676.
--
--   lua experiments/own_augment.lua --data PATH --strength 0.6
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "own_augment", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN with an augmentation that is put together in the script.",
  options = {{"strength", "schedule", 0.6, lo = 0, hi = 1, help = "a factor on the probability of each transform"}},
}

local function dim(x, rng) return (x + 1) * rng:uniform({x:size(1), 1, 1, 1}, 0.5, 1) - 1 end -- -1 is black
local a = gan.augment
run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
  augment = a.compose({a.xflip(), a.translate(), a.rotate(1, {range = 15}), {dim, name = "dim"}},
    {p = run.varying.strength}),
}
