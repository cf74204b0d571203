-- Measures everything, for `make bench`: kernels, whole training steps, drawing, data and start-up, in turns with
-- PyTorch where that is installed. See README.md.
--   lua experiments/bench/run.lua [--rounds 2] [--steps 3] [--threads 2] [--no-kernels] [--no-torch] [--quick]
--     [--json FILE]
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"
local gan = require "gan"
local json = bench.json

local opt = bench.options("Runs every benchmark; compares steps, drawing and start-up with PyTorch's.", {
  {"rounds", 2, "turns of each program"}, {"steps", 3, "steps timed in a turn"},
  {"no-kernels", false, "leave out conv and pointwise"},
  {"no-torch", false, "no comparison"},
  {"quick", false, "a look in a minute: one turn, all threads, batches of 64, less of the rest"},
  {"batch", nil, "one size of batches instead of 64 and 128"},
  {"width", 64, "channels of the networks' widest pictures"},
  {"json", nil, "write everything there as one JSON document", text = true}})
if opt.quick then opt.rounds = 1 end

-- Writes to the file of --json, or ends with what is wrong with it.
local function write(mode, text)
  local file, message = io.open(opt.json, mode)
  local ok = file and file:write(text)
  if ok then ok, message = file:close() end
  if not ok then bench.fail("--json: %s", message or opt.json .. ": cannot be written") end
end
if opt.json then write("ab", "") end -- nobody wants to learn that after ten minutes

local torch = not opt.no_torch and bench.has_torch()

local function say(fmt, ...)
  print(fmt:format(...))
  io.stdout:flush()
end

-- ---- other programs ----

-- Runs a command: what the last line of its output says in JSON; the lines before it are passed on.
local function result(name, command)
  local pipe = assert(io.popen(command, "r"))
  local last
  for line in pipe:lines() do
    if last then say("%s", last) end
    last = line
  end
  local ok, how, code = pipe:close()
  if not ok then bench.fail("%s failed (%s %s)", name, how, code) end
  local value, message = json.decode(last or "")
  if type(value) ~= "table" then bench.fail("%s printed no result (%s)", name, message or last) end
  return value
end

local function ours(script, options, threads)
  local words = ("%s %s --threads %d"):format(script, options, threads or opt.threads)
  threads = threads or opt.threads
  local command = "%s %s %s --threads %d --json"
  return result(words, command:format(bench.interpreter, bench.script(script), options, threads))
end

local function theirs(script, options, threads)
  local words = ("%s %s --threads %d"):format(script, options, threads or opt.threads)
  threads = threads or opt.threads
  return result(words, ("%s %s %s --threads %d"):format(bench.python, bench.script(script), options, threads))
end

-- ---- parts ----

local doc = {
  version = gan._VERSION, date = os.date "!%Y-%m-%dT%H:%M:%SZ", cores = core.cores(), threads = opt.threads,
  rounds = opt.rounds, steps = opt.steps, quick = opt.quick or false, fma_peak = {},
}

-- A part: f() between two looks at the machine's peak. A part whose two differ much was disturbed.
local function part(title, threads, f, note)
  say("-- %s%s", title, note or "")
  core.threads(threads)
  local before = bench.peak()
  local value = f()
  local after = bench.peak()
  doc.fma_peak[#doc.fma_peak + 1] = {
    part = title, threads = threads, before = bench.digits(before), after = bench.digits(after),
  }
  say("FMA peak %.0f GFLOP/s before, %.0f after (threads: %d)\n", before, after, threads)
  return value
end

-- Takes the turns of both programs: the median of `key`, images/s by it, the most memory; and how PyTorch compares,
-- turn by turn. peer: its script, torch_step.py by default; false: no comparison.
local function turns(key, images, script, mine, other, threads, peer)
  local compare = torch and peer ~= false
  local list, times, mb, params, version = {gan = {}, torch = {}}, {}, {gan = 0, torch = 0}, {}, nil
  for _ = 1, opt.rounds do
    local a = ours(script, mine, threads)
    list.gan[#list.gan + 1], mb.gan, params.gan = a[key], math.max(mb.gan, a.rss_mb), a.params
    if compare then
      local b = theirs(peer or "torch_step.py", other, threads)
      list.torch[#list.torch + 1], mb.torch, params.torch = b[key], math.max(mb.torch, b.rss_mb), b.params
      times[#times + 1], version = b[key] / a[key], b.who
      if params.gan ~= params.torch then
        bench.fail("%s: %d parameters, PyTorch's has %d", mine, params.gan, params.torch)
      end
    end
  end
  local record = {threads = threads}
  for _, who in ipairs(compare and {"gan", "torch"} or {"gan"}) do
    local turn = table.move(list[who], 1, #list[who], 1, {})
    local s = bench.median(list[who])
    record[who] = {[key] = s, turns = turn, img_s = bench.digits(images / s), rss_mb = mb[who]}
  end
  if compare then
    doc.torch = version
    record.times, record.rss_share = bench.digits(bench.median(times), 4), bench.digits(mb.gan / mb.torch, 4)
  end
  return record
end

local head, columns = "%-26s %10s %10s %8s %12s %8s %8s %8s", "%-26s %10.4f %10.1f %8.0f"
local function header() say(head, "", "s", "images/s", "MB", "torch s", "MB", "times", "memory") end
local function row(name, key, record)
  local line = columns:format(name, record.gan[key], record.gan.img_s, record.gan.rss_mb)
  if record.torch then
    local peer = record.torch
    line = line .. (" %12.4f %8.0f %8.2f %8.2f"):format(peer[key], peer.rss_mb, record.times, record.rss_share)
  end
  say("%s", line)
end

-- R3GAN's nets are half as wide: their blocks are twice as wide inside.
local nets = {
  {"dcgan", 64, 3, 64}, {"dcgan", 64, 3, 128}, {"dcgan", 32, 1, 64}, {"dcgan", 32, 1, 128}, {"sndcgan", 32, 3, 64},
  {"r3gan", 32, 3, 64, share = 2},
}

local function steps(threads)
  local records = {}
  header()
  for _, net in ipairs(nets) do
    local name, size, channels, batch = table.unpack(net)
    if batch == 64 or not (opt.quick or opt.batch) then
      batch = opt.batch or batch
      local options = ("--net %s --size %d --channels %d --batch %d --width %d --steps %d"):format(
        name, size, channels, batch, math.max(8, opt.width // (net.share or 1)), opt.steps)
      local record = turns("s_step", batch, "step.lua", options, options, threads)
      record.net, record.size, record.channels, record.batch = name, size, channels, batch
      records[#records + 1] = record
      row(("%s %dx%dx%d b%d"):format(name, size, size, channels, batch), "s_step", record)
    end
  end
  return records
end

local function drawing()
  header()
  local images = opt.quick and 256 or 1000
  local options = ("--size 64 --batch %d --width %d"):format(opt.batch or 64, opt.width)
  local record = turns("s_generate", images, "generate.lua", ("%s --images %d"):format(options, images),
    ("%s --generate %d"):format(options, images), opt.threads)
  record.images, record.size, record.channels = images, 64, 3
  row(("%d of 64x64x3"):format(images), "s_generate", record)
  return record
end

-- Inception's features. The peer is fastest with 32 pictures, and with pictures and kernels that lie as (N,H,W,C).
local function features()
  header()
  local batch, eighths = opt.quick and 4 or 32, math.max(1, math.min(8, opt.width // 8))
  local options = ("--batch %d --batches %d"):format(batch, opt.steps)
  local record = turns("s_batch", batch, "features.lua", ("%s --eighths %d"):format(options, eighths),
    options .. " --channels-last", opt.threads, eighths == 8 and bench.has_torch "torchvision" and "torch_features.py")
  record.batch, record.size, record.channels = batch, 299, 3
  row(("inception 299x299x3 b%d"):format(batch), "s_batch", record)
  return record
end

-- The sub-benchmarks that print a table of their own.
local function tabled(script, options)
  return function()
    local value = ours(script, options .. " --table")
    value.who = nil
    return value
  end
end

local ms = opt.quick and " --ms 30" or ""
if not opt.no_kernels then
  local layers = ("--batch %d --width %d"):format(opt.batch or 64, opt.width) .. ms
  doc.conv = part("convolutions", opt.threads, tabled("conv.lua", layers))
  doc.conv_errors = part("convolutions' errors", opt.threads,
    tabled("conv.lua", ("--errors --width %d"):format(opt.width)))
  doc.pointwise = part("memory-bound kernels", opt.threads,
    tabled("pointwise.lua", (opt.quick and "--megabytes 16" or "") .. ms))
end

local compared = torch and ", in turns with PyTorch; times: how many times faster than it, memory: ours of its peak"
  or opt.no_torch and "" or " (no PyTorch for /usr/bin/python3: no comparison)"
doc.step = {}
for _, threads in ipairs(opt.threads > 1 and not opt.quick and {opt.threads, 1} or {opt.threads}) do
  local title = ("training steps, threads: %d"):format(threads)
  local records = part(title, threads, function() return steps(threads) end, compared)
  table.move(records, 1, #records, #doc.step + 1, doc.step)
end
doc.profile = part("where a step's time goes", opt.threads,
  tabled("step.lua", ("--profile --batch %d --width %d --steps %d"):format(opt.batch or 64, opt.width, opt.steps)))
local few = ("--batch %d --width %d"):format(opt.batch or 64, opt.width)
doc.layers = part("what layers add to a step", opt.threads,
  tabled("layers.lua", ("%s --rounds %d"):format(few, opt.quick and 1 or 2 * opt.steps + 1)))
doc.penalty = {}
for i, name in ipairs {"r1", "gp"} do
  doc.penalty[i] = part("what a penalty adds: " .. name, opt.threads,
    tabled("penalty.lua", ("--penalty %s %s --steps %d%s"):format(name, few, opt.steps, torch and "" or " --no-torch")))
end
doc.augment = part("what augmentation takes of a step", opt.threads,
  tabled("augment.lua", ("%s --rounds %d"):format(few, opt.steps)))
doc.generate = part("drawing", opt.threads, drawing, compared)
doc.features = part("features", opt.threads, features, compared)
doc.load = part("data", opt.threads,
  tabled("load.lua", opt.quick and "--images 5000 --pictures 100 --batches 100 --files 1000" or ""))
doc.start = part("start-up", opt.threads,
  tabled("start.lua", (opt.quick and "--runs 3" or "--runs 21") .. (torch and " --torch" or "")))

if opt.json then write("wb", json.encode(doc) .. "\n") end
