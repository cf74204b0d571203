-- A map of real and generated pictures, those that are alike beside each other: what the generator fills, what it
-- leaves out, and what it copies. t-SNE: van der Maaten & Hinton 2008, JMLR 9.
--
--   lua experiments/atlas.lua --run runs/demo                      runs/demo/atlas.png, and two more beside it
--   lua experiments/atlas.lua --run runs/demo --features FILE      alike to a file of classifier.lua, or Inception
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local core = require "gan.core"
local atlas, command, metric, painter = gan.show.atlas, gan.command, gan.metric, gan.show.painter
local evaluate = gan.measure.evaluate

local BATCH = 256 -- pictures in memory at a time
local SHOWN = 16 -- of the likeliest copies, and of the loneliest real pictures

local must, stop, finish = gan.train.stop.script "atlas.lua"

local declared = command.declare(command.extend({
  {"n", "integer", 1000, lo = 8, hi = 4000, help = "pictures of each side, if there are so many"},
  {"features", "string", "random_conv", arg = "NAME|PATH",
    help = "the network that says what is alike: random_conv, pixels, a file of experiments/classifier.lua, "
      .. "or Inception's weights"},
  {"n-train", "integer", 10000, lo = 3, hi = 10000000,
    help = "training pictures among which copies are looked for; with --mirror, mirrored, too"},
  {"perplexity", "number", nil, lo = 1, hi = 1000, help = "neighbours of a picture that count (default: 30, or fewer)"},
  {"steps", "integer", 1000, lo = 1, hi = 100000, help = "of the map"},
  {"tile", "integer", 32, lo = 4, hi = 512, help = "longest side of a picture on the map, in pixels"},
  {"columns", "integer", nil, lo = 1, hi = 1000, help = "of the map (default: as square as it goes)"},
  {"seed", "integer", 0, lo = 0, help = "of the latent vectors, and of which real pictures are taken"},
  {"data", "string", nil, arg = "PATH", help = "where the run's data are now (default: where they were)"},
}, painter.options "atlas.png, with atlas_copies.png and atlas_missed.png beside it"))
local opt = must(command.parse(declared, arg, {name = "atlas.lua",
  summary = "Maps real and generated pictures by what is alike."}))
if opt.out then must(gan.data.image.named(opt.out)) end
local paint = must(painter.open(opt, gan.train.trained.open))
local set, why = paint:data(opt.data)
if not set then stop("no training pictures: %s", why) end
local h, w, c = table.unpack(paint.shape)
local F, unknown = gan.measure.features.open(opt.features, {size = h == w and h or nil, channels = c})
if not F then stop("--features: %s", unknown) end
local n = math.min(opt.n, set.n)
if n < 8 then stop("%s: has %s, a map needs 8", set.source, check.count(set.n, "picture")) end

-- The training pictures, of which the first n are on the map, and as many generated ones, of the same classes.
local train = must(evaluate.of_set(set, {n = math.min(set.n, math.max(n, opt.n_train)), seed = opt.seed}))
local labels = paint.classes and must(evaluate.labels_like(train, n, paint.classes)) or nil
local drawn = evaluate.of_generator(paint.trained, {
  n = n, seed = opt.seed, ema = opt.ema, labels = labels, classes = paint.classes,
})

local console = gan.show.console.new(2)
local function live(...) if console:wants_live() then console:redraw((...):format(select(2, ...))) end end

-- Pictures' features; and the pictures themselves, u8, of the first n.
local function see(source, what, change)
  local seen, images = metric.rows {capacity = source.n}, {}
  for first = 1, source.n, BATCH do
    local some = source.batch(first, math.min(BATCH, source.n - first + 1))
    if core.dtype(some) == "real" then some = core.image_quantise(some) end
    if first <= n then images[#images + 1] = core.narrow(some, 1, 1, math.min(#some, n - first + 1)) end
    seen:add((must(check.try(F, change and change(some) or some))))
    live("%s: %d of %s", what, seen.n, check.count(source.n, "picture"))
  end
  return seen, core.cat(images, 1)
end
local function mirrored(images)
  return core.batch(images, core.cat({core.full({#images, 1}, 1, "i32"), core.full({#images, 2}, 0, "i32")}, 2))
end
local known, real_images = see(train, "training pictures")
local fakes, fake_images = see(drawn, "generated pictures")
local reals = metric.rows():add(known:features():narrow(1, 1, n))
local among = known
if paint.trained.options.mirror then
  among = metric.rows():add(known:features()):add((see(train, "mirrored pictures", mirrored)):features())
end

-- What was filled, what was left out, what was copied: by the features, never by places on the map.
local k = math.min(5, n - 1)
local _, filled = metric.density_coverage({real = reals, fake = fakes, k = k}):value()
local _, both = metric.precision_recall({real = reals, fake = fakes, k = math.min(3, n - 1)}):value()
local copies = must(check.try(function()
  return (select(2, metric.memorised({real = among, fake = fakes}):value()))
end))
local _, nearest = metric.nearest({real = fakes, fake = reals}):value()
local kinds, ratios = {}, copies.ratios:to_table()
for i, hit in ipairs(filled.reached:to_table()) do kinds[i] = hit == 1 and "real" or "missed" end
for i, count in ipairs(filled.balls:to_table()) do
  kinds[n + i] = ratios[i] < copies.below and "copied" or count > 0 and "generated" or "stray"
end

local all = gan.ops.cat({reals:features(), fakes:features()}, 1)
local places, map = check.try(gan.show.tsne, all, {perplexity = opt.perplexity, steps = opt.steps, each = function(step)
  live("map: step %d of %d", step, opt.steps)
end})
if not places then stop("%s", map) end
local cells, columns, rows = atlas.arrange(places, {columns = opt.columns})
local path = paint:place(opt.out, "atlas.png")
must(gan.data.image.write(path, atlas.draw(core.cat({real_images, fake_images}, 1), kinds, {
  cells = cells, columns = columns, rows = rows, side = opt.tile,
})))

-- Rows of pictures beside their neighbours, those first whose number is the least.
local function order(list)
  local out = {}
  for i = 1, #list do out[i] = i end
  table.sort(out, function(a, b)
    if list[a] ~= list[b] then return list[a] < list[b] end
    return a < b
  end)
  return table.move(out, 1, math.min(SHOWN, #out), 1, {})
end
local function save(suffix, parts)
  local file = path:gsub("%.png$", "") .. suffix
  must(gan.show.grid.save(file, core.cat(parts, 1), {columns = 4}))
  return file
end
local function training(row) -- of `among`, from 0: those behind the last are mirrored
  local image = train.batch(row % train.n + 1, 1)
  return row < train.n and image or core.image_quantise(mirrored(image))
end
local pairs_of, lonely = {}, {}
local near = copies.rows:to_table()
for _, i in ipairs(order(ratios)) do
  pairs_of[#pairs_of + 1] = core.narrow(fake_images, 1, i, 1)
  pairs_of[#pairs_of + 1] = training(near[i][1])
end
local far, own, at = nearest.distances:to_table(), reals:radii("atlas", "real", k):to_table(), nearest.rows:to_table()
for i, d in ipairs(far) do far[i] = -d[1] / math.sqrt(math.max(own[i], 1e-30)) end
for _, i in ipairs(order(far)) do
  lonely[#lonely + 1] = core.narrow(real_images, 1, i, 1)
  lonely[#lonely + 1] = core.narrow(fake_images, 1, at[i][1] + 1, 1)
end
local copies_path, missed_path = save("_copies.png", pairs_of), save("_missed.png", lonely)
console:finish(true)

local counts = {}
for _, kind in ipairs(kinds) do counts[kind] = (counts[kind] or 0) + 1 end
local function count(kind) return counts[kind] or 0 end
print(command.fold(("%s: %d real and %d generated pictures, step %d, by %s%s"):format(path, n, n, paint.step, F.name,
  F.hash and " " .. F.hash or "")))
print(("  blue: %d real ones that generated ones reach; orange: %d that none reaches"):format(count "real",
  count "missed"))
print(("  green: %d generated ones near real ones; pink: %d far from all"):format(count "generated", count "stray"))
print(("  red: %d of %d are copies, by chance %.2g (among %s%s; dimension %.1f)"):format(copies.flagged, n,
  copies.expected, check.count(train.n, "training picture"), among == known and "" or ", also mirrored",
  copies.dimension))
print(("  coverage %.3f, density %.3f (k %d); precision %.3f, recall %.3f (k %d); map: divergence %.3f nats"):format(
  filled.coverage, filled.density, k, both.precision, both.recall, both.k, map.divergence))
print(command.fold(copies_path .. ": generated pictures, each beside the training picture that it is nearest to"))
print(command.fold(missed_path .. ": the loneliest real pictures, each beside the generated one nearest to it"))
finish()
