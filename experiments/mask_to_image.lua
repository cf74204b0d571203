-- Mask to image: G's norms scale and shift each pixel by what its class is; patch critics judge pieces of the image
-- beside the mask, at two sizes, and G's images are to make what their hidden layers make of the mask's own picture.
-- Park et al.: Semantic image synthesis with spatially-adaptive normalization, arXiv:1903.07291; a small net.
--
--   lua experiments/generate.lua --run runs/NAME --mask FILE.png
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "mask_to_image", sizes = {32, 64, 128}, annotations = {"mask"}, without = {"pack"},
  summary = "Trains a SPADE generator of images from masks.",
  defaults = {data = "shapes", batch = 16, z = 64, ngf = 32, ndf = 32, lr = 1e-4, dlr = 4e-4, beta1 = 0,
    beta2 = 0.9},
  options = {
    {"mismatch", "number", 0, lo = 0, hi = 1,
      help = "part of the fakes' share in D's loss that goes to real pictures with another mask"},
    {"match", "number", 10, lo = 0,
      help = "weight of feature matching; 1 or 2 where the mask leaves colours open, which 10 would fix"},
  },
}
local opt = run.options
local condition = gan.model.places.maps(run.data)
local classes = #condition.classes

-- How much the critics' hidden layers tell an image from the real one that its mask is of: means over each layer.
local distance = gan.loss.perceptual().generator
local function matching(D, real, fake, map)
  local seen = gan.no_grad(function() return D:features(real, map) end)
  return distance(D:features(fake, map), seen) / #D:children()
end

local D = run:discriminator("spade", {classes = classes})
run:train {
  G = run:generator("spade", {classes = classes}), D = D,
  condition = condition, loss = D:loss(gan.loss.hinge()), mismatch = opt.mismatch,
  g_penalties = opt.match > 0 and {{matching, weight = opt.match, name = "matching"}} or nil,
}
