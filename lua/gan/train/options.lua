--- Lists the options of training scripts, and what they mean to a run: its length, what may change when it goes on.
-- @module gan.train.options
local command = require "gan.command"
local data = require "gan.data"
local json = require "gan.file.json"

local M = {}

--- Lists the options of a training script, in the order of --help and in the form of gan.command.declare.
-- `free`: a run may be resumed with another value. `inherit`: free, and --resume PATH takes the run's own value over.
M.training = command.extend(data.options.list {data = "shapes", size = 32}, {
  {"mirror", "flag", false, help = "flip every other image left to right, at random"},
  {"outdir", "string", "runs", arg = "DIR", free = true, help = "where runs are kept"},
  {"name", "string", nil, free = true,
    help = "the run's directory below outdir (default: a number and what the run is)"},
  {"batch", "integer", 64, lo = 1, hi = 65536, alias = {"batch-size"}, help = "images in a batch"},
  {"blocks", "integer", 1, lo = 1, hi = 65536,
    help = "cut each batch into so many blocks, a power of two: less memory; statistics are a block's"},
  {"steps", "integer", nil, lo = 1, hi = 1000000000, free = true, help = "length of training in steps"},
  {"epochs", "number", nil, above = 0, hi = 1e9, free = true, help = "or in passes over the data (default: 25)"},
  {"kimg", "number", nil, above = 0, hi = 1e9, free = true, help = "or in thousands of real images shown to D"},
  {"z", "integer", 100, lo = 1, hi = 65536, alias = {"nz"}, help = "size of the latent vector"},
  {"ngf", "integer", 64, lo = 1, hi = 4096, help = "width of G before its last layer"},
  {"ndf", "integer", 64, lo = 1, hi = 4096, help = "width of D after its first layer"},
  {"lr", "number", 2e-4, above = 0, hi = 1e3, help = "step size of both players"},
  {"dlr", "number", nil, above = 0, hi = 1e3, help = "D's own step size (two time scales; default: --lr)"},
  {"glr", "number", nil, above = 0, hi = 1e3, help = "G's own step size (default: --lr)"},
  {"beta1", "number", 0.5, lo = 0, below = 1, help = "decay of the gradients' mean (Adam)"},
  {"beta2", "number", 0.999, lo = 0, below = 1, help = "decay of their squares' mean (Adam)"},
  {"dsteps", "integer", 1, lo = 1, hi = 1000, help = "D's updates in a step"},
  {"gsteps", "integer", 1, lo = 1, hi = 1000, help = "G's updates in a step"},
  {"ema", "number", 0.999, lo = 0, below = 1,
    help = "pictures show G's weights averaged with this decay; 0: as they are"},
  {"seed", "integer", 0, lo = 0, help = "seed of all random numbers"},
  {"threads", "integer", nil, lo = 1, hi = 64, free = true, help = "threads; the results do not depend on them"},
  {"snap", "integer", 500, lo = 0, free = true, inherit = true,
    help = "steps between pictures with a snapshot; 0: only at the end"},
  {"snapshots", "integer", 2, lo = 0, free = true, inherit = true, alias = {"keep"},
    help = "how many of the newest snapshots stay"},
  {"resume", "string", "auto", arg = "auto|new|PATH", free = true,
    help = "go on with the same run if there is one, always start anew, or go on with this run or checkpoint"},
  {"on-collapse", "string", "warn", choices = {"warn", "stop", "rollback"}, arg = "warn|stop|rollback", free = true,
    help = "when the run is collapsing or diverged: say so, stop, or go back to the last good checkpoint with "
      .. "other random numbers and half the step size"},
  {"metrics", "string", nil, arg = "LIST", free = true, inherit = true,
    help = "measure G's averaged weights while training: any of fid, kid, pr, dc, is, accuracy, nearest, ppl, "
      .. "diversity (default: nothing)"},
  {"metrics-every", "integer", 500, lo = 1, free = true, inherit = true, help = "steps between two measurements"},
  {"metrics-n", "integer", 5000, lo = 2, free = true, inherit = true,
    help = "images of each side in a measurement (at most all of the data)"},
  {"features", "string", "random_conv", arg = "NAME|PATH", free = true, inherit = true,
    help = "the network that sees them: random_conv, pixels, a file of classifier.lua, or Inception's weights"},
  {"best", "string", nil, arg = "METRIC", free = true, inherit = true,
    help = "which of the numbers decides what checkpoint_best.safetensors keeps: fid, kid, precision, ... "
      .. "(default: the first of --metrics)"},
  {"dry-run", "flag", false, short = "n", free = true, help = "show the networks, time three steps, and stop"},
})

--- Checks what options say together: one length of training at most, --blocks a power of two that divides --batch.
-- @tparam table values  options, name -> value
-- @tparam table given  name -> true for what stood on the command line
-- @treturn boolean  true
-- @error if they do not fit
function M.check(values, given)
  local lengths, blocks = {}, values.blocks or 1
  for _, name in ipairs {"steps", "epochs", "kimg"} do if given[name] then lengths[#lengths + 1] = "--" .. name end end
  if #lengths > 1 then return nil, ("%s: give one of them"):format(table.concat(lengths, " and ")) end
  if blocks & blocks - 1 ~= 0 then return nil, ("--blocks: expected a power of two, got %d"):format(blocks) end
  if values.batch % blocks == 0 then return true end
  return nil, ("--blocks: %d does not divide --batch %d"):format(blocks, values.batch)
end

--- Returns how many steps a run has: kimg counts thousands of real images shown to D, epochs passes over the data.
-- Cannot fail.
-- @tparam table values  options, name -> value
-- @tparam integer n  images of the data
-- @treturn integer  from 1
function M.total_steps(values, n)
  local per_step = values.batch * (values.dsteps or 1)
  local images = values.kimg and values.kimg * 1000 or (values.epochs or 25) * n
  return values.steps or math.max(1, math.floor(images / per_step + 0.5))
end

--- Says what a run was started with and is not now, among what may not change. Cannot fail.
-- @tparam table declared  of gan.command.declare
-- @tparam table old  the run's options, name -> value
-- @tparam table new  those of now
-- @treturn string  such as "was started with --lr 0.1, now 0.2"; nil where nothing changed
function M.difference(declared, old, new)
  for _, c in ipairs(command.changes(declared, old, new)) do
    if not c.option.free then return ("was started with --%s %s, now %s"):format(c.option.name, c.was, c.is) end
  end
end

--- Returns the options that make a run what it is, without those that may change, as a text for its checkpoints.
-- Cannot fail.
-- @tparam table declared  of gan.command.declare
-- @tparam table values  options, name -> value
-- @treturn string  JSON
function M.pack(declared, values)
  local out = {}
  for _, d in ipairs(declared) do if not d.free then out[d.field] = values[d.field] end end
  return json.encode(out)
end

--- Returns the options that are packed in a run's checkpoint.
-- @tparam table tree  of gan.file.safetensors.load
-- @tparam string path  its file, for messages
-- @treturn table  name -> value
-- @error if it is no checkpoint of a run
function M.unpack(tree, path)
  local own = type(tree.run) == "table" and type(tree.run.options) == "string" and json.decode(tree.run.options)
  if type(own) ~= "table" then return nil, path .. ": expected the checkpoint of a run" end
  return own
end

return M
