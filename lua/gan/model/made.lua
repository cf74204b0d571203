--- A run's nets: made from an architecture or from a Lua file, and made again from what the checkpoint says of them.
-- @internal gan.model.made
local check = require "gan.check"
local json = require "gan.file.json"
local models = require "gan.model"
local module = require "gan.nn.module"
local nn = require "gan.nn"
local optim = require "gan.optim"
local own = require "gan.model.own"
local text = require "gan.file.text"
local told = require "gan.model.told"
local trainable = require "gan.model.trainable"

local M = {}

local widths = {generator = "ngf", discriminator = "ndf"}

-- The options that a run gives to the nets that it makes. run: `options`, `channels`, `classes` (how many).
local function options_of(kind, options, channels, classes)
  local opt = {size = options.size, channels = channels, classes = classes, [widths[kind]] = options[widths[kind]]}
  if kind == "generator" then opt.z = options.z elseif (options.pack or 1) > 1 then opt.pack = options.pack end
  return opt
end

--- Makes a net for a run, and notes in `run.nets` how, for its checkpoints. `run.sources` has the text of Lua files,
-- `run.files` their paths. What the run's options leave out of training becomes buffers.
-- @tparam Run run  with `script`, the path of what calls
-- @tparam string kind  "generator" or "discriminator"
-- @tparam string name  of gan.model; or a Lua file's path, from the script's place
-- @tparam[opt] table extra  further options
function M.make(run, kind, name, extra)
  local file = own.is_file(name) and run.recorder:must(own.open(text.beside(run.script, name))) or nil
  if file then
    file:check_plain(extra)
    if (run.sources[file.name] or file.text) ~= file.text then
      return check.fail("Run:" .. kind, "two files are called %s, and a run has a copy of each: rename one", file.name)
    end
    run.sources[file.name], run.files[kind] = file.text, file.path
  end
  local opt = options_of(kind, run.options, run.data.channels, run.classes)
  for k, v in pairs(extra or {}) do opt[k] = v end
  run.nets[kind] = {model = not file and name or nil, file = file and file.name, hash = file and file.hash,
    options = json.encode(opt)}
  opt.rng = run:stream(kind == "generator" and "init.G" or "init.D")
  local net = file and file:make(kind, opt) or models[name][kind](opt)
  return (run.recorder:must(trainable.limit(net, kind, run.options)))
end

--- Tells whether the same files make a run's nets as before its checkpoint. Cannot fail.
-- @tparam table nets  of the run: kind -> `file`, `hash`
-- @tparam any stored  what the checkpoint has in its place
-- @treturn boolean
-- @treturn string  which differs, where one does
function M.same(nets, stored)
  for kind, made in pairs(nets) do
    local before = type(stored) == "table" and stored[kind]
    if type(before) == "table" and before.hash ~= made.hash then
      local function plain(v) return type(v) == "string" and #v < 200 and v or "" end
      return false, ("its %s was made by %s %s, now by %s %s; the run's copy of the file goes on, or start anew with "
        .. "--resume new"):format(kind, plain(before.file or before.model), plain(before.hash), made.file or made.model,
        made.hash or "")
    end
  end
  return true
end

-- The place of the copy of a net file beside a checkpoint; nil where there is none.
local function copy_of(made, path)
  local name = type(made.file) == "string" and made.file:match "^[^/%c]+%.lua$"
  local copy = name and (path:match "^.*/" or "") .. name
  return copy and text.exists(copy) and copy or nil
end

-- What a run's checkpoint says of a net of it, or nil.
local function note_of(run, kind)
  local made = type(run.nets) == "table" and run.nets[kind]
  return type(made) == "table" and made or nil
end

-- A run's net of a kind without its weights, which have so many numbers; or nil and a message.
local function bare(run, kind, options, path, given, numbers)
  local made = note_of(run, kind)
  if made and made.model and given then
    return nil, ("--net %s: the %s of %s is not a file's, it is gan.model.%s"):format(given, kind, path, made.model)
  elseif made and made.model then
    local name, opt = made.model, type(made.options) == "string" and json.decode(made.options)
    local known = type(name) == "string" and check.has(models, name) and check.has(models[name], kind)
    if not known or type(opt) ~= "table" then
      return nil, ("%s: does not hold a %s: expected the name of one of gan.model, and its options"):format(path, kind)
    end
    local net, message = check.try(module.within, numbers, models[name][kind], opt)
    return net, message and ("%s: does not hold a %s: %s"):format(path, kind, message)
  elseif not given and made then
    local copy = copy_of(made, path)
    return nil, ("%s: a Lua file makes its %s, and no file of a run is executed unless you name it: --net %s%s")
      :format(path, kind, copy or "FILE", copy and " (read it first if the run is not yours)" or "")
  elseif not given then
    return nil, ("%s: does not say how its %s was made: put it into a Lua file that returns {%s = f}; name that here, "
      .. "--net FILE, and in the script, run:%s \"FILE\""):format(path, kind, kind, kind)
  end
  local file, message, other = own.open(given, made and tostring(made.hash))
  if other then
    local copy = copy_of(made, path)
    return nil, ("%s: is not the file that made the %s of %s: it was %s, this is %s%s"):format(given, kind, path,
      tostring(made.hash), other, copy and "; the run's copy is " .. copy or "")
  end
  if not file then return nil, message end
  local opt = made and type(made.options) == "string" and json.decode(made.options)
  return file:try(kind, type(opt) == "table" and opt
    or options_of(kind, options, run.channels, run.classes and #run.classes or nil), numbers)
end

-- Tells whether what drawing needs of a checkpoint is there.
local function is_whole(run, options)
  local names = run.classes
  if math.type(run.step) ~= "integer" or math.type(options.z) ~= "integer" or options.z < 1 then return false end
  if names == nil then return true end
  if type(names) ~= "table" or #names == 0 then return false end
  for _, name in ipairs(names) do if type(name) ~= "string" then return false end end
  return true
end

--- Makes a run's generator again, with its weights. A Lua file is executed only if it is given.
-- @tparam table tree  the checkpoint: `run`, `G`, `ema`
-- @tparam table options  the run's
-- @tparam string path  of the checkpoint
-- @tparam[opt] string given  path of the Lua file that makes the generator
-- @treturn Module
-- @treturn EMA  its average, or nil
-- @treturn table  what its nets were told (gan.model.told), or nil
-- @error if the checkpoint does not say how it is made, or another file made it, or the weights do not fit
function M.again(tree, options, path, given)
  if type(tree.run.classes) ~= "table" and tree.run.classes ~= nil then tree.run.classes = {} end
  local G, message = bare(tree.run, "generator", options, path, given, module.room_for(tree.G))
  if not G then return nil, message end
  G, message = trainable.limit(G, "generator", options)
  if not G then return nil, ("%s: does not hold a generator: %s"):format(path, message) end
  local note = note_of(tree.run, "generator")
  local ok, average = pcall(function()
    if note and note.adapted then G = nn.adapted {G, class = note.class} end
    G:load(tree.G)
    local ema = tree.ema and optim.ema(G)
    if ema then ema:load(tree.ema) end
    return ema
  end)
  if not ok then return nil, ("%s: does not hold a generator: %s"):format(path, check.placeless(average)) end
  local condition, why = told.again(tree, path)
  if condition == false then return nil, why end
  if is_whole(tree.run, options) then return G, average, condition end
  return nil, path .. ": expected the checkpoint of a run: its step, z or classes are none"
end

--- Makes a run's discriminator again, with its weights. A Lua file is executed only if it is given.
-- @tparam table tree  the checkpoint: `run`, `D`
-- @tparam table options  the run's
-- @tparam string path  of the checkpoint
-- @tparam[opt] string given  path of the Lua file that makes the discriminator
-- @treturn Module
-- @error as `again`
function M.discriminator(tree, options, path, given)
  if type(tree.D) ~= "table" then return nil, path .. ": has no discriminator" end
  if type(tree.run.classes) ~= "table" then tree.run.classes = nil end
  local D, message = bare(tree.run, "discriminator", options, path, given, module.room_for(tree.D))
  if not D then return nil, message end
  local ok, why = pcall(D.load, D, tree.D)
  if not ok then return nil, ("%s: does not hold a discriminator: %s"):format(path, check.placeless(why)) end
  return D
end

--- Notes in a run's `nets` that its generator is another run's, frozen, with a scale and a shift behind each batch norm
-- (gan.nn.adapted): its checkpoints are read back as such.
-- @tparam Run run  its `sources` get the text of a Lua file
-- @tparam ?table note  how the other generator was made: of the `nets` of its run
-- @tparam[opt] integer class  the label that it is called with
-- @tparam[opt] string given  path of the Lua file that makes it
-- @error as gan.model.own
function M.adopt(run, note, class, given)
  local own_note = {adapted = true, class = class}
  for k, v in pairs(type(note) == "table" and note or {}) do own_note[k] = v end
  if given then
    local file, message = own.open(given, own_note.hash)
    if not file then return nil, message end
    own_note.file, own_note.hash, run.sources[file.name] = file.name, file.hash, file.text
  end
  run.nets.generator = own_note
  return true
end

return M
