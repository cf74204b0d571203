-- Looks at data before anything is trained on them: counts, sizes, ranges, images that are there twice, all problems;
-- and draws a sheet of images with their boxes, masks, labels and captions.
--
--   lua experiments/inspect.lua PATH                            sheet.svg beside you
--   lua experiments/inspect.lua PATH --size 64 --fit pad --sheet look.svg --count 60
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local inspect = require "gan.data.inspect"
local command, data, text = gan.command, gan.data, gan.file.text

local must, stop, finish = gan.train.stop.script "inspect.lua"

local declared = command.declare(command.extend({
  {"sheet", "string", "sheet.svg", arg = "FILE.svg", help = "the picture that is written"},
  {"count", "integer", 24, lo = 1, hi = 1000, help = "images on it"},
  {"columns", "integer", 6, lo = 1, hi = 100, help = "images in a row of it"},
  {"threads", "integer", gan.threads(), lo = 1, hi = 64, help = "threads"},
}, data.options.list()))
local opt = must(command.parse(declared, arg, {
  name = "inspect.lua", summary = "Looks at data.", rest = {arg = "PATH", help = "the data, as --data takes them"},
}))
if opt.rest[opt.data and 1 or 2] then stop("one set at a time: unexpected %s", check.shown(opt.rest[#opt.rest])) end
opt.data = opt.data or opt.rest[1]
if not opt.data then stop "the data are missing: lua experiments/inspect.lua PATH" end
gan.threads(opt.threads)
must(text.says(opt.sheet, "svg", "sheets are written as SVG"))
local set = must(data.options.open(opt))
for _, line in ipairs(inspect.lines(set)) do print(line) end
text.leftovers(text.folder_of(opt.sheet), true)
must(gan.show.sheet.save(opt.sheet, set, {count = opt.count, columns = opt.columns}))
print(check.shown("sheet: " .. opt.sheet))
finish()
