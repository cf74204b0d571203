--- Plays the game in memory: a step is put together from parts that are plain functions.
--
--    local loop = gan.game.loop.new {
--      G = G, D = D, optG = optG, optD = optD, loss = loss, batch = batch, latent = latent,
--    }
--    for step = 1, 1000 do local values = loop:step(step) end
--
-- Without further options a step is that of experiments/dcgan.lua, to the same bytes: D learns from a batch of real and
-- one of generated images, the gradients of the two terms taken one after the other, then G learns from the same
-- generated images through the better D.
-- @module gan.game.loop
local core = require "gan.core"
local check = require "gan.check"
local blocks = require "gan.game.blocks"
local health = require "gan.game.health"
local nn = require "gan.nn"
local penalty = require "gan.penalty"
local quantities = require "gan.quantities"
local random = require "gan.random"
local schedule = require "gan.schedule"
local tree = require "gan.optim.tree"
local update = require "gan.game.update"
local varying = require "gan.game.varying"

local M = {}

local Loop = {}
Loop.__index = Loop

local OP = "game.loop.new" -- in errors, also in those of a step
local MOST = 100000 -- updates of a player in a step

local option = check.option

local function is_optimiser(v)
  return type(v) == "table" and type(v.params) == "table" and type(v.step) == "function"
end

local function is_loss(v)
  return type(v) == "table" and check.callable(v.critic) and check.callable(v.generator)
end

local optimiser = option.where {
  required = true, expected = "an optimiser", accept = function(v) return is_optimiser(v) and v or nil end,
}
local player = option.callable {required = true, expected = "a net or a function"}

local rate = option.where {
  expected = "a number or a function (step) -> number",
  accept = function(v) return (type(v) == "number" or check.callable(v)) and v or nil end,
}
local steps = option.where {
  default = 1, expected = "an integer >= 1 or a function (step, last) -> integer",
  accept = function(v)
    local n = type(v) == "number" and math.tointeger(v)
    return n and n >= 1 and n or type(v) == "function" and v or nil
  end,
}
local penalty_list = option.where {
  expected = "a list of penalties, in braces {...}",
  accept = function(v)
    if type(v) ~= "table" or getmetatable(v) then return nil end
    for k in pairs(v) do
      if math.type(k) ~= "integer" then
        return nil, ("a list of penalties (what is said of one stands in its own braces: {{f, %s = ...}})"):format(k)
      end
    end
    return v
  end,
}

local known = {
  G = player, D = player, optG = optimiser, optD = optimiser,
  loss = option.where {
    required = true, expected = "a loss (gan.loss.logistic(), ...)",
    accept = function(v)
      if is_loss(v) then return v end
      for _, name in ipairs(type(v) == "table" and {"critic", "generator"} or {}) do
        if not check.callable(v[name]) then
          return nil, ("a loss with the functions critic and generator (it has no %s)"):format(name)
        end
      end
      return nil, check.callable(v) and "a loss, not its constructor (call it: gan.loss.logistic())" or nil
    end,
  },
  batch = option.callable {required = true, expected = "a function () -> images, labels"},
  latent = option.callable {required = true, expected = "a function (n) -> z"},
  labels = option.callable {}, auxiliary = option.table {},
  mismatch = option.number {default = 0, lo = 0, hi = 1}, wrong_labels = option.where {
    expected = "a function (labels) -> labels, or true: batch gives them",
    accept = function(v) return (v == true or check.callable(v)) and v or nil end,
  },
  penalties = penalty_list, g_penalties = penalty_list, dsteps = steps, gsteps = steps,
  simultaneous = option.boolean {default = false}, fresh = option.boolean {default = false},
  pack = option.integer {default = 1, lo = 1},
  blocks = option.where {
    default = 1, expected = "a power of two",
    accept = function(v)
      local n = type(v) == "number" and math.tointeger(v)
      return n and tree.is_power_of_two(n) and n or nil
    end,
  },
  block_order = option.table {}, streams = option.callable {},
  clip = option.table {expected = "a table {D = norm, G = norm}"},
  lr = option.table {expected = "a table {D = step size, G = step size}"},
  beta1 = option.table {expected = "a table {D = decay, G = decay}"},
  beta2 = option.table {expected = "a table {D = decay, G = decay}"},
  scale = option.callable {}, ema = option.table {}, ema_decay = rate,
  noise = option.where {
    expected = "a deviation >= 0, or a function (step) -> one",
    accept = function(v) return (check.callable(v) or type(v) == "number" and v >= 0) and v or nil end,
  },
  augment = option.callable {}, rng = option.stream {}, replay = option.callable {}, deceive = option.callable {},
  held_out = option.callable {},
  hooks = option.table {}, watch = option.callable {}, last_saved = option.callable {},
}

--- Lists the options of a game, name -> kind (gan.check), for those who hand them on.
M.options = known

--- Hooks of a step, in the order of their calls.
M.hooks = {"before_step", "after_d", "after_g", "after_step"}

-- ---- options ----

local function expected(name, what, v)
  return check.fail(OP, "option '%s': expected %s, got %s", name, what, check.found(v))
end

-- Numbers of a step that are no penalty's.
local counted = {
  D = "D's loss", G = "G's loss", real = "D's answers", fake = "D's answers", fake_after = "D's answers",
  wrong = "D's answers", class = "the auxiliary loss", class_G = "the auxiliary loss",
}

-- Makes a list of penalties ready: {f, weight = schedule or nil, name}. Those of one list may share a name, and are
-- counted together. D is what they are asked of; `others`, the list of the other player, or nil.
local function penalties(entries, list_name, default, D, others)
  local out, taken = {}, {}
  for _, p in ipairs(others or {}) do taken[p.name] = "one of D's penalties" end
  for i, entry in ipairs(entries or {}) do
    local f, own, here = entry, {name = default}, ("%s[%d]"):format(list_name, i)
    if not check.callable(entry) then
      if type(entry) ~= "table" then
        return expected(here, "a penalty f(D, real, fake, y), or {f, weight =, every =, name =}", entry)
      end
      local named = {}
      for k, v in pairs(entry) do if k ~= 1 then named[k] = v end end
      own = check.options(OP .. ": penalties", named, {
        weight = rate, every = option.integer {lo = 1}, name = option.string {default = default},
      })
      f = entry[1]
      if not check.callable(f) then return expected(here, "a penalty f(D, real, fake, y)", f) end
    end
    if type(f) == "table" and f.check_net then f:check_net(D) end
    if own.every then f = penalty.lazy(f, own.every) end
    local owner = counted[own.name] or quantities.is_own(own.name) and "the run itself" or taken[own.name]
    if owner then return check.fail(OP, "option '%s': the name '%s' is taken by %s", here, own.name, owner) end
    out[i] = {f = f, weight = own.weight and schedule.check(own.weight, "weight"), name = own.name}
  end
  return out
end

-- An integer becomes the function that returns it.
local function plan(self, name, v)
  if type(v) == "function" then return v end
  self.fixed[name] = v
  return function() return v end
end

-- Options of the loop that set a field of the players' optimisers: D, G -> field -> schedule.
local function rates_of(opt)
  local out = {D = {}, G = {}}
  for _, field in ipairs {"lr", "beta1", "beta2"} do
    for who, f in pairs(check.options(("%s: %s"):format(OP, field), opt[field], {D = rate, G = rate})) do
      if type(opt["opt" .. who][field]) ~= "number" then
        return check.fail(OP, "option '%s.%s': %s's optimiser has no number of this name", field, who, who)
      end
      out[who][field] = schedule.check(f, field .. "." .. who)
    end
  end
  return out
end

-- Lists of objects that may vary, by the names that their numbers get: penalties, which may share one and are told the
-- step by each update, come after the others. And functions of the step that are the loop's own.
local function things_that_vary(self)
  local list = {{D = self.optD, G = self.optG, ema = self.ema, augment = self.augment, loss = self.loss}}
  local own = {noise = self.noise}
  for _, penalties_ in ipairs {self.penalties, self.g_penalties} do
    for _, p in ipairs(penalties_) do
      list[#list + 1] = {[p.name] = type(p.f) == "table" and p.f.penalty or p.f} -- of a lazy one, what it is made of
      own["weight_" .. p.name] = p.weight
    end
  end
  for name, f in pairs(own) do if schedule.ends(f) == 0 then own[name] = nil end end
  return list, own
end

-- What a block may change: nets' buffers, and penalties with a memory.
local function blocks_of(self, opt)
  local nets, objects = {}, {}
  for _, net in ipairs {self.G, self.D} do if nn.is_module(net) then nets[#nets + 1] = net end end
  for _, list in ipairs {self.penalties, self.g_penalties} do
    for _, p in ipairs(list) do
      if type(p.f) == "table" and p.f.state then objects[#objects + 1] = p.f end
    end
  end
  local more = opt.streams
  opt.streams = nil -- a part of a checkpoint that has streams() is asked for them
  local function streams()
    local out = {self.rng, random.default()}
    for _, net in ipairs(nets) do
      for _, rng in pairs(net:streams()) do out[#out + 1] = rng end
    end
    for _, rng in pairs(more and more() or {}) do out[#out + 1] = rng end
    return out
  end
  return blocks.new {count = opt.blocks, nets = nets, objects = objects, streams = streams, order = opt.block_order}
end

-- What cannot be without the other, or beside it.
local function check_pairs(opt)
  if opt.auxiliary and not opt.labels then
    return check.fail(OP, "option 'auxiliary' needs 'labels': the game is not conditional")
  end
  if opt.noise and not opt.rng then return expected("rng", "a random stream (gan.rng), for the noise", nil) end
  if opt.deceive and not opt.rng then return expected("rng", "a random stream (gan.rng), for 'deceive'", nil) end
  if opt.deceive and not (type(opt.deceive) == "table" and opt.deceive.remember) then
    return expected("deceive", "gan.augment.apa {...}, or what has its methods", opt.deceive)
  end
  for _, name in ipairs(opt.held_out and {} or {"augment", "deceive"}) do
    local o = opt[name]
    if type(o) == "table" and o.by == "r_v" then
      return check.fail(OP, "option '%s' goes by r_v, and needs 'held_out': images that D never learns from", name)
    end
  end
  if opt.pack > 1 and opt.replay and opt.labels then
    return check.fail(OP, "option 'pack': with 'labels' and 'replay' a pack would not be of one class")
  end
  if opt.mismatch == 0 then return end
  if not (opt.labels and opt.wrong_labels) then
    return check.fail(OP, "option 'mismatch' needs 'labels' and 'wrong_labels': the game is not conditional")
  end
  if opt.auxiliary then return check.fail(OP, "option 'mismatch': with 'auxiliary' D is not told the labels") end
  if not opt.loss.real then
    return check.fail(OP, "option 'mismatch' needs a loss whose terms of real and fake separate")
  end
end

-- ---- a step ----

-- How many updates a player makes in this step.
local function count(self, name, step)
  local v = self[name](step, self.last)
  local n = type(v) == "number" and math.tointeger(v)
  if not n or n < 0 or n > MOST then
    return check.fail(OP, "option '%s' must return an integer >= 0, returned %s (step %d)", name, check.found(v), step)
  end
  return n
end

local function hook(self, name, ...)
  local f = self.hooks[name]
  if not f then return end
  local ok, message = pcall(f, self, self.now, ...)
  if ok then return end
  check.pass_memory(message)
  local saved = self.last_saved and self.last_saved()
  error(type(message) ~= "string" and message
    or ("%s (hook %s, step %d%s)"):format(message, name, self.now, saved and "; " .. saved or ""), 0)
end

local function step_d(self, grads)
  self.optD:step(grads)
  self.updates.D = self.updates.D + 1
end

local function step_g(self, grads, last)
  local ema = last and self.ema or nil
  if ema and self.ema_decay then ema.decay = self.ema_decay(self.now) end
  self.optG:step(grads, ema)
  self.updates.G = self.updates.G + 1
end

local function merge(into, from)
  for k, v in pairs(from) do into[k] = v end
end

-- Both gradients are taken before either player moves.
local function move_together(self, values)
  local batch = update.draw(self)
  local d, d_values = update.d(self, batch, not self.fresh)
  local g, g_values = update.g(self, batch, self.fresh)
  step_d(self, d)
  step_g(self, g, true)
  merge(values, d_values)
  merge(values, g_values)
  hook(self, "after_d", 1)
  hook(self, "after_g", 1)
end

-- D moves, then G through the better D; G's first update learns from the fakes of D's last one, unless they are to be
-- fresh.
local function move_in_turn(self, values, dsteps, gsteps)
  local batch
  for i = 1, dsteps do
    batch = update.draw(self)
    local grads, d_values = update.d(self, batch, i == dsteps and gsteps > 0 and not self.fresh)
    step_d(self, grads)
    merge(values, d_values)
    hook(self, "after_d", i)
  end
  if dsteps == 0 and gsteps > 0 then batch = update.draw(self) end
  for k = 1, gsteps do
    local grads, g_values = update.g(self, batch, k > 1 or self.fresh and dsteps > 0)
    step_g(self, grads, k == gsteps)
    merge(values, g_values)
    hook(self, "after_g", k)
  end
end

--- Plays one step of the game.
-- @tparam integer step  from 1; what schedules and hooks get
-- @treturn table  what it came to: `D`, `G` (losses, numbers), `real`, `fake`, `fake_after`, `wrong` (D's logits),
--   penalties under their names (default `penalty`; G's: `g_penalty`), `class` and `class_G` (the auxiliary
--   classifier's losses), and what the augmentation's `numbers()` returns. What a player did not do is missing.
-- @raise naming the option whose function returned nothing, or a wrong thing; what a hook raises, with the hook's name,
--   the step and what `last_saved` says
function Loop:step(step)
  self.now = step
  local values = {}
  self.values = values
  hook(self, "before_step")
  local scale = self.scale and self.scale() or 1
  varying.at(self.vary[1], step, scale)
  for who, own in pairs(self.rates) do
    for field, f in pairs(own) do self["opt" .. who][field] = f(step) * (field == "lr" and scale or 1) end
  end
  local dsteps, gsteps = count(self, "dsteps", step), count(self, "gsteps", step)
  if self.simultaneous then move_together(self, values) else move_in_turn(self, values, dsteps, gsteps) end
  local told = {}
  for _, option_ in ipairs {"augment", "deceive"} do
    local o = self[option_]
    for name, v in pairs(type(o) == "table" and o.numbers and o:numbers() or {}) do
      local owner = counted[name] or values[name] ~= nil and told[name] ~= v and "another part of the game"
      if owner then return check.fail(OP, "option '%s': the number '%s' is taken by %s", option_, name, owner) end
      values[name], told[name] = v, v -- both may tell the same r_t
    end
  end
  hook(self, "after_step", values)
  if self.remember then
    self.last = {}
    for name, v in pairs(values) do self.last[name] = core.is_tensor(v) and (health.belief(v)) or v end
  end
  return values
end

--- Says which step sizes fall to 0 before the game is over: nothing is learnt from there on. Cannot fail.
-- Schedules are asked (gan.schedule.ends); a function of one's own is not called.
-- @tparam integer total  steps of the game
-- @treturn table  list of lines, such as "--decay: the step size of D and G is 0 from step 101 on, ..."
function Loop:closed(total)
  local rates = {}
  for who, own in pairs(self.rates) do rates[who] = own.lr or (self["opt" .. who].schedules or {}).lr end
  return varying.closed(rates, total)
end

--- Returns what schedules have set for the last step, but the step sizes. Cannot fail.
-- @treturn table  name -> number: `beta1_D`, `gamma_r1` (of the penalty so named), `weight_r1`, `p_augment`, `noise`
function Loop:settings()
  local out = {}
  for i = #self.vary, 1, -1 do varying.numbers(out, self.vary[i]) end
  for who, own in pairs(self.rates) do
    for field, f in pairs(own) do
      if field ~= "lr" and schedule.ends(f) ~= 0 then out[field .. "_" .. who] = self["opt" .. who][field] end
    end
  end
  for name, f in pairs(self.weights) do out[name] = f(self.now) end
  return out
end

-- ---- what is kept ----

--- Returns what a checkpoint keeps of the loop. Cannot fail.
-- @treturn table  how many updates the players have made, and the last step's numbers where a function of them decides
function Loop:state() return {updates = self.updates, last = self.last} end

-- The numbers in a table of a state, which may be missing.
local function numbers_in(state, what)
  local out, t = {}, state[what] == nil and {} or state[what]
  if type(t) ~= "table" then return check.expected("loop", 1, "state." .. what, "a table of numbers", t) end
  for name, v in pairs(t) do
    if type(v) ~= "number" then return check.expected("loop", 1, ("state.%s.%s"):format(what, name), "a number", v) end
    out[name] = v
  end
  return out
end

--- Restores a state. One without updates (of a game that was written out in its script) begins to count.
-- @tparam table state  from state()
-- @raise naming an entry that is no number
function Loop:load(state)
  if type(state) ~= "table" then return check.expected("loop", 1, "state", "a table", state) end
  local updates, last = numbers_in(state, "updates"), numbers_in(state, "last")
  self.updates = {D = math.tointeger(updates.D) or 0, G = math.tointeger(updates.G) or 0}
  self.last = last
end

local owners = {
  G = "the generator", D = "the discriminator", optG = "G's optimiser", optD = "D's optimiser",
  ema = "the average of G's weights", loop = "the loop", replay = "the replay", augment = "the augmentation",
  deceive = "what deceives D",
}

--- Says which part of a game has a name in checkpoints, be it in use or not. Cannot fail.
-- @tparam string name  such as "ema"
-- @treturn string  such as "the average of G's weights"; nil where the name is free
function M.owner(name)
  name = tostring(name)
  return owners[name] or (name:find "^penalty%d+$" or name:find "^g_penalty%d+$") and "a penalty" or nil
end

--- Returns what a checkpoint keeps besides nets and optimisers. Cannot fail.
-- @treturn table  name -> part: the loop, and what it holds that has a state of its own (replay, augmentation, what
--   deceives D, penalties)
function Loop:parts()
  local out = {loop = self, replay = self.replay, deceive = self.deceive}
  if type(self.augment) == "table" and self.augment.state then out.augment = self.augment end
  for prefix, list in pairs {penalty = self.penalties, g_penalty = self.g_penalties} do
    for i, p in ipairs(list) do
      if type(p.f) == "table" and p.f.state then out[prefix .. i] = p.f end
    end
  end
  return out
end

--- Puts a game together.
--
-- A penalty is `f(D, real, fake, y) -> scalar`, or `{f, weight = number or f(step), every = k, name = "gp"}`. One with
-- `of(logits, x)` and `kind` ("real" or "fake") is taken from D's pass over that kind, x being the images before noise
-- and augmentation; one of kind "both" has of(on_real, real, on_fake, fake). Where a penalty has such methods,
-- penalty:check_net(D) is called when the game is made, penalty:at(step) before each update.
--
-- With blocks, gradients are added up over parts of a batch: a large batch in the memory of a small one, and the same
-- bytes whichever part is computed first. Where samples of a batch meet (batch norm, minibatch layers, the relativistic
-- mean) they meet in a block.
--
-- With `pack` D judges packs of m images (gan.pack), N of them where the batch function gives N m, and latent is asked
-- for N m: packs are made of what D would see, after noise and augmentation; replay and G know images only. Penalties
-- get packs, and the pack's slope is that at its images. With labels a pack is of one class: labels is asked for N, and
-- the batch's neighbours must agree (gan.data.batches {pack = m}).
--
-- Random numbers are drawn in this order. An update of D: batch, latent, labels; what nets, replay, noise, augmentation
-- and penalties read. An update of G: where it does not learn from D's last fakes latent and labels, with `fresh` the
-- batch before them; then the nets' and the rest.
-- @tparam table opt
-- @tparam Module|function opt.G  called G(z, y) -> images
-- @tparam Module|function opt.D  called D(x, y) -> logits (N) [, class logits (N,Y)]
-- @tparam table opt.optG  optimiser
-- @tparam table opt.optD  optimiser
-- @tparam table opt.loss  of gan.loss, or any table with `critic(real, fake)`, `generator(fake, real)`, and `real`,
--   `fake` where the critic's two terms separate
-- @tparam function opt.batch  `f() -> images, labels or nil, other labels or nil`: the last for wrong_labels = true
-- @tparam function opt.latent  `f(n) -> z`
-- @tparam[opt] function opt.labels  `f(n, y) -> i32 (n)`, drawn for fakes: the game is conditional; y: the batch's own.
--   Labels may be any tensor (n,...) that G and D take in their place (gan.data.conditions)
-- @tparam[opt] table opt.auxiliary  gan.loss.auxiliary_classifier: D returns logits and class logits
-- @tparam[opt=0] number opt.mismatch  part, in [0,1], of the fakes' share in D's loss that goes to real images with
--   labels of another class (Reed et al. 2016, arXiv:1605.05396, with 0.5: GAN-CLS)
-- @tparam[opt] function|boolean opt.wrong_labels  `f(labels) -> labels`, for mismatch; true: what batch gives as its
--   third result, where it gives any
-- @tparam[opt] table opt.penalties  list of penalties added to D's loss
-- @tparam[opt] table opt.g_penalties  the same for G's; there real is D's last batch, and fake has G's graph
-- @tparam[opt=1] integer|function opt.dsteps  D's updates in a step: an integer, or `f(step, last) -> integer >= 0`;
--   last: the last step's numbers (D, G, real, fake, fake_after, ...; empty at first)
-- @tparam[opt=1] integer|function opt.gsteps  G's, likewise
-- @tparam[opt=false] boolean opt.simultaneous  takes both gradients before either player moves
-- @tparam[opt=false] boolean opt.fresh  each update of G learns from new latent vectors, and where its loss or a
--   penalty of its own looks at real images from a new batch, not from D's last (Huang et al. 2024, arXiv:2501.05441);
--   what is drawn for G counts in the loader's epochs
-- @tparam[opt=1] integer opt.pack  m, images that D judges as one (Lin et al. 2018, arXiv:1712.04086)
-- @tparam[opt=1] integer opt.blocks  cuts a batch into so many blocks, a power of two that divides it
-- @tparam[opt] table opt.block_order  in which order they are computed (default: 1, 2, ...); results are the same
-- @tparam[opt] function opt.streams  `f() -> table` of random streams, besides those of nets and `rng`, that functions
--   read in a block
-- @tparam[opt] table opt.clip  `{D =, G =}`: largest norm of a player's gradient
-- @tparam[opt] table opt.lr  `{D =, G =}`: number or `f(step)`, set before each step in the place of the optimiser's
-- @tparam[opt] table opt.beta1  likewise
-- @tparam[opt] table opt.beta2  likewise
-- @tparam[opt] function opt.scale  `f() -> number`, a factor on lr
-- @tparam[opt] table opt.ema  gan.optim.ema of G's parameters
-- @tparam[opt] number|function opt.ema_decay  number or `f(step)`
-- @tparam[opt] number|function opt.noise  standard deviation of instance noise, number or `f(step)`, >= 0
-- @tparam[opt] function opt.augment  `f(x, rng) -> x`, of the same shape, differentiable; may have methods `see(seen)`,
--   called after each update of D, `asks()`, `numbers()`, name -> number for the records, `state()` and `load(state)`.
--   `seen` has all logits, `real` and `fake`, their `margin` (gan.loss.margin), `images`, how many real ones D learnt
--   from, and `held_out`, logits, where asks() was true before the update. Noise and augmentation are what D sees of
--   everything.
-- @tparam[opt] Stream opt.rng  what noise, augmentation and deceive read; the first and the last need it
-- @tparam[opt] function opt.deceive  gan.augment.apa: f(images, labels, rng, pack) -> images, labels, that D learns
--   from in place of the real ones; remember(images, labels) is told what G made; and the methods of an augmentation
-- @tparam[opt] function opt.held_out  `f() -> images, labels or nil`, a batch that D does not learn from
-- @tparam[opt] function opt.replay  `f(images, labels) -> images, labels`, for D's fakes (gan.game.replay)
-- @tparam[opt] table opt.hooks  `before_step(loop, step)`, `after_d(loop, step, i)`, `after_g(loop, step, k)`,
--   `after_step(loop, step, values)`: values may be added to
-- @tparam[opt] function opt.watch  `f(player, grads) -> grads`, "D" or "G", before clipping
-- @tparam[opt] function opt.last_saved  `f() -> text or nil`, added to a failing hook's message
-- @treturn table  loop: `step(step)`, `state()`, `load(state)`, `parts()`; fields `G`, `D`, `optG`, `optD`, `loss`,
--   `updates.D`, `updates.G`, `last`
-- @raise if an option is unknown, missing or of the wrong kind, or two of them do not go together
function M.new(opt)
  opt = check.options(OP, opt, known)
  check_pairs(opt)
  local self = setmetatable(opt, Loop)
  self.fixed, self.last, self.updates = {}, {}, {D = 0, G = 0}
  self.remember = type(opt.dsteps) == "function" or type(opt.gsteps) == "function"
  self.dsteps, self.gsteps = plan(self, "dsteps", opt.dsteps), plan(self, "gsteps", opt.gsteps)
  if opt.simultaneous and not (self.fixed.dsteps == 1 and self.fixed.gsteps == 1) then
    return check.fail(OP, "option 'simultaneous': dsteps and gsteps must be 1")
  end
  self.penalties = penalties(opt.penalties, "penalties", "penalty", opt.D)
  self.g_penalties = penalties(opt.g_penalties, "g_penalties", "g_penalty", opt.D, self.penalties)
  self.rates = rates_of(opt)
  local largest = option.number {above = 0}
  self.clip = check.options(OP .. ": clip", opt.clip, {D = largest, G = largest})
  if opt.noise then self.noise = schedule.check(opt.noise, "noise") end
  if opt.ema_decay then self.ema_decay = schedule.check(opt.ema_decay, "ema_decay") end
  self.vary, self.weights = things_that_vary(self)
  self.blocks = blocks_of(self, opt)
  local hooks = {}
  for _, name in ipairs(M.hooks) do hooks[name] = option.callable {} end
  self.hooks = check.options(OP .. ": hooks", opt.hooks, hooks)
  return self
end

return M
