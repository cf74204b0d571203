-- What warp, recolour and filter cost of a DCGAN's training step, each picture by a map of its own. A step augments
-- three batches (real ones, fakes for D, fakes for G) and takes one gradient. Seconds of the processors, the least of
-- all rounds; a step and the ops in turns.
--   lua experiments/bench/augment.lua --rounds 5 --threads 1
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"
local gan = require "gan"

local opt = bench.options("Times the ops of augmentation beside a DCGAN's training step.", {
  {"size", 64, "pixels"}, {"batch", 64, "images"}, {"width", 64, "ngf and ndf"}, {"rounds", 5, "that are timed"},
})
if not ({[16] = 1, [32] = 1, [64] = 1, [128] = 1})[opt.size] then
  bench.fail("--size: expected 16, 32, 64 or 128, got %d", opt.size)
end

-- ---- a step ----

local dcgan, loss = gan.model.dcgan, gan.loss.logistic()
local G = dcgan.generator {size = opt.size, ngf = opt.width}
local D = dcgan.discriminator {size = opt.size, ndf = opt.width}
local optG, optD = gan.optim.adam(G:params()), gan.optim.adam(D:params())
local real = gan.rand(opt.batch, opt.size, opt.size, 3):mul(2):sub(1)

local function step()
  local fake = G(gan.randn(opt.batch, 100))
  local up = gan.grad(loss.real(D(real)), optD.params)
  optD:step(gan.sum_grads(up, gan.grad(loss.fake(D(fake:detach())), optD.params)))
  optG:step(gan.grad(loss.generator(D(fake)), optG.params))
end

-- ---- maps ----

local rng = gan.rng(1, "maps")
local function normal(...) return rng:normal({opt.batch, ...}):to_table() end
local function uniform(lo, hi) return rng:uniform({opt.batch}, lo, hi):to_table() end

-- Every picture turned, scaled on each axis, and moved: no picture goes unresampled, as few do in a late ADA.
local function turned()
  local angle, scale, shift, maps = uniform(-math.pi, math.pi), normal(2), normal(2), {}
  for n = 1, opt.batch do
    local c, s = math.cos(angle[n]), math.sin(angle[n])
    local x, y = 2 ^ (0.2 * scale[n][1]), 2 ^ (0.2 * scale[n][2])
    local far = opt.size / 8
    maps[n] = {{c * x, -s * y, far * shift[n][1]}, {s * x, c * y, far * shift[n][2]}}
  end
  return maps
end

local function moved()
  local x, y, maps = uniform(-opt.size / 8, opt.size / 8), uniform(-opt.size / 8, opt.size / 8), {}
  for n = 1, opt.batch do maps[n] = {{1, 0, math.floor(x[n])}, {0, 1, math.floor(y[n])}} end
  return maps
end

local general, whole, colours, taps = turned(), moved(), normal(3, 4), normal(math.min(43, opt.size - 1))
local zero = {fill = "zero"}
local ops = {
  {"warp", function() core.warp(real, general) end},
  {"warp_dx", function() core.warp_dx(real, general) end},
  {"move", function() core.warp(real, whole, zero) end},
  {"move_dx", function() core.warp_dx(real, whole, zero) end},
  {"recolour", function() core.recolour(real, colours) end},
  {"filter", function() core.filter(real, taps) end},
  {"filter_dx", function() core.filter_dx(real, taps) end},
}

-- ---- turns ----

local function least(best, f, calls)
  local t = os.clock()
  for _ = 1, calls do f() end
  return math.min(best, (os.clock() - t) / calls)
end

step()
local s_step, least_of = math.huge, {}
for _ = 1, opt.rounds do
  s_step = least(s_step, step, 1)
  for _, op in ipairs(ops) do least_of[op[1]] = least(least_of[op[1]] or math.huge, op[2], 4) end
end

local function share(...)
  local sum = 0
  for _, name in ipairs {...} do sum = sum + 3 * least_of[name] + (least_of[name .. "_dx"] or least_of[name]) end
  return sum / s_step
end

bench.say("%dx%dx3 batch %d threads %d: %.4f s a step, of the processors", opt.size, opt.size, opt.batch, opt.threads,
  s_step)
bench.say("%-10s %8s", "", "ms")
local list = {}
for i, op in ipairs(ops) do
  bench.say("%-10s %8.2f", op[1], 1e3 * least_of[op[1]])
  list[i] = {name = op[1], ms = bench.digits(1e3 * least_of[op[1]])}
end
local full, light = share("warp", "recolour"), share("move", "recolour")
bench.say("three calls and a gradient, of a step: any map and colours %.1f %%, whole shifts and colours %.1f %%, "
  .. "filters %.1f %%", 100 * full, 100 * light, 100 * share "filter")
bench.result {size = opt.size, batch = opt.batch, s_step = bench.digits(s_step), ops = list,
  share_any = bench.digits(full, 3), share_whole = bench.digits(light, 3),
  share_filter = bench.digits(share "filter", 3)}
