-- Directions in latent space that mean something, each as a strip of pictures; and a file of them.
-- SeFa: Shen & Zhou, arXiv:2007.06600. Principal directions: Haerkoenen et al., arXiv:2004.02546.
--
--   lua experiments/directions.lua --run runs/demo                                 of the first layer's weight
--   lua experiments/directions.lua --run runs/demo --method principal --layer 2    of the second stage's activations
--   lua experiments/directions.lua --run runs/demo --method classes --features FILE  a classifier.lua file's classes
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local core = require "gan.core"
local command, latent, painter = gan.command, gan.latent, gan.show.painter
local directions = latent.directions

local must, stop, finish = gan.train.stop.script "directions.lua"

local declared = command.declare(command.extend({
  {"method", "string", "sefa", choices = {"sefa", "principal", "classes"},
    help = "of the first layer's weight, of a layer's activations, or of what a classifier sees"},
  {"count", "integer", 8, lo = 1, hi = 100, help = "how many directions"},
  {"layer", "integer", 1, lo = 1, hi = 100, help = "of principal: which activation, from 1"},
  {"features", "string", nil, arg = "FILE", help = "of classes: a classifier of experiments/classifier.lua"},
  {"separator", "string", "difference", choices = {"difference", "logistic", "ridge"}, help = "of classes: how"},
  {"n", "integer", 2000, lo = 8, hi = 100000, help = "of principal (at most 8192) and classes: latent vectors"},
  {"seed", "integer", 0, lo = 0, help = "of the strips: whose latent vector is moved"},
  {"reach", "number", nil, lo = 0.1, hi = 1000,
    help = "of the strips: standard deviations to either side (default: 0.6 times the root of z's length)"},
  {"columns", "integer", 9, lo = 3, hi = 99, help = "of the strips"},
  {"class", "string", nil, arg = "CLASS", help = "of a conditional run: the class, by its name or as #3 (default: #0)"},
}, painter.options "directions.png, and directions.safetensors beside it"))
local opt = must(command.parse(declared, arg, {name = "directions.lua", summary = "Finds directions in latent space."}))
if opt.out then must(gan.data.image.named(opt.out)) end
local paint = must(painter.open(opt, gan.train.trained.open))
local y, drawn, why = paint:label(opt.class)
if why then stop("%s", why) end
local z = gan.rng(0, "directions"):normal {opt.n, paint.z}
local function labels(n) return y and core.full({n}, core.item(y), "i32") end

local find = {}
function find.sefa()
  local weight = must(check.try(directions.weight, paint.G, paint.z))
  return must(check.try(directions.sefa, weight, {count = math.min(opt.count, paint.z)}))
end
function find.principal()
  local list = {}
  gan.no_grad(function()
    for first = 1, opt.n, 64 do
      local n = math.min(64, opt.n - first + 1)
      local seen, message = check.try(gan.nn.stages, paint.G, z:narrow(1, first, n), labels(n))
      if not seen then stop("--method principal: the generator's activations cannot be seen: %s", message) end
      if not seen[opt.layer] then
        stop("--layer %d: the generator has %s", opt.layer, check.count(#seen, "such layer"))
      end
      list[#list + 1] = seen[opt.layer]:reshape {n, -1}
    end
  end)
  return must(check.try(directions.principal, z, gan.ops.cat(list, 1), {count = opt.count}))
end
function find.classes()
  if not opt.features then stop "--features is missing: a file of experiments/classifier.lua" end
  local h, _, c = table.unpack(paint.shape)
  local F = must(gan.measure.features.open(opt.features, {size = h, channels = c}))
  if not F.classes then stop("--features %s: is no classifier", opt.features) end
  local seen = {}
  for first = 1, opt.n, 64 do
    local n = math.min(64, opt.n - first + 1)
    local _, logits = F(paint:images(z:narrow(1, first, n), y))
    seen[#seen + 1] = logits:argmax(2)
  end
  local names = F.class_names or {}
  for label = 0, F.classes - 1 do names[label + 1] = names[label + 1] or tostring(label) end
  return must(check.try(directions.separators, z, gan.ops.cat(seen, 1), names, {method = opt.separator}))
end
local found = find[opt.method]()
local k = math.min(opt.count, #found.values)
found.names = found.names or {}
for i = 1, k do found.names[i] = found.names[i] or tostring(i) end
found.directions = found.directions:narrow(1, 1, k):contiguous()
for _, name in ipairs {"values", "names", "shares"} do
  found[name] = found[name] and table.move(found[name], 1, k, 1, {})
end
found.effects = directions.effects(function(v) return paint:images(v, y) end, found.directions, z:narrow(1, 1, 8))
found.run, found.step = paint.folder, paint.step

-- A row for each direction, the unmoved picture in the middle.
local reach, rows, here = opt.reach or 0.6 * math.sqrt(paint.z), {}, latent.of_seeds({opt.seed}, paint.z)
for i = 1, k do
  for c = 0, opt.columns - 1 do
    local s = reach * (2 * c / (opt.columns - 1) - 1)
    rows[#rows + 1] = latent.along(here, found.directions:narrow(1, i, 1), s)
  end
end
local images = paint:images(gan.ops.cat(rows, 1), y)
local path = must(paint:sheet(opt.out, "directions.png", images, opt.columns))
local file = path:gsub("%.png$", "") .. ".safetensors"
must(directions.save(file, found))
print(check.shown(("%s: %s%s, step %d; strength %.1f to either side"):format(path, check.count(k, "row"), drawn,
  paint.step, reach)))
for i = 1, k do
  local mark = found.floor and found.values[i] <= found.floor and "  noise: a random layer has such values" or ""
  if opt.method == "classes" and found.values[i] < 2 then mark = "  noise: below 2 there is no direction" end
  local share = found.shares and ("  linear in z %.0f %%"):format(math.min(100, 100 * found.shares[i])) or ""
  print(check.shown(("%4s  value %.4g  effect %.1f levels%s%s"):format(found.names[i], found.values[i],
    found.effects[i], share, mark)))
end
if #(found.close or {}) > 0 then print "  some neighbours have equal values: only the plane of both means something" end
print(file)
finish()
