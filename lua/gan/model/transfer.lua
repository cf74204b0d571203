--- Going on from another run: a run's networks, and the average of G, start as those of another one (--from).
--
-- A tensor is taken over by its name, where its shape is the same; what does not fit starts anew, and is told. What
-- belongs to a class (`per_class` of a layer's class) is taken over where the classes are the same ones; but gains and
-- biases of norms by class start as the mean over the classes that were there, and likewise to and from a norm without
-- classes, so that G still draws. What a net was given (`given`: a virtual batch) is the new run's own. The vectors and
-- gains of a normaliser go with its weight, or begin as a new one's would.
-- @internal gan.model.transfer
local check = require "gan.check"
local checkpoint = require "gan.model.checkpoint"
local core = require "gan.core"
local json = require "gan.file.json"
local made = require "gan.model.made"
local module = require "gan.nn.module"
local ops = require "gan.ops"
local random = require "gan.random"
local text = require "gan.file.text"
local trainable = require "gan.model.trainable"
local walk = require "gan.nn.walk"

local M = {}

local PLAYERS, KINDS = {"G", "D"}, {G = "generator", D = "discriminator"}

-- ---- where the networks come from ----

local CHUNK = 1 << 20

-- The checksum of a file's bytes, as `crc32` of a shell gives it; or nil, message.
local function checksum(path)
  local file, size = core.file_open(path)
  if not file then return nil, size end
  local crc, left = 0, size
  while left > 0 do
    local bytes, message = file:read(math.min(left, CHUNK))
    if not bytes then
      file:close()
      return check.about(path, message)
    end
    crc, left = core.crc32(bytes, crc), left - #bytes
  end
  file:close()
  return ("crc32:%08x"):format(crc)
end

--- Takes back what a checkpoint tells of where its networks began. Cannot fail.
-- @param s  any value: JSON of `path`, `step`, `recipe`, `checksum`
-- @treturn table  these; nil where it is none
function M.origin(s)
  local t = type(s) == "string" and json.decode(s)
  if type(t) ~= "table" or not checkpoint.is_step(t.step) then return nil end
  for _, name in ipairs {"path", "recipe", "checksum"} do if type(t[name]) ~= "string" then return nil end end
  return {path = t.path, step = t.step, recipe = t.recipe, checksum = t.checksum}
end

--- Says in a line where a run's networks began. Cannot fail.
-- @tparam table origin  of `origin`
-- @treturn string
function M.told(origin)
  return ("networks: began as those of %s, step %d of %s (%s)"):format(origin.path, origin.step, origin.recipe,
    origin.checksum)
end

-- Says that there is no such path, and which is near.
local function missing(path)
  local dir, name = path:match "^(.*)/([^/]+)/*$"
  return nil, ("%s: no such run or checkpoint%s"):format(path,
    check.hint(name or path, text.names(dir == "" and "/" or dir or ".") or {}))
end

local function wanted(name)
  return name:find "^G%." or name:find "^D%." or name:find "^ema%." or name:find "^run%." or name == "kind"
end

local function read(path)
  if not (text.exists(path) or text.names(path)) then return missing(path) end
  local tree, options, _, notice, at = checkpoint.open(path, wanted)
  if not tree then return nil, options end
  local ok, message = checkpoint.is_current(tree.run)
  if not ok then return nil, ("%s: %s"):format(at, message) end
  local sum
  sum, message = checksum(at)
  if not sum then return nil, message end
  local origin = {path = at, step = tree.run.step, recipe = tree.run.recipe, checksum = sum}
  if not M.origin(json.encode(origin)) then
    return nil, at .. ": expected the checkpoint of a run: its step or recipe is none"
  end
  return {tree = tree, options = options, origin = origin, notice = notice,
    nets = type(tree.run.nets) == "table" and tree.run.nets or {}}
end

--- Reads the networks that a run starts with; one that goes on has its own. Checks that --freeze-d and --train come
-- with --from.
-- @tparam Run run  `options`, `place`; gets `source` and `origin`
-- @treturn boolean  true
-- @error in a line that begins with the option
function M.open(run)
  local opt = run.options
  local limited = trainable.limited(opt)
  if not opt.from then
    if not limited then return true end
    return nil, limited .. ": needs --from RUN, what stays as it is must have been learnt"
  end
  if run.place.from then return true end
  local source, message = read(opt.from)
  if not source then return nil, "--from: " .. message end
  run.source, run.origin = source, source.origin
  return true
end

-- ---- what fits ----

-- The parts that a tensor's name has: "9.classes.weight" -> layer 9 and its field "classes", layer 9.classes and its
-- field "weight". Calls f(layer, field) for each, until it returns true.
local function any_owner(layers, name, f)
  local at = 0
  while at do
    local layer, field = layers[name:sub(1, math.max(at - 1, 0))], name:sub(at + 1):match "^[^.]+"
    if layer and f(layer, field) then return true end
    at = name:find(".", at + 1, true)
  end
  return false
end

local function has(list, word)
  for _, w in ipairs(list or {}) do if w == word then return true end end
  return false
end

local function is_real(v) return core.is_tensor(v) and core.dtype(v) == "real" end
local function shape(t) return check.shape_string(core.shape(t)) end

-- Tells whether a norm's gain or bias can be the mean over classes, or that of every class.
local function meets(own, src, layer, field)
  local norm = layer.gamma ~= nil and layer.beta ~= nil and (field == "gamma" or field == "beta")
  local m, n = core.dim(own), core.dim(src)
  return norm and m <= 2 and n <= 2 and m + n > 2 and core.size(own, -1) == core.size(src, -1)
end

-- A value in the shape of `own`, of what `entry` says of it.
local function fitted(entry, src)
  if not entry.mean then return src end
  local row = core.dim(src) == 2 and ops.mean(core.alias(src), 1) or src
  if core.dim(entry.own) == 1 then return row end
  return core.expand(core.reshape(row, {1, core.numel(row)}), core.shape(entry.own))
end

-- Compares a net with a state: a list of {name, own, src, take, mean, why, layer}, also by name; names that are only
-- there have no `own`. same_classes: a label means the same here and there.
local function compare(net, theirs, same_classes)
  local own, names = walk.collect("transfer", net, {parameter = true, buffer = true})
  local layers, plan = {}, {by_name = {}}
  net:apply(function(layer, name) layers[name] = layer end)
  for _, name in ipairs(names) do
    local src = theirs[name]
    local e = {name = name, own = own[name], src = is_real(src) and src or nil}
    local given = any_owner(layers, name, function(layer, field)
      e.layer, e.field = layer, field -- the innermost at the end
      return has(getmetatable(layer).given, field)
    end)
    if not given then
      plan[#plan + 1], plan.by_name[name] = e, e
      local per_class = any_owner(layers, name, function(l, field) return has(getmetatable(l).per_class, field) end)
      local moved = per_class and not same_classes
      e.take = e.src ~= nil and shape(e.own) == shape(e.src) and not moved
      e.mean = not e.take and e.src ~= nil and meets(e.own, e.src, e.layer, e.field)
      e.why = e.mean and ": the mean over classes" or moved and e.src and ", of other classes" or ""
    end
  end
  for _, e in ipairs(plan) do
    local before = e.name:match "^(.*)%.norm%.[^.]+$"
    local weight = before and plan.by_name[before .. ".weight"]
    if weight and not weight.take and e.take then e.take, e.why = false, ", as its weight does" end
  end
  local extra = {}
  for name, src in pairs(theirs) do
    if type(name) == "string" and own[name] == nil and is_real(src) then extra[#extra + 1] = name end
  end
  core.sort(extra)
  for _, name in ipairs(extra) do plan[#plan + 1] = {name = name, src = theirs[name], why = ""} end
  return plan
end

-- Counts what was taken over: tensors, numbers; and all of both.
local function taken(plan)
  local out = {tensors = 0, of = 0, numbers = 0, of_numbers = 0}
  for _, e in ipairs(plan) do
    if e.own then
      local n = core.numel(e.own)
      out.of, out.of_numbers = out.of + 1, out.of_numbers + n
      if e.take or e.mean then out.tensors, out.numbers = out.tensors + 1, out.numbers + n end
    end
  end
  return out
end

local function line_of(e)
  if e.own and e.src and shape(e.own) == shape(e.src) then return ("%s: %s%s"):format(e.name, shape(e.own), e.why) end
  return ("%s: %s there, %s here%s"):format(e.name, e.src and shape(e.src) or "not", e.own and shape(e.own) or "not",
    e.why)
end

-- ---- taking over ----

-- Copies what fits into the net, and begins normalisers anew that were not there.
local function fill(net, plan)
  for _, e in ipairs(plan) do
    if e.take or e.mean then core.copy_(e.own, fitted(e, e.src)) end
  end
  net:apply(function(layer, name)
    local norm = layer.norm
    if not (module.is_module(norm) and norm.start) then return end
    local whole = true
    for inner in pairs(norm:state()) do
      local e = plan.by_name[("%snorm.%s"):format(name == "" and "" or name .. ".", inner)]
      whole = whole and e ~= nil and e.take
    end
    if not whole then norm:start(layer.weight) end
  end)
end

-- The average in a checkpoint, as a table by the names of G's tensors; nil where there is none, or it is not known
-- whose numbers those are. Its entries are numbered as the parameters of the net that it is of, so that is made again;
-- a Lua file is executed only if the new run's script has named the very same.
local function average_of(source, run)
  local tree, ema, rng = source.tree, source.tree.ema, random.default()
  if type(ema) ~= "table" or type(tree.G) ~= "table" then return nil end
  local key, counter = rng:state() -- starting values, which nobody needs, are drawn from it
  local here, there = run.nets.generator, source.nets.generator
  local file = type(there) == "table" and here and here.hash and here.hash == there.hash and run.files.generator or nil
  local G = made.again(tree, source.options, source.origin.path, file) or run.parts.G
  rng:load(key, counter)
  local name_of, out = {}, {}
  for name, t in pairs(G:state()) do name_of[t] = name end
  local function add(list, key_of)
    for i, t in ipairs(list) do
      local name, src = name_of[t], ema[("%s.%d"):format(key_of, i)]
      local at = tree.G[name]
      if not (is_real(src) and is_real(at) and shape(src) == shape(at)) then return false end
      out[name] = src
    end
    return ema[("%s.%d"):format(key_of, #list + 1)] == nil
  end
  if not add(G:params(), "shadow") then return nil end
  if ema["shadow_statistics.1"] ~= nil and not add(G:statistics(), "shadow_statistics") then return nil end
  return out
end

-- Lets the average of G begin as the other run's, where that has one and it fits; else as G.
local function fill_average(ema, G, plan, average)
  local name_of, n, all = {}, 0, 0
  for name, t in pairs(G:state()) do name_of[t] = name end
  local function set(list, shadows)
    for i, t in ipairs(list or {}) do
      local e = plan.by_name[name_of[t] or false]
      local src = e and (e.take or e.mean) and average and average[e.name]
      core.copy_(shadows[i], src and fitted(e, src) or core.alias(t))
      n, all = n + (src and 1 or 0), all + 1
    end
  end
  set(ema.params, ema.shadow)
  set(ema.statistics, ema.shadow_statistics)
  return n, all
end

-- ---- what is said ----

local function architecture(net)
  if type(net) ~= "table" then return "made by its script" end
  local options = type(net.options) == "string" and json.decode(net.options)
  local words = {}
  for name, v in pairs(type(options) == "table" and options or {}) do
    words[#words + 1] = ("%s = %s"):format(name, type(v) == "string" and v or json.encode(v))
  end
  core.sort(words)
  return ("%s {%s}"):format(type(net.model) == "string" and net.model or tostring(net.file), table.concat(words, ", "))
end

local function data_of(size, channels, classes)
  local names = {}
  for i, name in ipairs(classes or {}) do names[i] = i <= 8 and tostring(name) or nil end
  return ("%s%s, %s"):format(size and ("%s pixels, "):format(tostring(size)) or "",
    channels == 1 and "grey" or channels == 3 and "colour" or ("%s channels"):format(tostring(channels)),
    names[1] and ("%s (%s%s)"):format(check.count(#classes, "class"), table.concat(names, " "), classes[9] and " ..."
      or "") or "no classes")
end

-- Says what was taken over of a net, and what was not.
local function tell(run, who, plan)
  local n, rest, frozen = taken(plan), {}, 0
  for _, e in ipairs(plan) do
    if not e.take then rest[#rest + 1] = "  " .. line_of(e) elseif e.layer.frozen then frozen = frozen + 1 end
  end
  local all = check.count(n.of, "tensor")
  run.recorder:say("%s: %s taken over%s%s", who, n.tensors == n.of and "all " .. all or ("%d of %s"):format(n.tensors,
    all), frozen > 0 and (", %d of them not trained"):format(frozen) or "",
    rest[1] and "; left out, or other than there:" or "")
  for _, line in ipairs(rest) do run.recorder:say("%s", line) end
end

-- Options that nets are made by.
local MAKING = {"net", "norm", "minibatch", "conditional", "size", "channels", "z", "ngf", "ndf", "pack"}

-- Stops the run where next to nothing fits: both architectures, and the options that are other.
local function nothing_fits(run, source, tensors, of)
  local words, lines = {}, {("--from %s: its networks are others than these, %d of %s would fit"):format(
    run.options.from, tensors, check.count(of, "tensor"))}
  for _, who in ipairs(PLAYERS) do
    lines[#lines + 1] = ("  %s there: %s"):format(who, architecture(source.nets[KINDS[who]]))
    lines[#lines + 1] = ("  %s here: %s"):format(who, architecture(run.nets[KINDS[who]]))
  end
  for _, name in ipairs(MAKING) do
    local there, here = source.options[name], run.options[name]
    if there ~= nil and there ~= here then words[#words + 1] = ("--%s %s"):format(name, tostring(there)) end
  end
  if words[1] then lines[#lines + 1] = ("  that run has %s"):format(table.concat(words, " ")) end
  return run.recorder:stop("%s", table.concat(lines, "\n"))
end

local LEAST = 0.01 -- of the networks' numbers: less is a bias or two that have the same length everywhere

-- Tells whether two nets are different architectures of gan.model: equal names in them mean nothing.
local function is_other(here, there)
  local function model(net) return type(net) == "table" and type(net.model) == "string" and net.model or nil end
  return model(here) and model(there) and model(here) ~= model(there)
end

-- Compares each of the run's nets with the other run's.
local function plans_of(run, source, average, same_classes)
  local plans, tensors, of, numbers, of_numbers = {}, 0, 0, 0, 0
  for _, who in ipairs(PLAYERS) do
    local net, theirs, kind = run.parts[who], {}, KINDS[who]
    if module.is_module(net) then
      local usable = type(source.tree[who]) == "table" and not is_other(run.nets[kind], source.nets[kind])
      for name, t in pairs(usable and source.tree[who] or {}) do theirs[name] = t end
      if who == "G" and trainable.limited(run.options, kind) then -- what is not trained is the average's, too
        for name, t in pairs(usable and average or {}) do theirs[name] = t end
      end
      plans[who] = compare(net, theirs, same_classes)
      local n = taken(plans[who])
      tensors, of = tensors + n.tensors, of + n.of
      numbers, of_numbers = numbers + n.numbers, of_numbers + n.of_numbers
    end
  end
  if numbers <= LEAST * of_numbers then return nothing_fits(run, source, tensors, of) end
  for _, who in ipairs(PLAYERS) do
    for _, e in ipairs(plans[who] or {}) do
      if e.own and not e.take and e.layer.frozen then
        return run.recorder:stop("%s: what stays as it is must come from %s, and does not fit: %s's %s",
          trainable.limited(run.options, KINDS[who]), source.origin.path, who, line_of(e))
      end
    end
  end
  return plans
end

--- Lets a run's networks begin as those that `open` has read, and says what fits and what does not. Ends the run where
-- next to nothing does, or where what is to stay as it is would start anew, or the script has made a network by itself
-- that is not to be trained as a whole.
-- @tparam Run run  with its `parts`, before its first step; a run that goes on is left alone
-- @raise if the run's recorder does, in place of ending the program
function M.begin(run)
  for _, who in ipairs(PLAYERS) do
    local limited = trainable.limited(run.options, KINDS[who])
    if limited and not run.nets[KINDS[who]] then
      return run.recorder:stop("%s: the script makes %s by itself, not by run:%s; gan.nn.freeze is for that", limited,
        who, KINDS[who])
    end
  end
  local source = run.source
  if not source then return end
  run.source = nil
  local G, ema = run.parts.G, run.parts.ema
  local then_classes = type(source.tree.run.classes) == "table" and source.tree.run.classes or nil
  local now_classes = run.classes and (run.data.classes or {}) or nil
  local was = data_of(source.options.size, source.tree.run.channels, then_classes)
  local is = data_of(run.options.size, run.data.channels, now_classes)
  local same = json.encode(then_classes or {}) == json.encode(now_classes or {})
  local average = module.is_module(G) and average_of(source, run) or nil
  local plans = plans_of(run, source, average, same)
  local function say(...) run.recorder:say(...) end
  say("%s", M.told(source.origin))
  if source.notice then say("%s", source.notice) end
  if was ~= is or not same then say("data there: %s; here: %s", was, is) end
  for _, who in ipairs(PLAYERS) do
    if plans[who] then
      fill(run.parts[who], plans[who])
      tell(run, who, plans[who])
    end
  end
  if plans.G and type(ema) == "table" and ema.shadow then
    local n, all = fill_average(ema, G, plans.G, average)
    say("the average of G: %s", n == 0 and "begins as a copy of G" or n == all and "as there" or
      ("%d of %s as there, the others as in G"):format(n, check.count(all, "tensor")))
  end
end

return M
