-- Experience replay: D also sees pictures that G made earlier, so that G cannot win by running in circles.
-- Pool: Zhu et al., arXiv:1703.10593, section 4. Half of every batch from a buffer: Shrivastava et al.,
-- arXiv:1612.07828, section 2.3.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "replay", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN whose D remembers.",
  options = {
    {"memory", "string", "pool", choices = {"pool", "buffer"},
      help = "pictures swapped one by one, or half a batch of old ones"},
    {"capacity", "integer", 512, lo = 0, hi = 1000000, help = "pictures in memory"},
  },
}
local opt = run.options

run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
  replay = gan.game.replay[opt.memory] {capacity = opt.capacity, rng = run:stream "replay"},
}
