--- A run's generator, read back from its checkpoint.
-- @module gan.train.trained
local check = require "gan.check"
local directory = require "gan.train.directory"
local json = require "gan.file.json"
local lfs = require "lfs"
local models = require "gan.model"
local optim = require "gan.optim"
local options = require "gan.train.options"
local safetensors = require "gan.file.safetensors"

local M = {}

--- Opens the generator of a run.
-- @tparam string path  a run's directory or a checkpoint
-- @treturn table  `G`; `ema`, if the run has an average; `options`; `classes`, a list of names, if it is conditional;
--   `step`; `path`, the checkpoint's
-- @error if it is no checkpoint of a run, or does not hold a generator
function M.open(path)
  if lfs.attributes(path, "mode") == "directory" then path = path:gsub("/+$", "") .. "/" .. directory.LAST end
  local tree, message = safetensors.load(path, function(name)
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
    local net = models[made.model].generator(json.decode(made.options))
    net:load(tree.G)
    local average = tree.ema and optim.ema((net:params()))
    if average then average:load(tree.ema) end
    return net, average
  end)
  if not ok then return nil, ("%s: does not hold a generator: %s"):format(path, check.placeless(G)) end
  return {G = G, ema = ema, options = opt, classes = run.classes, step = run.step, path = path}
end

return M
