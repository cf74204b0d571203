-- Times drawing: pictures by an untrained DCGAN generator in evaluation, nothing recorded, fresh z for every batch; one
-- batch to warm up.
--   lua experiments/bench/generate.lua --images 1000 --json
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local gan = require "gan"
local core = require "gan.core"

local opt = bench.options("Times the DCGAN generator alone.", {
  {"images", 1000, "pictures to draw"}, {"size", "64", "pixels: 16, 32, 64 or 128", words = {"16", "32", "64", "128"}},
  {"channels", "3", "1 or 3", words = {"1", "3"}}, {"batch", 64, "pictures drawn at once"},
  {"width", 64, "ngf"}, {"z", 100, "latent numbers"},
})
local size, channels = tonumber(opt.size), tonumber(opt.channels)
local G = gan.model.dcgan.generator {size = size, channels = channels, ngf = opt.width, z = opt.z}
G:eval()

local function draw(images)
  gan.no_grad(function()
    for first = 1, images, opt.batch do G(gan.randn(math.min(opt.batch, images - first + 1), opt.z)) end
  end)
end

draw(opt.batch)
local t = core.clock()
draw(opt.images)
local s, _, rss = core.clock() - t, core.rss()
bench.say("%d pictures of %dx%dx%d, batch %d, threads %d: %.3f s, %.1f images/s, at most %.0f MB",
  opt.images, size, size, channels, opt.batch, opt.threads, s, opt.images / s, rss / 2 ^ 20)
bench.result {net = "dcgan", size = size, channels = channels, batch = opt.batch, images = opt.images,
  s_generate = bench.digits(s), img_s = bench.digits(opt.images / s), rss_mb = rss // 2 ^ 20 | 0}
