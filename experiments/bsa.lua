-- Batch statistics adaptation: a trained generator learns to draw 25 to 100 pictures of another kind. Its weights stay
-- as they are; a scale and a shift behind each batch norm are learnt, and for each picture the latent vector of which G
-- makes it. Nobody judges: G's pictures are to be the given ones, by their pixels and by the features of a network.
-- Noguchi, Harada: Image generation from small datasets via batch statistics adaptation, arXiv:1904.01774.
--
--   lua experiments/bsa.lua --run runs/fashion --data PATH --limit 25
--   lua experiments/bsa.lua --run runs/fashion --data PATH --features mnist.safetensors --steps 10000 --fall 3000
--   lua experiments/generate.lua --run runs/00001-PATH-bsa-32 --grid             new pictures, truncated at --trunc
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local adapt = gan.game.adapt

local must, stop = gan.train.stop.script "bsa.lua"
local from = must(adapt.source(arg))
local source = from.run and must(gan.train.trained.open(from.run, {net = from.net}))
local run = gan.train.run {
  recipe = "bsa", defaults = must(adapt.defaults(source)), options = adapt.options, without = adapt.without,
  summary = "Adapts the generator of another run to a few pictures. Ctrl-C saves and stops; the same command goes on.",
}
local opt = run.options

-- What is learnt, and what it is measured by.
local adapted = must(adapt.new(run, source))
local G, latents = adapted.G, adapted.latents
local features, why = gan.measure.perceptual.open(opt.features, {
  run = source.path, net = opt.net, class = adapted.class, size = opt.size, channels = opt.channels,
})
if not features then stop("--features %s", why) end
local seen = gan.loss.perceptual {relative = features.relative}
local emd = gan.loss.emd()
local weight = opt.perceptual or features.weight
local optG = gan.optim.adam(adapted.params, {
  lr = adapt.falling(run:lr "G", opt.fall), beta1 = run.varying.beta1, beta2 = run.varying.beta2,
})
local noise, normal = run:stream "noise", run:stream "emd"
run:save_with {G = G, latents = latents, optG = optG}
run:show(G, nil, {count = 32, paint = function(path, samples)
  local images, columns = adapted:sheet(samples)
  return gan.show.grid.save(path, images, {columns = columns})
end})
for _, line in ipairs(adapted.notes) do run.recorder:say("%s", line) end

for _ in run:steps() do
  local real, _, rows = run:batch()
  local z = latents(rows)
  local fake = G(z + noise:normal({opt.batch, opt.z}, 0, opt.noise))
  local target = gan.no_grad(function() return features(real) end)
  local l1, look = (fake - real):abs():mean(), seen.generator(features(fake), target)
  local apart = emd.latents(z, normal:normal {10 * opt.batch, opt.z})
  local distance = G:distance()
  local loss = l1 + weight * look + opt.emd * apart + opt.distance * distance
  optG:step(run:watch("G", gan.grad(loss, optG.params)))
  run:report {G = loss, l1 = l1, perceptual = look, emd = apart, distance = distance}
end
run:close()
