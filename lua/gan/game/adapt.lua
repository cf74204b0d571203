--- Batch statistics adaptation: a trained generator learns to draw a few pictures of another kind. Its weights stay;
-- what is learnt is a scale and a shift behind each batch norm, and a latent vector for each picture.
-- Source: Noguchi & Harada 2019, arXiv:1904.01774.
-- @module gan.game.adapt
local augmented = require "gan.game.augmented"
local core = require "gan.core"
local check = require "gan.check"
local checkpoint = require "gan.model.checkpoint"
local data = require "gan.data"
local latent = require "gan.latent"
local made = require "gan.model.made"
local nn = require "gan.nn"
local ops = require "gan.ops"
local schedule = require "gan.schedule"

local M = {}

local COLUMNS = 8 -- of the picture
local SHOWN, STRIPS = 24, 2 -- real images in it, and interpolations
local MANY = 300 -- images from which on this is not the method

--- Lists the options that an adaptation has besides those of a run, for `gan.train.run`. Their defaults are for small
-- nets and few pictures: a fifth of the paper's 10,000 steps, with the step size falling as early in them.
M.options = {
  {"run", "string", nil, arg = "PATH", help = "the run, or its checkpoint, whose generator is adapted"},
  {"net", "string", nil, arg = "FILE.lua",
    help = "the Lua file that makes that run's nets, where one does; it is executed: the run's copy, or your own"},
  {"ema", "flag", true, negatable = true, help = "adapt G's averaged weights and statistics, where the run has them"},
  {"class", "string", nil, arg = "CLASS",
    help = "of a conditional run: the class whose generator is adapted, by its name, or its number as in #3 "
      .. "(default: #0)"},
  {"features", "string", "D", arg = "NAME|PATH",
    help = "what sees how alike pictures are: D (that run's), none, a file of classifier.lua, or VGG-16's weights "
      .. "(safetensors, torchvision's names)"},
  {"perceptual", "number", nil, lo = 0, hi = 1e6,
    help = "weight of the features' loss (default: 0.001 for VGG-16, else 0.1, of relative differences)"},
  {"emd", "number", 0.1, lo = 0, hi = 1e6,
    help = "weight of the latent vectors' distance from the normal distribution"},
  {"distance", "number", 0.02, lo = 0, hi = 1e6,
    help = "weight of the scales' distance from 1, and of the shifts' from 0"},
  {"noise", "number", 0.01, lo = 0, hi = 100, help = "deviation of what is added to latent vectors at each step"},
  {"fall", "integer", 600, lo = 0, help = "steps after which --lr falls to a fifth, again and again; 0: never"},
  {"trunc", "number", 0.3, lo = 0.01, hi = 100,
    help = "latent coordinates of new pictures are drawn anew beyond this, here and in generate.lua and evaluate.lua"},
}

--- Names the options of a run that mean nothing here: there is no D, and only G's scales and shifts learn.
M.without = {
  "mirror", "pack", "blocks", "ngf", "ndf", "dlr", "glr", "dsteps", "gsteps", "ema-kimg", "on-collapse", "metrics",
  "metrics-every", "metrics-n", "features", "best", "from", "freeze-d", "train", table.unpack(augmented.names()),
}

-- The value of an option among the words of a command line, or nil.
local function word_of(words, name)
  local found
  for i, word in ipairs(words) do
    if word == "--" .. name then found = words[i + 1] end
    found = word:match("^%-%-" .. name .. "=(.*)$") or found
  end
  return found
end

--- Finds on a command line which run is to be adapted, before a run of one's own can be started, as that has its size.
-- @tparam table words  of the command line
-- @treturn table  `run`, its path, and `net`, or nil; where a run goes on by --resume PATH, from its options; empty
--   where --help is asked for
-- @error if none is named
-- @raise if words is no table
function M.source(words)
  check.braces("game.adapt.source", "words", words)
  local out = {run = word_of(words, "run"), net = word_of(words, "net")}
  for _, word in ipairs(words) do if word == "--help" or word == "-h" then return {} end end
  local path = word_of(words, "resume")
  if not out.run and path and path ~= "auto" and path ~= "new" then
    local stored, message = checkpoint.settings(checkpoint.of(path)[1] or path)
    if not stored then return nil, "--resume: " .. message end
    local run, net = stored.options.run, stored.options.net
    out.run, out.net = type(run) == "string" and run or nil, out.net or type(net) == "string" and net or nil
  end
  if out.run then return out end
  return nil, "--run is missing: a run's directory, such as runs/demo, whose generator is adapted"
end

--- Returns defaults of a run that adapts a generator: its size, channels and latent size are that one's.
-- @tparam ?table source  of gan.train.trained.open; nil: for --help
-- @treturn table  name -> value
-- @error if it draws no square pictures of 1 or 3 channels
function M.defaults(source)
  local out = {batch = 25, steps = 2000, lr = 0.03, beta1 = 0.9, z = 128}
  if not source then return out end
  out.z = source.options.z
  local y = source.classes and core.full({1}, 0, "i32")
  local image, message = check.try(nn.evaluate, source.G, core.full({1, out.z}, 0), y, {average = source.ema})
  if not image then return nil, ("%s: cannot draw: %s"):format(source.path, message) end
  local s = core.shape(image)
  if #s ~= 4 or s[2] ~= s[3] or s[4] ~= 1 and s[4] ~= 3 then
    return nil, ("%s: draws no square pictures of 1 or 3 channels"):format(source.path)
  end
  out.size, out.channels = s[2], s[4]
  return out
end

--- Returns the step size of a step: that of a run, a fifth of it after each `fall` steps.
-- Source: Noguchi & Harada 2019, arXiv:1904.01774, the authors' code (3,000 of 10,000 steps).
-- @tparam number|function lr  f(step) -> number
-- @tparam integer fall  steps; 0: it does not fall
-- @treturn number|function  as an optimiser takes it
-- @raise if lr is neither, or fall is no integer >= 0
function M.falling(lr, fall)
  check.int("game.adapt.falling", 2, "fall", fall, 0)
  local f = schedule.check(lr, "game.adapt.falling")
  if fall == 0 then return lr end
  return function(step) return f(step) * 0.2 ^ ((step - 1) // fall) end
end

local Adapted = {}
Adapted.__index = Adapted

-- The label of the class that G is called with: nil of a run without classes; or nil and a message.
local function label_of(source, class)
  if not source.classes then
    return nil, class and ("--class: %s is not conditional"):format(source.path)
  end
  local y, message = latent.labels(source.classes, {0}, class or "#0")
  if not y then return nil, "--class: " .. message end
  return core.to_table(y)[1]
end

--- Adapts a run's generator: freezes it, and makes what is learnt. The run's checkpoints say how it was made, so that
-- generate.lua and evaluate.lua read them as those of any other.
-- @tparam Run run  of gan.train.run, with `options` and `defaults` of this file
-- @tparam table source  of gan.train.trained.open, which is taken over
-- @treturn Adapted  `G`, of gan.nn.adapted; `latents`, an embedding (n,Z) from 0 for the n images of the run's data;
--   `params`, the list of all that is learnt; `class`, the label that G is called with, or nil; `notes`, lines of text
--   to be told
-- @error if the generator has no batch norm, is an adapted one, or another size or class is asked for
function M.new(run, source)
  local opt = run.options
  local self = setmetatable({data = run.data, z = opt.z, trunc = opt.trunc, notes = {}}, Adapted)
  local note = type(source.nets) == "table" and source.nets.generator
  if type(note) == "table" and note.adapted then
    return nil, ("%s: is an adapted generator: give the run that it was made of"):format(source.path)
  end
  local wanted = M.defaults(source)
  for _, name in ipairs {"size", "channels", "z"} do
    if opt[name] ~= wanted[name] then
      return nil, ("--%s %s: G is that of %s, where it is %s: leave it out"):format(name, tostring(opt[name]),
        source.path, wanted[name])
    end
  end
  local message
  self.class, message = label_of(source, opt.class)
  if message then return nil, message end
  local average = opt.ema and source.ema
  if average then -- for good
    for i, t in ipairs(average.params) do core.copy_(t, average.shadow[i]) end
    for i, t in ipairs(average.statistics) do core.copy_(t, average.shadow_statistics[i]) end
  end
  self.G, message = check.try(nn.adapted, {source.G, class = self.class})
  if not self.G then return nil, ("%s: %s"):format(source.path, (message:gsub("^nn%.adapted: ", ""))) end
  local ok, why = made.adopt(run, note, self.class, opt.net)
  if not ok then return nil, why end
  self.latents = nn.embedding {self.data.n, self.z}
  core.copy_(self.latents.weight, core.full({self.data.n, self.z}, 0))
  self.params = self.G:params()
  self.params[#self.params + 1] = self.latents.weight
  local function tell(fmt, ...) self.notes[#self.notes + 1] = fmt:format(...) end
  tell("adapts G of %s, step %d, %s weights and statistics%s: %s beside %s", source.path, source.step,
    average and "averaged" or "plain", self.class and (", class %s"):format(check.shown(source.classes[self.class + 1]))
      or "", check.count(self.G:count(), "number"), check.count(self.data.n, "latent vector"))
  tell("images are %dx%d, %s, as G draws them; what is otherwise is fitted", opt.size, opt.size,
    opt.channels == 1 and "grey" or "in colour")
  if self.data.n > MANY then
    tell("%s: this method is for 25 to 100; of hundreds, training all weights learns more",
      check.count(self.data.n, "image"))
  end
  return self
end

--- Returns what G draws of learnt latent vectors.
-- @function Adapted:again
-- @tparam integer first  number of the first image of the data, from 1
-- @tparam integer n  how many
-- @treturn Tensor  (n,H,W,C)
-- @raise if there are no such images
function Adapted:again(first, n) return nn.evaluate(self.G, core.narrow(self.latents.weight, 1, first, n)) end

--- Returns what G draws of the straight line between two learnt latent vectors.
-- Source: Noguchi & Harada 2019, arXiv:1904.01774, sec. 4.4.
-- @function Adapted:between
-- @tparam integer a  number of an image of the data, from 1
-- @tparam integer b  that of another
-- @tparam integer n  pictures, from 2: the first is that of a, the last that of b
-- @treturn Tensor  (n,H,W,C)
-- @raise if there are no such images
function Adapted:between(a, b, n)
  check.int("game.adapt.between", 3, "n", n, 2)
  local all, rows = self.latents.weight, {}
  local from, to = core.to_table(core.narrow(all, 1, a, 1))[1], core.to_table(core.narrow(all, 1, b, 1))[1]
  for i = 1, n do rows[i] = latent.lerp(from, to, (i - 1) / (n - 1)) end
  return nn.evaluate(self.G, core.tensor(rows))
end

--- Returns the picture of an adaptation, rows of 8: of up to 24 images of the data each row, below it what G makes of
-- their latent vectors; the lines between two pairs of them; new pictures. White rows are between the three.
-- @function Adapted:sheet
-- @tparam Tensor samples  (N,H,W,C): the new pictures
-- @treturn Tensor  (8 M,H,W,C)
-- @treturn integer  8
-- @raise if samples are of another shape than G's pictures
function Adapted:sheet(samples)
  local list, s = {}, core.shape(samples)
  local function add(images)
    local missing = -core.size(images, 1) % COLUMNS
    list[#list + 1] = images
    if missing > 0 then list[#list + 1] = core.full({missing, s[2], s[3], s[4]}, 1) end
  end
  local function gap() list[#list + 1] = core.full({COLUMNS, s[2], s[3], s[4]}, 1) end
  local n = math.min(SHOWN, self.data.n)
  for first = 1, n, COLUMNS do
    local count, rows = math.min(COLUMNS, n - first + 1), {}
    for i = 1, count do rows[i] = first + i - 2 end
    add(data.to_real(self.data:rows(core.tensor(rows, "i32"))))
    add(self:again(first, count))
  end
  gap()
  for strip = 1, math.min(STRIPS, n // 2) do add(self:between(2 * strip - 1, 2 * strip, COLUMNS)) end
  gap()
  add(samples)
  return ops.cat(list, 1), COLUMNS
end

return M
