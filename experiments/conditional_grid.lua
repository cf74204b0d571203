-- What a class is to a conditional generator: a row for each class, a column for each latent vector.
--
--   lua experiments/conditional_grid.lua --run runs/demo                             runs/demo/classes.png
--   lua experiments/conditional_grid.lua --run runs/demo --classes heart,star --seeds 4,8,15
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
}, painter.options "classes.png"))
local opt = must(command.parse(declared, arg, {name = "conditional_grid.lua", summary = "Draws classes by latents."}))
local paint = must(painter.open(opt, gan.train.trained.open))
if not paint.classes then stop("%s is not conditional: it knows no classes", paint.path) end
local z = must(paint:seeds("--seeds", opt.seeds))
local rows, names = {}, {}
if opt.classes then
  for name in (opt.classes .. ","):gmatch "([^,]*)," do
    local y, message = latent.labels(paint.classes, {0}, name)
    if not y then stop("--classes: %s", message) end
    rows[#rows + 1] = core.item(y)
  end
else
  for label = 0, #paint.classes - 1 do rows[#rows + 1] = label end
end
local list = {}
for i, label in ipairs(rows) do
  list[i], names[i] = paint:images(z, core.tensor({label}, "i32")), paint.classes[label + 1]
end
local path = must(paint:sheet(opt.out, "classes.png", gan.ops.cat(list, 1), #z))
print(check.shown(("%s: step %d, rows: %s"):format(path, paint.step, table.concat(names, ", "))))
finish()
