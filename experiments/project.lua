-- The latent vector of a picture: of the generator's own, or of one that it has never seen. Several restarts at once
-- tell whether a picture is out of the generator's range, or the way to it is hard.
-- Lipton & Tripathi, arXiv:1702.04782; Karras et al., arXiv:1912.04958, app. D.
--
--   lua experiments/project.lua --run runs/demo --image cat.png     runs/demo/projected.png, and its z beside it
--   lua experiments/project.lua --run runs/demo --seed 7            the run's own picture, found again
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local command, painter = gan.command, gan.show.painter

local must, stop, finish = gan.train.stop.script "project.lua"

local declared = command.declare(command.extend({
  {"image", "string", nil, arg = "PATH", help = "the picture; its centre is fitted to G's size"},
  {"seed", "integer", nil, lo = 0, help = "or the run's own picture of this seed"},
  {"restarts", "integer", 8, lo = 1, hi = 256, help = "starts, which do not see each other"},
  {"candidates", "integer", 512, lo = 1, hi = 100000, help = "random latent vectors, of which the best are starts"},
  {"steps", "integer", 300, lo = 1, hi = 100000, help = "of Adam"},
  {"lr", "number", 0.1, lo = 1e-6, hi = 100, help = "its largest step size"},
  {"prior", "number", 0.001, lo = 0, hi = 1000, help = "weight of |z|^2 / Z"},
  {"shell", "flag", false, help = "the prior is (|z|^2 / Z - 1)^2"},
  {"features", "string", "D", arg = "D|none|FILE", help = "compared beside the pixels: inner layers of a network"},
  {"feature-weight", "number", 0.1, lo = 0, hi = 1000, help = "their weight"},
  {"nearest", "integer", 10000, lo = 0, hi = 10000000, help = "training pictures of which the nearest is shown"},
  {"data", "string", nil, arg = "PATH", help = "where the run's data are now (default: where they were)"},
  {"class", "string", nil, arg = "CLASS", help = "of a conditional run: the class, by its name or as #3 (default: #0)"},
}, painter.options "projected.png, and projected.safetensors beside it"))
local opt = must(command.parse(declared, arg, {name = "project.lua", summary = "Finds a picture's latent vector."}))
if (opt.image ~= nil) == (opt.seed ~= nil) then stop "give one of --image PATH and --seed N" end
if opt.out then must(gan.data.image.named(opt.out)) end
local paint = must(painter.open(opt, gan.train.trained.open))
local y, drawn, why = paint:label(opt.class)
if why then stop("%s", why) end
local h, w, c = table.unpack(paint.shape)
local function G(z) return (paint.G(z, y and gan.full({#z}, y:item(), "i32"))) end

local image
if opt.seed then
  image = paint:images(gan.latent.of_seeds({opt.seed}, paint.z), y)
else
  if h ~= w then stop("%s: draws %dx%d; squares are fitted only", paint.path, h, w) end
  local whole = must(gan.data.image.read(opt.image, {channels = c}))
  if whole:size(1) ~= h or whole:size(2) ~= w then
    print(check.shown(("%s: is %dx%d, its centre is fitted to %dx%d"):format(opt.image, whole:size(1), whole:size(2),
      h, w)))
  end
  image = gan.data.to_real(must(gan.data.image.read(opt.image, {channels = c, size = h})):unsqueeze(1))
end

-- The run's own data: the deviation of features, and the nearest picture.
local real
if opt.data or not paint.trained.own_data and paint.trained.options.data then
  local message
  real, message = paint:data(opt.data)
  if not real then print("no training pictures: " .. check.shown(message)) end
end
local function rows(first, n)
  local list = {}
  for i = 1, n do list[i] = first + i - 1 end
  return gan.data.to_real(real:rows(gan.tensor(list, "i32")))
end

local P = must(gan.measure.perceptual.open(opt.features, {run = paint.path, net = opt.net, size = h, channels = c,
  class = y and opt.features == "D" and y:item() or nil}))
local function middle(images) -- two layers
  local seen = P(images)
  local at = math.max(1, #seen // 2)
  return {seen[at], seen[at + 1]}
end
local variances
if P.layers > 0 then
  variances = gan.no_grad(function()
    local list = {}
    local some = real and rows(0, math.min(64, real.n))
      or paint:images(gan.rng(0, "variances"):normal {64, paint.z}, y)
    for l, f in ipairs(middle(some)) do list[l] = math.max(1e-8, f:var():item()) end
    return list
  end)
end
local found = must(check.try(gan.latent.project, image, {
  generator = G, z = paint.z, restarts = opt.restarts, candidates = math.max(opt.candidates, opt.restarts),
  steps = opt.steps, lr = opt.lr, prior = opt.prior, shell = opt.shell, features = P.layers > 0 and middle or nil,
  variances = variances, feature_weight = opt.feature_weight,
}))

-- Original, best start, reconstruction, difference four times as large, two other restarts, nearest training picture.
local best = found.images:narrow(1, 1, 1)
local list = {image, found.first, best, ((best - image) * 4):clamp(-1, 1)}
for i = 2, math.min(3, #found.z) do list[#list + 1] = found.images:narrow(1, i, 1) end
local nearest
if real and opt.nearest > 0 then
  for first = 0, math.min(real.n, opt.nearest) - 1, 256 do
    local some = rows(first, math.min(256, real.n - first))
    local d = ((some - image) * 127.5):square():reshape({#some, -1}):mean(2):sqrt()
    local at = d:argmin():item()
    if not nearest or d:get(at + 1) < nearest.d then nearest = {d = d:get(at + 1), at = first + at} end
  end
  list[#list + 1] = rows(nearest.at, 1)
end
local path = must(paint:sheet(opt.out, "projected.png", gan.ops.cat(list, 1), #list))
local file = path:gsub("%.png$", "") .. ".safetensors"
must(gan.file.safetensors.save(file, {kind = "latents", z = found.z, run = paint.folder, step = paint.step}))

local first = found.restarts[1]
print(check.shown(("%s: %s%s, step %d"):format(path, found.verdict, drawn, paint.step)))
print(("  distance %.2f levels (PSNR %.1f dB); best of %d random ones %.2f%s"):format(first.rms,
  20 * math.log(255 / math.max(first.rms, 1e-9), 10), opt.candidates, found.first_rms,
  nearest and ("; nearest training picture %.2f (number %d)"):format(nearest.d, nearest.at) or ""))
print(("  %d of %s agree, mean cosine of their z %.2f"):format(found.agree, check.count(#found.z, "restart"),
  found.cosine))
for i, r in ipairs(found.restarts) do
  print(("  restart %d: %.2f levels, |z| / sqrt(Z) %.2f, largest coordinate %.2f, fell last %d steps before the end")
    :format(i, r.rms, r.length, r.largest, r.still))
end
print(file)
finish()
