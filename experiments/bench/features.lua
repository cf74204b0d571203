-- Features of FID's Inception-v3 for pictures that are 299x299 already: median of some batches after two to warm up.
--   lua experiments/bench/features.lua --batch 16 --batches 5
--   lua experiments/bench/features.lua --profile
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"

local opt = bench.options("Times Inception-v3's features.", {
  {"batch", 16, "images"}, {"batches", 5, "batches that are timed"},
  {"eighths", 8, "width of the net in eighths", hi = 8},
  {"profile", false, "also: where the time goes, by layer"}})

-- Seconds of each layer, as it is called: shapes and kernel. The library takes its functions when it is loaded, so this
-- comes first.
local spent, calls, work = {}, {}, {}
local function layer(name, x, w, o)
  local s = core.shape(x)
  if name == "conv2d_relu" then
    local k = core.shape(w)
    local size = {(s[2] + 2 * o.padding[1] - k[1]) // o.stride + 1, (s[3] + 2 * o.padding[2] - k[2]) // o.stride + 1}
    return ("%dx%d %d -> %d, %dx%d/%d"):format(s[2], s[3], s[4], k[4], k[1], k[2], o.stride),
      2e-9 * s[1] * size[1] * size[2] * core.numel(w)
  end
  return ("%dx%d %s %d"):format(s[2] or 0, s[3] or 0, name, s[4] or s[2]), 0
end
if opt.profile then
  for _, name in ipairs {"conv2d_relu", "avg_pool2d_to", "max_pool2d_to", "avg_pool2d", "matmul"} do
    local f, clock = core[name], core.clock
    core[name] = function(x, w, ...)
      local t = clock()
      local y = f(x, w, ...)
      local key, flop = layer(name, x, w, ...)
      spent[key], calls[key], work[key] = (spent[key] or 0) + clock() - t, (calls[key] or 0) + 1, flop
      return y
    end
  end
end
local inception = require "gan.model.inception"

local net = inception.new {width = opt.eighths / 8, batch = opt.batch, rng = core.rng(1, "features")}
local x = core.rng(1, "pictures"):uniform({opt.batch, 299, 299, 3}, -1, 1)

net(x)
net(x)
spent, calls = {}, {}
local times, sum, features = {}, 0, nil
for i = 1, opt.batches do
  local t = core.clock()
  features = net(x)
  times[i] = core.clock() - t
  sum = sum + times[i]
end

if opt.profile then
  local names = {}
  for name in pairs(spent) do names[#names + 1] = name end
  table.sort(names, function(a, b) return spent[a] > spent[b] end)
  bench.say("%-34s %10s %8s %6s %9s", "layer", "ms a batch", "share", "calls", "GFLOP/s")
  for _, name in ipairs(names) do
    bench.say("%-34s %10.2f %6.1f %% %6.0f %9.1f", name, 1000 * spent[name] / opt.batches, 100 * spent[name] / sum,
      calls[name] / opt.batches, work[name] * calls[name] / spent[name])
  end
end

local s, _, rss = bench.median(times), core.rss()
bench.say("inception batch %d threads %d: %.4f s a batch, %.1f images/s, at most %.0f MB",
  opt.batch, opt.threads, s, opt.batch / s, rss / 2 ^ 20)
bench.result {net = "inception", batch = opt.batch, params = net:count(), s_batch = bench.digits(s),
  img_s = bench.digits(opt.batch / s), rss_mb = rss // 2 ^ 20 | 0, mean = bench.digits(core.item(core.mean(features)))}
