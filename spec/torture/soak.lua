-- Trains, draws, measures and reads data again and again in one process, for minutes or for hours. Each round opens
-- data of another kind, trains in silence and on disk, goes on with the run, draws a grid, measures. Resident memory,
-- open files, threads and what the library holds must be flat: after a warm-up, the most of the last half may be no
-- more than the most of the first, and a little for the allocator's holes. A line a minute goes to
-- build/torture/soak/log. Where a number of cases is given ("24x"), it is one of rounds.
--
--   lua5.4 spec/torture/soak.lua 480 1
local part = require "spec.support.part"
local p = part.start "soak"

local core = require "gan.core"
local gan = require "gan"
local files = require "spec.support.files"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local WARM = 0.2 -- part of the time that is not looked at
-- Bytes by which resident memory may be more: pages that the C library gives back late; what a sanitizer sets aside.
local HOLES = os.getenv "GAN_SANITIZED" and 256 << 20 or 4 << 20
local MINUTE = 60

local function status()
  local f = io.open("/proc/self/status")
  if not f then return nil end
  local text = f:read "a"
  f:close()
  return text
end
if not status() then p:skip "there is no /proc/self" end

local dir = p.work
core.threads(2)

-- ---- what is done ----

local function png(value)
  return files.png {h = 12, w = 9, colour = 2, value = function(y, x, k) return (value + y * 7 + x * 5 + k) & 255 end}
end
os.execute(("mkdir -p %s/folder/cats %s/folder/dogs"):format(dir, dir))
for i = 1, 6 do
  temp.write(("%s/folder/%s/%d.png"):format(dir, i % 2 == 0 and "cats" or "dogs", i), png(i * 13))
  temp.write(("%s/folder/%s/%d.jpg"):format(dir, i % 2 == 0 and "cats" or "dogs", i), files.jpeg.progressive)
end
temp.write(dir .. "/a.zip", files.zip {{name = "cats/a.png", data = png(1), deflated = true},
  {name = "cats/c.png", data = png(2), deflated = true}, {name = "dogs/b.png", data = png(9)},
  {name = "dogs/d.jpg", data = files.jpeg.colour}})
temp.write(dir .. "/a.npz", files.zip {
  {name = "x.npy", data = files.npy("|u1", "(8, 16, 16, 3)", ("abcdefgh"):rep(768)), deflated = true}})
temp.write(dir .. "/damaged.png", png(3):sub(1, 60))
local DATA = {"shapes", dir .. "/folder", dir .. "/a.zip", dir .. "/a.npz"}

-- The recorder of a program, without what it prints.
local function quiet()
  local r = gan.train.recorder.disk "soak.lua"
  r.stop = function(_, fmt, ...) error(select("#", ...) > 0 and fmt:format(...) or fmt, 0) end
  r.console = {say = function() end, redraw = function() end, finish = function() end, width = function() return 80 end,
    wants_live = function() return false end}
  return r
end

local function train(data, steps, recorder, more)
  local words = {[0] = "soak.lua"}
  if data == "shapes" then more = (more or "") .. " --limit 24" end
  local text = ("--data %s --size 16 --ngf 4 --ndf 4 --z 4 --batch 4 --snap 2 --steps %d --outdir %s --name run %s")
    :format(data, steps, dir, more or "")
  for w in text:gmatch "%S+" do words[#words + 1] = w end
  local run = gan.train.run {recipe = "soak", sizes = {16}, arg = words, recorder = recorder}
  local replay = gan.game.replay.buffer {capacity = 8, rng = run:stream "replay"}
  run:train {G = run:generator "dcgan", D = run:discriminator "dcgan", replay = replay,
    penalties = {gan.penalty.r1 {gamma = 1, batch_norm = true}}}
end

local function measure(data)
  local evaluate = gan.measure.evaluate
  local set = assert(gan.data.open(data, {size = 16, limit = data == "shapes" and 24 or nil}))
  local F = assert(gan.measure.features.open("random_conv", {channels = 3}))
  local session = evaluate.new {features = F, metrics = {"kid", "diversity"}}
  assert(session:set_real(evaluate.of_set(set)))
  local trained = assert(gan.train.trained.open(dir .. "/run"))
  assert(session:measure(evaluate.of_generator(trained, {n = 16})))
  local drawn = gan.nn.evaluate(trained.G, gan.randn(16, 4), nil, {average = trained.ema})
  assert(gan.show.grid.save(dir .. "/grid.png", drawn))
end

local function wrong() -- errors must not leave anything, either
  pcall(gan.data.open, dir .. "/damaged.png", {size = 16})
  pcall(gan.zeros(2).add, gan.zeros(2), gan.zeros(3))
  pcall(gan.conv2d, gan.zeros(1, 4, 4, 1), 3)
  local w = gan.ones(8):requires_grad_()
  pcall(gan.grad, (w * 2):sum(), {gan.ones(3)})
  pcall(gan.no_grad, function() error "raised" end)
  local b = gan.data.batches(assert(gan.data.open("shapes", {size = 16, limit = 16})), {batch = 4, seed = 1})
  b() -- and is dropped while its thread makes the next
end

local round = 0
local function do_round()
  round = round + 1
  local data = DATA[round % #DATA + 1]
  if lfs.attributes(dir .. "/run") then temp.remove(dir .. "/run") end -- where there is one, silence goes on with it
  train(data, 2, gan.train.recorder.silent())
  train(data, 3, quiet())
  train(data, 4, quiet(), "--metrics kid --metrics-every 2 --metrics-n 4 --features pixels")
  measure(data)
  wrong()
end

-- ---- what is looked at ----

local function entries(path)
  local n = 0
  for _ in lfs.dir(path) do n = n + 1 end
  return n - 3 -- ".", "..", and that of the listing itself
end

local WATCHED = {"resident", "descriptors", "threads", "live", "lua"}
local allowed = {resident = HOLES, descriptors = 0, threads = 0, live = 0, lua = 1 << 20}

local function sample()
  collectgarbage()
  collectgarbage()
  local kilobytes = status():match "VmRSS:%s*(%d+)"
  return {
    time = core.clock() - p.began, round = round, resident = 1024 * math.tointeger(kilobytes),
    descriptors = entries "/proc/self/fd", threads = entries "/proc/self/task" + 1, live = core.memory().live,
    lua = math.floor(1024 * collectgarbage "count"),
  }
end

local log = assert(io.open(p.dir .. "/log", "w"))
local function tell(s)
  local form = "%6.1f min  round %6d  resident %7.2f MB  descriptors %d  threads %d  live %.3f MB  lua %.2f MB"
  local line = form:format(s.time / 60, s.round, s.resident / 2 ^ 20, s.descriptors, s.threads, s.live / 2 ^ 20,
    s.lua / 2 ^ 20)
  print(line)
  log:write(line, "\n")
  log:flush()
end

local samples, told = {}, 0
repeat
  for _ = 1, p.cases and round >= #DATA and 1 or #DATA do do_round() end
  local s = sample()
  samples[#samples + 1] = s
  if s.time - told >= MINUTE then
    tell(s)
    told = s.time
  end
until not p:goes_on(round)
tell(samples[#samples])

local first = math.ceil(WARM * #samples) + 1 -- all kinds of data were there
local middle = (first + #samples + 1) // 2
if #samples - first < 3 then p:skip(("%d rounds are too few"):format(round)) end
for _, name in ipairs(WATCHED) do
  local early, late = 0, 0
  for i = first, #samples do
    if i < middle then early = math.max(early, samples[i][name]) else late = math.max(late, samples[i][name]) end
  end
  local what = ("%s: at most %d before the middle of the time, then %d"):format(name, early, late)
  p:count(late <= early + allowed[name], what, ("lua5.4 spec/torture/soak.lua %s %d"):format(arg[1], p.seed))
end
p:finish()
