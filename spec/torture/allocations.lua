-- Every allocation of a task fails, one after the other: Lua's own (spec/torture/allocator.c) and the library's for
-- tensors and pictures. Each fails alone, so that what was given up is collected and the second try succeeds; twice in
-- a row; and from then on, as when memory is over. Tasks: loading the library, opening each format of data, training,
-- saving, loading, drawing, measuring.
--
-- It survived if the task succeeded, raised, or returned nil and a message; then nothing that it had taken is left, and
-- where memory is there again it gives what it gave before.
--
--   lua5.4 spec/torture/allocations.lua MINUTES SEED                      all of them, in the order of the seed
--   lua5.4 spec/torture/allocations.lua MINUTES SEED train [core]         those of one task (or "all"), of one kind
--   lua5.4 spec/torture/allocations.lua 1 0 train lua 2 1234              one: the 1234th and the one behind it
local part = require "spec.support.part"
local p = part.start "allocations"

local core = require "gan.core"
local gan = require "gan"
local autograd = require "gan.autograd"
local files = require "spec.support.files"
local pickled = require "spec.support.pickled"
local temp = require "spec.support.temp"

local EVER = 1 << 40
local AGAIN = 16 -- so many failures of a task, and it is done again without one

-- ---- the allocator ----

local function build()
  local flags = io.popen "pkg-config --cflags lua5.4 lua-5.4 lua54 lua 2>/dev/null | head -1":read "l"
  local command = ("${CC:-cc} -std=c11 -O1 -fPIC -shared -Wl,-z,nodelete %s -I/usr/include/lua5.4 -o %s/allocator.so "
    .. "spec/torture/allocator.c 2>%s/allocator.log"):format(flags or "", p.dir, p.dir)
  return os.execute(command)
end
if not build() then p:skip(("spec/torture/allocator.c cannot be compiled: %s/allocator.log"):format(p.dir)) end
package.cpath = p.dir .. "/?.so;" .. package.cpath
local allocator = require "allocator"

-- ---- the tasks ----

local dir = p.work
core.threads(1)

local function png(value)
  return files.png {h = 6, w = 5, colour = 2, value = function(y, x, k) return (value + y * 7 + x * 5 + k) & 255 end}
end
local npy = files.npy("|u1", "(3, 8, 8, 3)", ("abcdefgh"):rep(72))
local batch = pickled.pickle(pickled.dict(pickled.str "data", pickled.array("u1", {1, 3072}, ("abc"):rep(1024)),
  pickled.str "labels", pickled.list "K\3"))
local weights = pickled.ordered(pickled.str "w", pickled.tensor(pickled.storage("Float", "0", 2), {2}))

local tasks, names = {}, {}
local function task(name, f)
  tasks[name] = f
  names[#names + 1] = name
end

-- Opens data, and reads some of it.
local function opens(name, path, bytes, opt)
  path = dir .. "/" .. path
  os.execute(("mkdir -p '%s'"):format(path:match "^(.*)/"))
  temp.write(path, bytes)
  if opt and opt.folder then path = path:match "^(.*)/" end
  task(name, function()
    local set, message = gan.data.open(path, {size = 8})
    if not set then error(message, 0) end
    return core.to_bytes(set:rows {0})
  end)
end
opens("idx", "idx/train-images-idx3-ubyte", files.idx_images(3, 8, 8, ("ab"):rep(96)), {folder = true})
opens("cifar", "cifar/data_batch_1", batch, {folder = true})
opens("npy", "a.npy", npy)
opens("npz", "a.npz", files.zip {{name = "x.npy", data = npy, deflated = true}})
opens("zip", "a.zip", files.zip {{name = "cats/a.png", data = png(1), deflated = true},
  {name = "dogs/b.png", data = png(9)},
  {name = "dataset.json", data = '{"labels": [["cats/a.png", 1], ["dogs/b.png", 0]]}'}})
os.execute(("mkdir -p %s/folder/cats %s/folder/dogs"):format(dir, dir))
temp.write(dir .. "/folder/cats/a.png", png(3))
temp.write(dir .. "/folder/cats/b.jpg", files.jpeg.progressive)
temp.write(dir .. "/folder/dogs/c.jpg", files.jpeg.colour)
opens("folder", "folder/dogs/d.png", png(7))
tasks.folder = function()
  local set, message = gan.data.open(dir .. "/folder", {size = 8})
  if not set then error(message, 0) end
  return core.to_bytes(set:rows {0, 1, 2, 3})
end
temp.write(dir .. "/a.pth", pickled.torch_zip(weights, {{"0", "12345678"}}))
task("pth", function()
  local t, message = gan.file.pth.load(dir .. "/a.pth")
  if not t then error(message, 0) end
  return core.to_bytes(t.w)
end)

local function words(name, steps)
  local text = ("--data shapes --limit 16 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --steps %d --outdir %s "
    .. "--name %s"):format(steps, dir, name)
  local list = {[0] = "allocations.lua"}
  for w in text:gmatch "%S+" do list[#list + 1] = w end
  return list
end
local function trained(name, steps, recorder)
  local run = gan.train.run {recipe = "test", sizes = {16}, arg = words(name, steps), recorder = recorder}
  local G, D = run:generator "dcgan", run:discriminator "dcgan"
  run:train {G = G, D = D, penalties = {gan.penalty.r1 {gamma = 1, batch_norm = true}}}
  local out = {}
  for _, v in ipairs(G:params()) do out[#out + 1] = core.to_bytes(v) end
  return table.concat(out)
end
-- The recorder of a program, but what would end the program raises, and nothing is printed.
local function quiet()
  local r = gan.train.recorder.disk "allocations.lua"
  r.stop = function(_, fmt, ...) error(select("#", ...) > 0 and fmt:format(...) or fmt, 0) end
  r.say, r.status, r.live = function() end, function() end, function() end
  return r
end
task("train", function() return trained("none", 2, gan.train.recorder.silent()) end)
task("save", function()
  temp.remove(dir .. "/saved")
  local recorder = quiet()
  local ok, result = pcall(trained, "saved", 1, recorder)
  if not ok then -- a program would be over
    for _, f in pairs(recorder.files) do f:close() end
    if recorder.lock then recorder.lock:close() end
    error(result, 0)
  end
  return result .. temp.read(dir .. "/saved/checkpoint_last.safetensors")
end)
tasks.save()
os.rename(dir .. "/saved", dir .. "/there")
local last = dir .. "/there/checkpoint_last.safetensors"
task("load", function()
  local t, message = gan.file.safetensors.load(last)
  if not t then error(message, 0) end
  return core.to_bytes(t.G["1.weight"] or t.run.z)
end)
local function generator()
  local t, message = gan.train.trained.open(dir .. "/there")
  if not t then error(message, 0) end
  return t
end
task("generate", function()
  local t = generator()
  local x = gan.nn.evaluate(t.G, gan.rng(1):normal {4, 4}, nil, {average = t.ema})
  local path = dir .. "/grid.png"
  local ok, message = gan.show.grid.save(path, x)
  if not ok then error(message, 0) end
  return temp.read(path)
end)
task("evaluate", function()
  local evaluate = gan.measure.evaluate
  local F = gan.measure.features.open("random_conv", {channels = 3})
  local real = evaluate.of_set(gan.data.open("shapes", {size = 16, limit = 16}), {n = 12})
  local session = evaluate.new {features = F, metrics = {"fid", "kid", "pr"}}
  local ok, message = session:set_real(real)
  if not ok then error(message, 0) end
  local fake
  fake, message = evaluate.of_generator(generator(), {n = 12})
  if not fake then error(message, 0) end
  local list
  list, message = session:measure(fake)
  if not list then error(message, 0) end
  return ("%.9g"):format(list[1].value)
end)
task("checks", function() -- wrong use: errors are made under pressure, too
  local out = {}
  for _, f in ipairs {
    function() gan.conv2d(gan.zeros(1, 4, 4, 1), 3) end, function() gan.nn.linear {3, 4, p = 1} end,
    function() gan.zeros(2):add(gan.zeros(3)) end, function() gan.data.open("shapes", {sise = 3}) end,
  } do
    local _, message = pcall(f)
    if message:find "not enough memory" then error(message, 0) end
    out[#out + 1] = message
  end
  return table.concat(out, "\n")
end)

-- ---- failures ----

local LOAD = "loading" -- the library, in a state of its own
local loading = ("package.path, package.cpath = %q, %q\nlocal gan = require 'gan'\ngan.zeros(2):add(1)\n"
  .. "for _, name in ipairs {'nn', 'loss', 'data', 'train'} do local _ = gan[name] end"):format(package.path,
  package.cpath)

local kinds = {
  lua = {arm = allocator.arm, disarm = allocator.disarm},
  core = {arm = core.memory_fail_after, disarm = function() core.memory_fail_after(0) end},
}

local function live()
  collectgarbage()
  collectgarbage()
  return core.memory().live
end

local before, reference, failures = {}, {}, {}

local function reference_of(name)
  if reference[name] then return end
  tasks[name]() -- modules are loaded, caches filled
  reference[name] = tasks[name]()
  before[name] = live()
end

-- How many allocations a task has: Lua's can be counted, the library's are tried.
local function count_of(name, kind)
  if name == LOAD then return (select(3, allocator.state(loading, 0, 0))) end
  reference_of(name)
  if kind == "lua" then
    collectgarbage()
    allocator.arm(0, 0)
    tasks[name]()
    return allocator.disarm()
  end
  local function enough(n)
    core.memory_fail_after(n, EVER)
    local ok = pcall(tasks[name])
    core.memory_fail_after(0)
    return ok
  end
  local high = 1 -- the first that does not fail
  while not enough(high) do high = 2 * high end
  local low = high // 2
  while high - low > 1 do
    local n = (low + high) // 2
    if enough(n) then high = n else low = n end
  end
  live()
  return low
end

-- Tries one failure: true, or false and a text.
local function attack(name, kind, times, n)
  if name == LOAD then
    local ok, message, _, left = allocator.state(loading, n, times)
    if left ~= 0 then return false, ("%d bytes are left of the state"):format(left) end
    return ok or message ~= "", "failed without a message"
  end
  reference_of(name)
  kinds[kind].arm(n, times)
  local ok, result = pcall(tasks[name])
  kinds[kind].disarm()
  if ok and result ~= reference[name] then return false, "gave another result" end
  if not ok and type(result) ~= "string" then return false, "raised no text: " .. tostring(result) end
  result = nil -- luacheck: ignore
  local now = live()
  if now ~= before[name] then return false, ("%d bytes live, %d before"):format(now, before[name]) end
  if not autograd.is_recording() then return false, "recording stays off" end
  failures[name] = (failures[name] or 0) + (ok and 0 or 1)
  if not ok and failures[name] % AGAIN == 1 then
    local fine, again = pcall(tasks[name])
    if not fine then return false, "then it did not succeed: " .. tostring(again) end
    if again ~= reference[name] then return false, "then it gave another result" end
    live()
  end
  return true
end

local function try(name, kind, times, n)
  local shown = times == EVER and "ever" or tostring(times)
  p:try(("%s: %s allocation %d, %s"):format(name, kind, n, shown),
    ("lua5.4 spec/torture/allocations.lua 1 0 %s %s %s %d"):format(name, kind, shown, n),
    function() return attack(name, kind, times, n) end)
end

if p.words[4] then
  local name, kind, times, n = table.unpack(p.words)
  try(name, kind, math.tointeger(times) or EVER, math.tointeger(n))
  p:finish()
end

-- A share of the time for each task: those with most allocations would take it all.
local lists = {}
table.insert(names, 1, LOAD)
local wanted, only = p.words[1], p.words[2]
local function chosen(name, kind)
  return (not wanted or wanted == "all" or wanted == name) and (not only or only == kind) and not (name == LOAD
    and kind == "core")
end
for _, name in ipairs(names) do
  for _, kind in ipairs {"lua", "core"} do
    if chosen(name, kind) then
      local points = {}
      local count = count_of(name, kind)
      for n = 1, count do
        for _, times in ipairs {1, 2, EVER} do points[#points + 1] = {name, kind, times, n} end
      end
      for i = #points, 2, -1 do
        local k = math.random(i)
        points[i], points[k] = points[k], points[i]
      end
      print(("%s: %d allocations of %s"):format(name, count, kind))
      lists[#lists + 1] = points
    end
  end
end
local at, left = 0, #lists
while left > 0 and p:goes_on() do
  at, left = at + 1, 0
  for _, points in ipairs(lists) do
    if points[at] and p:goes_on() then
      left = left + 1
      try(table.unpack(points[at]))
    end
  end
end
local all = 0
for _, points in ipairs(lists) do all = all + #points end
print(("tried %d of %d"):format(p.tried, all))
p:finish()
