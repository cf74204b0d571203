-- Every bit of the files that the library writes and reads back is flipped, each alone: a run's checkpoint, a
-- classifier's file, statistics of features; and they are cut off and made longer. It survived if the file was refused
-- in one line, which names it; or, of statistics, if it still says the same (an archive has dates that nobody reads).
--
--   lua5.4 spec/torture/flips.lua MINUTES SEED [FILE CASE]      one file alone, one case of it
local part = require "spec.support.part"
local doors = require "spec.support.doors"
local core = require "gan.core"
local features = require "gan.measure.features"
local gan = require "gan"
local safetensors = require "gan.file.safetensors"
local stats = require "gan.measure.stats"
local temp = require "spec.support.temp"

local p = part.start "flips"
local dir = temp.dir()
local path = dir .. "/damaged.safetensors"
local list = {}
local function add(name, bytes, load) list[#list + 1] = {name = name, bytes = bytes, load = load} end

for _, door in ipairs(doors.make(dir)) do
  local load = door.name == "trained" and safetensors.load or door.name == "features" and features.open
  if load then add(load == features.open and "classifier" or "checkpoint", temp.read(door.path), load) end
end
local F = assert(features.open("random_conv", {size = 16, channels = 3}))
local seen = gan.metric.moments():add(core.narrow(F(core.full({3, 16, 16, 3}, 9, "u8")), 2, 1, 4))
F.dim = 4 -- a small file
local about = {images = 3, height = 16, width = 16, channels = 3, checksum = "crc32:00000000"}
assert(stats.save(dir .. "/s.npz", F, seen, {name = "x", split = "train", seed = 0, about = function() return about end,
  checksums = function() return core.tensor({1, 2, 3}, "i32") end}))
local function said()
  local known, what, sums = stats.load(path, F)
  if not known then return nil, what end
  local state = known:state()
  return ("%s %s %s %s %s"):format(core.to_bytes(state.mu), core.to_bytes(state.sigma), core.to_bytes(state.n),
    what and gan.file.json.encode(what), sums and core.to_bytes(sums))
end
add("statistics", temp.read(dir .. "/s.npz"), said)
temp.write(path, list[#list].bytes)
list[#list].same = assert(said())

-- The damaged bytes of a case, and what was done: flips first, then cuts, then what is longer.
local function damaged(bytes, case)
  if case < 8 * #bytes then
    local at, bit = case // 8 + 1, case % 8
    return bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1 << bit) .. bytes:sub(at + 1),
      ("bit %d of byte %d flipped"):format(bit, at)
  end
  local n = case - 8 * #bytes
  if n < #bytes then return bytes:sub(1, n), ("cut to %s"):format(n) end
  return bytes .. ("\0"):rep(n - #bytes + 1), ("%d bytes longer"):format(n - #bytes + 1)
end

local function try(file, case)
  local bytes, what = damaged(file.bytes, case)
  p:try(("%s, %s"):format(file.name, what), p:again(p.seed, file.name, case), function()
    temp.write(path, bytes)
    local v, message = file.load(path)
    if v and v == file.same then return true end
    if v then return false, "taken for whole" end
    local told = type(message) == "string" and message:find(path, 1, true) == 1 and not message:find "\n"
    return told, tostring(message)
  end)
end

p.began = core.clock() -- what it took to make the files does not count

-- Each file's cases in an order of the seed's own, the files by turns.
local order = {}
for i, file in ipairs(list) do
  file.count = 9 * #file.bytes + 32
  local step = math.random(file.count)
  local function common(a, b) return b == 0 and a or common(b, a % b) end
  while common(step, file.count) > 1 do step = step % file.count + 1 end
  order[i] = {file = file, step = step, at = math.random(file.count) - 1, left = file.count}
end
if p.words[2] then
  for _, file in ipairs(list) do
    if file.name == p.words[1] then try(file, math.tointeger(tonumber(p.words[2]))) end
  end
else
  local more = true
  while more and p:goes_on() do
    more = false
    for _, o in ipairs(order) do
      for _ = 1, math.min(64, o.left) do
        try(o.file, o.at)
        o.at, o.left = (o.at + o.step) % o.file.count, o.left - 1
      end
      more = more or o.left > 0
    end
  end
  for _, o in ipairs(order) do
    print(("%s: %d of %d cases, a file of %d bytes"):format(o.file.name, o.file.count - o.left, o.file.count,
      #o.file.bytes))
  end
end
temp.clean()
p:finish()
