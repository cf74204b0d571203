-- Gaussians in the plane, where everything is known: how many modes G finds, how many of its samples are near one, and
-- what D thinks of every place. A loss in pairs with R1 and R2 finds all; the plain GAN, --classic, misses some.
--
--   lua experiments/ring.lua --modes 25
--   lua experiments/ring.lua --classic
--   lua experiments/ring.lua --classic --norm spectral --penalty r1 --gamma 3 --init orthogonal --slope 0.1
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local ring = gan.game.ring

local images = gan.data.options.names() -- what is for images alone
table.move(gan.game.augmented.names(), 1, 99, #images + 1, images)
local classic = {"classic", "flag", false, sets = ring.classic, help = "the plain GAN, with settings of its own"}
local run = gan.train.run {
  recipe = "ring", defaults = ring.defaults, options = {classic, table.unpack(ring.options)},
  without = {"mirror", table.unpack(images)},
  summary = "Trains small nets on Gaussians in the plane, and counts the modes that G finds. "
    .. "Pictures show samples over D's level sets.",
  open = function(opt) return gan.data.ring {modes = opt.modes} end,
}
local opt = run.options
local for_G, for_D = ring.nets(opt)
local G, D = run:generator("mlp", for_G), run:discriminator("mlp", for_D)

local function score()
  local z = gan.rng(opt.seed, "score"):normal {2500, opt.z}
  return run.data:score(gan.nn.evaluate(G, z, nil, {batch = 1024, average = run.ema}))
end

local game = ring.rules(run.varying, function(name) return run:stream(name) end)
game.G, game.D = G, D
game.show = {count = 1000, paint = function(path, points)
  return gan.show.levels.paint(path, run.data, D, points, opt.pack)
end}
game.hooks = {on_status = function(_, record)
  local s = score()
  record.modes, record.quality, record.kl = s.modes, s.quality, s.kl
end}
run:train(game)

local s = score()
print(("modes %d of %d, quality %.3f, kl %.3f"):format(s.modes, opt.modes, s.quality, s.kl))
