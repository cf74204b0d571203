--- Damages files of data at random and opens them, in a process of its own:
-- `lua spec/support/mutate.lua SEED COUNT [LOG [PATTERN]]`.
-- It ends with 0 if each of COUNT files gave a value, or nil and a message, within 5 s: no crash, no error raised. The
-- damaged file of the last call is LOG.file; the last line of LOG says what it was. PATTERN restricts the targets.
local gan = require "gan"
local core = require "gan.core"
local files = require "spec.support.files"
local p = require "spec.support.pickled"
local damaged = require "spec.support.random_damage"
local lfs = require "lfs"

local LONGEST = 5 -- seconds a file may take

local seed, count, log_path, pattern = tonumber(arg[1]), tonumber(arg[2]), arg[3], arg[4] or ""
math.randomseed(seed)
local random = math.random
local function pick(list) return list[random(#list)] end

-- ---- the files, before they are damaged ----

local function png(value)
  return files.png {h = 3, w = 2, colour = 2, value = function(y, x, k) return (value + y * 7 + x * 5 + k) & 255 end}
end

local function same(bytes) return bytes end
local function members(list, deflated)
  for _, m in ipairs(list) do m.deflated = deflated end
  return files.zip(list)
end

local function batch_of(o)
  local data = p.array("u1", {1, 3072}, ("abc"):rep(1024), o)
  return p.pickle(p.dict(p.str "data", data, p.str "labels", p.list "K\3"))
end
local batch, batch4 = batch_of(), batch_of {protocol4 = true}
local idx = files.idx_images(3, 2, 2, ("ab"):rep(6))
local labels = files.idx_labels(3, "\1\2\3")
local npy = files.npy("|u1", "(3, 2, 5)", ("abcde"):rep(6))
local planes = files.npy("|u1", "(1, 3, 2, 5)", ("abcde"):rep(6), true)
local numbers = files.npy("<i8", "(3,)", ("<i8i8i8"):pack(1, 2, 3))
local weights = p.ordered(p.str "w", p.tensor(p.storage("Float", "0", 2), {2}))
local pictures = {{name = "cats/a.png", data = png(1)}, {name = "dogs/b.png", data = png(9)}}
local json = '{"labels": [["cats/a.png", 1], ["dogs/b.png", 0]]}'

local open = gan.data.open
local function split(path) return open(path, {split = pick {"train", "test", "val"}}) end
local function some(path) return open(path, {limit = random(3), size = random(4), channels = pick {1, 3}}) end

-- name; file: its name in a folder of its own; bytes: what is damaged; wrap: what makes a file of that; beside:
-- other files in the folder, name -> bytes; read: functions of the path, of the folder where `folder` is true.
local targets = {
  {name = "idx", file = "train-images-idx3-ubyte", bytes = idx, beside = {["train-labels-idx1-ubyte"] = labels},
    folder = true, read = {open, split, some}},
  {name = "idx.gz", file = "train-images-idx3-ubyte.gz", bytes = core.gzip(idx), folder = true, read = {open}},
  {name = "idx in gzip", file = "a.gz", bytes = idx, wrap = core.gzip, read = {open}},
  {name = "idx labels", file = "train-labels-idx1-ubyte", bytes = labels, beside = {["train-images-idx3-ubyte"] = idx},
    folder = true, read = {open, some}},
  {name = "cifar.bin", file = "data_batch_1.bin", bytes = "\3" .. ("abc"):rep(1024), read = {open, some}},
  {name = "cifar pickle", file = "data_batch_1", bytes = batch, folder = true, read = {open, some, split}},
  {name = "cifar pickle 4", file = "data_batch_1", bytes = batch4, read = {open}},
  {name = "cifar meta", file = "batches.meta", beside = {data_batch_1 = batch}, folder = true, read = {open},
    bytes = p.pickle(p.dict(p.str "label_names", p.list(p.str "a", p.str "b", p.str "c", p.str "d")))},
  {name = "pickle", file = "a.pkl", bytes = batch:gsub(("abc"):rep(1000), ""), read = {gan.file.ndarray.load, open}},
  {name = "npy", file = "a.npy", bytes = npy, read = {open, some, gan.file.npz.load_array}},
  {name = "npy planes", file = "a.npy", bytes = planes, read = {open, some}},
  {name = "npz", file = "a.npz", bytes = members({{name = "x.npy", data = npy}, {name = "y.npy", data = numbers}}),
    read = {open, some, split, gan.file.npz.load}},
  {name = "npz deflated", file = "a.npz", bytes = members({{name = "x.npy", data = npy}}, true), read = {open}},
  {name = "npz member", file = "a.npz", bytes = npy, read = {open, some, gan.file.npz.load},
    wrap = function(b)
      return members({{name = "x.npy", data = b}, {name = "y.npy", data = numbers}}, random() < 0.5)
    end},
  {name = "npz labels", file = "a.npz", bytes = numbers, read = {open, some},
    wrap = function(b) return members {{name = "x.npy", data = npy}, {name = "y.npy", data = b}} end},
  {name = "pth", file = "a.pth", bytes = p.torch_zip(weights, {{"0", "12345678"}}), read = {gan.file.pth.load, open}},
  {name = "pth legacy", file = "a.pth", bytes = p.torch_legacy(weights, {{"0", "12345678", 2}}),
    read = {gan.file.pth.load, open}},
  {name = "pth pickle", file = "a.pth", bytes = p.pickle(weights), read = {gan.file.pth.load},
    wrap = function(b) return files.zip {{name = "data.pkl", data = b}, {name = "data/0", data = "12345678"}} end},
  {name = "zip", file = "a.zip", bytes = members(pictures), read = {open, some, split}},
  {name = "zip deflated", file = "a.zip", bytes = members(pictures, true), read = {open, some}},
  {name = "zip picture", file = "a.zip", bytes = png(3), read = {open, some},
    wrap = function(b)
      return members({{name = "a.png", data = png(1)}, {name = "b.png", data = b}}, random() < 0.5)
    end},
  {name = "zip labels", file = "a.zip", bytes = json, read = {open, some},
    wrap = function(b) return files.zip {pictures[1], pictures[2], {name = "dataset.json", data = b}} end},
  {name = "foreign", file = "a", bytes = "\x89HDF\r\n\x1a\n" .. ("\0"):rep(300), read = {open}},
}

-- ---- the loop ----

local chosen = {}
for _, t in ipairs(targets) do if t.name:find(pattern) then chosen[#chosen + 1] = t end end

for _, t in ipairs(chosen) do
  t.dir = files.folder()
  for name, bytes in pairs(t.beside or {}) do files.write(t.dir .. "/" .. name, bytes) end
  t.path = t.dir .. "/" .. t.file
end

local function fail(t, i, bytes, what)
  if log_path then
    local f = assert(io.open(log_path .. ".file", "wb"))
    f:write(bytes)
    f:close()
  end
  io.stderr:write(("file %d, %s (%s): %s\n"):format(i, t.name, t.path, what))
  os.exit(1)
end

local log = log_path and assert(io.open(log_path, "w"))
local good, bad, slowest = 0, 0, 0
for i = 1, count do
  local t = pick(chosen)
  local bytes = (t.wrap or same)(damaged(t.bytes))
  files.write(t.path, bytes)
  if log then
    log:seek "set"
    log:write(("%-60s\n"):format(("file %d, %s in %s"):format(i, t.name, t.path)))
    log:flush()
  end
  local began = os.clock()
  local ok, value, message = pcall(pick(t.read), t.folder and t.dir or t.path)
  local took = os.clock() - began
  slowest = math.max(slowest, took)
  if not ok then fail(t, i, bytes, "raised: " .. tostring(value)) end
  if value == nil and type(message) ~= "string" then fail(t, i, bytes, "neither a value nor a message") end
  if took > LONGEST then fail(t, i, bytes, ("took %.1f s"):format(took)) end
  if value == nil then bad = bad + 1 else good = good + 1 end
  if i % 2000 == 0 then collectgarbage() end
end

for _, t in ipairs(chosen) do
  os.remove(t.path)
  for name in pairs(t.beside or {}) do os.remove(t.dir .. "/" .. name) end
  lfs.rmdir(t.dir)
end
print(("seed %d: %d files of %d kinds, %d read, %d refused, the slowest in %.3f s: alive"):format(
  seed, count, #chosen, good, bad, slowest))
