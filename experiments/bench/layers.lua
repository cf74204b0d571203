-- What layers cost in a DCGAN's training step: variants of one net, step by step in turns, as ratios to the plain one.
--   lua experiments/bench/layers.lua --rounds 9            all of them
--   lua experiments/bench/layers.lua --only spectral
--   /usr/bin/python3 experiments/bench/torch_layers.py     the same in PyTorch
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"
local gan = require "gan"

local CLASSES = 10
local variants = {
  {"plain", "batch norm in both"},
  {"spectral", "spectral norm of D's weights beside its batch norm", {}, {spectral = true}},
  {"minibatch", "minibatch discrimination, 100 kernels of 5, at 4x4", {}, {minibatch = "discrimination"}},
  {"concat", "labels to z and to D's last block", {classes = CLASSES}, {classes = CLASSES}},
  {"projection", "conditional batch norm in G, projection head", {classes = CLASSES, conditioning = "projection"},
    {classes = CLASSES, conditioning = "projection"}},
  {"acgan", "labels to z, a classifier in D",
    {classes = CLASSES, conditioning = "acgan"}, {classes = CLASSES, conditioning = "acgan"}},
}
local names = {}
for i, v in ipairs(variants) do names[i] = v[1] end

local opt = bench.options("Times variants of the training step of a DCGAN in turns.", {
  {"size", 64, "pixels"}, {"batch", 64, "images"}, {"width", 64, "ngf and ndf"},
  {"rounds", 9, "steps of each that are timed"},
  {"cpu", false, "the least processor time instead of the median of the clock's, for a machine that has other work"},
  {"only", nil, "one of them, beside the plain one", words = names},
})
if not ({[16] = 1, [32] = 1, [64] = 1, [128] = 1})[opt.size] then
  bench.fail("--size: expected 16, 32, 64 or 128, got %d", opt.size)
end

local loss = gan.loss.logistic()
local real = gan.rand(opt.batch, opt.size, opt.size, 3):mul(2):sub(1)
local labels = gan.rng(1, "labels"):integer({opt.batch}, 0, CLASSES - 1)

-- The cross entropy of class logits, for acgan.
local function class_loss(logits)
  return -gan.take_along(gan.log_softmax(logits), labels:reshape {-1, 1}, 2):mean()
end

-- One step of both players, as step.lua has it.
local function stepper(g, d)
  local dcgan = gan.model.dcgan
  local function with(o, extra)
    o.size = opt.size
    for k, v in pairs(extra or {}) do if k ~= "spectral" then o[k] = v end end
    return o
  end
  local G, D = dcgan.generator(with({ngf = opt.width}, g)), dcgan.discriminator(with({ndf = opt.width}, d))
  if d and d.spectral then gan.nn.spectral(D) end
  local optG, optD = gan.optim.adam(G:params()), gan.optim.adam(D:params())
  local y = g and g.classes and labels or nil
  local function total(f, logits, classes)
    local l = f(logits)
    return classes and l + class_loss(classes) or l
  end
  return function()
    local fake = G(gan.randn(opt.batch, 100), y)
    local up = gan.grad(total(loss.real, D(real, y)), optD.params)
    optD:step(gan.sum_grads(up, gan.grad(total(loss.fake, D(fake:detach(), y)), optD.params)))
    optG:step(gan.grad(total(loss.generator, D(fake, y)), optG.params))
  end
end

local chosen = {}
for _, v in ipairs(variants) do
  if not opt.only or v[1] == opt.only or v[1] == "plain" then
    chosen[#chosen + 1] = {name = v[1], what = v[2], step = stepper(v[3], v[4]), times = {}, ratios = {}}
  end
end
local clock = opt.cpu and os.clock or core.clock
for round = -1, opt.rounds do -- two to warm up
  for i, c in ipairs(chosen) do
    local t = clock()
    c.step()
    t = clock() - t
    if round > 0 then
      c.times[round] = t
      c.ratios[round] = t / (i == 1 and t or chosen[1].times[round])
    end
  end
end

bench.say("%-11s %9s %7s", "", "s a step", "ratio")
local list = {}
for _, c in ipairs(chosen) do
  local s, r = bench.median(c.times), bench.median(c.ratios) -- sorts
  if opt.cpu then s, r = c.times[1], c.times[1] / chosen[1].times[1] end
  bench.say("%-11s %9.4f %7.3f  %s", c.name, s, r, c.what)
  list[#list + 1] = {name = c.name, s_step = bench.digits(s), ratio = bench.digits(r, 4)}
end
bench.result {size = opt.size, batch = opt.batch, width = opt.width, rounds = opt.rounds, layers = list}
