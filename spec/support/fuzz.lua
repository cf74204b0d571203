--- Throws random arguments at every function that a script can reach, in a process of its own:
-- `lua spec/support/fuzz.lua SEED COUNT [LOG [PATTERN]]`.
-- It ends with 0 if the process survives and its tensor memory comes back; the last line of LOG is the call that was
-- running. The same seed makes the same calls; PATTERN restricts them to names that match.
local gan = require "gan"
local core = require "gan.core"
local autograd = require "gan.autograd"
local maker = require "spec.support.cases"
local lfs = require "lfs"

local seed, count, log_path, pattern = tonumber(arg[1]), tonumber(arg[2]), arg[3], arg[4] or ""
local log = log_path and assert(io.open(log_path, "w"))

math.randomseed(seed)
local random = math.random
local function pick(list) return list[random(#list)] end
local function chance(p) return random() < p end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do if type(k) == "string" then keys[#keys + 1] = k end end
  table.sort(keys)
  return keys
end

-- ---- what can be called ----

-- Not for random arguments: they change how the run itself works.
local skip = {
  ["core.memory_fail_after"] = true, ["core.memory_limit"] = true, ["core.library"] = true, ["core.set_node"] = true,
  ["core.catch_interrupt"] = true, ["gan.op"] = true, ["autograd.op"] = true, ["autograd.registry"] = true,
  ["nn.walk.register"] = true,
  -- Programs: they end the process.
  ["train.stop.failed"] = true, ["train.stop.interrupted"] = true, ["train.run"] = true,
  ["game.ring.run"] = true, -- trains for minutes
}
local rooms = {
  "nn", "loss", "penalty", "optim", "schedule", "metric", "data", "file", "model", "game", "measure", "show", "train",
}

local targets, pool = {}, {}

local function add_target(name, f)
  if not skip[name] and name:find(pattern) then targets[#targets + 1] = {name = name, f = f} end
end

local function add_table(prefix, t, depth)
  for _, key in ipairs(sorted_keys(t)) do
    local v = rawget(t, key)
    local name = prefix .. "." .. key
    local mt = type(v) == "table" and debug.getmetatable(v)
    if type(v) == "function" or mt and mt.__call then
      add_target(name, v)
    elseif type(v) == "table" and depth > 0 and not skip[name] then
      add_table(name, v, depth - 1)
    end
  end
end

local tensor_methods = require("gan.tensor").methods
add_table("core", core, 0)
add_table("tensor", tensor_methods, 0)
add_table("rng", debug.getmetatable(core.rng(1)).__index, 0)
add_table("gan", gan, 0)
add_table("ops", gan.ops, 0)
add_table("autograd", autograd, 0)
add_table("latent", gan.latent, 0)
add_table("quantities", gan.quantities, 0)
for _, room in ipairs(rooms) do
  local t = gan[room]
  add_table(room, t, 1)
  for file in lfs.dir((package.searchpath("gan." .. room, package.path):gsub("init%.lua$", ""))) do
    local stem = file:match "^([%w_]+)%.lua$"
    if stem and stem ~= "init" then
      local module = require(("gan.%s.%s"):format(room, stem))
      if type(module) == "function" then add_target(room .. "." .. stem, module) end
      if type(module) == "table" then add_table(room .. "." .. stem, module, 1) end
    end
  end
end

-- Objects that work, so that their methods are reached.
local function weights()
  return {autograd.requires_grad_(core.full({2, 3}, 1)), autograd.requires_grad_(core.full({3}, 0))}
end
local images = {images = core.full({6, 4, 5, 3}, 7, "u8"), labels = core.full({6}, 1, "i32")}
local recipes = {
  function() return gan.nn.linear {3, 4} end,
  function() return gan.nn.conv2d {3, 4, kernel = 3, padding = 1} end,
  function() return gan.nn.conv_transpose2d {3, 4, kernel = 4, stride = 2, padding = 1} end,
  function() return gan.nn.batch_norm {3} end,
  function() return gan.nn.embedding {5, 3} end,
  function() return gan.nn.chain {gan.nn.linear {3, 4}, gan.nn.relu {}, gan.nn.batch_norm {4}} end,
  function()
    local layers = {gan.nn.linear {3, 4}, gan.nn.minibatch_stddev {group = 2}, gan.nn.class_head {5, 2}}
    return gan.nn.spectral(gan.nn.chain(layers))
  end,
  function() return gan.nn.residual_up {3, 2, classes = 3} end,
  function()
    return gan.nn.virtual_batch {gan.nn.chain {gan.nn.virtual_batch_norm {3}}, reference = core.full({2, 3}, 1)}
  end,
  function() return gan.nn.chain {gan.nn.label_concat {3}, gan.nn.minibatch_discrimination {6, kernels = 2}} end,
  function() return gan.optim.adam(weights()) end,
  function() return gan.optim.sgd(weights(), {lr = 0.1, momentum = 0.9}) end,
  function() return gan.optim.rmsprop(weights()) end,
  function() return gan.optim.ema(weights()) end,
  function() return gan.data.shapes {count = 3, size = 16} end,
  function() return gan.data.batches(images, {batch = 2, crop = 1, mirror = true}) end,
  function() return gan.data.batches(images, {batch = 2}).core end,
  function() return gan.model.dcgan.generator {size = 16, ngf = 1, z = 2} end,
  function() return gan.loss.logistic() end,
  function() return gan.metric.moments {dim = 3} end,
  function() return gan.metric.fid {real = core.rng(1):normal {5, 3}} end,
  function() return gan.metric.kid {real = core.rng(1):normal {5, 3}, size = 2, subsets = 2} end,
  function() return gan.metric.precision_recall {real = core.rng(1):normal {5, 3}, k = 1} end,
  function() return gan.metric.inception_score {splits = 1} end,
  function() return core.reader(arg[0]) end,
  function() return core.rng(1, "object") end,
  weights,
}
local method_names = {
  "next", "state", "load", "close", "step", "update", "params", "eval", "train", "count", "apply", "forward", "shape",
  "describe", "streams", "read", "seek", "position", "boxes", "mask", "caption", "critic", "generator", "uniform",
  "normal", "integer", "permutation", "epoch", "images_seen", "write", "sync", "line", "scalars", "add", "value",
}

-- ---- random values ----

local integers = {
  0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 7, 8, 9, 16, -1, -2, -3, 64, 255, 256, 1000, 65536,
  2 ^ 31 - 1, 2 ^ 31, -2 ^ 31, 2 ^ 32, 2 ^ 40, 2 ^ 43, 2 ^ 53, math.maxinteger, math.mininteger, math.maxinteger - 1,
}
local floats = {0.0, -0.0, 0.5, 1.5, -0.5, 1e-30, 1e30, 1e308, 5e-324, math.huge, -math.huge, 0 / 0, 0.1, 0.9, 2.0}
local strings = {
  "", "x", "real", "u8", "i32", "f64", "nearest", "bilinear", "constant", "reflect", "replicate", "mean", "sum", "none",
  "relu", "a\0b", "no/such/file.png", "%s%n%d", "\255\254", ("long"):rep(500), "-1", "0x10", "1e5", "nan", "shapes",
  ".", '{"a": [1, 2, {"b": null}]}', ("["):rep(100000), "\x89PNG\r\n\26\n", "\255\216\255\224", "\31\139\8\0",
  "\0\0\8\3\0\0\0\2", "#ff0000", "white", "fake", "run",
}
local option_names = {
  "kernel", "stride", "padding", "dilation", "size", "mode", "top", "bottom", "left", "right", "value",
  "count_include_pad", "align_corners", "legacy", "output_padding", "groups", "eps", "momentum", "bias", "axis", "axes",
  "keep", "seed", "create_graph", "retain_graph", "allow_unused", "order", "lr", "beta1", "beta2", "decay", "batch",
  "count", "channels", "n", "p", "slope", "alpha", "init", "train", "affine", "mirror", "crop", "shuffle", "z", "ngf",
  "ndf",
}

local function integer()
  local v = pick(integers)
  return math.tointeger(v) or v
end

local function small_sizes()
  local nd = pick {0, 1, 1, 2, 2, 2, 3, 4, 4, 4, 4, 5, 8}
  local s = {}
  for i = 1, nd do s[i] = pick {0, 1, 1, 2, 2, 3, 3, 4, 5} end
  return s
end

local function tensor()
  local dtype = pick {"real", "real", "real", "real", "u8", "i32", "f64"}
  local s = small_sizes()
  local t
  if dtype == "real" then
    t = chance(0.1) and core.full(s, pick(floats)) or core.rng(random(1000)):normal(s)
  else
    t = core.to(core.rng(random(1000)):integer(s, pick {0, 0, -2}, 3), dtype)
  end
  local nd = #s
  local kind = random(8)
  if kind == 1 and nd >= 2 then
    local axes = {}
    for i = 1, nd do axes[i] = nd + 1 - i end
    t = core.permute(t, axes)
  elseif kind == 2 and nd >= 1 then
    local a = random(nd)
    local n = core.size(t, a)
    local start = random(n + 1)
    t = core.narrow(t, a, start, random(0, n - start + 1))
  elseif kind == 3 and nd < 8 then
    t = core.expand(t, {random(0, 3), table.unpack(s)})
  elseif kind == 4 and dtype == "real" and chance(0.5) then
    t = autograd.requires_grad_(core.clone(t))
  elseif kind == 5 and chance(0.1) then
    t = core.alias(t)
    debug.getmetatable(t).__gc(t) -- a closed handle
  end
  return t
end

local value

local function list(make, most)
  local t = {}
  for i = 1, random(0, most) do t[i] = make() end
  return t
end

local function options()
  local t = chance(0.4) and list(function() return random(5) end, 3) or {}
  for _ = 1, random(0, 4) do t[pick(option_names)] = value(1) end
  return t
end

local function small() return pick {0, 1, 1, 2, 2, 3, 4, 5, 8} end

local functions = {
  function(...) return ... end,
  function() end,
  function() error("from a callback") end,
  function() return tensor() end,
  function() return value(1) end,
}

local generators = {
  tensor, tensor, tensor, tensor, tensor, tensor,
  small, small, small, integer,
  function() return pick(floats) end,
  function() return pick(strings) end,
  function() return nil end,
  function() return chance(0.5) end,
  function() return list(small, 5) end,
  function() return list(integer, 5) end,
  function() return list(tensor, 4) end,
  options, options,
  function() return core.rng(random(5), "fuzz") end,
  function() return pick(functions) end,
  function() return pool[random(40)] end,
  function() return pool[random(40)] end,
  function() return list(function() return value(1) end, 4) end,
  function() return coroutine.create(pick(functions)) end,
  function() return io.stdout end,
}

function value(depth)
  if depth and depth > 3 then return small() end
  return pick(generators)()
end

local function describe(v, depth)
  depth = depth or 0
  if core.is_tensor(v) then return ("%s(%s)"):format(core.dtype(v), table.concat(core.shape(v), ",")) end
  if type(v) == "string" then return ("%q"):format(#v > 20 and v:sub(1, 20) .. "..." or v) end
  if type(v) ~= "table" then return tostring(v):gsub("0x%x+", "") end
  if depth > 2 then return "{...}" end
  local parts = {}
  for i = 1, #v do parts[i] = describe(v[i], depth + 1) end
  for _, k in ipairs(sorted_keys(v)) do parts[#parts + 1] = k .. "=" .. describe(v[k], depth + 1) end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- ---- calls ----

local calls, returned = 0, 0

local function too_long() error("too many instructions", 0) end

local function keep(...)
  for i = 1, math.min(select("#", ...), 3) do
    local v = select(i, ...)
    local huge = core.is_tensor(v) and core.numel(v) > 100000 -- an expanded view: legal, and hours to read
    if core.is_tensor(v) and not huge then pcall(core.clone, v) end -- reads all of it: a view beyond its memory shows
    if (type(v) == "userdata" or type(v) == "table") and not huge then pool[random(40)] = v end
  end
  return ...
end

local function call(step, name, f, args)
  if log then
    local shown = {}
    for i = 1, args.n do shown[i] = describe(args[i]) end
    log:seek("set", 0)
    log:write(("%d: %s(%s)\n"):format(step, name, table.concat(shown, ", ")))
    log:flush()
  end
  debug.sethook(too_long, "", 20000000)
  local result = table.pack(pcall(f, table.unpack(args, 1, args.n)))
  debug.sethook()
  calls = calls + 1
  if not result[1] then
    assert(result.n == 2, name)
    return false
  end
  returned = returned + 1
  keep(table.unpack(result, 2, result.n))
  return result[2]
end

-- An argument list near one that works: a case of the op with one or two arguments replaced.
local function near_case(def)
  local cases = def.cases(maker(core, random(100)))
  local case, n = pick(cases), 0
  for k in pairs(case) do if math.type(k) == "integer" and k > n then n = k end end
  local args = {n = n}
  for i = 1, n do args[i] = case[i] end
  for _ = 1, random(0, 2) do
    local i = random(n)
    local a = args[i]
    if type(a) == "table" and chance(0.7) then
      local copy = {}
      for k, v in pairs(a) do copy[k] = v end
      local keys = sorted_keys(copy)
      if #keys > 0 then copy[pick(keys)] = value() elseif #copy > 0 then copy[random(#copy)] = value() end
      args[i] = copy
    elseif core.is_tensor(a) and chance(0.5) then
      local nd = core.dim(a)
      args[i] = chance(0.5) and core.to(a, pick {"real", "u8", "i32", "f64"})
        or nd > 0 and core.narrow(a, random(nd), 1, 0) or a
    else
      args[i] = value()
    end
  end
  if chance(0.1) then args.n = random(0, n) end
  for i = 1, args.n do
    local a = args[i]
    if core.is_tensor(a) and core.dtype(a) == "real" and chance(0.3) then
      args[i] = autograd.requires_grad_(core.clone(a))
    end
  end
  return args
end

local function random_args()
  local args = {n = random(0, 6)}
  for i = 1, args.n do args[i] = value() end
  return args
end

local function differentiate(step, y, args)
  local wrt = {}
  for i = 1, args.n do if core.is_tensor(args[i]) and core.node(args[i]) then wrt[#wrt + 1] = args[i] end end
  if #wrt == 0 or not core.is_tensor(y) or core.dtype(y) ~= "real" or core.numel(y) > 100000 then return end
  local ones = core.full(core.shape(y), 1)
  local o = {seed = chance(0.9) and ones or value(), create_graph = chance(0.3), allow_unused = true}
  call(step, "gan.grad", autograd.grad, {n = 3, y, wrt, o})
end

local op_names = {}
for _, name in ipairs(sorted_keys(autograd.registry)) do
  if autograd.registry[name].cases and name:find(pattern) then op_names[#op_names + 1] = name end
end

local function one(step)
  local object = pool[random(40)]
  if #op_names > 0 and chance(0.5) then
    local name = pick(op_names)
    local def = autograd.registry[name]
    local args = near_case(def)
    local y = call(step, "op " .. name, def.call, args)
    if y then differentiate(step, y, args) end
    if core[name] and chance(0.3) then call(step, "core." .. name, core[name], args) end
  elseif chance(0.3) then
    if object == nil or chance(0.2) then
      object = pick(recipes)()
      pool[random(40)] = object
    end
    if type(object) ~= "table" and type(object) ~= "userdata" or core.is_tensor(object) then return end
    local mt = debug.getmetatable(object)
    local name = chance(0.7) and pick(method_names)
    local ok, f = pcall(function() return name and object[name] or mt and mt.__call end)
    if not ok or type(f) ~= "function" then return end
    local args = random_args()
    table.move(args, 1, args.n, 2)
    args[1], args.n = object, args.n + 1
    if chance(0.2) then args[1] = value() end
    call(step, "method " .. (name or "call"), f, args)
  elseif #targets > 0 then
    local t = pick(targets)
    local args = random_args()
    if t.name:find "^tensor%." and chance(0.8) then args[1], args.n = tensor(), math.max(args.n, 1) end
    if t.name:find "^rng%." and chance(0.8) then args[1], args.n = core.rng(1), math.max(args.n, 1) end
    call(step, t.name, t.f, args)
  end
  if chance(0.02) then core.threads(random(2)) end
end

local function live()
  for _ = 1, 3 do collectgarbage() end
  return core.memory().live
end

-- In an empty directory: what takes a path may write there.
local dir = os.tmpname()
os.remove(dir)
assert(lfs.mkdir(dir))
local home = lfs.currentdir()
assert(lfs.chdir(dir))

pcall(one, 0) -- whatever is loaded on first use
pool = {}
local before = live()
core.memory_limit(before + 24 * 2 ^ 20) -- refuses what would take seconds, such as a data set of usual size
for step = 1, count do
  one(step)
  if step % 500 == 0 then pool = {} end
end
pool = {}
core.memory_limit(nil)
local after = live()

assert(lfs.chdir(home))
os.execute(("rm -rf '%s'"):format(dir))
if after > before + 2 ^ 20 then
  io.stderr:write(("%d bytes live before, %d after\n"):format(before, after))
  os.exit(1)
end
io.write(("%d steps on %d functions and %d ops, %d calls, %d of them returned: alive\n"):format(
  count, #targets, #op_names, calls, returned))
