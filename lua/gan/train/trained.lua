--- A run's generator, read back from its checkpoint.
-- @module gan.train.trained
local check = require "gan.check"
local checkpoint = require "gan.model.checkpoint"
local made = require "gan.model.made"
local options = require "gan.train.options"
local transfer = require "gan.model.transfer"

local M = {}

--- Opens the generator of a run.
-- @tparam string path  a run's directory or a checkpoint
-- @tparam[opt] table opt
-- @tparam[opt] string opt.net  the Lua file that makes the generator (gan.model.own): it is executed, nothing else is
-- @treturn table  `G`; `ema`, if the run has an average; `options`; `classes`, a list of names, if it is conditional;
--   `condition`, if G is told other things; `step`; `path`, the checkpoint's; `data`, what it knows of them, or nil;
--   `own_data`: true, if its script opened them; `nets`; `origin`, whose they were; `notice`, if it has no checksums
-- @error if it is damaged, or none of a run, or does not hold a generator, or the net file is not given or another one
-- @raise if an option is unknown
function M.open(path, opt)
  opt = check.options("train.trained.open", opt, {net = check.option.string {}})
  local tree, own, data, notice, at = checkpoint.open(path, function(name)
    return name:find "^G%." or name:find "^ema%." or name:find "^condition%." or name == "kind"
      or name:find "^run%." and name ~= "run.z" and name ~= "run.y"
  end)
  if not tree then return nil, own end
  local ok, why = options.checked({options = own}, at)
  if not ok then return nil, why end
  local G, ema, condition = made.again(tree, own, at, opt.net)
  if not G then return nil, ema end
  local run = tree.run
  return {G = G, ema = ema, condition = condition, options = own, classes = run.classes, step = run.step, data = data,
    path = at, own_data = run.own_data == true, nets = run.nets, origin = transfer.origin(run.origin), notice = notice}
end

return M
