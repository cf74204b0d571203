-- Nets of one's own: they are written in a file beside the script, nets.lua, and named by the run. Its checkpoints say
-- which file made them, and the run keeps a copy. A copy is only text: generate.lua and evaluate.lua execute a file
-- where you name it. Nets and penalty: Karras et al. 2020, arXiv:1912.04958.
--
--   lua experiments/own_net.lua --data shapes
--   lua experiments/generate.lua --run runs/NAME --net runs/NAME/nets.lua --grid
--   lua experiments/evaluate.lua --run runs/NAME --net runs/NAME/nets.lua
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "own_net", sizes = {8, 16, 32, 64, 128},
  summary = "Trains nets that are written in a file of one's own: nets.lua, beside this script.",
}

run:train {
  G = run:generator "nets.lua", D = run:discriminator "nets.lua",
  penalties = {{gan.penalty.r1 {gamma = 1}, every = 16, name = "r1"}},
}
