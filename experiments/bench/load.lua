-- Data: images/s of opening each kind of file and of drawing the built-in set, images/s of batches, and what a set
-- keeps in memory beside its bytes. The files are made in a temporary directory first, and removed.
--   lua experiments/bench/load.lua --json
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local gan = require "gan"
local core = require "gan.core"
local lfs = require "lfs"

local opt = bench.options("Times data sets and batches.", {
  {"images", 60000, "pictures of 32x32x3 in the set whose memory is measured, and of 28x28 in the IDX file"},
  {"pictures", 1000, "PNG files"}, {"size", 64, "pixels of the PNG files", lo = 16, hi = 512},
  {"batch", 64, "images of a batch"},
  {"batches", 500, "batches that are timed"},
})

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

-- Opens a data set: the set and the seconds it took.
local function open(path, options)
  collectgarbage()
  local t = core.clock()
  local set = must(gan.data.open(path, options))
  return set, core.clock() - t
end

local record = {images = opt.images, pictures = opt.pictures, size = opt.size, batch = opt.batch}
local function rate(name, key, n, seconds)
  record[key] = bench.digits(n / seconds)
  bench.say("%-32s %10.0f images/s", name, n / seconds)
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

local function png()
  local set = gan.data.shapes {count = opt.pictures, size = opt.size}
  must(lfs.mkdir(dir .. "/png"))
  for i = 1, set.n do must(gan.data.image.write(("%s/png/%06d.png"):format(dir, i), set:image(i))) end
  local seconds
  set, seconds = open(dir .. "/png")
  rate(("folder of %d PNGs, %dx%dx3"):format(set.n, opt.size, opt.size), "png_img_s", set.n, seconds)
end

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
  bench.say("%-32s %10.3f bytes of tensors, %.3f bytes resident, for each byte of the pictures",
    "held", record.held, record.held_rss)
  record.held, record.held_rss = bench.digits(record.held), bench.digits(record.held_rss)
  return set
end

local function batches(set)
  local n = math.min(opt.batch, set.n)
  local loader = gan.data.batches(set, {batch = n, mirror = true})
  loader:next()
  local t = core.clock()
  for _ = 1, opt.batches do loader:next() end
  rate(("batches of %d, mirrored"):format(n), "batches_img_s", opt.batches * n, core.clock() - t)
  loader:close()
end

-- Whatever happens, the directory goes.
must(lfs.mkdir(dir))
local ok, message = pcall(function()
  bench.say("%d threads", opt.threads)
  idx()
  png()
  shapes()
  batches(cifar())
end)
for _, path in ipairs {dir .. "/png", dir} do
  if lfs.attributes(path) then
    for name in lfs.dir(path) do
      if lfs.attributes(path .. "/" .. name, "mode") == "file" then os.remove(path .. "/" .. name) end
    end
    lfs.rmdir(path)
  end
end
if not ok then bench.fail("%s", message) end
bench.result(record)
