-- Memory-bound kernels in GB/s of elements read and written, beside a plain copy of as many bytes.
--   lua experiments/bench/pointwise.lua --megabytes 32
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"

local opt = bench.options("Times pointwise kernels.", {{"megabytes", 32, "size of one tensor"}})
local n = opt.megabytes * 2 ^ 20 // 4 // 256 | 0
local rng = core.rng(1, "pointwise")
local x, y, row = rng:normal({n, 256}), rng:normal({n, 256}), rng:normal({256})

local kernels = { -- name, tensors of full size that are read or written, call
  {"copy", 2, function() core.clone(x) end},
  {"add", 3, function() core.add(x, y) end},
  {"add a row", 2, function() core.add(x, row) end},
  {"add a number", 2, function() core.add(x, 1) end},
  {"add_ in place", 3, function() core.add_(x, y) end},
  {"relu", 2, function() core.relu(x) end},
  {"leaky_relu", 2, function() core.leaky_relu(x, 0.2) end},
  {"tanh", 2, function() core.tanh(x) end},
  {"sigmoid", 2, function() core.sigmoid(x) end},
  {"exp", 2, function() core.exp(x) end},
  {"normal numbers", 1, function() rng:normal({n, 256}) end},
}

print(("%d MB a tensor, %d threads"):format(opt.megabytes, opt.threads))
for _, k in ipairs(kernels) do
  local t = bench.time(k[3])
  print(("%-16s %8.2f ms %8.2f GB/s"):format(k[1], 1000 * t, k[2] * n * 256 * 4 / t * 1e-9))
end
