--- Command-line options: names, defaults, checks with one clear line, what a resumed run may change.
-- @module gan.train.options
local argparse = require "argparse"
local check = require "gan.check"
local json = require "gan.file.json"

local M = {}

--- Lists the options of a training script, in the order of --help: {name, kind, default, ...}.
-- The kind is integer, number, string or flag; `lo` and `hi` are inclusive, `above` and `below` are not.
-- `free`: a run may be resumed with another value. `inherit`: free, and --resume PATH takes the run's own value over.
M.training = {
  {"data", "string", "shapes", arg = "PATH",
    help = "images: a folder of PNG/JPEG, IDX (MNIST), CIFAR-10 binary, or 'shapes', 'fake'"},
  {"size", "integer", 32, lo = 1, hi = 16384, alias = {"image-size"}, help = "side of the images in pixels"},
  {"limit", "integer", nil, lo = 1, help = "use only the first so many images (default: all)"},
  {"mirror", "flag", false, help = "flip every other image left to right, at random"},
  {"outdir", "string", "runs", arg = "DIR", free = true, help = "where runs are kept"},
  {"name", "string", nil, free = true,
    help = "the run's directory below outdir (default: a number and what the run is)"},
  {"batch", "integer", 64, lo = 1, hi = 65536, alias = {"batch-size"}, help = "images in a batch"},
  {"blocks", "integer", 1, lo = 1, hi = 65536,
    help = "cut each batch into so many blocks, a power of two: less memory, and statistics of a batch are those of a "
      .. "block"},
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
    help = "the network that sees them: random_conv, pixels, a file of experiments/classifier.lua, or Inception's "
      .. "weights"},
  {"best", "string", nil, arg = "METRIC", free = true, inherit = true,
    help = "which of the numbers decides what checkpoint_best.safetensors keeps: fid, kid, precision, ... "
      .. "(default: the first of --metrics)"},
  {"dry-run", "flag", false, short = "n", free = true, help = "show the networks, time three steps, and stop"},
}

local kinds = {integer = true, number = true, string = true, flag = true}

local function range(d)
  if d.kind == "integer" then
    if d.lo and d.hi then return ("an integer in %d..%d"):format(d.lo, d.hi) end
    return d.lo and ("an integer >= %d"):format(d.lo) or "an integer"
  end
  local lo = d.lo and (">= %g"):format(d.lo) or d.above and ("> %g"):format(d.above)
  local hi = d.hi and ("<= %g"):format(d.hi) or d.below and ("< %g"):format(d.below)
  return "a number " .. (lo and hi and lo .. " and " .. hi or lo or hi or "")
end

local function list(values)
  local words = {}
  for i, v in ipairs(values) do words[i] = tostring(v) end
  local last = table.remove(words)
  return #words > 0 and table.concat(words, ", ") .. " or " .. last or last
end

-- Value of an option's text, or nil, message.
local function convert(d, text)
  local function wrong(expected) return nil, ("--%s: expected %s, got '%s'"):format(d.name, expected, text) end
  if d.kind == "string" then
    if text == "" or text:find "%z" then return wrong "some text" end
    if not d.choices then return text end
    for _, c in ipairs(d.choices) do if text == c then return text end end
    return wrong(list(d.choices))
  end
  local v = text:find "^[%d%s.eE+-]+$" and tonumber(text)
  if d.kind == "integer" then v = v and math.tointeger(v) end
  if d.choices then
    for _, c in ipairs(d.choices) do if v == c then return v end end
    return wrong(list(d.choices))
  end
  local low = v and (d.lo and v < d.lo or d.above and v <= d.above)
  local high = v and (d.hi and v > d.hi or d.below and v >= d.below)
  if not v or v ~= v or low or high then return wrong(range(d)) end
  return v
end

-- "dry-run" is written dry_run in Lua.
local function field(name) return (name:gsub("-", "_")) end

--- A recipe's options after those of a base list.
-- @tparam table base a list such as M.training
-- @tparam[opt] table own the same
-- @tparam[opt] table without names of options of the base that the recipe has not
-- @raise if a name is taken or unknown, or an entry has no name, kind and help
function M.extend(base, own, without)
  local out, taken, left = {}, {help = true}, {}
  for _, name in ipairs(without or {}) do left[name] = true end
  for _, d in ipairs(base) do
    if left[d[1]] then
      left[d[1]] = nil
    else
      out[#out + 1] = d
      for _, name in ipairs {d[1], table.unpack(d.alias or {})} do taken[name] = true end
    end
  end
  if next(left) then return check.fail("options", "without: there is no option '--%s'", (next(left))) end
  for i, d in ipairs(own or {}) do
    local ok = type(d) == "table" and type(d[1]) == "string" and kinds[d[2]] and type(d.help) == "string"
    if not ok then
      return check.fail("options", 'entry %d: expected {"name", "kind", default, help = "..."}; kind: integer, number, '
        .. 'string or flag', i)
    end
    if taken[d[1]] then return check.fail("options", "option '--%s' is there already", d[1]) end
    taken[d[1]] = true
    out[#out + 1] = d
  end
  return out
end

--- Declarations made ready: positions 1, 2, 3 become name, kind, default.
-- @tparam table base a list such as M.training
-- @tparam[opt] table defaults name -> another default
-- @tparam[opt] table choices name -> list of allowed values
function M.declare(base, defaults, choices)
  local out = {}
  for i, d in ipairs(base) do
    local c = {}
    for k, v in pairs(d) do if type(k) == "string" then c[k] = v end end
    c.name, c.kind, c.default = d[1], d[2], d[3]
    c.field = field(c.name)
    if defaults and defaults[c.field] ~= nil then c.default = defaults[c.field] end
    c.choices = choices and choices[c.field] or c.choices
    out[i] = c
  end
  return out
end

local function parser_of(declared, about, values, given)
  local parser = argparse(about.name, about.summary):help_max_width(100):add_help "-h --help"
  if about.epilog then parser:epilog(about.epilog) end
  for _, d in ipairs(declared) do
    local names = "--" .. d.name
    for _, a in ipairs(d.alias or {}) do names = names .. " --" .. a end
    if d.short then names = "-" .. d.short .. " " .. names end
    local text = d.help
    if d.default ~= nil and d.kind ~= "flag" then
      text = ("%s (default: %s)"):format(text, json.encode(d.default):gsub('"', ""))
    end
    local function set(v) values[d.field], given[d.field] = v, true end
    if d.kind == "flag" then
      parser:flag(names, text):action(function() set(true) end)
      if d.negatable then parser:flag("--no-" .. d.name, "the opposite"):action(function() set(false) end) end
    else
      parser:option(names, text):argname(d.arg or (d.kind == "integer" and "N" or d.kind == "number" and "X" or "NAME"))
        :convert(function(s) return convert(d, s) end):action(function(_, _, v) set(v) end)
    end
  end
  parser:argument("rest"):args("*"):hidden(true)
  return parser
end

-- argparse would take the -4 of `--batch -4` for an option.
local function join_negative(args)
  local out = {}
  for _, a in ipairs(args) do
    local last = out[#out]
    local value = a:find "^%-[%d.]" and last and last:find "^%-%-[^=]+$"
    if value then out[#out] = last .. "=" .. a else out[#out + 1] = a end
  end
  return out
end

local function better(message, declared)
  local name = message:match "unknown option '([^']*)'"
  if not name then return (message:gsub("\n.*", "")) end
  local names = {"help"}
  for _, d in ipairs(declared) do
    names[#names + 1] = d.name
    for _, a in ipairs(d.alias or {}) do names[#names + 1] = a end
  end
  local near = check.nearest(name:gsub("^%-+", ""), names)
  local hint = near and (" (did you mean '--%s'?)"):format(near) or "; --help lists them"
  return ("unknown option '%s'%s"):format(name, hint)
end

--- Reads a command line. --help prints the options and ends the program.
-- @tparam table declared from M.declare
-- @tparam table args list of words
-- @tparam table about name, summary, epilog: for --help
-- @treturn table field -> value, defaults included (dry-run is called dry_run); or nil and a message of one line
-- @treturn table field -> true for what stood on the command line
function M.parse(declared, args, about)
  local values, given = {}, {}
  for _, d in ipairs(declared) do values[d.field] = d.default end
  local ok, result = parser_of(declared, about, values, given):pparse(join_negative(args))
  if not ok then return nil, better(result, declared) end
  if result.rest and result.rest[1] then
    return nil, ("unexpected '%s': options begin with --, see --help"):format(result.rest[1])
  end
  return values, given
end

--- The one length that was given of steps, epochs and kimg; or nil, message.
function M.check_length(given)
  local names = {}
  for _, name in ipairs {"steps", "epochs", "kimg"} do if given[name] then names[#names + 1] = "--" .. name end end
  if #names > 1 then return nil, ("%s: give one of them"):format(table.concat(names, " and ")) end
  return names[1] and names[1]:sub(3) or "epochs"
end

--- Checks that --blocks is a power of two and divides --batch: true, or nil and a message.
function M.check_blocks(values)
  local blocks = values.blocks or 1
  if blocks & blocks - 1 ~= 0 then return nil, ("--blocks: expected a power of two, got %d"):format(blocks) end
  if values.batch % blocks ~= 0 then
    return nil, ("--blocks: %d does not divide --batch %d"):format(blocks, values.batch)
  end
  return true
end

--- Steps of training: kimg counts thousands of real images shown to D, epochs passes over n images.
function M.total_steps(values, n)
  local per_step = values.batch * (values.dsteps or 1)
  local images = values.kimg and values.kimg * 1000 or (values.epochs or 25) * n
  return values.steps or math.max(1, math.floor(images / per_step + 0.5))
end

local function text(v) return v == nil and "unset" or (json.encode(v):gsub('^"(.*)"$', "%1")) end

--- Returns an option's value in a run that was started before, perhaps by the option's former name.
function M.stored(d, old)
  local v = old[d.field]
  for _, name in ipairs(d.alias or {}) do
    if v == nil then v = old[field(name)] end
  end
  return v
end

--- Says what a run was started with and is not now, among what may not change. An option that the run did not know yet
-- had its default.
-- @treturn string  a message; or nil
function M.difference(declared, old, new)
  for _, d in ipairs(declared) do
    local before = old[d.field]
    if before == nil then before = d.default end
    if not d.free and text(before) ~= text(new[d.field]) then
      return ("was started with --%s %s, now %s"):format(d.name, text(before), text(new[d.field]))
    end
  end
end

--- Returns the options that make a run what it is, without those that may change, as a text for its checkpoints.
function M.pack(declared, values)
  local out = {}
  for _, d in ipairs(declared) do if not d.free then out[d.field] = values[d.field] end end
  return json.encode(out)
end

--- Makes the numbers of a decoded text what they were: integers are integers.
function M.integers(values)
  for k, v in pairs(values) do if type(v) == "number" then values[k] = math.tointeger(v) or v end end
  return values
end

--- The options packed in a run's checkpoint: field -> value, or nil, message.
-- @tparam table tree what checkpoint.load gave
-- @tparam string path its file, for the message
function M.unpack(tree, path)
  local own = type(tree.run) == "table" and type(tree.run.options) == "string" and json.decode(tree.run.options)
  if type(own) ~= "table" then return nil, path .. ": expected the checkpoint of a run" end
  return M.integers(own)
end

--- Lists all options in a few lines; what differs from its default is marked.
function M.describe(declared, values)
  local cells, width = {}, 0
  for _, d in ipairs(declared) do
    local v = values[d.field]
    if v ~= nil then
      local cell = ("%s%s %s"):format(text(v) ~= text(d.default) and "*" or " ", d.name, text(v))
      cells[#cells + 1] = cell
      width = math.max(width, math.min(#cell, 24))
    end
  end
  local lines, line = {"options (* not the default):"}, ""
  for _, cell in ipairs(cells) do
    if #line > 0 and #line + #cell > 100 then lines[#lines + 1], line = line, "" end
    line = line .. cell .. (" "):rep(math.max(width - #cell, 0) + 2)
  end
  lines[#lines + 1] = line
  for i = 1, #lines do lines[i] = lines[i]:gsub("%s+$", "") end
  return table.concat(lines, "\n")
end

return M
