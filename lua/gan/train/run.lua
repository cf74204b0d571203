--- A training run: options, data, the run's directory, resuming, status, pictures, checkpoints, Ctrl-C. The game itself, what a
-- step does, stays in the script.
local core = require "gan.core"
local check = require "gan.check"
local checkpoint = require "gan.file.safetensors"
local data = require "gan.data"
local grid = require "gan.show.grid"
local health = require "gan.game.health"
local json = require "gan.file.json"
local keep = require "gan.train.parts"
local log = require "gan.train.log"
local measure = require "gan.train.metrics"
local models = require "gan.model"
local options = require "gan.train.options"
local play = require "gan.train.play"
local progress = require "gan.train.progress"
local random = require "gan.random"
local directory = require "gan.train.directory"
local text = require "gan.file.text"
local nn = require "gan.nn"
local exit = require "gan.train.stop"
local lfs = require "lfs"

local Run = {}
Run.__index = Run

local reserved = {run = true, data = true, rng = true, masks = true, health = true, measure = true} -- names in a checkpoint that parts cannot have

local STATUS_SECONDS = 5 -- between permanent status lines
local SAVE_SECONDS = 300 -- a checkpoint at least this often
local PICTURES = 64 -- in a grid
local EARLY = {[10] = true, [50] = true, [200] = true} -- steps with a picture, besides every --snap
local DRY_STEPS = 4 -- of --dry-run; the first one warms up
local FORMAT = 2 -- of a run's checkpoint
local ROWS, COLUMNS = 16, 8 -- of a conditional run's grid, a row for each class: at most so many
local GOOD = "checkpoint_good.safetensors" -- what --on-collapse rollback goes back to
local GOOD_STEPS = 500 -- between two of them where --snap is 0
local MAX_ROLLBACKS = 5

-- The outside world failed, or the user's options do not work: one line, and out.
local function stop(self, fmt, ...)
  self.log:close()
  return exit(self.program, fmt, ...)
end

local function must(self, ok, message, ...)
  if not ok then return stop(self, "%s", message) end
  return ok, message, ...
end

-- ---- starting ----

-- A checkpoint's own options, for --resume FILE.
local function checkpoint_options(path)
  local tree, message = checkpoint.load(path, function(name) return name:find "^run%." end)
  if not tree then return nil, message end
  return options.unpack(tree, path)
end

local function step_of(path)
  local tree = checkpoint.load(path, function(name) return name == "run.step" end)
  return tree and type(tree.run) == "table" and math.type(tree.run.step) == "integer" and tree.run.step or nil
end

local function batches(self, opt) return (self.data.batches or data.batches)(self.data, opt) end

--- Starts a run: reads the command line, opens the data, finds the run's place. Prints one line and exits with 1 where that fails.
-- @tparam table spec recipe ("dcgan": part of the run's name), summary (for --help), sizes (list of possible --size), defaults
--   (option -> value), options (further ones, as in gan.train.options.training), without (names of those of them that mean nothing here),
--   conditional (true: the data must have labels), open (f(options) -> data set or nil, message; default: gan.data.open of --data; a set may have
--   a method batches of its own), arg (words of the command line; default: the script's)
-- @treturn table with fields options, data (the data set), classes (how many, of a conditional run), total (steps), scale (a factor on step
--   sizes: 1, halved by every rollback; optimisers that the run keeps have it in their lr), health; and the methods below
local function start(spec)
  spec = check.options("train.run", spec, {recipe = "run", summary = "", sizes = check.none, defaults = {}, options = {}, without = {}, open = check.none,
    conditional = false, arg = _G.arg or {}})
  local self = setmetatable({recipe = spec.recipe, program = (spec.arg[0] or "gan"):match "[^/]*$", streams = {}, parts = {}, nets = {}, hooks = {},
    log = log.new(), rollbacks = 0, scale = 1, health = health.new(), command = ("%s %s"):format(spec.arg[-1] or "lua", spec.arg[0] or "SCRIPT")}, Run)
  local defaults = {threads = core.threads()}
  for k, v in pairs(spec.defaults) do defaults[k] = v end
  self.declared = options.declare(options.extend(options.training, spec.options, spec.without), defaults, {size = spec.sizes})
  local opt, given = options.parse(self.declared, spec.arg, {name = self.program, summary = spec.summary})
  must(self, opt, given)
  must(self, options.check_length(given))
  must(self, options.check_blocks(opt))
  self.options = opt
  self.place = must(self, directory.locate(self.declared, opt, given, checkpoint_options))
  core.threads(opt.threads)
  if spec.open then self.data = must(self, spec.open(opt))
  else self.data = must(self, data.open(opt.data, {size = opt.size, limit = opt.limit})) end
  if spec.conditional then
    if not (self.data.labels and self.data.classes) then
      stop(self, "--data %s has no classes, which this recipe needs: give labelled data, or a folder with a sub-folder for each class", opt.data)
    end
    self.classes = #self.data.classes
  end
  if opt.batch > self.data.n then
    stop(self, "--batch %d is more than the data: %s has %d images", opt.batch, opt.data, self.data.n)
  end
  random.seed(opt.seed)
  self.loader = batches(self, {batch = opt.batch, seed = opt.seed, mirror = opt.mirror})
  self.total = options.total_steps(opt, self.data.n)
  self.step = 0
  self:draw()
  self.measure = must(self, measure.new(self))
  self.parts.measure = self.measure
  return self
end

--- A player's step size: --dlr or --glr where it was given, else --lr.
function Run:lr(player) return self.options[player == "D" and "dlr" or "glr"] or self.options.lr end

--- A named random stream of the run's seed; its position is part of the checkpoints.
function Run:stream(name)
  if not self.streams[name] then
    local rng, at = core.rng(self.options.seed, name), self.stored and self.stored[name]
    if at then rng:load(at[1], at[2]) end -- first asked for after the run went on
    self.streams[name] = rng
  end
  return self.streams[name]
end

--- Says what makes up the run besides data and streams; all of it is in checkpoints: name -> net, optimiser, or anything with state() and
-- load(); or a table of plain values, tensors and streams of the script, which is kept in place. See gan.train.parts.
function Run:keep(parts)
  for name, part in pairs(parts) do
    if reserved[name] then return check.fail("keep", "the name '%s' is taken by the run itself", name) end
    self.parts[name] = keep.part(name, part)
  end
end

--- Pictures are to show G, with the weights of the average `ema` if there is one.
-- @tparam Module G
-- @tparam[opt] table ema
-- @tparam[opt] table opt paint: f(path, samples, columns) -> true, or nil and a message, for what is no images (default: gan.show.grid.save);
--   count = 64: samples in a picture of a run that is not conditional
function Run:draw(G, ema, opt)
  opt = check.options("draw", opt, {paint = function(path, images, columns) return grid.save(path, images, {columns = columns}) end, count = PICTURES})
  self.G, self.ema, self.paint, self.count = G, ema, opt.paint, check.int("draw", 3, "count", opt.count, 1)
end

-- A net of gan.model[name] for this run's data and options; what made it is kept, so that others can make it again.
local function net(self, kind, name, width, extra)
  local model = models[name]
  local opt = {size = self.options.size, channels = self.data.channels, classes = self.classes, [width] = self.options[width]}
  if kind == "generator" then opt.z = self.options.z end
  for k, v in pairs(extra or {}) do opt[k] = v end
  self.nets[kind] = {model = name, options = json.encode(opt)}
  opt.rng = self:stream(kind == "generator" and "init.G" or "init.D")
  return model[kind](opt)
end

--- The generator of an architecture, gan.model[name], for this run: its size, channels, classes, --z, --ngf, starting values from the stream
-- "init.G". Its checkpoints say how to make it again (generate.lua does).
-- @tparam string name such as "dcgan"
-- @tparam[opt] table extra further options of the architecture: plain values
function Run:generator(name, extra) return net(self, "generator", name, "ngf", extra) end

--- The discriminator, likewise, with --ndf.
function Run:discriminator(name, extra) return net(self, "discriminator", name, "ndf", extra) end

--- Labels of n images drawn from the data, from the stream "labels": i32 (n).
function Run:labels(n)
  local rows = core.to_table(self:stream "labels":integer({n}, 1, self.data.n))
  self.all_labels = self.all_labels or core.to_table(self.data.labels)
  for i, row in ipairs(rows) do rows[i] = self.all_labels[row] end
  return core.tensor(rows, "i32")
end

--- For labels y, others of the same data, every other class as likely as any: i32 (n), from the stream "mismatch".
function Run:wrong_labels(y)
  if self.classes < 2 then return check.fail("wrong_labels", "the data have one class only") end
  local labels = core.to_table(y)
  for i, by in ipairs(core.to_table(self:stream "mismatch":integer({#labels}, 1, self.classes - 1))) do
    labels[i] = (labels[i] + by) % self.classes
  end
  return core.tensor(labels, "i32")
end

--- Functions to be called: on_status(run, record) before a status line is written (numbers may be added to the record), on_snapshot(run,
-- step, path) after a snapshot was.
function Run:on(hooks)
  for name, f in pairs(check.options("on", hooks, {on_status = check.none, on_snapshot = check.none})) do self.hooks[name] = f end
end

--- Trains to the end of the run with what its options say: Adam for both players with --lr, --beta1 and --beta2, --dsteps and --gsteps updates,
-- an average of G by --ema, latent vectors from the stream "z". What is given in spec replaces or adds to that.
-- The game is conditional if the run is (run.classes).
-- @tparam table spec G, D, loss (default: the logistic one), and everything that gan.game.loop takes, except batch, scale, watch; further
--   optimiser: f(params, "D" or "G") -> optimiser; keep: table for run:keep; draw: third
--   argument of run:draw; hooks also on_status(run, record) and on_snapshot(run, step, path)
function Run:train(spec) return play(self, spec) end

--- What would be left if the program ended now, as a text: "runs/a/checkpoint_last.safetensors keeps step 500"; or nil.
function Run:kept() return self.saved_step and ("%s/%s keeps step %d"):format(self.place.dir, directory.LAST, self.saved_step) end

--- The next batch of real images: (N,H,W,C) in [-1,1], and labels if the data has them.
function Run:batch() return self.loader() end

-- ---- state ----

-- Random streams inside parts: "name.where" -> stream.
local function inner_streams(self)
  local out = {}
  for name, part in pairs(self.parts) do
    for where, rng in pairs(part.streams and part:streams() or {}) do out[name .. "." .. where] = rng end
  end
  return out
end

local function state(self)
  local tree = {
    run = {format = FORMAT, recipe = self.recipe, step = self.step, z = self.fixed_z, y = self.fixed_y, channels = self.data.channels,
      classes = self.classes and (self.data.classes or {}), nets = self.nets, rollbacks = self.rollbacks, random = {random.default():state()},
      options = options.pack(self.declared, self.options)},
    data = self.loader:state(), rng = {}, masks = {}, health = self.health:state(),
  }
  for name, rng in pairs(self.streams) do tree.rng[name] = {rng:state()} end
  for name, rng in pairs(inner_streams(self)) do tree.masks[name] = {rng:state()} end
  for name, part in pairs(self.parts) do tree[name] = part:state() end
  return tree
end

-- Sets the factor on step sizes, in the optimisers that are kept, too.
local function rescale(self, rollbacks)
  self.rollbacks, self.scale = rollbacks, 0.5 ^ rollbacks
  for _, part in pairs(self.parts) do
    if type(part.lr) == "number" and part.step then
      self.base_lr[part] = self.base_lr[part] or part.lr
      part.lr = self.base_lr[part] * self.scale
    end
  end
end

local function restore(self, path)
  local tree = must(self, checkpoint.load(path))
  local function fit(ok, what) if not ok then stop(self, "%s: does not fit this run: %s", path, what) end end
  local run = tree.run
  fit(type(run) == "table" and math.type(run.step) == "integer", "expected the checkpoint of a run")
  fit(run.format == FORMAT, ("expected format %d, found %s (made by another version)"):format(FORMAT, tostring(run.format)))
  fit(run.recipe == self.recipe, ("expected recipe %s, found %s"):format(self.recipe, tostring(run.recipe)))
  fit(core.is_tensor(run.z), "run.z is missing")
  local function streams(own, stored, what)
    for name, rng in pairs(own) do
      local s = type(stored) == "table" and stored[name]
      fit(type(s) == "table" and math.type(s[1]) == "integer" and math.type(s[2]) == "integer", what .. name .. " is missing")
      rng:load(s[1], s[2])
    end
  end
  streams(self.streams, tree.rng, "rng.")
  self.stored = tree.rng
  for name, part in pairs(self.parts) do
    local stored = tree[name]
    if stored == nil then stored = {} end
    local ok, result, message = pcall(part.load, part, stored)
    fit(ok and (result ~= nil or message == nil), ("%s: %s"):format(name, check.placeless(ok and message or result)))
  end
  streams(inner_streams(self), tree.masks, "masks.")
  self.health:load(tree.health or {})
  local ok, result, message = pcall(self.loader.load, self.loader, tree.data)
  fit(ok and result, tostring(ok and message or result))
  streams({random = random.default()}, run, "run.")
  self.step, self.fixed_z, self.fixed_y = run.step, run.z, run.y
  rescale(self, math.max(self.rollbacks, math.tointeger(run.rollbacks) or 0))
end

-- The name of a tensor that holds NaN or infinity, or nil.
local function not_finite(name, v)
  if core.is_tensor(v) and core.dtype(v) == "real" then
    local x = core.sum(v):item()
    return x - x ~= 0 and name or nil
  end
  for key, x in pairs(type(v) == "table" and v or {}) do
    local found = not_finite(("%s.%s"):format(name, key), x)
    if found then return found end
  end
end

-- A net that holds NaN is not worth keeping: the last good checkpoint stays. True, or nil and what is not finite.
local function save(self)
  if self.saved_step == self.step then return true end
  local tree, path = state(self), self.place.dir .. "/" .. directory.LAST
  for name in pairs(self.parts) do
    local found = not_finite(name, tree[name])
    if found then return nil, found .. " is not finite" end
  end
  must(self, checkpoint.save(path, tree))
  self.saved_step, self.saved_at = self.step, core.clock()
  return true
end

-- ---- pictures ----

local function picture(self, name)
  if not self.G then return end
  local images = nn.evaluate(self.G, self.fixed_z, self.fixed_y, {batch = self.options.batch, average = self.ema})
  must(self, self.paint(self.place.dir .. "/" .. name, images, self.fixed_y and COLUMNS or nil))
  self.picture = self.place.dir .. "/" .. name
end

-- The first n real images of the run's first epoch.
local function real_images(self, n)
  local loader <close> = batches(self, {batch = math.min(n, self.data.n), seed = self.options.seed, prefetch = false})
  return (loader())
end

-- What pictures are drawn from: latent vectors; of a conditional run the same few for each class, a row a class.
local function fix(self)
  local z = self:stream "pictures":normal {self.count, self.options.z}
  self.fixed_z = z
  if not self.classes then return end
  local rows, labels = math.min(self.classes, ROWS), {}
  for r = 1, rows do
    for c = 1, COLUMNS do labels[(r - 1) * COLUMNS + c] = (r - 1) * self.classes // rows end
  end
  local row, list = core.narrow(z, 1, 1, COLUMNS), {}
  for r = 1, rows do list[r] = row end
  self.fixed_z, self.fixed_y = core.cat(list, 1), core.tensor(labels, "i32")
end

-- ---- the loop ----

local function networks(self)
  local names = {}
  for name, part in pairs(self.parts) do if type(part.count) == "function" then names[#names + 1] = name end end
  table.sort(names)
  return names
end

local function introduce(self)
  local opt, sizes = self.options, {}
  for _, name in ipairs(networks(self)) do
    sizes[#sizes + 1] = ("%s %.2fM parameters"):format(name, self.parts[name]:count() / 1e6)
  end
  self.log:say("%s", options.describe(self.declared, opt))
  self.log:say("data: %s", self.data:describe())
  self.log:say("%s; %d steps of batch %d", table.concat(sizes, ", "), self.total, opt.batch)
end

local function label(self)
  local opt = self.options
  local name = (opt.data or self.data.source):match "([^/]*)/*$":gsub("%.[%w.]*$", ""):gsub("[^%w_-]+", "_")
  return ("%s-%s%s"):format(name ~= "" and name or "data", self.recipe, opt.size and ("-%d"):format(opt.size) or "")
end

local function write_options(self)
  local all = {}
  for _, d in ipairs(self.declared) do all[d.field] = self.options[d.field] end
  must(self, text.write(self.place.dir .. "/options.json", json.encode {recipe = self.recipe, version = core.version_string,
    total_steps = self.total, options = all} .. "\n"))
end

local function begin(self)
  local opt = self.options
  fix(self)
  if opt.dry_run then
    for _, name in ipairs(networks(self)) do self.log:say("%s\n", tostring(self.parts[name])) end
    introduce(self)
    self.meter = progress.new(DRY_STEPS, opt.batch * (opt.dsteps or 1), 0)
    return
  end
  must(self, directory.enter(self.place, self.declared, opt, label(self), function(path)
    local step = step_of(path)
    return not step or step < self.total
  end))
  local place = self.place
  if self.data.n > 1 then self.health:real(real_images(self, health.PICTURES)) end
  self.base_lr = {}
  if place.from then restore(self, place.from) end
  write_options(self)
  must(self, directory.rewind_stats(place.dir .. "/stats.jsonl", self.step))
  must(self, self.log:open(place.dir))
  introduce(self)
  must(self, self.measure:begin())
  core.catch_interrupt(true)
  if self.step > 0 then
    must(self, self.log:say("%s: goes on from step %d%s", place.dir, self.step,
      opt.resume == "auto" and " (--resume new starts anew)" or ""))
  else
    must(self, self.log:say("%s: starts", place.dir))
  end
  if self.step == 0 or place.from ~= place.dir .. "/" .. directory.LAST then
    must(self, self.paint(self.place.dir .. "/reals.png", real_images(self, self.count)))
    if self.step == 0 then picture(self, "fakes_init.png") end
    must(self, save(self))
  end
  self.saved_step, self.saved_at = self.step, core.clock()
  if opt.on_collapse == "rollback" and not lfs.attributes(place.dir .. "/" .. GOOD) then
    must(self, directory.link(place.dir .. "/" .. directory.LAST, place.dir .. "/" .. GOOD))
  end
  collectgarbage() -- what starting needed is not needed again
  core.memory_trim()
  self.meter = progress.new(self.total, opt.batch * (opt.dsteps or 1), self.step)
  if self.step >= self.total then
    must(self, self.log:say("already at step %d of %d; --steps trains longer", self.step, self.total))
    self.finished = true
  end
end

local function dry_report(self)
  if self.step == 1 then self.meter = progress.new(DRY_STEPS, self.meter.images, 1) end
  if self.step < DRY_STEPS then return end
  local seconds = (core.clock() - self.meter.began) / (DRY_STEPS - 1)
  local _, peak = core.rss()
  self.log:say("%.3f s a step (%.0f images/s), %.2f GB; %d steps take about %s", seconds, self.meter.images / seconds, peak / 1e9,
    self.total, progress.clock_text(seconds * self.total))
  self.finished = true
end

-- The state of things as a record; `close`: means start anew.
local function record_of(self, close)
  local record = self.health:record(self.meter:record(self.loader.epoch, close))
  if close and self.hooks.on_status then self.hooks.on_status(self, record) end
  return record
end

local function status(self)
  local record = record_of(self, true)
  must(self, self.log:status(progress.line(record), record))
end

-- ---- health ----

-- Back to the last good checkpoint, with fresh random streams and half the step size; the data come in the order in which they came.
local function rollback(self, word, why)
  local from, rollbacks, dir = self.step, self.rollbacks + 1, self.place.dir
  if rollbacks > MAX_ROLLBACKS then
    stop(self, "step %d: %s (%s); stopped after %d rollbacks, %s", from, word, why, MAX_ROLLBACKS, self:kept())
  end
  restore(self, dir .. "/" .. GOOD)
  rescale(self, rollbacks)
  local function refresh(streams, what)
    for name, rng in pairs(streams) do
      if name ~= "pictures" then rng:load(core.rng(self.options.seed, ("%s%s, rollback %d"):format(what, name, rollbacks)):state()) end
    end
  end
  refresh(self.streams, "")
  refresh(inner_streams(self), "inner ")
  refresh({random = random.default()}, "")
  self.broken, self.saved_step = nil, nil
  must(self, save(self))
  self.meter = progress.new(self.total, self.meter.images, self.step)
  must(self, directory.rewind_stats(dir .. "/stats.jsonl", self.step))
  must(self, self.log:open(dir))
  must(self, self.log:say("step %d: %s (%s): back to step %d with other random numbers and %g of the step size", from, word, why, self.step, self.scale))
  must(self, self.log:record {step = self.step, rollback = rollbacks, from = from, health = word, why = why, scale = self.scale})
end

-- What is wrong after a step: a word and the numbers that led to it, or nil. A new word is told.
local function trouble(self)
  if self.broken then return "diverged", self.broken end
  if not health.due(self.step) then return nil end
  local n = self.G and math.min(health.PICTURES, core.size(self.fixed_z, 1))
  local y = self.fixed_y and core.narrow(self.fixed_y, 1, 1, n)
  local before = self.health.word
  local word, why = self.health:check(n and nn.evaluate(self.G, core.narrow(self.fixed_z, 1, 1, n), y, {batch = self.options.batch}))
  if self.step == health.EVERY and self.health:probabilities() then
    must(self, self.log:say("step %d: all of D's answers lie between 0 and 1: are they probabilities? Losses take logits, so D ends without a sigmoid",
      self.step))
  end
  if word ~= before then
    must(self, self.log:say("step %d: health: %s%s", self.step, word, why ~= "" and (" (%s)"):format(why) or ""))
  end
  return health.severe[word] and word or nil, why
end

-- Does what --on-collapse says; true if the run went back.
local function cured(self, word, why)
  local policy = self.options.on_collapse
  if policy == "rollback" then
    rollback(self, word, why)
    return true
  end
  if self.broken or policy == "stop" then
    must(self, self.log:record {step = self.step, health = word, why = why})
    stop(self, "step %d: %s; stopped%s%s", self.step, self.broken or ("%s (%s)"):format(word, why),
      self.saved_step and (", %s keeps step %d"):format(directory.LAST, self.saved_step) or "", self.broken and " (a lower --lr may help)" or "")
  end
end

-- Saves where a net is finite; true if the run went back because it is not.
local function save_or_cure(self)
  local ok, what = save(self)
  if ok then return false end
  self.broken = what
  return cured(self, "diverged", what)
end

-- Everything between two steps.
local function after_step(self)
  self.step = self.step + 1
  if self.options.dry_run then
    if self.broken then stop(self, "step %d: %s", self.step, self.broken) end
    return dry_report(self)
  end
  local word, why = trouble(self)
  if word and cured(self, word, why) then return end
  local opt, step, place = self.options, self.step, self.place
  local last, interrupted = step == self.total, core.interrupted()
  local snap = opt.snap > 0 and step % opt.snap == 0
  local early = EARLY[step] and (opt.snap == 0 or step < opt.snap)
  local measured, best = must(self, self.measure:after_step())
  self.meter:add(step, measured)
  if self.meter:waiting() > STATUS_SECONDS or snap or last or interrupted or next(measured) then
    status(self)
  elseif self.log:wants_live() then
    self.log:show(progress.line(record_of(self)))
  end
  local good = opt.on_collapse == "rollback" and step % (opt.snap > 0 and opt.snap or GOOD_STEPS) == 0 and self.health:well()
  if snap or last or interrupted or good or best or core.clock() - self.saved_at > SAVE_SECONDS then
    if save_or_cure(self) then return end
  end
  if good then must(self, directory.link(place.dir .. "/" .. directory.LAST, place.dir .. "/" .. GOOD)) end
  if best then must(self, directory.link(place.dir .. "/" .. directory.LAST, place.dir .. "/" .. measure.BEST)) end
  if snap or early or last then picture(self, ("fakes_%06d.png"):format(step)) end
  if snap and opt.keep > 0 then
    local path = ("%s/snapshot_%06d.safetensors"):format(place.dir, step)
    must(self, directory.link(place.dir .. "/" .. directory.LAST, path))
    directory.prune(place.dir, opt.keep)
    if self.hooks.on_snapshot then self.hooks.on_snapshot(self, step, path) end
  end
  if last then
    self.finished = true
    must(self, self.log:say("done: %d steps; pictures: %s", step, self.picture or place.dir))
  elseif interrupted then
    self.finished, self.interrupted = true, true
    must(self, self.log:say("stopped after step %d of %d, all is saved; go on with: %s --resume %s", step, self.total, self.command, place.dir))
  end
end

--- The steps to do: `for step in run:steps() do ... end`. Between steps it saves, draws, and tells; it ends after the last step,
-- or after the step in which Ctrl-C came.
function Run:steps()
  begin(self)
  local busy = false
  return function()
    if busy then after_step(self) end
    if self.finished then return nil end
    busy = true
    return self.step + 1
  end
end

local is_logits = {real = true, fake = true, fake_after = true, wrong = true}

--- Tells what a step came to; the status line shows means over the steps since the last one.
-- @tparam table values D, G: losses (one element, or numbers); real, fake, fake_after: D's logits of real images, of G's, and
--   of G's after D's update, shown as D(x) and D(G(z)) (means of their sigmoid); wrong: of real images with wrong labels; and any other numbers by name.
--   A loss that is NaN or infinite ends the run; the last good checkpoint stays. (Or the run goes back to it: --on-collapse rollback.)
function Run:report(values)
  local numbers = {}
  for name, v in pairs(values) do
    local x = v
    if is_logits[name] then
      local sign, low, high
      x, sign, low, high = health.belief(v, name)
      self.health:answers(low, high)
      if name == "real" then numbers.sign = sign end
    elseif core.is_tensor(v) then
      x = v:item()
    end
    if type(x) ~= "number" then return check.expected("report", 1, name, "a number or a tensor", v) end
    if x - x ~= 0 then self.broken = ("%s is %s"):format(name, (tostring(x):gsub("^%-?nan$", "NaN"))) end
    numbers[name] = x
  end
  self.health:add(numbers)
  self.meter:add(self.step + 1, numbers)
end

--- Looks at a player's gradients, for the run's health, and gives them back: optD:step(run:watch("D", grads)).
-- @tparam string player "D" or "G"
-- @tparam table grads list of tensors
function Run:watch(player, grads)
  if health.due(self.step + 1) then self.health:gradient(player, grads) end
  return grads
end

--- Ends the program: exit code 0 when the run is done, 130 after Ctrl-C (half a run must not look like a whole one to a shell).
function Run:close()
  self.loader:close()
  self.log:close()
  if self.place.lock then self.place.lock:close() end
  core.catch_interrupt(false)
  if self.interrupted then os.exit(130, true) end
end

return start
