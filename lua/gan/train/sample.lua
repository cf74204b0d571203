--- Pictures from a generator: latent vectors from seeds, truncation, averaged weights, batches of any size.
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local checkpoint = require "gan.train.checkpoint"
local json = require "gan.train.json"
local lfs = require "lfs"
local models = require "gan.model"
local ops = require "gan.ops"
local optim = require "gan.optim"
local options = require "gan.train.options"
local rundir = require "gan.train.rundir"

local M = {}

local MAX_SEEDS = 100000

--- Seeds of a text such as "0-63" or "1,5,9-12": a list, or nil and a message.
function M.seeds(text)
  local out = {}
  for part in (text .. ","):gmatch "([^,]*)," do
    local first, last = part:match "^%s*(%d+)%s*%-%s*(%d+)%s*$"
    if not first then first = part:match "^%s*(%d+)%s*$" last = first end
    first, last = math.tointeger(first), math.tointeger(last)
    if not first or not last or last < first then return nil, ("expected seeds such as 0-63 or 1,5,9-12, got '%s'"):format(text) end
    if last - first + 1 > MAX_SEEDS - #out then return nil, ("expected at most %d seeds, got '%s'"):format(MAX_SEEDS, text) end
    for seed = first, last do out[#out + 1] = seed end
  end
  return out
end

-- n standard normal numbers of a stream, those beyond trunc drawn anew, each by itself.
local function normals(rng, n, trunc)
  local out, pool, at = {}, {}, 0
  while #out < n do
    at = at + 1
    if not pool[at] then pool, at = core.to_table(rng:normal {256}), 1 end
    if not trunc or math.abs(pool[at]) <= trunc then out[#out + 1] = pool[at] end
  end
  return out
end

--- Latent vectors (N,Z): each row depends on its seed alone.
-- @tparam table seeds list of integers
-- @tparam integer z
-- @tparam[opt] number trunc coordinates with |z| > trunc are drawn again: less variety, likelier pictures; at least 0.01.
--   Source: Brock et al. 2018, arXiv:1809.11096, sec. 3.1.
function M.latent(seeds, z, trunc)
  if trunc then check.number("latent", 3, "trunc", trunc, 0.01) end
  local rows = {}
  for i, seed in ipairs(seeds) do rows[i] = normals(core.rng(seed, "generate"), z, trunc) end
  return core.tensor(rows)
end

--- Runs f with averaged weights in the place of a net's own, which come back untouched, also after an error.
-- @tparam table ema has params and shadow, two lists of tensors; nil: f runs as things are
-- @tparam function f
function M.with_average(ema, f)
  if not ema then return f() end
  local own = {}
  for i, p in ipairs(ema.params) do own[i] = core.clone(p) core.copy_(p, ema.shadow[i]) end
  local result = table.pack(pcall(f))
  for i, p in ipairs(ema.params) do core.copy_(p, own[i]) end
  if not result[1] then error(result[2], 0) end
  return table.unpack(result, 2, result.n)
end

--- G(z, y) in evaluation mode, a batch at a time, without a graph; a picture does not depend on its neighbours. Training does not notice:
-- random streams in G (noise, dropout that stays on) stand where they stood.
-- @tparam Module G
-- @tparam Tensor z (N,Z)
-- @tparam[opt=64] integer batch
-- @tparam[opt] table ema average of G's weights to show instead
-- @tparam[opt] Tensor y labels, i32 (N), of a conditional G
-- @treturn Tensor (N,H,W,C) in [-1,1]; G is in training mode afterwards
function M.images(G, z, batch, ema, y)
  local n, parts, streams = core.size(z, 1), {}, {}
  batch = batch or 64
  for name, rng in pairs(G:streams()) do streams[name] = {rng, rng:state()} end
  G:eval()
  local ok, message = pcall(M.with_average, ema, function()
    return autograd.no_grad(function()
      for first = 1, n, batch do
        local size = math.min(batch, n - first + 1)
        parts[#parts + 1] = G(core.narrow(z, 1, first, size), y and core.narrow(y, 1, first, size))
      end
    end)
  end)
  G:train()
  for _, s in pairs(streams) do s[1]:load(s[2], s[3]) end
  if not ok then error(message, 0) end
  return #parts == 1 and parts[1] or ops.cat(parts, 1)
end

--- The generator of a run.
-- @tparam string path a run's directory or a checkpoint
-- @treturn table {G, ema (nil where the run kept no average), options, classes (a list of names; nil where the run is not conditional), step,
--   path}; or nil and a message
function M.open(path)
  if lfs.attributes(path, "mode") == "directory" then path = path:gsub("/+$", "") .. "/" .. rundir.LAST end
  local tree, message = checkpoint.load(path, function(name)
    return name:find "^G%." or name:find "^ema%." or name:find "^run%." and name ~= "run.z" and name ~= "run.y"
  end)
  if not tree then return nil, message end
  local opt
  opt, message = options.unpack(tree, path)
  if not opt then return nil, message end
  local run = tree.run
  local made = type(run.nets) == "table" and run.nets.generator
  if type(made) ~= "table" then return nil, path .. ": does not say how its generator was made" end
  local ok, G, ema = pcall(function()
    local net = models[made.model].generator(options.integers(json.decode(made.options)))
    net:load(tree.G)
    local average = tree.ema and optim.ema((net:params()))
    if average then average:load(tree.ema) end
    return net, average
  end)
  if not ok then return nil, ("%s: does not hold a generator: %s"):format(path, check.placeless(G)) end
  return {G = G, ema = ema, options = opt, classes = run.classes, step = run.step, path = path}
end

--- Labels for seeds: of one class, by number (from 0) or name, or each seed's own: seed modulo the number of classes.
-- @tparam table classes list of names
-- @tparam table seeds list of integers
-- @tparam ?string class
-- @treturn Tensor i32 (N); or nil and a message
function M.labels(classes, seeds, class)
  local list, label = {}, nil
  for i, name in ipairs(classes) do if class == name then label = i - 1 end end
  label = label or class and math.tointeger(tonumber(class))
  if class and not (label and label >= 0 and label < #classes) then
    return nil, ("expected a class in 0..%d or its name (%s), got '%s'"):format(#classes - 1, table.concat(classes, " "), class)
  end
  for i, seed in ipairs(seeds) do list[i] = label or seed % #classes end
  return core.tensor(list, "i32")
end

return M
