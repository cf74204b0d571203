-- A trained generator as one page: it draws in the browser, without a server and without a network, and goes by mail.
-- Sliders along directions of the latent space, seeds, classes and mixtures of them, a pad between four seeds.
--
--   lua experiments/explore.lua --run runs/demo                           runs/demo/explorer.html
--   lua experiments/explore.lua --run runs/demo --directions axes.safetensors --out demo.html
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local command, directions, painter, text = gan.command, gan.latent.directions, gan.show.painter, gan.file.text

local EFFECTS = 16 -- latent vectors at which a direction's effect is measured
local SLOW = 50 -- milliseconds a picture, beyond which the page does not follow a slider

local must, stop, finish = gan.train.stop.script "explore.lua"

local declared = command.declare(command.extend({
  {"directions", "string", nil, arg = "FILE",
    help = "the sliders' directions, of directions.lua (default: the run's directions.safetensors, or else those that "
      .. "the first layer lets through most)"},
  {"sliders", "integer", 8, lo = 0, hi = 64, help = "how many directions get a slider"},
  {"limit", "number", 20, lo = 0.001, hi = 2000, arg = "MB", help = "megabytes that the page may have"},
}, painter.options "explorer.html"))
local about = {name = "explore.lua", summary = "Writes a trained generator as a page that draws by itself."}
local opt = must(command.parse(declared, arg, about))
if opt.out then must(text.says(opt.out, "html", "pages are written as HTML")) end
local paint = must(painter.open(opt, gan.train.trained.open))
local G, Z, folder = paint.G, paint.z, paint.folder

-- The directions that were asked for, those beside the run, or those of the first layer; nil where it has none.
local function find()
  local beside = folder .. "/directions.safetensors"
  local path = opt.directions or text.exists(beside) and beside
  if path then return must(directions.load(path, Z)) end
  local weight = check.try(directions.weight, G, Z)
  local found = weight and check.try(directions.sefa, weight, {count = math.min(opt.sliders, Z)})
  if not found then return end
  local z = gan.rng(0, "effects"):normal {EFFECTS, Z}
  found.effects = directions.effects(function(v) return paint:images(v) end, found.directions, z)
  return found
end

local axes, labels = nil, {}
local found = opt.sliders > 0 and find()
if found then
  axes = found.directions:narrow(1, 1, math.min(opt.sliders, #found.values)):contiguous()
  for i = 1, axes:size(1) do
    local effect = found.effects and (", %.0f levels"):format(found.effects[i]) or ""
    labels[i] = ("%s (λ %.4g%s)"):format(found.names and found.names[i] or i, found.values[i], effect)
  end
end

local name = folder:match "[^/]+$"
local quoted = opt.run:find "^[%w_./-]+$" and opt.run or "'" .. opt.run:gsub("'", [['\'']]) .. "'"
local page, made = check.try(gan.no_grad, function()
  return gan.show.explorer.page(G, {
    z = Z, classes = paint.classes, directions = axes, labels = labels, trunc = paint.trained.options.trunc,
    name = name and name ~= "." and check.shown(name) or nil, run = check.shown(quoted), step = paint.step,
    limit = opt.limit,
  })
end)
if not page then stop("%s: cannot be explored: %s", paint.path, made) end
local out = paint:place(opt.out, "explorer.html")
must(text.write(out, page))
print(check.shown(("%s: %.3g MB, step %d, some %.0f ms a picture: open it in a browser"):format(out, made.bytes / 1e6,
  paint.step, math.max(1, made.ms))))
if made.ms > SLOW then print "It draws slowly: with fewer channels (--ngf) a picture would follow its slider." end
finish()
