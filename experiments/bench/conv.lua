-- The convolutions of a 64x64 DCGAN, three passes each, in nominal GFLOP/s (padding counted) and as a share of the FMA peak.
--   lua experiments/bench/conv.lua --batch 64
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"

local opt = bench.options("Times the convolutions of a 64x64 DCGAN.", {{"batch", 64, "images"}, {"width", 64, "channels of D's first layer"}})
local f = opt.width
local layers = { -- D from the picture to the logit; G's layers are the same with the passes y and dx exchanged
  {"3 -> " .. f, 64, 3, f, {stride = 2, padding = 1}},
  {f .. " -> " .. 2 * f, 32, f, 2 * f, {stride = 2, padding = 1}},
  {2 * f .. " -> " .. 4 * f, 16, 2 * f, 4 * f, {stride = 2, padding = 1}},
  {4 * f .. " -> " .. 8 * f, 8, 4 * f, 8 * f, {stride = 2, padding = 1}},
  {8 * f .. " -> 1", 4, 8 * f, 1, {}},
  {8 * f .. " -> 100 (G)", 4, 8 * f, 100, {}},
}

local function with(o, key, value)
  return {stride = o.stride, padding = o.padding, [key] = value}
end

print(("batch %d, %d threads; GFLOP/s (%% of the FMA peak, taken beside each layer)"):format(opt.batch, opt.threads))
print(("%-16s %8s %8s %14s %14s %14s"):format("layer", "GFLOP", "peak", "y", "dx", "dw"))
local total = 0
for _, l in ipairs(layers) do
  local name, size, ci, co, o = table.unpack(l)
  local rng = core.rng(1, name)
  local x, w = rng:normal({opt.batch, size, size, ci}), rng:normal({4, 4, ci, co})
  local y = core.conv2d(x, w, o)
  local flop = 2e-9 * core.numel(y) * 16 * ci
  local peak = bench.peak()
  local times = {
    bench.time(function() core.conv2d(x, w, o) end),
    bench.time(function() core.conv2d_dx(y, w, with(o, "size", {size, size})) end),
    bench.time(function() core.conv2d_dw(x, y, with(o, "kernel", {4, 4})) end),
  }
  peak = math.max(peak, bench.peak())
  local cells = {}
  for i, t in ipairs(times) do
    cells[i] = ("%7.1f (%3.0f %%)"):format(flop / t, 100 * flop / t / peak)
    total = total + t
  end
  print(("%-16s %8.2f %8.1f %14s %14s %14s"):format(name, flop, peak, cells[1], cells[2], cells[3]))
end
print(("all passes of all layers once: %.1f ms"):format(1000 * total))
