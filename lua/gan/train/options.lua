--- Lists the options of training scripts, and what they mean to a run: its length, what may change when it goes on.
-- @module gan.train.options
local augmented = require "gan.game.augmented"
local blocks = require "gan.game.blocks"
local command = require "gan.command"
local data = require "gan.data"
local identity = require "gan.data.identity"
local metrics = require "gan.measure.training"
local progress = require "gan.game.progress"
local report = require "gan.show.report"
local trainable = require "gan.model.trainable"

local M = {}

--- Lists the options of a training script, in the order of --help and in the form of gan.command.declare.
-- `inherit`: free, and --resume PATH takes the run's own value over.
M.training = data.options.list {data = "shapes", size = 32}
for _, list in ipairs {augmented.options, trainable.options, progress.options, {
  {"mirror", "flag", false, help = "flip every other image left to right, at random"},
  {"outdir", "string", "runs", arg = "DIR", free = true, help = "where runs are kept"},
  {"name", "string", nil, free = true,
    help = "the run's directory below outdir (default: a number and what the run is)"},
  {"blocks", "integer", 1, lo = 1, hi = 65536,
    help = "cut each batch into so many blocks, a power of two: less memory; statistics are a block's"},
  {"z", "integer", 100, lo = 1, hi = 65536, alias = {"nz"}, help = "size of the latent vector"},
  {"ngf", "integer", 64, lo = 1, hi = 4096, help = "width of G before its last layer"},
  {"ndf", "integer", 64, lo = 1, hi = 4096, help = "width of D after its first layer"},
  {"lr", "schedule", 6e-4, above = 0, hi = 1e3, also = 0, change = true, help = "step size of both players"},
  {"dlr", "schedule", nil, above = 0, hi = 1e3, also = 0, change = true, help = "D's own step size (default: --lr)"},
  {"glr", "schedule", nil, above = 0, hi = 1e3, also = 0, change = true, help = "G's own step size (default: --lr)"},
  {"beta1", "schedule", 0.5, lo = 0, below = 1, help = "decay of the gradients' mean (Adam)"},
  {"beta2", "schedule", 0.999, lo = 0, below = 1, help = "decay of their squares' mean (Adam)"},
  {"dsteps", "integer", 1, lo = 1, hi = 1000, help = "D's updates in a step"},
  {"gsteps", "integer", 1, lo = 1, hi = 1000, help = "G's updates in a step"},
  {"ema-kimg", "schedule", 32, lo = 0, hi = 1e9, was = "ema",
    help = "half-life of G's average, which pictures show, in thousands of images; 0: no average"},
  {"seed", "integer", 0, lo = 0, help = "seed of all random numbers"},
  {"threads", "integer", nil, lo = 1, hi = 64, free = true, help = "threads; the results do not depend on them"},
  {"snap", "integer", 500, lo = 0, free = true, inherit = true,
    help = "steps between pictures with a snapshot; 0: only at the end"},
  {"snapshots", "integer", 2, lo = 0, free = true, inherit = true, alias = {"keep"},
    help = "how many of the newest snapshots stay"},
  {"resume", "string", "auto", arg = "auto|new|PATH", free = true,
    help = "go on with the same run if there is one, always start anew, or go on with this run or checkpoint"},
  {"change", "string", nil, arg = "LIST", free = true,
    help = "options marked ! that a run which goes on takes anew, such as lr or dlr,glr"},
  {"on-collapse", "string", "warn", choices = {"warn", "stop", "rollback"}, free = true,
    help = "when the run is collapsing or diverged: say so, stop, or go back to the last good checkpoint with "
      .. "other random numbers and half the step size"},
  {"dry-run", "flag", false, short = "n", free = true, help = "show the networks, time three steps, and stop"},
}, report.options, metrics.options} do M.training = command.extend(M.training, list) end

--- Names the options that set the length of training, one of which a run has at most.
M.LENGTHS = {"steps", "epochs", "kimg"}

--- Checks what options say together: one length of training at most, --blocks a power of two that divides --batch,
-- what goes with --aug, --change names what is given.
-- @tparam table values  options, name -> value; a default length goes where another one is given
-- @tparam table given  name -> true for what stood on the command line
-- @tparam table declared  of gan.command.declare
-- @treturn boolean  true
-- @error if they do not fit
function M.check(values, given, declared)
  local lengths = {}
  for _, name in ipairs(M.LENGTHS) do if given[name] then lengths[#lengths + 1] = "--" .. name end end
  if #lengths > 1 then return nil, ("%s: give one of them"):format(table.concat(lengths, " and ")) end
  for _, name in ipairs(#lengths > 0 and M.LENGTHS or {}) do
    if not given[name] then values[name] = nil end -- a recipe's own default
  end
  local ok, message = blocks.fit(values)
  local known = values.resume == "auto" or values.resume == "new" -- with a path the rest are that run's
  if ok and known then ok, message = augmented.check(values, given) end
  if not ok then return nil, message end
  return command.check_change(declared, values, given)
end

local everywhere = command.declare(M.training)

--- Checks what a file tells of a run: each option's value as it is declared, what is known of the data.
-- @tparam table t  `options`, name -> value, changed to what they stand for; `data` (gan.data.identity), or nil
-- @tparam string path  the file, for messages
-- @tparam[opt] table declared  of gan.command.declare; default: the options of all training scripts
-- @treturn table  t
-- @error naming the file and what is wrong in it
function M.checked(t, path, declared)
  if t.options.ema == 0 and t.options.ema_kimg == nil then t.options.ema_kimg = 0 end -- before it had a half-life
  local why = command.check(declared or everywhere, t.options)
  if not why and t.data ~= nil then why = select(2, identity.accept(t.data)) end
  if why then return nil, ("%s: %s"):format(path, why) end
  return t
end

return M
