-- Memory-bound kernels, pointwise and normalising: GB/s of elements that must be read and written, and as a share of
-- the bandwidth: that of copying or adding one big tensor to another, whichever is faster, taken beside each kernel.
--   lua experiments/bench/pointwise.lua --megabytes 64
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"

local opt = bench.options("Times pointwise kernels and norms.",
  {{"megabytes", 64, "size of one tensor", hi = 2 ^ 14}, bench.ms})
local C, SIDE = 256, 16
local n = opt.megabytes * 2 ^ 20 // 4 // (SIDE * SIDE * C) | 0 -- images
local shape = {n, SIDE, SIDE, C}
local rng = core.rng(1, "pointwise")
local x, y, row, beta = rng:normal(shape), rng:normal(shape), rng:normal {C}, rng:normal {C}
local target, m, v = core.clone(x), core.full(shape, 0), core.full(shape, 0)
local _, mean, var = core.batch_norm(x, row, beta, 1e-5)
local _, mean_n, var_n = core.instance_norm(x, row, beta, 1e-5)
local adam_options = {lr = 1e-4, beta1 = 0.5, beta2 = 0.999, eps = 1e-8, weight_decay = 0, t = 1}

-- Name, tensors of full size that are read or written at least, call. Statistics over the batch read x once more.
local all = {eps = 1e-5, dx = true, dgamma = true, dbeta = true}

local kernels = {
  {"clone", 2, function() core.clone(x) end},
  {"add", 3, function() core.add(x, y) end},
  {"add a row", 2, function() core.add(x, row) end},
  {"add a number", 2, function() core.add(x, 1) end},
  {"add_ in place", 3, function() core.add_(target, y) end},
  {"relu", 2, function() core.relu(x) end},
  {"relu_dx", 3, function() core.relu_dx(y, x) end},
  {"leaky_relu", 2, function() core.leaky_relu(x, 0.2) end},
  {"leaky_relu_dx", 3, function() core.leaky_relu_dx(y, x, 0.2) end},
  {"tanh", 2, function() core.tanh(x) end},
  {"tanh_dx", 3, function() core.tanh_dx(y, x) end},
  {"sigmoid", 2, function() core.sigmoid(x) end},
  {"exp", 2, function() core.exp(x) end},
  {"sum", 1, function() core.sum(x) end},
  {"batch_norm", 3, function() core.batch_norm(x, row, beta, 1e-5) end},
  {"batch_norm_grad", 5, function() core.batch_norm_grad(y, x, mean, var, row, nil, all) end},
  {"batch_norm_eval", 2, function() core.batch_norm_eval(x, row, beta, mean, var, 1e-5) end},
  {"layer_norm", 2, function() core.layer_norm(x, row, beta, 1e-5) end},
  {"instance_norm", 2, function() core.instance_norm(x, row, beta, 1e-5) end},
  {"instance_norm_grad", 3, function() core.instance_norm_grad(y, x, mean_n, var_n, row, nil, all) end},
  {"pixel_norm", 2, function() core.pixel_norm(x, 1e-8) end},
  {"adam_", 7, function() core.adam_({target}, {y}, {m}, {v}, adam_options) end},
  {"ema_", 3, function() core.ema_(target, x, 0.001) end},
  {"normal numbers", 1, function() rng:normal(shape) end},
}

local gigabytes = core.numel(x) * 4e-9

-- GB/s: the yardstick. No memory is new to either: a kernel with a fresh result mostly reads that before it writes it,
-- too.
local function bandwidth()
  local copied = bench.time(function() core.copy_(target, x) end)
  local added = bench.time(function() core.add_(target, x) end)
  return math.max(2 * gigabytes / copied, 3 * gigabytes / added)
end

bench.say("%d MB a tensor, %d threads; %% of the bandwidth, taken beside each kernel", opt.megabytes, opt.threads)
local records, before = {}, bandwidth()
for i, k in ipairs(kernels) do
  local t = bench.time(k[3])
  local after = bandwidth()
  local rate, most = k[2] * gigabytes / t, math.max(before, after)
  records[i] = {kernel = k[1], ms = bench.digits(1000 * t), gb_s = bench.digits(rate), bandwidth = bench.digits(most),
    share = bench.digits(rate / most, 3)}
  bench.say("%-18s %8.2f ms %8.2f GB/s %5.0f %%   (bandwidth %.1f GB/s)", k[1], 1000 * t, rate, 100 * rate / most, most)
  before = after
end
bench.result {megabytes = opt.megabytes, kernels = records}
