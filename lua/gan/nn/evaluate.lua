--- Asks nets without training them: in evaluation mode, a batch at a time, without a graph, with averaged weights or
-- statistics taken anew if wanted.
-- @module gan.nn.evaluate
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local ops = require "gan.ops"

local option = check.option

local M = {}

local BATCH = 64
local STANDING = 128 -- latent vectors of a batch for standing statistics

local an_average = option.table {expected = "an average (gan.optim.ema)"}

--- Runs f with averaged weights and statistics in the place of a net's own, which come back untouched, however f ends:
-- also after an error, or where its coroutine is closed or forgotten.
-- @function gan.nn.with_average
-- @tparam ?table average  of gan.optim.ema or gan.nn.standing: the lists of tensors `params`, and `shadow`, which takes
--   their place; and perhaps `statistics` and `shadow_statistics` likewise; nil: f runs as things are
-- @tparam function f  called without arguments
-- @treturn any  what f returns
-- @raise what f raises
function M.with_average(average, f)
  if not average then return f() end
  local live, lent, own = {}, {}, {}
  local function lend(to, from)
    for i, t in ipairs(to) do live[#live + 1], lent[#lent + 1], own[#own + 1] = t, from[i], core.clone(t) end
  end
  lend(average.params, average.shadow)
  lend(average.statistics or {}, average.shadow_statistics)
  local function fill(list)
    for i, t in ipairs(live) do core.copy_(t, list[i]) end
  end
  return core.with_undo(function() fill(lent) end, function() fill(own) end, f)
end

-- What a net must have again after it was asked: modes, streams, buffers and momenta. Returns a function that puts all
-- of it back.
local function remembered(net, layers)
  local modes, streams, buffers, momenta = {}, {}, {}, {}
  net:apply(function(layer) modes[layer] = layer.training end)
  for _, rng in pairs(net:streams()) do streams[rng] = {rng:state()} end
  local own = net:state()
  for _, name in ipairs(net:names()) do own[name] = nil end
  for _, t in pairs(own) do buffers[t] = core.clone(t) end
  for _, layer in ipairs(layers) do momenta[layer] = layer.momentum end
  return function()
    for layer, v in pairs(modes) do layer.training = v end
    for rng, s in pairs(streams) do rng:load(s[1], s[2]) end
    for t, v in pairs(buffers) do core.copy_(t, v) end
    for _, layer in ipairs(layers) do layer.momentum = momenta[layer] end
  end
end

--- Takes the statistics of a generator's batch norms anew, of what it makes of random z: the mean over some batches.
-- The result is given to nn.evaluate as its `average`, as often as wanted. Layers with statistics run as in training,
-- with momentum 1/j at batch j; all others as they do when pictures are drawn, so that spectral norm's vectors stay.
-- The net is left as it was, and nobody's random stream moves: z and labels come from the stream "standing".
-- Source: Brock et al. 2019, arXiv:1809.11096, app. A (standing statistics).  Differs: a mean, of 20 batches of 128.
-- @function gan.nn.standing
-- @tparam Module net  called net(z, y)
-- @tparam table opt
-- @tparam integer opt.z  size of the latent vectors, which are normal
-- @tparam[opt=20] integer opt.batches  of 128 latent vectors each
-- @tparam[opt] integer opt.classes  Y, of a conditional net: each class is as likely as any
-- @tparam[opt] Tensor opt.labels  or i32 (M), or conditions (M,...): drawn from these
-- @tparam[opt] table opt.average  weights to take them of (gan.optim.ema) in the place of the net's own
-- @tparam[opt=0] integer opt.seed  of the stream
-- @treturn table  `params`, `shadow`, `statistics`, `shadow_statistics`; nil where the net has no statistics, and there
--   is no average
-- @raise if an option is unknown, missing or out of range; what the net raises
-- @usage local images = nn.evaluate(G, z, nil, {average = nn.standing(G, {z = 100, average = ema})})
function M.standing(net, opt)
  opt = check.options("nn.standing", opt, {
    z = option.integer {required = true, lo = 1}, batches = option.integer {default = 20, lo = 1},
    classes = option.integer {lo = 1}, labels = option.tensor {dtype = "any"}, average = an_average,
    seed = option.integer {default = 0},
  })
  local statistics, layers, average = net:statistics(), {}, opt.average
  if not statistics[1] then return average end
  net:apply(function(layer) if getmetatable(layer).batch_statistics then layers[#layers + 1] = layer end end)
  local rng, out = core.rng(opt.seed, "standing"), {}
  local function labels()
    if opt.labels then
      return core.gather_rows(opt.labels, rng:integer({STANDING}, 0, core.size(opt.labels, 1) - 1))
    end
    return opt.classes and rng:integer({STANDING}, 0, opt.classes - 1)
  end
  core.with_undo(function() net:eval() end, remembered(net, layers), M.with_average, average, function()
    autograd.no_grad(function()
      for _, layer in ipairs(layers) do layer.training = true end
      for j = 1, opt.batches do
        for _, layer in ipairs(layers) do layer.momentum = 1 / j end
        local z = rng:normal {STANDING, opt.z}
        net(z, labels())
      end
    end)
    for i, t in ipairs(statistics) do out[i] = core.clone(t) end
  end)
  return {
    params = average and average.params or {}, shadow = average and average.shadow or {}, statistics = statistics,
    shadow_statistics = out,
  }
end

--- Returns net(x, y) in evaluation mode, computed a batch at a time without a graph.
-- A row does not depend on its neighbours. Training does not notice: random streams in the net (noise, dropout that
-- stays on) stand where they stood, and the net is in training mode afterwards.
-- @function gan.nn.evaluate
-- @tparam Module net  in any mode
-- @tparam Tensor x  (N,...)
-- @tparam[opt] Tensor y  of a conditional net: labels, i32 (N), or weights of classes, real (N,Y)
-- @tparam[opt] table opt
-- @tparam[opt=64] integer opt.batch  rows at a time
-- @tparam[opt] table opt.average  weights and statistics in the place of the net's own (gan.optim.ema,
--   gan.nn.standing)
-- @treturn Tensor (N,...)
-- @raise if an option is unknown or out of range; what the net raises
function M.evaluate(net, x, y, opt)
  opt = check.options("nn.evaluate", opt, {
    batch = option.integer {default = BATCH, lo = 1}, average = an_average,
  })
  local n, parts, streams = core.size(x, 1), {}, {}
  for name, rng in pairs(net:streams()) do streams[name] = {rng, rng:state()} end
  core.with_undo(function() net:eval() end, function()
    net:train()
    for _, s in pairs(streams) do s[1]:load(s[2], s[3]) end
  end, M.with_average, opt.average, function()
    return autograd.no_grad(function()
      for first = 1, n, opt.batch do
        local size = math.min(opt.batch, n - first + 1)
        parts[#parts + 1] = net(core.narrow(x, 1, first, size), y and core.narrow(y, 1, first, size))
      end
    end)
  end)
  return #parts == 1 and parts[1] or ops.cat(parts, 1)
end

return M
