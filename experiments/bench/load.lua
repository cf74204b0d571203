-- Data: images/s of opening each kind of file and of drawing the built-in set; of batches, from memory and from disk;
-- what loading takes of a training step; how the time of opening a folder grows with its files; and what a set keeps in
-- memory beside its bytes. The files are made in a temporary directory first, and removed. JPEG files are made by
-- python3 with Pillow, where that is there; --photographs names a folder of others.
--   lua experiments/bench/load.lua --json
--   lua experiments/bench/load.lua --photographs ~/pictures --files 0 --steps 0
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local gan = require "gan"
local core = require "gan.core"
local lfs = require "lfs"

local opt = bench.options("Times data sets and batches.", {
  {"images", 60000, "pictures of 32x32x3 in the set whose memory is measured, and of 28x28 in the IDX file"},
  {"pictures", 4000, "PNG and JPEG files of each kind"},
  {"size", 64, "pixels of these, read into 64x64", lo = 16, hi = 512},
  {"photographs", nil, "a folder of JPEG files (default: 500x375, made by python3 with Pillow)", text = true},
  {"files", 100000, "PNG files of a large folder (hard links), and a tenth of them; 0: none", lo = 0},
  {"batch", 64, "images of a batch"},
  {"batches", 500, "batches that are timed; from disk a tenth of them"},
  {"steps", 3, "steps of a DCGAN that a batch's loading is compared with; 0: none", lo = 0},
  {"width", 64, "channels of its widest pictures' layers"},
})

local SIDE = 64 -- what pictures in folders are read into
local TURNS = 3 -- of opening a folder, the best of which counts: in the first one memory is new to the process

local dir = os.tmpname()
os.remove(dir)
local function must(ok, message) return ok or error(message, 0) end

local function write(path, ...)
  local file = must(io.open(path, "wb"))
  must(file:write(...))
  must(file:close())
end

-- n random pictures of so many bytes with `head` before each: noise, which is as costly to read as anything.
local function noise(n, bytes, head)
  local rng = core.rng(1, "noise")
  local one = {}
  for i = 1, 97 do one[i] = head .. core.to_bytes(core.to(rng:integer({bytes}, 0, 255), "u8")) end
  local all = {}
  for i = 1, n do all[i] = one[i % 97 + 1] end
  return table.concat(all)
end

-- Opens a data set: the set, the seconds it took, and those of the processors.
local function open(path, options)
  collectgarbage()
  local t, cpu = core.clock(), os.clock()
  local set = must(gan.data.open(path, options))
  return set, core.clock() - t, os.clock() - cpu
end

local record = {images = opt.images, pictures = opt.pictures, size = opt.size, batch = opt.batch, files = opt.files}

-- cpu: seconds of the processors, where several threads work: on a busy machine they say more.
local function rate(name, key, n, seconds, cpu)
  record[key] = bench.digits(n / seconds)
  local more = ""
  if cpu then
    record[(key:gsub("img_s$", "img_cpu_s"))] = bench.digits(n / cpu)
    more = (", %.0f for each second of a processor"):format(n / cpu)
  end
  bench.say("%-44s %10.0f images/s%s", name, n / seconds, more)
end

local function idx()
  write(dir .. "/images-idx3-ubyte", string.pack(">I4I4I4I4", 0x803, opt.images, 28, 28),
    noise(opt.images, 28 * 28, ""))
  local set, seconds = open(dir .. "/images-idx3-ubyte")
  rate(("IDX file, %d of 28x28x1"):format(set.n), "idx_img_s", set.n, seconds)
end

local function shapes()
  local set, seconds = open("shapes", {count = opt.pictures, size = 32})
  rate(("shapes, drawing %d of 32x32x3"):format(set.n), "shapes_img_s", set.n, seconds)
end

-- What making a batch takes of a training step, both in seconds of the processors: so much longer a step becomes.
local function share(name, key, cpu, step)
  if not step then return end
  record[key] = bench.digits(cpu / step)
  bench.say("%-44s %10.2f %% of a training step", name, 100 * cpu / step)
end

-- ---- folders ----

local function folder(name)
  must(lfs.mkdir(dir .. "/" .. name))
  return dir .. "/" .. name
end

local function number(path, i, ending) return ("%s/%07d.%s"):format(path, i, ending) end

-- Drawn pictures, with the noise that photographs have.
local function scenes(n, size)
  local set, rng = gan.data.shapes {count = n, size = size}, core.rng(2, "grain")
  return function(i)
    local x = core.to(set:image(i), "real")
    return core.to(core.clamp(core.add(x, rng:normal({size, size, 3}, 0, 6)), 0, 255), "u8")
  end
end

local function png()
  local path, scene = folder "png", scenes(opt.pictures, opt.size)
  for i = 1, opt.pictures do must(gan.data.image.write(number(path, i, "png"), scene(i))) end
end

-- Makes JPEG files of PNG files, h x w, by another program. Returns false where there is none.
local function jpeg(from, to, n, h, w)
  local code = "import sys\nfrom PIL import Image\nfor i in range(1, int(sys.argv[3]) + 1):\n"
    .. " a = Image.open('%s/%07d.png' % (sys.argv[1], i)).resize((int(sys.argv[5]), int(sys.argv[4])), Image.BICUBIC)\n"
    .. " a.save('%s/%07d.jpg' % (sys.argv[2], i), quality=90)\n"
  write(dir .. "/jpeg.py", code)
  for _, python in ipairs {"python3", "/usr/bin/python3"} do
    local command = ("%s %s %s %s %d %d %d 2>/dev/null"):format(
      python, bench.quoted(dir .. "/jpeg.py"), bench.quoted(from), bench.quoted(to), n, h, w)
    if os.execute(command) then return true end
  end
  return false
end

-- Bytes of a file of a folder, in the mean.
local function mean_size(path)
  local bytes, n = 0, 0
  for name in lfs.dir(path) do
    local size = name:sub(1, 1) ~= "." and lfs.attributes(path .. "/" .. name, "size")
    if size then bytes, n = bytes + size, n + 1 end
  end
  return bytes / math.max(1, n)
end

-- Times opening a folder of pictures into SIDE x SIDE; then the batches of it, none of which stays in memory.
local function folder_rates(name, key, path, step)
  local set, seconds, cpu
  for _ = 1, TURNS do
    local s, t, c = open(path, {size = SIDE})
    if not set or t < seconds then set, seconds, cpu = s, t, c end
  end
  local size = mean_size(path) -- what decoding takes goes by it
  record[key .. "_bytes"] = bench.digits(size)
  rate(("%s of %.1f kB, opening %d"):format(name, size / 1000, set.n), key .. "_img_s", set.n, seconds, cpu)
  local n = math.min(opt.batch, set.n)
  local on_disk = must(gan.data.open(path, {size = SIDE, cache = 0}))
  local loader <close> = gan.data.batches(on_disk, {batch = n, mirror = true, prefetch = false})
  loader:next()
  local count = math.max(1, opt.batches // 10)
  local t, start = core.clock(), os.clock()
  for _ = 1, count do loader:next() end
  cpu = (os.clock() - start) / count
  rate("  batches of it from disk", key .. "_disk_img_s", n, (core.clock() - t) / count, cpu)
  share("  a batch from disk", key .. "_share", cpu, step)
end

local function folders(step)
  png()
  folder_rates(("PNG %dx%d"):format(opt.size, opt.size), "png", dir .. "/png", step)
  if jpeg(dir .. "/png", folder "jpeg", opt.pictures, opt.size, opt.size) then
    folder_rates(("JPEG %dx%d"):format(opt.size, opt.size), "jpeg", dir .. "/jpeg", step)
  else
    bench.say("no JPEG files: there is no python3 with Pillow")
  end
  local photographs = opt.photographs
  if not photographs then
    local few = math.max(1, opt.pictures // 10)
    local path, scene = folder "large", scenes(few, 500)
    for i = 1, few do must(gan.data.image.write(number(path, i, "png"), scene(i))) end
    if jpeg(path, folder "photographs", few, 375, 500) then photographs = dir .. "/photographs" end
  end
  if photographs then
    folder_rates(opt.photographs and "photographs" or "JPEG 500x375", "photo", photographs, step)
  end
end

-- Opens n files and a tenth of them.
local function many()
  if opt.files == 0 then return end
  local seconds = {}
  for k, n in ipairs {math.max(1, opt.files // 10), opt.files} do
    local path = folder("many" .. k)
    for i = 1, n do
      must(lfs.link(number(dir .. "/png", (i - 1) % opt.pictures + 1, "png"), number(path, i, "png")))
    end
    local set, wall
    set, wall, seconds[k] = open(path, {size = 16})
    rate(("folder of %d PNG files, into 16x16"):format(set.n), ("many%d_img_s"):format(k), set.n, wall, seconds[k])
  end
  record.many_growth = bench.digits(seconds[2] / seconds[1])
  bench.say("%-44s %10.1f times the work of the processors", "  ten times as many", record.many_growth)
end

-- ---- batches ----

-- The set whose memory is looked at: CIFAR-10's format, as large as its training and test files together.
local function cifar()
  write(dir .. "/noise.bin", noise(opt.images, 3072, "\0"))
  collectgarbage()
  core.memory_trim()
  local live, rss = core.memory().live, core.rss()
  local set, seconds = open(dir .. "/noise.bin")
  rate(("CIFAR-10 file, %d of 32x32x3"):format(set.n), "cifar_img_s", set.n, seconds)
  collectgarbage()
  core.memory_trim()
  local bytes = set.n * set.height * set.width * set.channels
  record.held, record.held_rss = (core.memory().live - live) / bytes, (core.rss() - rss) / bytes
  bench.say("%-44s %10.3f bytes of tensors, %.3f bytes resident, for each byte of the pictures",
    "held", record.held, record.held_rss)
  record.held, record.held_rss = bench.digits(record.held), bench.digits(record.held_rss)
  return set
end

local function batches(set, step)
  local n = math.min(opt.batch, set.n)
  local loader <close> = gan.data.batches(set, {batch = n, mirror = true, prefetch = false})
  loader:next()
  local t, cpu = core.clock(), os.clock()
  for _ = 1, opt.batches do loader:next() end
  rate(("batches of %d, mirrored"):format(n), "batches_img_s", opt.batches * n, core.clock() - t)
  share("  a batch from memory", "batches_share", (os.clock() - cpu) / opt.batches, step)
end

-- The seconds of the processors in a DCGAN's step at SIDE x SIDE, without loading.
local function step_seconds()
  if opt.steps == 0 then return nil end
  local batch, dcgan = opt.batch, gan.model.dcgan
  local G = dcgan.generator {size = SIDE, channels = 3, ngf = opt.width, z = 100}
  local D = dcgan.discriminator {size = SIDE, channels = 3, ndf = opt.width}
  local optG, optD, loss = gan.optim.adam(G:params()), gan.optim.adam(D:params()), gan.loss.logistic()
  local real = gan.rand(batch, SIDE, SIDE, 3):mul(2):sub(1)
  local best = math.huge
  for _ = 1, opt.steps + 1 do
    local t = os.clock()
    local fake = G(gan.randn(batch, 100))
    optD:step(gan.grad(loss.critic(D(real), D(fake:detach())), optD.params))
    optG:step(gan.grad(loss.generator(D(fake)), optG.params))
    best = math.min(best, os.clock() - t)
  end
  record.step_cpu_s = bench.digits(best)
  bench.say("%-44s %10.3f s of the processors", ("a step of DCGAN %dx%dx3, batch %d"):format(SIDE, SIDE, batch), best)
  return best
end

local function remove(path)
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then
      local at = path .. "/" .. name
      if lfs.symlinkattributes(at, "mode") == "directory" then remove(at) else os.remove(at) end
    end
  end
  lfs.rmdir(path)
end

-- Whatever happens, the directory goes.
must(lfs.mkdir(dir))
local ok, message = pcall(function()
  bench.say("%d threads", opt.threads)
  local step = step_seconds()
  idx()
  shapes()
  batches(cifar(), step)
  folders(step)
  many()
end)
remove(dir)
if not ok then bench.fail("%s", message) end
bench.result(record)
