-- The convolutions of a 64x64 DCGAN, the 3x3 ones of SNDCGAN and those in groups of R3GAN, three passes each, in
-- nominal GFLOP/s (padding counted) and as a share of the FMA peak; or, with --errors, how far each engine's results
-- lie from the same convolution in double precision.
--   lua experiments/bench/conv.lua --batch 64
--   lua experiments/bench/conv.lua --errors
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"

local opt = bench.options("Times the convolutions of DCGAN, SNDCGAN and R3GAN.", {
  {"batch", nil, "images (default 64; with --errors 4)"}, {"width", 64, "channels of D's first layer"},
  {"errors", false, "relative RMS errors of the engines instead of times"}, bench.ms})
local f = opt.width
opt.batch = opt.batch or opt.errors and 4 or 64

local function layer(name, size, ci, co, kernel, stride, padding, groups)
  return {name = name, size = size, ci = ci, co = co, kernel = kernel, groups = groups or 1,
    options = {stride = stride, padding = padding, groups = groups}}
end
-- D from the picture to the logit; G's layers are the same with the passes y and dx exchanged.
local layers = {
  layer(("3 -> %d"):format(f), 64, 3, f, 4, 2, 1),
  layer(("%d -> %d"):format(f, 2 * f), 32, f, 2 * f, 4, 2, 1),
  layer(("%d -> %d"):format(2 * f, 4 * f), 16, 2 * f, 4 * f, 4, 2, 1),
  layer(("%d -> %d"):format(4 * f, 8 * f), 8, 4 * f, 8 * f, 4, 2, 1),
  layer(("%d -> 1"):format(8 * f), 4, 8 * f, 1, 4, 1, 0),
  layer(("%d -> 100 (G)"):format(8 * f), 4, 8 * f, 100, 4, 1, 0),
  layer(("3 -> %d, 3x3"):format(f), 32, 3, f, 3, 1, 1),
  layer(("%d -> %d, 3x3"):format(f, 2 * f), 16, f, 2 * f, 3, 1, 1),
  layer(("%d -> %d, 3x3"):format(2 * f, 4 * f), 8, 2 * f, 4 * f, 3, 1, 1),
  layer(("%d -> %d, 3x3"):format(4 * f, 8 * f), 4, 4 * f, 8 * f, 3, 1, 1),
  layer(("%d -> 3, 3x3 (G)"):format(f), 32, f, 3, 3, 1, 1),
}
for i, size in ipairs {32, 16, 8} do -- R3GAN's
  local inside = math.max(16, f << i)
  layers[#layers + 1] = layer(inside .. ", groups of 16", size, inside, inside, 3, 1, 1, inside // 16)
end
layers[#layers + 1] = layer(2 * f .. ", depthwise", 32, 2 * f, 2 * f, 3, 1, 1, 2 * f)

local function with(o, engine, key, value)
  local all = {stride = o.stride, padding = o.padding, groups = o.groups, engine = engine}
  if key then all[key] = {value, value} end
  return all
end

-- The three passes of a layer, as functions of nothing, by a core.
local function passes(c, l, x, w, dy, engine)
  local o = l.options
  return {
    y = function() return c.conv2d(x, w, with(o, engine)) end,
    dx = function() return c.conv2d_dx(dy, w, with(o, engine, "size", l.size)) end,
    dw = function() return c.conv2d_dw(x, dy, with(o, engine, "kernel", l.kernel)) end,
  }
end

local order = {"y", "dx", "dw"}

local function inputs(l)
  local rng = core.rng(1, l.name)
  local out = (l.size + 2 * l.options.padding - l.kernel) // l.options.stride + 1
  local x, w = rng:normal({opt.batch, l.size, l.size, l.ci}), rng:normal({l.kernel, l.kernel, l.ci // l.groups, l.co})
  return x, w, rng:normal({opt.batch, out, out, l.co})
end

-- ---- times ----

local function time(l, totals)
  local x, w, dy = inputs(l)
  local flop = 2e-9 * core.numel(dy) * l.kernel ^ 2 * l.ci / l.groups
  local record = {layer = l.name, size = l.size, kernel = l.kernel, groups = l.groups, gflop = bench.digits(flop)}
  local cells, kind = {}, l.groups > 1 and "groups" or l.kernel
  local peak, seconds = bench.peak(), {}
  local run = passes(core, l, x, w, dy)
  for _, pass in ipairs(order) do seconds[pass] = bench.time(run[pass]) end
  peak = math.max(peak, bench.peak())
  for i, pass in ipairs(order) do
    local rate = flop / seconds[pass]
    totals[kind] = (totals[kind] or 0) + 1000 * seconds[pass]
    record[pass] = {gflop_s = bench.digits(rate), share = bench.digits(rate / peak, 3)}
    cells[i] = ("%7.1f (%3.0f %%)"):format(rate, 100 * rate / peak)
  end
  record.peak = bench.digits(peak)
  bench.say("%-18s %8.2f %8.1f %14s %14s %14s", l.name, flop, peak, table.unpack(cells))
  return record
end

local function times()
  bench.say("batch %d, %d threads; GFLOP/s (%% of the FMA peak, taken beside each layer)", opt.batch, opt.threads)
  bench.say("%-18s %8s %8s %14s %14s %14s", "layer", "GFLOP", "peak", table.unpack(order))
  local records, totals = {}, {}
  for i, l in ipairs(layers) do records[i] = time(l, totals) end
  bench.say("all passes of all layers once: %.1f ms the 4x4 kernels, %.1f ms the 3x3 kernels, %.1f ms those in groups",
    totals[4], totals[3], totals.groups)
  bench.result {
    batch = opt.batch, layers = records, ms_4x4 = bench.digits(totals[4]), ms_3x3 = bench.digits(totals[3]),
    ms_groups = bench.digits(totals.groups),
  }
end

-- ---- errors ----

-- A float tensor's numbers as a tensor of core64.
local function double(core64, t)
  local bytes, parts, chunk = core.to_bytes(t), {}, 1024
  for first = 1, #bytes, 4 * chunk do
    local n = math.min(chunk, (#bytes - first + 1) // 4)
    parts[#parts + 1] = string.pack(("d"):rep(n), string.unpack(("f"):rep(n), bytes, first))
  end
  return core64.from_bytes(table.concat(parts), core.shape(t), "real")
end

-- What Winograd's minimal filtering can do here; core raises for other shapes.
local function engines(l)
  local winograd = l.kernel == 3 and l.options.stride == 1 or l.kernel == 4 and l.options.stride == 2
  return winograd and {"direct", "winograd2", "winograd4"} or {"direct"}
end

local function errors()
  local ok, core64 = pcall(require, "gan.core64")
  if not ok then bench.fail("--errors compares with gan.core64, which is not there: make all") end
  core64.threads(opt.threads)
  bench.say("batch %d; relative RMS error against direct convolution in double precision", opt.batch)
  bench.say("%-18s %-10s %9s %9s %9s", "layer", "engine", table.unpack(order))
  local records = {}
  for _, l in ipairs(layers) do
    local x, w, dy = inputs(l)
    local truth = passes(core64, l, double(core64, x), double(core64, w), double(core64, dy), "direct")
    for _, pass in ipairs(order) do truth[pass] = truth[pass]() end
    for _, engine in ipairs(engines(l)) do
      local record, run = {layer = l.name, engine = engine}, passes(core, l, x, w, dy, engine)
      for _, pass in ipairs(order) do
        local off = core64.sub(double(core64, run[pass]()), truth[pass])
        record[pass] = bench.digits(core64.item(core64.norm(off)) / core64.item(core64.norm(truth[pass])), 3)
      end
      records[#records + 1] = record
      bench.say("%-18s %-10s %9.1e %9.1e %9.1e", l.name, engine, record.y, record.dx, record.dw)
    end
  end
  bench.result {batch = opt.batch, errors = records}
end

if opt.errors then errors() else times() end
