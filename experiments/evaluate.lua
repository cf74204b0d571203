-- Measures a trained run, or one set of images against another. Every number comes with its protocol: how many images
-- of each side, of which split, seen by which network.
--
--   lua experiments/evaluate.lua --run runs/demo                                   averaged weights, the run's own data
--   lua experiments/evaluate.lua --run runs/f --features fashion.safetensors --metrics fid,kid,pr,is --n 10000
--   lua experiments/evaluate.lua --images drawn/ --data PATH --split test --json   a folder of pictures, as JSON lines
--   lua experiments/evaluate.lua --a PATH --b PATH --n 5000                        two halves of one set
--   lua experiments/evaluate.lua --images drawn/ --stats real.npz --metrics fid    statistics that others computed
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local core = require "gan.core"
local lfs = require "lfs"
local told_of = require("gan.model.told").of
local command, evaluate, features, json = gan.command, gan.measure.evaluate, gan.measure.features, gan.file.json

local NAME = "evaluate.lua"
local MOST = 10000 -- images of a side, unless --n says more

local must, stop, finish = gan.train.stop.script(NAME)

local declared = command.declare(command.extend({
  {"run", "string", nil, arg = "PATH", help = "measure this run's directory, or one of its checkpoints"},
  {"net", "string", nil, arg = "FILE.lua",
    help = "the Lua file that makes the run's generator, where one does; it is executed: the run's copy, or your own"},
  {"images", "string", nil, arg = "PATH", help = "or these generated pictures (a folder, or whatever --data takes)"},
  {"a", "string", nil, arg = "PATH",
    help = "or measure --b against --a, each whatever --data takes; the same set twice: its two halves"},
  {"b", "string", nil, arg = "PATH", help = "see --a"},
  {"metrics", "string", "fid,kid,pr,is", arg = "LIST", help = "any of " .. table.concat(evaluate.names, ", ")},
  {"features", "string", "random_conv", arg = "NAME|PATH",
    help = "the network that sees the images: random_conv, pixels, a file of experiments/classifier.lua, "
      .. "or Inception's weights"},
  {"n", "integer", nil, lo = 1, hi = 10000000,
    help = ("images of each side (default: all, but at most %d)"):format(MOST)},
  {"n-real", "integer", nil, lo = 1, hi = 10000000, help = "real images (default: as --n); for nearest: all there are"},
  {"split-b", "string", nil, choices = gan.data.SPLITS,
    help = "which part of --b (default: as --split)"},
  {"seed", "integer", 0, lo = 0, help = "seed of the latent vectors, and of which images are taken"},
  {"batch", "integer", 64, lo = 1, hi = 65536, help = "images in memory at a time"},
  {"threads", "integer", gan.threads(), lo = 1, hi = 64, help = "threads; the results do not depend on them"},
  {"stats", "string", nil, arg = "FILE.npz",
    help = "mean and covariance of the real features, for FID: read if the file is there, written if not"},
  {"sheet", "string", nil, arg = "FILE.png",
    help = "the picture of the metric nearest: generated images beside the real ones nearest to them "
      .. "(default: nearest.png in the run)"},
  {"ema", "flag", true, negatable = true, help = "G's averaged weights, where the run has them"},
  {"standing", "integer", 0, lo = 0, hi = 10000, arg = "K",
    help = "take batch norm's statistics anew, of K batches of 128 (20 are enough); 0: those of training"},
  {"trunc", "number", nil, lo = 0.01, hi = 100,
    help = "draw latent coordinates beyond this anew (default: the run's own --trunc, or none)"},
  {"json", "flag", false, help = "JSON lines on the standard output, and nothing else there"},
}, gan.data.options.list {
  data = {help = ("the real images: %s; or 'shapes', 'fake' (default: the run's own)"):format(gan.data.formats)},
  size = {help = "side of the images in pixels (default: the run's, or as they are)"},
  split = {help = "which part of the real images, where they come in parts (default: train)"}, limit = false,
}))
local about = {name = NAME, summary = "Measures a run, or images against images."}
local opt, given = must(command.parse(declared, arg, about))
gan.threads(opt.threads)

local function warn(text)
  io.stdout:flush()
  io.stderr:write(NAME, ": warning: ", text, "\n")
end

-- ---- which two sides ----

local modes = {}
if opt.run then modes[#modes + 1] = "--run" end
if opt.images then modes[#modes + 1] = "--images" end
if opt.a or opt.b then modes[#modes + 1] = "--a and --b" end
if #modes ~= 1 then
  local got = #modes > 1 and "; got " .. table.concat(modes, ", ") or ""
  stop("give one of --run DIR, --images DIR --data PATH, and --a PATH --b PATH%s", got)
end
if modes[1] == "--a and --b" and not (opt.a and opt.b) then stop("--%s is missing", opt.a and "b" or "a") end
if opt.a and opt.data then stop "--data belongs to --run and --images; with --a and --b the real images are --a" end
if opt.net and not opt.run then stop "--net belongs to --run" end
if opt.standing > 0 and not opt.run then stop "--standing belongs to --run" end
if opt.trunc and not opt.run then stop "--trunc belongs to --run" end
if opt.split_b and not opt.b then stop "--split-b belongs to --b" end
local metrics = must(evaluate.parse(opt.metrics))
local has_stats = opt.stats and lfs.attributes(opt.stats, "mode") and not evaluate.needs_real(metrics)
if opt.images and not opt.data and not has_stats then
  stop "--data is missing: the real images, which --images are measured against"
end
if opt.sheet then must(gan.data.image.named(opt.sheet)) end
if opt.stats then
  must(gan.file.text.says(opt.stats, "npz", "statistics are written as .npz"))
  gan.file.text.leftovers(gan.file.text.folder_of(opt.stats), true) -- of one that was killed
end

local trained, shape = opt.run and must(gan.train.trained.open(opt.run, {net = opt.net})), nil
if trained and trained.notice then warn(trained.notice) end
if trained then -- the shape of its pictures: 1, height, width, channels
  local labels = trained.classes and core.full({1}, 0, "i32")
  if trained.condition then labels = must(told_of(trained, {}, {0})) end
  local image, why_not = check.try(evaluate.of_generator(trained, {n = 1, labels = labels}).batch, 1, 1)
  if not image then stop("%s: cannot draw: %s", trained.path, why_not) end
  shape = core.shape(image)
  if #shape ~= 4 then stop("%s: draws no pictures", trained.path) end
end
if trained and opt.size and (opt.size ~= shape[2] or opt.size ~= shape[3]) then
  stop("--size %d: the run draws %dx%d", opt.size, shape[2], shape[3])
end

-- Opens images as the run has its own, but for what the command line says. as_own: its --limit and --split, too.
local fit -- how they became what is compared, where their shape was another
local function open(path, split, channels, as_own)
  local how = trained and gan.data.options.of(trained.options) or {}
  if not as_own then how.limit, how.split = nil, nil end
  split = split or how.split -- --split is of the real images alone
  for name, v in pairs(gan.data.options.of(opt)) do if given[name] or how[name] == nil then how[name] = v end end
  how.split, how.channels, fit = split, opt.channels or channels, how.fit
  return gan.data.open(path, how)
end

-- How images differ from those that the run learnt from; nil where they do not, or the run does not know its own.
local function strangers(set)
  return trained and trained.data and gan.data.identity.difference(trained.data, gan.data.identity.of(set))
end

-- The real images of a path. The run's own are told by what they are: they may lie elsewhere now.
local function open_real(path, channels)
  if opt.data and trained and trained.data and not opt.split and (trained.options.limit or trained.options.split) then
    local own = open(path, nil, channels, true)
    if own and not strangers(own) then return own end
  end
  local at_home = trained and not opt.data
  local set, message = open(path, opt.split, channels, at_home)
  if not set then stop("%s%s", message, at_home and "; --data PATH says where the run's data are now" or "") end
  local asked = false -- for other images, by an option of data
  for name in pairs(gan.data.options.of(opt)) do asked = asked or given[name] end
  local why = at_home and not asked and strangers(set)
  if why then warn(("%s: the run %s"):format(path, why)) end
  return set
end

-- The statistics of a file may stand for the real images. Where --data or --a names those, they are compared with it.
local own_path = trained and not trained.own_data and trained.options.data or nil
local real_path, real = opt.a or opt.data or own_path, nil
local by_file = has_stats and not (trained and (trained.classes or trained.condition)) and not opt.a and not opt.data
if not by_file then
  if not real_path then
    stop("%s: its script opened the data, and no script is executed here: give the real images, --data PATH",
      trained.path)
  end
  real = open_real(real_path, shape and shape[4])
end

local other
if not trained then
  local path, split = opt.images or opt.b, opt.split_b or opt.b and opt.split or nil
  other = must(open(path, split))
  if real and other.channels ~= real.channels then -- grey pictures among colour ones are colour pictures
    if real.channels == 1 then real = open_real(real_path, 3) else other = must(open(path, split, 3)) end
  end
  if real and (other.height ~= real.height or other.width ~= real.width) then
    stop("%s: images of %dx%d, %s: of %dx%d; give --size",
      real.source, real.height, real.width, other.source, other.height, other.width)
  end
end

-- ---- how many of each ----

-- Of a set that is on both sides each side gets its half, where they are compared.
local place = opt.images or opt.b
local halves = real and other and evaluate.compares(metrics) and real.n == other.n
  and (gan.data.same_place(real_path, place) and real.split == other.split or evaluate.same(real, other))
for _, set in pairs {real or nil, not halves and other or nil} do -- what was passed over, left out, enlarged
  if set.notes[1] then
    io.stderr:write(NAME, ": ", set.source, ":\n  ", (table.concat(set.notes, "\n"):gsub("\n", "\n  ")), "\n")
  end
end
if halves then -- in one order, whatever the files are called
  other = other.labels and other or real
  real = other
end
local most = math.min(real and real.n // (halves and 2 or 1) or MOST, other and other.n // (halves and 2 or 1) or MOST)
if halves and most < 1 then stop("%s: one image has no two halves", real_path) end
local n = opt.n or math.min(MOST, most)
local n_real = real and math.min(opt.n_real or n, real.n // (halves and 2 or 1))
local n_other = other and math.min(n, other.n // (halves and 2 or 1)) or n

local real_side = real and must(evaluate.of_set(real, {n = n_real, seed = opt.seed, name = real_path}))
local other_side
if trained then
  local labels = trained.classes and must(evaluate.labels_like(real_side, n, trained.classes)) or nil
  local condition = trained.condition
  if condition then labels = must(real_side.conditions(condition, {condition.kind}, n)) end
  other_side = evaluate.of_generator(trained, {
    n = n, seed = opt.seed, ema = opt.ema, labels = labels, classes = trained.classes, standing = opt.standing,
    trunc = opt.trunc,
  })
else
  other_side = must(evaluate.of_set(other, {
    n = n_other, seed = opt.seed, skip = halves and n_real or 0, name = place,
  }))
end

-- ---- measuring ----

local F, why = features.open(opt.features, {
  size = opt.size or trained and trained.options.size or real and real.size or other and other.size,
  channels = real and real.channels or other and other.channels or shape and shape[4],
})
if not F then stop("--features: %s", why) end
if halves then warn(("%s is %s: each side gets half of the images"):format(other_side.name, real_path)) end
local cannot, can = evaluate.impossible(F, metrics, real_side, other_side), {}
for _, name in ipairs(metrics) do
  if not cannot[name] then can[#can + 1] = name
  elseif given.metrics or name ~= "is" then stop("%s: %s", name, cannot[name])
  else warn(("%s: left out, it %s"):format(name, cannot[name])) end
end

-- The state of things on the standard error: live on a terminal, elsewhere a line a side.
local console = gan.show.console.new(2)
local function progress(what, done, total)
  if console:wants_live() or done == total and (total > 0 or console.terminal) then
    console:redraw(total > 0 and ("%s: %d of %s"):format(what, done, check.count(total, "image")) or what)
  end
end

local session = evaluate.new {
  features = F, metrics = can, seed = opt.seed, batch = opt.batch, stats = opt.stats, progress = progress,
}
must(session:set_real(real_side))
local stood, learnt = by_file and session.real.about, trained and trained.data
if stood and opt.split and stood.split ~= opt.split then
  stop("--split %s: %s is of %s (%s); give --data, too, or another file", opt.split, opt.stats, stood.data, stood.split)
end
if stood and learnt and stood.checksum ~= learnt.checksum then
  warn(("%s: of %s (%s), which are other images than the run learnt from"):format(opt.stats, stood.data, stood.split))
end
local results = must(session:measure(other_side))
console:finish(true)

-- ---- telling ----

local sheet
if session.neighbours then
  local dir = trained and gan.file.text.folder_of(trained.path)
  local path = opt.sheet or dir and dir .. "/nearest.png"
  if path then
    local images, columns = session:sheet()
    gan.file.text.leftovers(gan.file.text.folder_of(path), true)
    must(gan.show.grid.save(path, images, {columns = columns}))
    sheet = path
  end
end

local h, w, c = table.unpack(shape or {other.height, other.width, other.channels}, shape and 2 or 1)
local images = ("%dx%dx%d"):format(h, w, c)
local told = {}
for _, r in ipairs(results) do
  r.image, r.fit = images, fit
  r.sheet = r.metric == "nearest" and sheet or nil
  for _, text in ipairs(r.warnings) do
    if not told[text] then warn(text) end
    told[text] = true
  end
end

if opt.json then
  for _, r in ipairs(results) do io.stdout:write(json.encode(r), "\n") end
else
  local first = results[1]
  local run = first.run
  local subject = run and ("%s, step %d, %s weights%s"):format(run.path, run.step, run.ema and "averaged" or "plain",
      (run.standing and (", statistics of %s"):format(check.count(run.standing, "batch")) or "")
        .. (run.trunc and (", truncated at %g"):format(run.trunc) or ""))
    or ("%s (%s)"):format(first.images, first.split_images)
  local against = first.data and ("%s (%s)"):format(first.data, first.split)
  if first.stats then
    against = against and ("%s, by %s"):format(against, opt.stats) or opt.stats .. ", which does not say of what it is"
  end
  print(command.fold(("%s against %s"):format(subject, against)))
  local hash = F.hash and " " .. F.hash or ""
  print(command.fold(("images %s%s; features %s%s, D %d; %s; seed %d"):format(images, fit and ", fit " .. fit or "",
    F.name, hash, F.dim or 0, F.resize, opt.seed)))
  local rows = {{"metric", "value", "+-", "real", run and "generated" or "others"}}
  for _, r in ipairs(results) do
    local deviation = r.deviation and ("%.3g"):format(r.deviation) or ""
    rows[#rows + 1] = {
      r.metric, ("%.6g"):format(r.value), deviation, r.n_real and tostring(r.n_real) or "", tostring(r.n_fake),
    }
  end
  print(command.table(rows))
  if sheet then print(command.fold(sheet .. ": generated images, each beside the real ones that it is nearest to")) end
end
finish()
