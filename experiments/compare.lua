-- A page that puts runs side by side: pictures under one slider, curves, options that differ, metrics.
--
--   lua experiments/compare.lua runs/a runs/b                       runs/compare.html
--   lua experiments/compare.lua runs/a runs/b --x kimg --out ab.html
--   lua experiments/compare.lua --index runs                        runs/index.html, of all runs in it
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local lfs = require "lfs"
local command, text = gan.command, gan.file.text

local must, stop, finish = gan.train.stop.script "compare.lua"

local declared = command.declare {
  {"x", "string", "step", choices = {"step", "kimg", "epoch"},
    help = "what curves run over: steps, or thousands of real images, or passes over the data"},
  {"index", "string", nil, arg = "DIR",
    help = "write index.html, the page of all runs in this folder, and report.html of those that have none"},
  {"out", "string", nil, arg = "FILE.html", help = "default: compare.html beside the first run"},
}
local about = {name = "compare.lua", summary = "Writes a page that puts runs side by side.",
  rest = {arg = "RUN", help = "directories of two runs or more"}}
local opt = must(command.parse(declared, arg, about))

if opt.index then
  local folder = opt.index:match "^(.*[^/])/*$" or opt.index
  if opt.rest[1] or opt.out then stop "--index DIR: goes with no run, and not with --out" end
  must(text.names(folder))
  local names = text.folders_with(folder, "stats.jsonl")
  if not names[1] then stop("%s: no folder of runs (none in it has a stats.jsonl)", folder) end
  for _, name in ipairs(names) do
    local dir = ("%s/%s"):format(folder, name)
    if not gan.show.index.has_card(dir) then
      must(text.write(dir .. "/report.html", (must(gan.show.report.page(dir)))))
    end
  end
  text.leftovers(folder, true)
  print(check.shown(("%s: %s"):format(must(gan.show.index.write(folder)), check.count(#names, "run"))))
  return finish()
end

-- The runs' directories: each once, under whatever names.
local dirs, seen = {}, {}
for i, dir in ipairs(opt.rest) do
  if lfs.attributes(dir, "mode") == "file" then dir = text.folder_of(dir) end
  dirs[i] = dir:match "^(.*[^/])/*$" or dir
  local is = lfs.attributes(dir)
  local id = is and ("%s:%s"):format(is.dev, is.ino)
  if id and seen[id] then
    stop("%s is given twice%s", dirs[i], seen[id] ~= dirs[i] and (" (it is %s)"):format(seen[id]) or "")
  end
  if id then seen[id] = dirs[i] end
end
if not dirs[1] then stop "name two runs or more: compare.lua runs/a runs/b" end
if not dirs[2] then stop("%s: one run is nothing to compare; its own page is report.html in it", dirs[1]) end

local out = opt.out or text.folder_of(dirs[1]) .. "/compare.html"
must(text.says(out, "html", "pages are written as HTML"))
local page, told = must(gan.show.compare.page(dirs, {x = opt.x}))
text.leftovers(text.folder_of(out), true) -- of one that was killed
must(text.write(out, page))
for _, line in ipairs(told) do print(check.shown(line)) end
print(check.shown(("%s: %s"):format(out, check.count(#dirs, "run"))))
finish()
