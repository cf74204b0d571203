--- Training strategies: what a step of the game does, put together from parts that are plain functions.
--
--    local loop = gan.game.loop.new {G = G, D = D, optG = optG, optD = optD, loss = loss, batch = batch, latent = latent}
--    for step = 1, 1000 do local values = loop:step(step) end
--
-- Without further options a step is that of experiments/dcgan.lua, to the same bytes: D learns from a batch of real and one of generated
-- images, the gradients of the two terms taken one after the other, then G learns from the same generated images through the better D.
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local health = require "gan.game.health"
local ops = require "gan.ops"
local optim = require "gan.optim"
local penalty = require "gan.penalty"
local schedule = require "gan.schedule"

local M = {}

local Loop = {}
Loop.__index = Loop

local none = check.none
local known = {
  G = none, D = none, optG = none, optD = none, loss = none, batch = none, latent = none, labels = none, auxiliary = none, mismatch = 0,
  wrong_labels = none, penalties = none, g_penalties = none, dsteps = 1, gsteps = 1, simultaneous = false, micro = none, clip = none, lr = none,
  scale = none, ema = none, ema_decay = none, noise = none, rng = none, augment = none, replay = none, hooks = none, watch = none,
}

--- Hooks of a step, in the order of their calls.
M.hooks = {"before_step", "after_d", "after_g", "after_step"}

local function expected(name, what, v) return check.fail("loop", "option '%s': expected %s, got %s", name, what, check.found(v)) end

local function need(opt, name, what, ok)
  if not ok(opt[name]) then return expected(name, what, opt[name]) end
end

-- ---- parts ----

-- A list of penalties made ready: {f, weight = schedule or nil, name}.
local function penalties(list, option)
  local out = {}
  if list ~= nil and (type(list) ~= "table" or getmetatable(list)) then return expected(option, "a list of penalties", list) end
  for i, entry in ipairs(list or {}) do
    local f, own = entry, {}
    if not check.callable(entry) then
      if type(entry) ~= "table" then
        return expected(("%s[%d]"):format(option, i), "a penalty f(D, real, fake, y), or {f, weight =, every =, name =}", entry)
      end
      local named = {}
      for k, v in pairs(entry) do if k ~= 1 then named[k] = v end end
      own = check.options("loop", named, {weight = none, every = none, name = none})
      f = entry[1]
      if not check.callable(f) then return expected(("%s[%d]"):format(option, i), "a penalty f(D, real, fake, y)", f) end
    end
    if own.every then f = penalty.lazy(f, own.every) end
    out[i] = {f = f, weight = own.weight and schedule.check(own.weight, "weight"), name = own.name or "penalty"}
  end
  return out
end

-- The penalties that weigh something in this update: {f, weight, name}. A lazy one counts it.
local function due(self, list)
  local out = {}
  for _, p in ipairs(list) do
    local f, weight = p.f, p.weight and p.weight(self.now) or 1
    if weight ~= 0 and type(f) == "table" and f.turn then
      f, weight = f:turn(), weight * f.every
    end
    if f and weight ~= 0 then out[#out + 1] = {f = f, weight = weight, name = p.name} end
  end
  return out
end

-- Whether a penalty needs no more than D's pass over this kind of images, which is made for the loss anyway.
local function shares(p, kind) return type(p.f) == "table" and p.f.of ~= nil and p.f.kind == kind end

local function note(values, name, v) values[name] = values[name] and core.add(values[name], v) or v end

-- A penalty's value as it weighs; noted under its name.
local function weighed(p, v, values)
  if not core.is_tensor(v) or core.numel(v) ~= 1 then return check.fail("loop", "a penalty must return a scalar tensor, got %s", check.found(v)) end
  if p.weight ~= 1 then v = ops.mul(v, p.weight) end
  note(values, p.name, v)
  return v
end

local function plan(self, name, v)
  if type(v) == "function" then return v end
  local n = type(v) == "number" and math.tointeger(v)
  if not n or n < 1 then return expected(name, "an integer >= 1 or a function (step, last) -> integer", v) end
  self.fixed[name] = n
  return function() return n end
end

-- How many updates a player makes in this step.
local function count(self, name, step)
  local v = self[name](step, self.last)
  local n = type(v) == "number" and math.tointeger(v)
  if not n or n < 0 or n > 100000 then
    return check.fail("loop", "%s must return an integer >= 0, returned %s at step %d", name, check.found(v), step)
  end
  return n
end

local function hook(self, name, ...)
  local f = self.hooks[name]
  if not f then return end
  local ok, message = pcall(f, self, self.now, ...)
  if ok then return end
  local kept = self.kept and self.kept()
  error(type(message) ~= "string" and message or ("%s (hook %s, step %d%s)"):format(message, name, self.now, kept and "; " .. kept or ""), 0)
end

--- Calls a hook by its name; a failing one's message, with the line in it, gets the hook's name, the step and the last checkpoint.
Loop.hook = hook

-- ---- a step ----

-- What D gets to see of images.
local function seen(self, x)
  local std = self.noise and self.noise(self.now) or 0
  if std ~= 0 then x = ops.add(x, core.mul(self.rng:normal(core.shape(x)), std)) end
  return self.augment and self.augment(x, self.now) or x
end

-- Images for D, or D's logits for a loss, that nobody learns through.
local function without_graph(net, x, y) return autograd.no_grad(function() return (net(x, y)) end) end

local function cut(t, at, n) return t and core.narrow(t, 1, at, n) end

-- Calls f(first, n, share) for each part of a batch of `size`; a single call where there are no parts.
local function parts(self, size, f)
  local micro = self.micro or size
  for first = 1, size, micro do
    local n = math.min(micro, size - first + 1)
    f(first, n, n / size)
  end
end

-- The sum over parts of gradients, values and logits.
local function collector()
  local self = {values = {}, logits = {}}
  function self.add(grads, share, values, logits)
    if share == 1 then
      self.grads = grads
    else
      self.mean = self.mean or optim.accumulate()
      self.mean:add(grads, share)
    end
    for name, v in pairs(values) do
      v = core.item(v)
      self.values[name] = (self.values[name] or 0) + (share == 1 and v or v * share)
    end
    for name, v in pairs(logits) do
      self.logits[name] = self.logits[name] or {}
      table.insert(self.logits[name], core.alias(v))
    end
  end
  function self.result()
    for name, list in pairs(self.logits) do self.values[name] = #list == 1 and list[1] or core.cat(list, 1) end
    return self.mean and self.mean:mean() or self.grads, self.values
  end
  return self
end

local function clipped(self, player, grads)
  if self.watch then grads = self.watch(player, grads) end
  local max = self.clip and self.clip[player]
  return max and optim.clip.norm(grads, max) or grads
end

local function check_classes(classes)
  if not core.is_tensor(classes) then
    return check.fail("loop", "option 'auxiliary': D returns no class logits beside its logits (it must return two tensors)")
  end
  return classes
end

-- What D gets to see of one kind of images; and the images, tracked if one of the penalties asks for its slope there. It is the slope at the
-- images as they are before noise and augmentation (Karras et al. 2020, arXiv:2006.06676).
local function shown(self, kind, x, list)
  for _, p in ipairs(list) do
    if shares(p, kind) then
      x = autograd.requires_grad_(core.alias(x))
      break
    end
  end
  return seen(self, x), x
end

-- The sum of the terms that there are.
local function total(first, ...)
  for i = 1, select("#", ...) do
    local term = select(i, ...)
    if term then first = first and ops.add(first, term) or term end
  end
  return first
end

-- D's pass over one kind of images: logits, classes, the sum of the penalties that share it (or nil).
local function pass(self, kind, view, x, y, list, values)
  local logits, classes = self.D(view, y)
  local sum
  for _, p in ipairs(list) do
    if shares(p, kind) then sum = total(sum, weighed(p, p.f:of(logits, x), values)) end
  end
  return logits, classes, sum
end

-- D's gradients on a batch or a part of it; values; logits.
local function d_gradients(self, real, y, fake, fake_y, list)
  local loss, auxiliary, params, lists, values, logits = self.loss, self.auxiliary, self.optD.params, {}, {}, {}
  local real_view, fake_view
  real_view, real = shown(self, "real", real, list)
  fake_view, fake = shown(self, "fake", fake, list)

  -- The part of one kind, the other kind's graph not in memory.
  local function learn(name, kind, weight, view, x, labels, shared)
    local on, classes, extra = pass(self, kind, view, x, labels, shared, values)
    local part, class = loss[kind](on), auxiliary and auxiliary[kind](check_classes(classes), labels)
    if weight ~= 1 then part = ops.mul(part, weight) end
    lists[#lists + 1] = autograd.grad(total(part, class, extra), params)
    logits[name] = on
    note(values, "D", part)
    if class then note(values, "class", class) end
  end

  if loss.real then
    learn("real", "real", 1, real_view, real, y, list)
    learn("fake", "fake", 1 - self.mismatch, fake_view, fake, fake_y, list)
    if self.mismatch > 0 then learn("wrong", "fake", self.mismatch, core.alias(real_view), nil, self.wrong_labels(y), {}) end
  else
    local on_real, real_classes, extra = pass(self, "real", real_view, real, y, list, values)
    local on_fake, fake_classes, extra2 = pass(self, "fake", fake_view, fake, fake_y, list, values)
    logits.real, logits.fake, values.D = on_real, on_fake, loss.critic(on_real, on_fake)
    values.class = auxiliary and auxiliary.critic(check_classes(real_classes), y, check_classes(fake_classes), fake_y)
    lists[1] = autograd.grad(total(values.D, values.class, extra, extra2), params)
  end
  for _, p in ipairs(list) do
    if not shares(p, "real") and not shares(p, "fake") then
      local v = weighed(p, p.f(self.D, core.alias(real_view), core.alias(fake_view), y), values)
      if core.node(v) then lists[#lists + 1] = autograd.grad(v, params, {allow_unused = true}) end
    end
  end
  return #lists == 1 and lists[1] or autograd.sum_grads(table.unpack(lists)), values, logits
end

-- Draws the batches of D's next update. The fake keeps its graph if G is to learn from it.
local function draw(self, keep_graph)
  local real, y = self.batch()
  local n = core.size(real, 1)
  if not self.labels then
    y = nil
  elseif not y then
    return check.fail("loop", "the data has no labels, and the game is conditional")
  end
  self.real, self.y, self.z, self.fake_y = real, y, self.latent(n), self.labels and self.labels(n) or nil
  self.fake = nil
  if not self.micro then
    if keep_graph then self.fake = self.G(self.z, self.fake_y)
    else self.fake = without_graph(self.G, self.z, self.fake_y) end
  end
  return n
end

local function d_update(self, keep_graph)
  local n, sum, list = draw(self, keep_graph), collector(), due(self, self.penalties)
  parts(self, n, function(first, size, share)
    local whole = share == 1
    local real, y, fake_y = self.real, self.y, self.fake_y
    local fake = self.fake and core.alias(self.fake)
    if not fake then fake = without_graph(self.G, cut(self.z, first, size), cut(fake_y, first, size)) end
    if not whole then real, y, fake_y = cut(real, first, size), cut(y, first, size), cut(fake_y, first, size) end
    if self.replay then fake, fake_y = self.replay(fake, fake_y) end
    local grads, values, logits = d_gradients(self, real, y, fake, fake_y, list)
    sum.add(grads, share, values, logits)
  end)
  if not keep_graph then self.fake = nil end
  local grads, values = sum.result()
  return clipped(self, "D", grads), values
end

local function g_gradients(self, real, y, fake, fake_y, list)
  local logits, classes = self.D(seen(self, fake), fake_y)
  local on_real = not self.loss.real and without_graph(self.D, seen(self, real), y) or nil
  local values = {G = self.loss.generator(logits, on_real), class_G = self.auxiliary and self.auxiliary.generator(check_classes(classes), fake_y)}
  local sum = total(values.G, values.class_G)
  for _, p in ipairs(list) do sum = ops.add(sum, weighed(p, p.f(self.D, real, fake, fake_y), values)) end
  return autograd.grad(sum, self.optG.params), values, {fake_after = logits}
end

local function g_update(self, fresh)
  if fresh then
    local n = core.size(self.z, 1)
    self.z, self.fake_y = self.latent(n), self.labels and self.labels(n) or nil
    self.fake = nil
  end
  local sum, list = collector(), due(self, self.g_penalties)
  parts(self, core.size(self.z, 1), function(first, size, share)
    local fake, real, y, fake_y = self.fake, self.real, self.y, self.fake_y
    if share ~= 1 then real, y, fake_y = cut(real, first, size), cut(y, first, size), cut(fake_y, first, size) end
    if not fake then fake = self.G(share == 1 and self.z or cut(self.z, first, size), fake_y) end
    local grads, values, logits = g_gradients(self, real, y, fake, fake_y, list)
    sum.add(grads, share, values, logits)
  end)
  self.fake = nil
  local grads, values = sum.result()
  return clipped(self, "G", grads), values
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

--- One step of the game.
-- @tparam integer step from 1; what schedules and hooks get
-- @treturn table what it came to, as reports take it: D, G (losses, numbers), real, fake, fake_after, wrong (D's logits), penalties under their names
--   (default "penalty"), class and class_G (the auxiliary classifier's losses). What a player did not do is missing.
function Loop:step(step)
  self.now = step
  local values = {}
  self.values = values
  hook(self, "before_step")
  local scale = self.scale and self.scale() or 1
  for player, f in pairs(self.lr) do self["opt" .. player].lr = f(step) * scale end
  local dsteps, gsteps = count(self, "dsteps", step), count(self, "gsteps", step)
  if self.simultaneous then
    local d, d_values = d_update(self, true)
    local g, g_values = g_update(self, false)
    step_d(self, d)
    step_g(self, g, true)
    merge(values, d_values)
    merge(values, g_values)
    hook(self, "after_d", 1)
    hook(self, "after_g", 1)
  else
    for i = 1, dsteps do
      local grads, d_values = d_update(self, i == dsteps and gsteps > 0)
      step_d(self, grads)
      merge(values, d_values)
      hook(self, "after_d", i)
    end
    if dsteps == 0 and gsteps > 0 then draw(self, true) end
    for k = 1, gsteps do
      local grads, g_values = g_update(self, k > 1)
      step_g(self, grads, k == gsteps)
      merge(values, g_values)
      hook(self, "after_g", k)
    end
  end
  self.real, self.y, self.z, self.fake, self.fake_y = nil, nil, nil, nil, nil
  hook(self, "after_step", values)
  if self.remember then
    self.last = {}
    for name, v in pairs(values) do self.last[name] = core.is_tensor(v) and (health.belief(v)) or v end
  end
  return values
end

--- Returns what checkpoints hold of the loop: how many updates the players have made, and the last step's numbers where a function of them decides.
function Loop:state() return {updates = self.updates, last = self.last} end

--- Restores a state.
function Loop:load(state)
  self.updates = {D = state.updates.D, G = state.updates.G}
  self.last = state.last or {}
end

--- The loop, and what it holds that has a state of its own (replay, penalties): name -> part, for checkpoints.
function Loop:parts()
  local out = {loop = self, replay = self.replay}
  for prefix, list in pairs {penalty = self.penalties, g_penalty = self.g_penalties} do
    for i, p in ipairs(list) do
      if type(p.f) == "table" and p.f.state then out[prefix .. i] = p.f end
    end
  end
  return out
end

--- Puts a game together.
-- @tparam table opt
--   G, D: nets or functions, called G(z, y) and D(x, y); optG, optD: optimisers
--   loss: of gan.loss, or any table with critic(real, fake), generator(fake, real), and real and fake where the critic's two terms separate
--   batch: f() -> images, labels or nil; latent: f(n) -> z; labels: f(n) -> i32 (n), drawn for fakes: the game is conditional
--   auxiliary: gan.loss.auxiliary_classifier; D returns logits and class logits
--   mismatch = 0: part, in [0,1], of the loss on what is not to be taken for real that goes to real images with labels of another class, by
--     wrong_labels: f(labels) -> labels (Reed et al. 2016, arXiv:1605.05396, with 0.5: GAN-CLS)
--   penalties: list of f(D, real, fake, y) -> scalar added to D's loss, or {f, weight = number or f(step), every = k, name = "gp"};
--     one with of(logits, x) and kind ("real" or "fake") is taken from D's pass over that kind, x being the images before noise and augment;
--     g_penalties: the same for G's; there real is D's last batch, and fake has G's graph
--   dsteps, gsteps = 1: updates of D and G in a step: an integer, or f(step, last) -> integer >= 0; last: the last step's numbers (D, G, real,
--     fake, fake_after, ...; empty at first)
--   simultaneous = false: both gradients are taken before either player moves
--   micro: gradients are added up over parts of so many images: a large batch in the memory of a small one. Where samples of a batch meet
--     (batch norm, minibatch layers, the relativistic mean) they meet in a part.
--   clip: {D =, G =}: largest norm of a player's gradient; lr: {D =, G =}: number or f(step), set before each step; scale: f() -> factor on them
--   ema: gan.optim.ema of G's parameters; ema_decay: f(step)
--   noise: standard deviation of instance noise, a number or f(step), with rng, its stream; augment: f(x, step) -> x, differentiable. Both are
--     what D sees of everything
--   replay: f(images, labels) -> images, labels, for D's fakes (gan.game.replay)
--   hooks: before_step(loop, step), after_d(loop, step, i), after_g(loop, step, k), after_step(loop, step, values): values may be added to
--   watch: f(player, grads) -> grads
-- @treturn table loop: step(step), state(), load(state), parts(); fields G, D, optG, optD, loss, updates.D, updates.G, last
function M.new(opt)
  opt = check.options("loop", opt, known)
  need(opt, "G", "a net or a function", check.callable)
  need(opt, "D", "a net or a function", check.callable)
  for _, name in ipairs {"optG", "optD"} do
    need(opt, name, "an optimiser", function(v) return type(v) == "table" and type(v.params) == "table" and type(v.step) == "function" end)
  end
  need(opt, "loss", "a loss (gan.loss.logistic(), ...)", function(v) return type(v) == "table" and check.callable(v.critic) and check.callable(v.generator) end)
  need(opt, "batch", "a function () -> images, labels", check.callable)
  need(opt, "latent", "a function (n) -> z", check.callable)
  for _, name in ipairs {"labels", "wrong_labels", "augment", "replay", "scale", "watch"} do
    if opt[name] ~= nil then need(opt, name, "a function", check.callable) end
  end
  if opt.auxiliary and not opt.labels then return check.fail("loop", "option 'auxiliary' needs 'labels': the game is not conditional") end
  opt.mismatch = check.number("loop", 1, "mismatch", opt.mismatch, 0, 1)
  if opt.mismatch > 0 then
    if not (opt.labels and opt.wrong_labels) then
      return check.fail("loop", "option 'mismatch' needs 'labels' and 'wrong_labels': the game is not conditional")
    end
    if opt.auxiliary then return check.fail("loop", "option 'mismatch': with 'auxiliary' D is not told the labels") end
    if not opt.loss.real then return check.fail("loop", "option 'mismatch' needs a loss whose terms of real and fake separate") end
  end
  local self = setmetatable(opt, Loop)
  self.fixed, self.last, self.updates = {}, {}, {D = 0, G = 0}
  self.remember = type(opt.dsteps) == "function" or type(opt.gsteps) == "function"
  self.dsteps, self.gsteps = plan(self, "dsteps", opt.dsteps), plan(self, "gsteps", opt.gsteps)
  if opt.simultaneous and not (self.fixed.dsteps == 1 and self.fixed.gsteps == 1) then
    return check.fail("loop", "option 'simultaneous': dsteps and gsteps must be 1")
  end
  if opt.micro then self.micro = check.int("loop", 1, "micro", opt.micro, 1) end
  self.penalties, self.g_penalties = penalties(opt.penalties, "penalties"), penalties(opt.g_penalties, "g_penalties")
  self.lr = check.options("loop", opt.lr, {D = none, G = none})
  for player, f in pairs(self.lr) do self.lr[player] = schedule.check(f, "lr." .. player) end
  self.clip = check.options("loop", opt.clip, {D = none, G = none})
  if opt.noise then
    self.noise = schedule.check(opt.noise, "noise")
    need(opt, "rng", "a random stream (gan.rng), for the noise", function(v) return type(v) == "userdata" and not core.is_tensor(v) end)
  end
  if opt.ema_decay then self.ema_decay = schedule.check(opt.ema_decay, "ema_decay") end
  local hooks = {}
  for _, name in ipairs(M.hooks) do hooks[name] = none end
  self.hooks = check.options("loop", opt.hooks, hooks)
  for name, f in pairs(self.hooks) do
    if not check.callable(f) then return expected("hooks." .. name, "a function", f) end
  end
  return self
end

return M
