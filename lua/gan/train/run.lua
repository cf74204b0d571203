--- A training run: options, data, the run's directory, resuming, status, pictures, checkpoints, Ctrl-C. The game itself, what a
-- step does, stays in the script.
local core = require "gan.core"
local check = require "gan.check"
local checkpoint = require "gan.train.checkpoint"
local data = require "gan.data"
local grid = require "gan.train.grid"
local json = require "gan.train.json"
local log = require "gan.train.log"
local measure = require "gan.train.measure"
local options = require "gan.train.options"
local progress = require "gan.train.progress"
local rundir = require "gan.train.rundir"
local sample = require "gan.train.sample"
local exit = require "gan.train.stop"

local Run = {}
Run.__index = Run

local STATUS_SECONDS = 5 -- between permanent status lines
local SAVE_SECONDS = 300 -- a checkpoint at least this often
local PICTURES = 64 -- in a grid
local EARLY = {[10] = true, [50] = true, [200] = true} -- steps with a picture, besides every --snap
local DRY_STEPS = 4 -- of --dry-run; the first one warms up
local FORMAT = 1 -- of a run's checkpoint

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

--- Starts a run: reads the command line, opens the data, finds the run's place. Prints one line and exits with 1 where that fails.
-- @tparam table spec recipe ("dcgan": part of the run's name), summary (for --help), sizes (list of possible --size), defaults
--   (option -> value), arg (words of the command line; default: the script's)
-- @treturn table with fields options, data (the data set), total (steps); and the methods below
local function start(spec)
  spec = check.options("train.run", spec, {recipe = "run", summary = "", sizes = check.none, defaults = {}, arg = _G.arg or {}})
  local self = setmetatable({recipe = spec.recipe, program = (spec.arg[0] or "gan"):match "[^/]*$", streams = {}, parts = {}, log = log.new(),
    command = ("%s %s"):format(spec.arg[-1] or "lua", spec.arg[0] or "SCRIPT")}, Run)
  local defaults = {threads = core.threads()}
  for k, v in pairs(spec.defaults) do defaults[k] = v end
  self.declared = options.declare(options.training, defaults, {size = spec.sizes})
  local opt, given = options.parse(self.declared, spec.arg, {name = self.program, summary = spec.summary})
  must(self, opt, given)
  must(self, options.check_length(given))
  self.options = opt
  self.place = must(self, rundir.locate(self.declared, opt, given, checkpoint_options))
  core.threads(opt.threads)
  self.data = must(self, data.open(opt.data, {size = opt.size, limit = opt.limit}))
  if opt.batch > self.data.n then
    stop(self, "--batch %d is more than the data: %s has %d images", opt.batch, opt.data, self.data.n)
  end
  self.loader = data.batches(self.data, {batch = opt.batch, seed = opt.seed, mirror = opt.mirror})
  self.total = options.total_steps(opt, self.data.n)
  self.step = 0
  self.measure = must(self, measure.new(self))
  self.parts.measure = self.measure
  return self
end

--- A named random stream of the run's seed; its position is part of the checkpoints.
function Run:stream(name)
  if not self.streams[name] then self.streams[name] = core.rng(self.options.seed, name) end
  return self.streams[name]
end

--- Says what makes up the run besides data and streams: name -> anything with state() and load(). All of it is in checkpoints.
function Run:keep(parts)
  for name, part in pairs(parts) do
    if type(part) ~= "table" or type(part.state) ~= "function" or type(part.load) ~= "function" then
      return check.fail("keep", "'%s': expected something with state() and load(), got %s", name, check.found(part))
    end
    self.parts[name] = part
  end
end

--- Pictures are to show G, with the weights of the average `ema` if there is one.
function Run:draw(G, ema) self.G, self.ema = G, ema end

--- The next batch of real images: (N,H,W,C) in [-1,1], and labels if the data has them.
function Run:batch() return self.loader() end

-- ---- state ----

local function state(self)
  local tree = {
    run = {format = FORMAT, recipe = self.recipe, step = self.step, z = self.fixed_z, channels = self.data.channels,
      options = options.pack(self.declared, self.options)},
    data = self.loader:state(), rng = {}, masks = {},
  }
  for name, rng in pairs(self.streams) do tree.rng[name] = {rng:state()} end
  for name, part in pairs(self.parts) do
    tree[name] = part:state()
    local streams = part.streams and part:streams() or {}
    for where, rng in pairs(streams) do tree.masks[name .. "." .. where] = {rng:state()} end
  end
  return tree
end

local function restore(self, path)
  local tree = must(self, checkpoint.load(path))
  local function fit(ok, what) if not ok then stop(self, "%s: does not fit this run: %s", path, what) end end
  local run = tree.run
  fit(type(run) == "table" and run.format == FORMAT and math.type(run.step) == "integer", "expected the checkpoint of a run")
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
  for name, part in pairs(self.parts) do
    local ok, result, message = pcall(part.load, part, tree[name] or {})
    fit(ok and (result ~= nil or message == nil), ("%s: %s"):format(name, tostring(ok and message or result):gsub("^[^ ]*:%d+: ", "")))
    local masks = {}
    for where, rng in pairs(part.streams and part:streams() or {}) do masks[name .. "." .. where] = rng end
    streams(masks, tree.masks, "masks.")
  end
  local ok, result, message = pcall(self.loader.load, self.loader, tree.data)
  fit(ok and result, tostring(ok and message or result))
  self.step, self.fixed_z = run.step, run.z
end

-- A net that holds NaN is not worth keeping: the last good checkpoint stays.
local function check_finite(self, tree)
  for name in pairs(self.parts) do
    for key, t in pairs(tree[name]) do
      if core.is_tensor(t) and core.dtype(t) == "real" then
        local x = core.sum(t):item()
        if x - x ~= 0 then
          stop(self, "step %d: %s.%s is not finite; stopped, %s keeps step %d", self.step, name, key, rundir.LAST, self.saved_step or 0)
        end
      end
    end
  end
end

local function save(self)
  if self.saved_step == self.step then return end
  local tree, path = state(self), self.place.dir .. "/" .. rundir.LAST
  check_finite(self, tree)
  must(self, checkpoint.save(path, tree))
  self.saved_step, self.saved_at = self.step, core.clock()
end

-- ---- pictures ----

local function picture(self, name)
  if not self.G then return end
  local images = sample.images(self.G, self.fixed_z, self.options.batch, self.ema)
  must(self, grid.save(self.place.dir .. "/" .. name, images))
  self.picture = self.place.dir .. "/" .. name
end

local function real_pictures(self)
  local n = math.min(PICTURES, self.data.n)
  local loader = data.batches(self.data, {batch = n, seed = self.options.seed, prefetch = false})
  must(self, grid.save(self.place.dir .. "/reals.png", (loader())))
  loader:close()
end

-- ---- the loop ----

local function networks(self)
  local names = {}
  for name, part in pairs(self.parts) do if part.count then names[#names + 1] = name end end
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
  local name = self.options.data:match "([^/]*)/*$":gsub("%.[%w.]*$", ""):gsub("[^%w_-]+", "_")
  return ("%s-%s-%d"):format(name ~= "" and name or "data", self.recipe, self.options.size)
end

local function write_options(self)
  local all = {}
  for _, d in ipairs(self.declared) do all[d.field] = self.options[d.field] end
  must(self, rundir.write(self.place.dir .. "/options.json", json.encode {recipe = self.recipe, version = core.version_string,
    total_steps = self.total, options = all} .. "\n"))
end

local function begin(self)
  local opt = self.options
  self.fixed_z = self:stream "pictures":normal {PICTURES, opt.z}
  if opt.dry_run then
    for _, name in ipairs(networks(self)) do self.log:say("%s\n", tostring(self.parts[name])) end
    introduce(self)
    self.meter = progress.new(DRY_STEPS, opt.batch * opt.dsteps, 0)
    return
  end
  must(self, rundir.enter(self.place, self.declared, opt, label(self), function(path)
    local step = step_of(path)
    return not step or step < self.total
  end))
  local place = self.place
  if place.from then restore(self, place.from) end
  write_options(self)
  must(self, rundir.rewind_stats(place.dir .. "/stats.jsonl", self.step))
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
  if self.step == 0 or place.from ~= place.dir .. "/" .. rundir.LAST then
    real_pictures(self)
    if self.step == 0 then picture(self, "fakes_init.png") end
    save(self)
  end
  self.saved_step, self.saved_at = self.step, core.clock()
  collectgarbage() -- what starting needed is not needed again
  core.memory_trim()
  self.meter = progress.new(self.total, opt.batch * opt.dsteps, self.step)
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

local function status(self)
  local record = self.meter:record(self.loader.epoch, true)
  must(self, self.log:status(progress.line(record), record))
end

-- Everything between two steps.
local function after_step(self)
  self.step = self.step + 1
  if self.options.dry_run then return dry_report(self) end
  local opt, step, place = self.options, self.step, self.place
  local last, interrupted = step == self.total, core.interrupted()
  local snap = opt.snap > 0 and step % opt.snap == 0
  local early = EARLY[step] and (opt.snap == 0 or step < opt.snap)
  local measured, best = must(self, self.measure:after_step())
  self.meter:add(step, measured)
  if self.meter:waiting() > STATUS_SECONDS or snap or last or interrupted or next(measured) then
    status(self)
  elseif self.log:wants_live() then
    self.log:show(progress.line(self.meter:record(self.loader.epoch)))
  end
  if snap or last or interrupted or best or core.clock() - self.saved_at > SAVE_SECONDS then save(self) end
  if best then must(self, rundir.link(place.dir .. "/" .. rundir.LAST, place.dir .. "/" .. measure.BEST)) end
  if snap or early or last then picture(self, ("fakes_%06d.png"):format(step)) end
  if snap and opt.keep > 0 then
    must(self, rundir.link(place.dir .. "/" .. rundir.LAST, ("%s/snapshot_%06d.safetensors"):format(place.dir, step)))
    rundir.prune(place.dir, opt.keep)
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

-- Mean of sigmoid(logits): how real D finds a batch.
local function belief(name, logits)
  if not core.is_tensor(logits) or core.numel(logits) == 0 then return check.expected("report", 1, name, "logits", logits) end
  local sum, n = 0, core.numel(logits)
  for _, v in ipairs(core.to_table(core.reshape(logits, {n}))) do sum = sum + 1 / (1 + math.exp(-v)) end
  return sum / n
end

local is_logits = {real = true, fake = true, fake_after = true}

--- Tells what a step came to; the status line shows means over the steps since the last one.
-- @tparam table values D, G: losses (one element, or numbers); real, fake, fake_after: D's logits of real images, of G's, and
--   of G's after D's update, shown as D(x) and D(G(z)) (means of their sigmoid); and any other numbers by name.
--   A loss that is NaN or infinite ends the run; the last good checkpoint stays.
function Run:report(values)
  local numbers = {}
  for name, v in pairs(values) do
    local x = is_logits[name] and belief(name, v) or core.is_tensor(v) and v:item() or v
    if type(x) ~= "number" then return check.expected("report", 1, name, "a number or a tensor", v) end
    if x - x ~= 0 then
      stop(self, "step %d: %s is %s; stopped%s (a lower --lr may help)", self.step + 1, name, tostring(x):gsub("^%-?nan$", "NaN"),
        self.saved_step and (", %s keeps step %d"):format(rundir.LAST, self.saved_step) or "")
    end
    numbers[name] = x
  end
  self.meter:add(self.step + 1, numbers)
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
