-- The numbers and pictures of a run as an event file of TensorBoard; with --tensorboard a run writes it as it trains.
--
--   lua experiments/tensorboard.lua runs/a                          then: tensorboard --logdir runs
--   lua experiments/tensorboard.lua runs/a --out events/a
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local events = require "gan.show.events"
local lfs = require "lfs"
local command, text = gan.command, gan.file.text

local must, stop, finish = gan.train.stop.script "tensorboard.lua"

local declared = command.declare {
  {"out", "string", nil, arg = "DIR", help = "where the event file is written (default: in the run)"},
}
local about = {name = "tensorboard.lua", summary = "Writes a run's numbers and pictures as TensorBoard's event file.",
  rest = {arg = "RUN", help = "the run's directory"}}
local opt = must(command.parse(declared, arg, about))
local dir = opt.rest[1] and (opt.rest[1]:match "^(.*[^/])/*$" or opt.rest[1])
if not dir then stop "name a run: tensorboard.lua runs/a" end
if opt.rest[2] then stop("%s: one run at a time", opt.rest[2]) end

must(gan.show.curves.read(dir))
local out = opt.out or dir
if opt.out then must(text.make_folder(out)) end
local there = events.find(out)
if there then stop("%s/%s is there already: remove it first, or give another --out", out, there) end
text.leftovers(out, true) -- of one that was killed
local file = must(events.open(dir, math.maxinteger, out, lfs.attributes(dir .. "/stats.jsonl", "modification")))
file:close()
print(check.shown(file.path))
finish()
