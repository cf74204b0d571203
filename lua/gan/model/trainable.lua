--- What of a run's networks is trained: the options --freeze-d and --train, and the nets that are made by them.
-- @internal gan.model.trainable
local check = require "gan.check"
local freeze = require("gan.nn.freeze").freeze

local M = {}

--- Lists the options, in the form of gan.command.declare.
M.options = {
  {"from", "string", nil, arg = "RUN",
    help = "start with the networks of this run or checkpoint, and its average, on other data; all else is new"},
  {"freeze-d", "integer", 0, lo = 0, hi = 1000, arg = "N",
    help = "with --from: D's first N sections, from the picture on, stay as they are (FreezeD)"},
  {"train", "string", "all", choices = {"all", "scale-shift"},
    help = "with --from: train all of G, or only the gains and biases of its norms"},
}

--- Tells whether some of a run's networks are to stay as they are. Cannot fail.
-- @tparam table options  the run's
-- @tparam[opt] string kind  "generator" or "discriminator" (default: either of them)
-- @treturn string  the option that says so, such as "--freeze-d 2"; nil where all is trained
function M.limited(options, kind)
  if kind ~= "generator" and (options.freeze_d or 0) > 0 then return ("--freeze-d %d"):format(options.freeze_d) end
  if kind ~= "discriminator" and options.train == "scale-shift" then return "--train scale-shift" end
end

--- Ends the training of what a run's options leave out of it (gan.nn.freeze).
-- @tparam Module net  changed in place
-- @tparam string kind  "generator" or "discriminator"
-- @tparam table options  the run's
-- @treturn Module  the net
-- @error naming the option, if the net has fewer sections, does not list them, or has no norms
function M.limit(net, kind, options)
  local option = M.limited(options, kind)
  if not option then return net end
  local how = kind == "generator" and {except = "norms"} or {sections = options.freeze_d}
  local ok, message = check.try(freeze, net, how)
  if ok then return net end
  return nil, ("%s: %s"):format(option, message:gsub("^nn%.freeze: option '%l+': ", ""))
end

return M
