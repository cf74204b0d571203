-- What a class is to a conditional generator: a row for each class, a column for each latent vector; or what lies
-- between classes.
--
--   lua experiments/conditional_grid.lua --run runs/demo                             runs/demo/classes.png
--   lua experiments/conditional_grid.lua --run runs/demo --classes heart,star --seeds 4,8,15
--   lua experiments/conditional_grid.lua --run runs/demo --mix heart,star            runs/demo/mixtures.png: the way
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local core = require "gan.core"
local check = require "gan.check"
local command, latent, painter = gan.command, gan.latent, gan.show.painter

local must, stop, finish = gan.train.stop.script "conditional_grid.lua"

local declared = command.declare(command.extend({
  {"seeds", "string", "0-7", arg = "LIST", help = "the columns' latent vectors"},
  {"classes", "string", nil, arg = "LIST", help = "the rows, by name or as #3, separated by commas (default: all)"},
  {"mix", "string", nil, arg = "LIST", help = "or mixtures: columns go from each of these classes to the next"},
  {"steps", "integer", 8, lo = 1, hi = 1000, help = "of --mix: from one class to the next"},
}, painter.options "classes.png, of --mix mixtures.png"))
local opt = must(command.parse(declared, arg, {name = "conditional_grid.lua", summary = "Draws classes by latents."}))
local paint = must(painter.open(opt, gan.train.trained.open))
if not paint.classes then stop("%s is not conditional: it knows no classes", paint.path) end
local z = must(paint:seeds("--seeds", opt.seeds))
if opt.mix and opt.classes then stop "--classes and --mix: give one of them" end
local function labels_of(option, text)
  local rows = {}
  for name in (text .. ","):gmatch "([^,]*)," do
    local y, message = latent.labels(paint.classes, {0}, name)
    if not y then stop("--%s: %s", option, message) end
    rows[#rows + 1] = core.item(y)
  end
  return rows
end
local rows, list = {}, {}
if opt.mix or opt.classes then rows = labels_of(opt.mix and "mix" or "classes", opt.mix or opt.classes)
else for label = 0, #paint.classes - 1 do rows[#rows + 1] = label end end
local names, path = {}
for i, label in ipairs(rows) do names[i] = paint.classes[label + 1] end
if opt.mix then -- a row for each seed
  if #rows < 2 then stop("--mix: expected at least 2 classes, got '%s'", opt.mix) end
  local weights = latent.mixtures(core.tensor(rows, "i32"), #paint.classes, opt.steps)
  for i = 1, #z do list[i] = paint:images(core.gather_rows(z, core.full({#weights}, i - 1, "i32")), weights) end
  path = must(paint:sheet(opt.out, "mixtures.png", gan.ops.cat(list, 1), #weights))
else
  for i, label in ipairs(rows) do list[i] = paint:images(z, core.tensor({label}, "i32")) end
  path = must(paint:sheet(opt.out, "classes.png", gan.ops.cat(list, 1), #z))
end
local told = opt.mix and "from left to right" or "rows"
print(check.shown(("%s: step %d, %s: %s"):format(path, paint.step, told, table.concat(names, ", "))))
finish()
