-- Where to start with pictures of your own: one command, whose defaults hold from 50 pictures to 60,000, from 16 to 128
-- pixels. They are those that did best in experiments/RESULTS.md; every part can be exchanged by its name.
-- The game: Miyato et al., arXiv:1802.05957; or, with --norm none, Huang et al., arXiv:2501.05441.
--
--   lua experiments/start.lua --data PATH --size 64
--   lua experiments/start.lua --data PATH --conditional       sub-folders are classes: G draws what it is asked for
--   lua experiments/start.lua --data PATH --net r3gan --ngf 32 --ndf 32 --beta2 0.99
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local choice = gan.game.choice

local run = gan.train.run {
  recipe = "start", sizes = {16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128},
  summary = "Trains on your pictures. Ctrl-C saves and stops; the same command goes on.",
  defaults = {batch = 32, lr = 1e-3, beta1 = 0, beta2 = 0.9},
  options = {
    {"conditional", "flag", false, help = "G draws what it is asked for: the data's classes"},
    table.unpack(choice.list {loss = "auto", penalty = "auto", norm = "auto"}),
  },
}

run:train(choice.game(run))
