-- Curves of one run or several as an SVG file.
--
--   lua experiments/plot.lua --run runs/demo                                   runs/demo/curves.svg: metrics, or losses
--   lua experiments/plot.lua --run runs/a,runs/b --keys fid,D+G --out ab.svg   FID in one plot, the losses in another
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local lfs = require "lfs"
local command, curves, plot = gan.command, gan.show.curves, gan.show.plot

local must, stop, finish = gan.train.stop.script "plot.lua"

local declared = command.declare {
  {"run", "string", nil, arg = "DIR,...",
    help = "directories of runs; several are compared. A comma may be part of a name"},
  {"keys", "string", nil, arg = "LIST",
    help = "what to draw, such as fid,kid or D+G (two in one plot); default: the metrics, or D+G"},
  {"x", "string", "step", choices = {"step", "kimg", "epoch", "seconds"},
    help = "the horizontal axis"},
  {"log", "flag", false, help = "a logarithmic vertical axis"},
  {"columns", "integer", 1, lo = 1, hi = 20, help = "plots side by side"},
  {"title", "string", nil, arg = "TEXT", help = "above the first plot"},
  {"out", "string", nil, arg = "FILE.svg", help = "default: curves.svg in the (first) run"},
}
local about = {name = "plot.lua", summary = "Draws the curves of runs: losses, metrics, speed."}
local opt = must(command.parse(declared, arg, about))
if not opt.run then stop "--run is missing: a run's directory, such as runs/demo" end

local function words(text)
  local list = {}
  for w in text:gmatch "[^,%s]+" do list[#list + 1] = w end
  return list
end

-- The paths in a list. A comma belongs to a name where there is such a file: runs/lr=0,001.
local function paths(text)
  local parts, list, i = {}, {}, 1
  for part in (text .. ","):gmatch "(.-)," do parts[#parts + 1] = part end
  while i <= #parts do
    local last = i
    for j = #parts, i + 1, -1 do
      if lfs.attributes(table.concat(parts, ",", i, j):match "^%s*(.*)$") then
        last = j
        break
      end
    end
    local path = table.concat(parts, ",", i, last):match "^%s*(.*)$"
    if path ~= "" then list[#list + 1] = lfs.attributes(path) and path or path:match "^(.-)%s*$" end
    i = last + 1
  end
  return list
end

local runs = {}
for i, dir in ipairs(paths(opt.run)) do runs[i] = must(curves.read(dir)) end
if not runs[1] then stop("--run: expected a run's directory, got '%s'", opt.run) end
local how = {x = opt.x, log = opt.log, columns = opt.columns, title = opt.title}
local spec = must(curves.plots(runs, opt.keys and words(opt.keys), how))
local out = opt.out or runs[1].dir .. "/curves.svg"
gan.file.text.leftovers(gan.file.text.folder_of(out), true) -- of one that was killed
must(plot.save(out, spec))
print(check.shown(("%s: %s"):format(out, check.count(#spec.panels, "plot"))))
finish()
