-- How a run learnt to draw: its sample grids, all of the same latent vectors, as one animated PNG.
--
--   lua experiments/timelapse.lua --run runs/demo                    runs/demo/timelapse.png
--   lua experiments/timelapse.lua --run runs/demo --fps 4 --hold 3
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local command, text = gan.command, gan.file.text

local must, stop, finish = gan.train.stop.script "timelapse.lua"

local declared = command.declare {
  {"run", "string", nil, arg = "PATH", help = "a run's directory"},
  {"fps", "number", 6, lo = 0.1, hi = 100, help = "grids a second"},
  {"hold", "number", 2, lo = 0, hi = 60, help = "seconds for which the last one stays"},
  {"out", "string", nil, arg = "PATH", help = "the file that is written (default: timelapse.png in the run)"},
}
local opt = must(command.parse(declared, arg, {name = "timelapse.lua", summary = "Joins a run's sample grids."}))
if not opt.run then stop "--run is missing: a run's directory, such as runs/demo" end
local dir = opt.run:match "^(.-)/*$"
local why = text.lacks(dir, "options.json", "run")
if why then stop("%s", why) end
local names = {}
for _, name in ipairs(must(text.names(dir))) do
  local step = name == "fakes_init.png" and 0 or tonumber(name:match "^fakes_(%d+)%.png$")
  if step then names[#names + 1] = {step = step, name = name} end
end
table.sort(names, function(a, b) return a.step < b.step end)
if #names < 2 then stop("%s: has %s, a film needs two", dir, check.count(#names, "sample grid")) end
local pngs = {}
for i, e in ipairs(names) do pngs[i] = must(text.read(dir .. "/" .. e.name)) end
local bytes, n = gan.show.animation.join(pngs, {fps = opt.fps, hold = opt.hold})
if not bytes then stop("%s: %s (%s)", dir, n, names[tonumber(n:match "%d+")].name) end
local path = opt.out or dir .. "/timelapse.png"
must(gan.data.image.named(path))
text.leftovers(text.folder_of(path), true)
must(text.write(path, bytes))
print(check.shown(("%s: %s, steps %d to %d"):format(path, check.count(n, "frame"), names[1].step, names[#names].step)))
finish()
