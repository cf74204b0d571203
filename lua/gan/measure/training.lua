--- Metrics of a run while it trains: every so many steps the averaged weights are measured, the numbers are recorded,
-- and the best checkpoint so far is kept apart. Training does not notice: its bytes are the same with and without.
-- @internal gan.measure.training
local core = require "gan.core"
local evaluate = require "gan.measure.evaluate"
local features = require "gan.measure.features"
local quantities = require "gan.quantities"

local M = {}

--- Lists the options for gan.command. `inherit`: free, and --resume PATH takes the run's own value over.
M.options = {
  {"metrics", "string", nil, arg = "LIST", free = true, inherit = true,
    help = "measure G's averaged weights while training: any of fid, kid, pr, dc, is, accuracy, nearest, ppl, "
      .. "diversity, modes (default: nothing)"},
  {"metrics-every", "integer", 500, lo = 1, free = true, inherit = true, help = "steps between two measurements"},
  {"metrics-n", "integer", 5000, lo = 2, free = true, inherit = true,
    help = "images of each side in a measurement (at most all of the data)"},
  {"features", "string", "random_conv", arg = "NAME|PATH", free = true, inherit = true,
    help = "the network that sees them: random_conv, pixels, a file of classifier.lua, or Inception's weights"},
  {"best", "string", nil, arg = "METRIC", free = true, inherit = true,
    help = "which of the numbers decides what checkpoint_best.safetensors keeps: fid, kid, precision, ... "
      .. "(default: the first of --metrics)"},
}

local Measure = {}
Measure.__index = Measure

-- Says what a number was measured with: all that would make numbers incomparable if it changed.
local function protocol(self, name)
  return ("%s, %s %s, n %d"):format(name, self.features.name, self.features.hash or "", self.n)
end

-- The generated side: the same latent vectors at every step, labels as the real images have them.
local function fakes(self)
  local run = self.run
  local path = run.place.dir or "run"
  local trained = {G = run.G or {}, ema = run.ema, options = run.options, step = run.step, path = path}
  local told = run.annotations and core.full({1}, 0) -- before there is a condition nothing is drawn
  if run.condition then told = assert(self.real.conditions(run.condition, run.annotations)) end
  return evaluate.of_generator(trained, {n = self.n, seed = run.options.seed,
    labels = told or run.classes and self.real.labels or nil, classes = run.classes and self.real.classes or nil})
end

--- Reads the options of a run that is being started, and opens the network.
-- @tparam table run  it has options and data
-- @treturn Measure  a part of the run: the best value so far is in its checkpoints
-- @error if an option of --metrics, --features or --best does not suit the data
function M.new(run)
  local opt = run.options
  local self = setmetatable({run = run}, Measure)
  if not opt.metrics or opt.metrics == "none" then
    if opt.best then return nil, "--best: needs --metrics" end
    return self
  end
  local metrics, message = evaluate.parse(opt.metrics)
  if not metrics then return nil, "--" .. message end
  self.features, message = features.open(opt.features, {size = run.data.size, channels = run.data.channels})
  if not self.features then return nil, "--features: " .. message end
  self.n, self.every = math.min(opt.metrics_n, run.data.n), opt.metrics_every
  self.real, message = evaluate.of_set(run.data, {n = self.n, seed = opt.seed, name = opt.data})
  if not self.real then return nil, message end
  local why = evaluate.impossible(self.features, metrics, self.real, fakes(self))
  for _, name in ipairs(metrics) do
    if why[name] then return nil, ("--metrics: %s: %s"):format(name, why[name]) end
  end
  self.best_of, message = evaluate.judge(metrics, opt.best)
  if not self.best_of then return nil, "--best: " .. message end
  self.metrics = metrics
  return self
end

--- Returns the best value so far. Cannot fail.
-- @treturn table  `metric`, `value`, `step`, `protocol`, `rollbacks` (nil: none); empty where nothing was measured
function Measure:state() return self.best or {} end

--- Takes a state over. A better value of this process (from after the checkpoint to which a run went back) stays.
-- @tparam table state  as `state` returns it
-- @treturn boolean  true
-- @error if it is something else
function Measure:load(state)
  local ok = type(state) == "table" and (next(state) == nil
    or type(state.value) == "number" and type(state.step) == "number" and type(state.protocol) == "string")
  if not ok then return nil, "expected the best value so far" end
  if next(state) and not self.best then self.best = state end
  return true
end

--- Drops what was measured after the run's step: it goes on from there.
-- @error if the disk fails: the recorder stops
function Measure:rewind()
  local names = {}
  for _, name in ipairs(self.metrics or {}) do
    for _, result in ipairs(evaluate.results[name]) do names[#names + 1] = result end
  end
  self.run.recorder:rewind(self.run.step, names)
end

--- Tells whether the run's checkpoint is the best so far: of this step, and not of one from before the run went back.
-- Cannot fail.
-- @treturn boolean
function Measure:is_best()
  local best, run = self.metrics and self.best, self.run
  return best and best.step == run.step and (best.rollbacks or 0) == run.rollbacks or false
end

--- Makes the files ready, before the first step of this process. Cannot fail.
function Measure:begin()
  local run, recorder = self.run, self.run.recorder
  if not self.metrics then return end
  if self.features.notice then recorder:say("%s", self.features.notice) end
  if self.best and self.best.protocol ~= protocol(self, self.best_of) then
    recorder:say("the best so far was measured by %s, now %s: the best is looked for anew", self.best.protocol,
      protocol(self, self.best_of))
    self.best = nil
  end
  if self.every > run.total then
    recorder:say("--metrics-every %d is beyond the last step, %d: nothing will be measured", self.every, run.total)
  end
  self:rewind()
end

-- The metrics of the run as it stands; nil and a message.
local function measure(self)
  if not self.session then
    self.session = evaluate.new {features = self.features, metrics = self.metrics, seed = self.run.options.seed}
    local ok, message = self.session:set_real(self.real)
    if not ok then return nil, message end
  end
  return self.session:measure(fakes(self))
end

--- Measures if it is time, between two steps.
-- @treturn table  numbers for the status line, name -> value; empty where nothing was measured
-- @treturn boolean  true if the run as it stands is the best so far: its next checkpoint must be linked as that
-- @error if a metric cannot be computed
function Measure:after_step()
  local run = self.run
  if not self.metrics or run.step % self.every ~= 0 then return {}, false end
  local begun = core.clock()
  local results, message = measure(self)
  if not results then return nil, message end
  local numbers, best = {}, false
  for _, r in ipairs(results) do
    r.step = run.step
    local own = quantities.find(r.metric)
    if not own or own.kind == "metric" then numbers[r.metric] = r.value end -- else the run has a number of that name
    run.recorder:record(r, r.metric)
    if r.metric == self.best_of then
      best = not self.best or evaluate.better[r.metric](r.value, self.best.value)
      if best then
        self.best = {metric = r.metric, value = r.value, step = run.step, protocol = protocol(self, r.metric),
          rollbacks = run.rollbacks > 0 and run.rollbacks or nil}
      end
    end
  end
  run.recorder:say("step %d: %s  (%s%s)", run.step, evaluate.text(results), quantities.time(core.clock() - begun),
    best and ", the best so far" or "")
  return numbers, best
end

return M
