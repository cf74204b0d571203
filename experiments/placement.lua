-- Does a run obey? Measures pictures that its generator makes of layouts or masks; beside them what real pictures reach
-- by the same measure, and what they reach under other pictures' layouts or masks: chance.
--
--   lua experiments/placement.lua --run runs/layouts                                  boxes that hold an object
--   lua experiments/placement.lua --run runs/masks --segmenter FILE                   a file of segmenter.lua
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local core = require "gan.core"
local command, measure = gan.command, gan.measure

local must, stop, finish = gan.train.stop.script "placement.lua"

local declared = command.declare(command.extend({
  {"run", "string", nil, arg = "PATH", help = "a run of layout_to_image, mask_to_image or pix2pix, or a checkpoint"},
  {"segmenter", "string", nil, arg = "FILE", help = "of a run of masks: who names the pixels' classes"},
  {"n", "integer", 1000, lo = 2, hi = 10000000, help = "pictures (at most all there are that can be asked about)"},
  {"all", "flag", false, help = "of layouts: also those of one object, which are easy: chance is over a half"},
  {"seed", "integer", 0, lo = 0, help = "seed of the latent vectors"},
  {"ema", "flag", true, negatable = true, help = "G's averaged weights, where the run has them"},
  {"threads", "integer", gan.threads(), lo = 1, hi = 64, help = "threads; the results do not depend on them"},
}, gan.data.options.list {
  data = {help = "pictures with annotations that the run has not seen (default: its own data's test part; of "
    .. "'shapes' others)"}, size = false,
}))
local opt = must(command.parse(declared, arg, {name = "placement.lua", summary = "Measures whether a run obeys."}))
if not opt.run then stop "--run is missing: a run's directory, such as runs/layouts" end
gan.threads(opt.threads)
local trained = must(gan.train.trained.open(opt.run))
local condition = trained.condition
if not condition or not condition.places then
  stop("--run %s: is not one of layout_to_image, mask_to_image or pix2pix", opt.run)
end
local boxes = condition.kind == "boxes"
local net = not boxes and (opt.segmenter and must(measure.segmenter.open(opt.segmenter))
  or stop "--segmenter is missing: a file of segmenter.lua")

-- The pictures that are asked about.
local path = opt.data or trained.options.data
local how = gan.data.options.of(trained.options)
for k, v in pairs(gan.data.options.of(opt)) do how[k] = v end
how.size, how.limit = condition.height, opt.limit
if not opt.data and path == "shapes" then how.seed, how.count = 1, 8 * opt.n end -- the run's are of seed 0
if not opt.data and not opt.split and path ~= "shapes" then
  for _, part in ipairs(must(gan.data.open(path, how)).splits) do if part == "test" then how.split = part end end
end
local set = must(gan.data.open(path, how))
must(gan.data.annotations.needs(set, boxes and "boxes" or "mask"))
local rows = {}
for i = 1, set.n do
  if #rows < opt.n and (not boxes or #set:boxes(i) > (opt.all and 0 or 1)) then rows[#rows + 1] = i - 1 end
end
if #rows < 2 then
  stop("%s: too few pictures%s", path, boxes and " with several objects (--all: with one, too)" or "")
end
set = set:subset(core.tensor(rows, "i32"))
for i, name in ipairs((boxes and set.box_classes or gan.model.places.maps(set).classes)) do
  if name ~= condition.classes[i] then stop("%s: its class %d is '%s', the run's is another", path, i - 1, name) end
end

local real, y = gan.model.places.of(set, condition)
local n = set.n
local other = core.cat({core.narrow(y, 1, 2, n - 1), core.narrow(y, 1, 1, 1)}, 1) -- the next picture's
local seeds = {}
for i = 1, n do seeds[i] = opt.seed * 1000003 + i - 1 end
local z = must(check.try(gan.latent.of_seeds, seeds, trained.options.z, trained.options.trunc))
local fake = must(check.try(gan.nn.evaluate, trained.G, z, y, {average = opt.ema and trained.ema or nil}))

local function held(x, layout)
  local v, p = measure.boxes_held():add(x, layout):value()
  return ("%6.2f %% of %d boxes (+- %.2f)"):format(100 * v, p.boxes, 196 * p.deviation)
end
local function named(x, map)
  local v, p = gan.metric.segmentation {classes = #condition.classes}:add(measure.segmenter.classes(net.net, x), map)
    :value()
  return ("%6.2f %% of pixels, %6.2f %% of those not ground, mean IoU %.3f"):format(100 * v, 100 * (p.not_ground or 0),
    p.miou)
end
local f = boxes and held or named
print(("%s, step %d: %d pictures of %s"):format(check.shown(trained.path), trained.step, n,
  check.shown(tostring(set.source))))
for _, row in ipairs {{"samples", fake, y}, {"real pictures", real, y}, {"chance", real, other}} do
  print(("  %-14s%s"):format(row[1], f(row[2], row[3])))
end
finish()
