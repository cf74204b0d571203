--- A training run: options, data, the run's directory, resuming, status, pictures, checkpoints, Ctrl-C.
-- What a step does is the script's.
-- @module gan.train.run
local augmented = require "gan.game.augmented"
local core = require "gan.core"
local begin = require "gan.train.begin"
local check = require "gan.check"
local checkpoint = require "gan.model.checkpoint"
local command = require "gan.command"
local data = require "gan.data"
local directory = require "gan.train.directory"
local due = require "gan.train.due"
local health = require "gan.game.health"
local identity = require "gan.data.identity"
local latent = require "gan.latent"
local metrics = require "gan.measure.training"
local made = require "gan.model.made"
local options = require "gan.train.options"
local pictures = require "gan.show.pictures"
local play = require "gan.train.play"
local progress = require "gan.game.progress"
local quantities = require "gan.quantities"
local random = require "gan.random"
local recorders = require "gan.train.recorder"
local rescue = require "gan.train.rescue"
local saved = require "gan.train.saved"
local state = require "gan.state"
local stop = require "gan.train.stop"
local transfer = require "gan.model.transfer"
local varying = require "gan.game.varying"

local option = check.option

local Run = {}
Run.__index = Run

local STATUS_SECONDS = 5 -- between permanent status lines

-- ---- starting ----

-- Opens the run's data; ends the run where they do not suit it.
local function open_data(self, spec, given)
  local opt, recorder, unused = self.options, self.recorder
  self.data, unused = data.options.open(opt, given, spec.open)
  if not self.data then
    local moved = self.place.stored and not given.data and unused:find("cannot open", 1, true)
    recorder:stop("%s%s", unused, moved and "; --data PATH: where they are now" or "")
  end
  command.drop(self.declared, opt, unused)
  self.own_data = spec.open and true
  local name = opt.data or self.data.source or "of the script"
  if spec.conditional or opt.conditional then
    if not (self.data.labels and self.data.classes) then
      recorder:stop("--data %s has no classes, which this recipe needs: give labelled data, or a folder with a "
        .. "sub-folder for each class", name)
    end
    self.classes = #self.data.classes
  end
  self.identity = identity.of(self.data)
  self.data, self.held_out = recorder:must(augmented.hold_out(self.data, opt))
end

local known = {
  recipe = option.string {default = "run"}, summary = option.string {default = ""}, sizes = option.table {},
  defaults = option.table {}, options = option.table {}, without = option.table {},
  conditional = option.boolean {default = false}, open = option.callable {}, arg = option.table {},
  annotations = option.table {},
  recorder = option.where {
    expected = "a recorder (gan.train.recorder)",
    accept = function(v) return type(v) == "table" and check.callable(v.must) and v or nil end,
  },
}

--- Starts a run: reads the command line, opens the data, finds the run's place.
-- Where that fails, the program prints one line and ends with exit code 1; with a silent recorder it raises.
--
-- The run has the fields `options`, `varying` (the same, schedules among them as functions of the step), `data` (the
-- data set), `classes` (how many, of a conditional run), `total` (steps), `scale` (a factor on step sizes: 1, halved by
-- every rollback; optimisers that the run keeps have it in their lr) and `health`.
-- @function gan.train.run
-- @tparam[opt] table spec  options
-- @tparam[opt="run"] string spec.recipe  such as "dcgan": part of the run's name
-- @tparam[opt=""] string spec.summary  for --help
-- @tparam[opt] table spec.sizes  list of possible --size
-- @tparam[opt] table spec.defaults  option -> value
-- @tparam[opt] table spec.options  further ones, as gan.command.declare takes them
-- @tparam[opt] table spec.without  names of options that mean nothing here
-- @tparam[opt=false] boolean spec.conditional  the data must have labels; or the script's own flag --conditional is set
-- @tparam[opt] table spec.annotations  of "attributes", "boxes", "mask", "captions": what batches have beside images
-- @tparam[opt] function spec.open  f(options) -> data set, which may have a method `batches` of its own; or nil and a
--   message; default: gan.data.open of --data; options of data that f does not look at are not the run's, and
--   evaluate.lua asks for --data
-- @tparam[opt] table spec.arg  words of the command line; default: the script's
-- @tparam[opt] table spec.recorder  of gan.train.recorder; default: console and disk
-- @treturn table run
-- @raise if an option of spec is unknown, or one of spec.options is declared wrongly or taken
local function start(spec)
  spec = check.options("train.run", spec, known)
  spec.arg = spec.arg or _G.arg or {}
  local program = (spec.arg[0] or "gan"):match "[^/]*$"
  local recorder = spec.recorder or recorders.disk(program)
  local self = setmetatable({recipe = spec.recipe, streams = {}, parts = {}, given = {}, nets = {}, sources = {},
    files = {}, hooks = {}, base_lr = {}, recorder = recorder, rollbacks = 0, scale = 1,
    health = health.new(), annotations = spec.annotations, script = spec.arg[0],
    command = command.shell {spec.arg[-1] or "lua", spec.arg[0] or "SCRIPT"}}, Run)
  if recorder.keeps then
    local weak = setmetatable({self}, {__mode = "v"}) -- a run that is given up gives its lock back
    stop.when_exhausted(function(message)
      local kept = weak[1] and weak[1]:last_saved()
      return weak[1] and weak[1].recorder:stop("%s%s", message, kept and "; " .. kept or "")
    end)
  end
  local defaults = {threads = core.threads()}
  for k, v in pairs(spec.defaults or {}) do defaults[k] = v end
  local list = command.extend(options.training, spec.options, spec.without)
  self.declared = command.declare(list, defaults, {size = spec.sizes})
  local opt, given = recorder:must(command.parse(self.declared, spec.arg, {name = program, summary = spec.summary,
    mark = command.mark, epilog = command.MARKS}))
  recorder:must(options.check(opt, given, self.declared))
  self.options = opt
  self.place = recorder:must(directory.locate(self.declared, opt, given, checkpoint.settings))
  if opt.on_collapse == "rollback" and not recorder.keeps then
    recorder:stop "--on-collapse rollback: there is nothing to go back to where no checkpoint is written"
  end
  core.threads(opt.threads)
  open_data(self, spec, given)
  random.seed(opt.seed)
  self.loader = recorder:must(pictures.training(self))
  self.total, self.unset = progress.total_steps(opt, self.data.n)
  self.varying = command.varying(self.declared, opt, self.total, progress.images(opt))
  self.step, self.window = 0, opt.log_every > 0 and progress.window() or nil
  recorder:must(directory.recognise(self.place, self, checkpoint.step))
  recorder:must(transfer.open(self))
  self:show()
  self.measure = recorder:must(metrics.new(self))
  self.parts.measure = self.measure
  return self
end

--- Returns a player's step size: --dlr or --glr where it was given, else --lr. Cannot fail.
-- @tparam string player  "D" or "G"
-- @treturn number|function  a number, or f(step) -> number where the option is a schedule: what optimisers take
function Run:lr(player) return self.varying[player == "D" and "dlr" or "glr"] or self.varying.lr end

--- Returns a named random stream of the run's seed; its position is part of the checkpoints.
-- @tparam string name  such as "z"
-- @treturn Stream  the same one for the same name
-- @raise if name is no string, or a stream of the run's own
function Run:stream(name)
  local owner = saved.own_streams[name]
  if owner then return check.fail("Run:stream", "the name '%s' is taken by %s", name, owner) end
  if not self.streams[name] then
    local rng, at = core.rng(self.options.seed, name), self.stored and self.stored[name]
    if at then rng:load(at[1], at[2]) end -- first asked for after the run went on
    self.streams[name] = rng
  end
  return self.streams[name]
end

--- Adds to what makes up the run besides data and streams: all of it is saved with the run, and restored.
-- @tparam table parts  name -> net, optimiser, or anything with state() and load(); or a table of plain values, tensors
--   and streams of the script, which is restored in place (gan.state)
-- @raise if a name is taken, or a part cannot be saved
function Run:save_with(parts)
  for name, v in pairs(check.braces("Run:save_with", "parts", parts)) do
    local owner = saved.owner(self, name, v)
    if owner then return check.fail("Run:save_with", "the name '%s' is taken by %s", tostring(name), owner) end
    self.parts[name], self.given[name] = state.part(name, v), v
  end
end

--- Chooses the generator that pictures show.
-- @tparam Module G  the generator
-- @tparam[opt] EMA average  its weights stand in for G's own
-- @tparam[opt] table opt
-- @tparam[opt] function opt.paint  f(path, samples, columns) -> true, or nil and a message: for what is no images;
--   default: gan.show.grid.save
-- @tparam[opt=64] integer opt.count  samples in a picture of a run that is not conditional
-- @raise if an option is unknown or out of range
function Run:show(G, average, opt) pictures.choose(self, G, average, opt) end

--- Makes the generator for this run: its size, channels and classes, --z, --ngf, and starting values from the stream
-- "init.G". Checkpoints say how to make it again: generate.lua does, and for a Lua file `generate.lua --net FILE`.
-- @tparam string name  of gan.model, such as "dcgan"; or a Lua file (gan.model.own), "nets.lua", beside the script
-- @tparam[opt] table extra  further options of the architecture: plain values
-- @treturn Module
-- @raise if there is no such architecture, or it does not take an option
function Run:generator(name, extra) return made.make(self, "generator", name, extra) end

--- Makes the discriminator likewise: its size, channels and classes, --ndf, the stream "init.D".
-- @tparam string name  as for `generator`
-- @tparam[opt] table extra  as for `generator`
-- @treturn Module
-- @raise as for `generator`
function Run:discriminator(name, extra) return made.make(self, "discriminator", name, extra) end

--- Draws the labels of n images of the data, from the stream "labels".
-- @tparam integer n  from 1
-- @treturn Tensor  i32 (n)
-- @raise if the data have no labels
function Run:labels(n)
  return core.gather_rows(self.data.labels, self:stream "labels":integer({n}, 0, self.data.n - 1))
end

--- Draws other labels in the place of y, every other class as likely as any, from the stream "mismatch".
-- @tparam Tensor y  i32 (N)
-- @treturn Tensor  i32 (N)
-- @raise if the data have one class only
function Run:wrong_labels(y) return latent.other_labels(y, self.classes, self:stream "mismatch") end

--- Sets functions that the run calls.
-- @tparam table hooks  by name
-- @tparam[opt] function hooks.on_status  f(run, record), before a record is written; may add numbers to it
-- @tparam[opt] function hooks.on_snapshot  f(run, step, path), after a snapshot was written
-- @raise if a hook is unknown, or set already
function Run:on(hooks)
  hooks = check.options("Run:on", hooks, {on_status = option.callable {}, on_snapshot = option.callable {}})
  for name, f in pairs(hooks) do
    if self.hooks[name] then return check.fail("Run:on", "the hook '%s' is set already", name) end
    self.hooks[name] = f
  end
end

--- Trains to the end of the run with what its options say: Adam for both players with --lr, --beta1 and --beta2,
-- --dsteps and --gsteps updates, an average of G by --ema-kimg, latent vectors from the stream "z".
-- What is given in spec replaces or adds to that. The game is conditional if the run is (`classes`).
-- @tparam table spec  everything that gan.game.loop takes, except batch, scale, watch, streams and last_saved; and
-- @tparam Module spec.G  the generator
-- @tparam Module spec.D  the discriminator, or critic
-- @tparam[opt] table spec.loss  default: the logistic one
-- @tparam[opt] function spec.optimiser  f(params, "D" or "G") -> optimiser
-- @tparam[opt] table spec.condition  what G and D are told, of the annotations (gan.data.conditions)
-- @tparam[opt] table spec.save_with  parts, for run:save_with
-- @tparam[opt] table spec.show  options of run:show
-- @tparam[opt] table spec.hooks  those of the loop, and those of run:on
-- @raise if an option is unknown or wrong; what a hook raises, with the step and the last checkpoint
function Run:train(spec) return play(self, spec) end

--- Says which checkpoint would be left if the program ended now. Cannot fail.
-- @treturn string  such as "runs/a/checkpoint_last.safetensors keeps step 500"; nil where there is none
function Run:last_saved()
  return self.saved_step and ("%s/%s keeps step %d"):format(self.place.dir, directory.LAST, self.saved_step)
end

--- Returns the next batch of real images. Ends the run where a file of the data has changed or is gone.
-- @treturn Tensor  (N,H,W,C) in [-1,1]
-- @treturn Tensor  labels, i32 (N), if the data have them; then what else gan.data.batches gives
-- @raise if the recorder does, in place of ending the program
function Run:batch()
  local real, labels, rows, geometry, beside = check.try(self.loader)
  if not real then
    self.recorder:stop("%s; %s", labels:gsub("^next: ", ""), self:last_saved() or "nothing was saved")
  end
  return real, labels, rows, geometry, beside
end

-- ---- the loop ----

-- The state of things as a record to write, or not; `close`: means start anew. window: of gan.game.progress.
local function record_of(self, write, close, window)
  local record = self.health:record(self.meter:record(self.loader.epoch, close, window))
  local hook = write and self.hooks.on_status
  local changed = hook and quantities.changed(record, function() hook(self, record) end)
  return not changed and record or check.fail("Run:on", "the hook on_status %s", changed)
end

-- Everything between two steps.
local function after_step(self)
  self.step, self.rolled = self.step + 1, nil
  local opt, step, recorder = self.options, self.step, self.recorder
  if opt.dry_run then
    if self.broken then recorder:stop("step %d: %s", step, self.broken) end
    return begin.pace(self)
  end
  local word, why = rescue.trouble(self)
  if word and rescue.cured(self, word, why) then return end
  local last, interrupted = step == self.total, recorder:interrupted()
  local measured, best = recorder:must(self.measure:after_step())
  self.meter:add(step, measured)
  begin.pace(self)
  local record, what, every = nil, due.after(self, best, last or interrupted), opt.log_every
  local whole = every > 0 and step % every == 0 -- the last may be of fewer steps: they count in the next, too
  if whole or every > 0 and last then recorder:record(record_of(self, true, whole, self.window)) end
  if what.save or next(measured) or self.meter:waiting() > STATUS_SECONDS then -- means never go beyond a checkpoint
    record = record_of(self, true, true)
    if every == 0 then recorder:record(record) end
  else
    recorder:live(function() return record_of(self) end)
  end
  if due.make(self, what, record) then return end
  if last then
    self.finished = true
    recorder:say("done: %s; pictures: %s%s", check.count(step, "step"), self.last_picture or self.place.dir,
      recorder.page and "; report: " .. recorder.page.path or "")
  elseif interrupted then
    self.finished, self.interrupted = true, true
    recorder:say("stopped after step %d of %d, all is saved; go on with: %s --resume %s", step, self.total,
      self.command, command.shell {self.place.dir})
  end
end

--- Returns the steps to do, for `for step in run:steps() do ... end`. Between steps the run saves, draws, and tells. It
-- ends after the last step, or after the one in which Ctrl-C came.
-- @treturn function  () -> step, or nil at the end
-- @raise with a silent recorder: what would end the program
function Run:steps()
  begin.run(self)
  local busy = false
  return function()
    if busy then after_step(self) end
    if self.finished then return nil end
    busy = true
    varying.before(self, self.step + 1)
    return self.step + 1
  end
end

--- Tells what a step came to; the status line shows means over the steps since the last one.
-- Names that gan.quantities has as logits (`real`, `fake`, `fake_after`, `wrong`) take D's logits, and are shown as the
-- mean of their sigmoid. A loss that is NaN or infinite ends the run, or takes it back (--on-collapse rollback).
-- @tparam table values  name -> number, or tensor of one element: `D`, `G` (losses), and any others
-- @raise outside `steps`; if a value is no number or tensor, or a name that of a number which the run fills in itself
function Run:report(values)
  local numbers, broken = self.health:read(values)
  if not self.meter then return check.fail("Run:report", "call it for each step within `for step in run:steps()`") end
  self.broken = broken or self.broken
  local still = self.health:step_sizes(numbers, self.parts, self.step + 1, self.total)
  if still then self.recorder:say("%s", still) end
  self.health:add(numbers)
  self.meter:add(self.step + 1, numbers, varying.settings(self))
end

--- Looks at a player's gradients, for the run's health.
-- @tparam string player  "D" or "G"
-- @tparam table grads  list of tensors
-- @treturn table  the same list
-- @raise if grads is no list of tensors
-- @usage optD:step(run:watch("D", grads))
function Run:watch(player, grads)
  if health.due(self.step + 1) then self.health:gradient(player, grads, self.parts["opt" .. player]) end
  return grads
end

--- Ends the run; after Ctrl-C it ends the program, with exit code 130. Cannot fail.
function Run:close()
  self.loader:close()
  self.recorder:close(self.interrupted)
  if self.recorder.keeps then stop.when_exhausted(nil) end
end

for old, new in pairs {keep = "save_with", kept = "last_saved", draw = "show"} do
  Run[old] = function() return check.fail(old, "this method is called run:%s now", new) end
end

return start
