--- The health of a game: a few numbers every so many steps, and a word for them.
--
-- The words: ok, D too strong, G too strong, collapsing, diverged. The numbers depend on the steps alone, never on
-- time, and no random number is drawn: training does not notice. They cost well under a hundredth of it: the gradients'
-- norms and the length of G's step of one step in 50, and G's pictures of 32 of the fixed latent vectors.
-- @module gan.game.health
local core = require "gan.core"
local check = require "gan.check"
local losses = require "gan.loss"
local norm = require "gan.optim.norm"
local quantities = require "gan.quantities"

local M = {}

--- Steps from one check to the next.
M.EVERY = 50

--- Pictures that a check looks at.
M.PICTURES = 32

local Health = {}
Health.__index = Health

local VARIETY, GRADIENTS = quantities.names "variety", quantities.names "gradient" -- what a check looks at
local EARLY = 5 -- checks whose gradient norms are the measure of later ones
local WARM_UP = 10 -- checks before which little variety is no illness: G has just begun
local PATIENCE = 3 -- checks in a row that make a collapse
local LEAST = {diversity = 0.25, nearest = 0.15} -- of the real pictures' value
local DROP = 0.4 -- of the best value so far
local SURE = 0.99 -- mean of D's sigmoids beyond which it is
local EVEN = 0.05 -- part of D's loss at guessing, below which D has nothing left to learn
local FOOLED = 0.1 -- by how much D must take fakes for real rather than real pictures
local RISE = 1.5 -- of all logits, which a loss of differences does not notice
local GONE, BURST = 1e-4, 1e3 -- gradient norms, of their early value
local STILL = 0.01 -- G's steps, of their early size: below it G hardly moves. Adam's do not shrink with the gradient.

--- Measures how different pictures are from each other.
-- The median sees a collapse to a few pictures, too. (The mean distance to the nearest would hang on those few pictures
-- that have their mode to themselves: of 32 points from eight Gaussians on a ring it varies sixfold, the median
-- twofold.)
-- @tparam Tensor images  real (N,...), N >= 2
-- @treturn number  root mean square of the difference of two pixels, over all pairs of pictures; NaN where a picture
--   holds NaN or an infinity
-- @treturn number  the median over pictures of the same to the nearest other picture; or NaN
-- @raise if there are fewer than two pictures
function M.diversity(images)
  check.real("diversity", 1, "images", images)
  local n = core.dim(images) > 1 and core.size(images, 1) or 0
  if n < 2 then return check.expected("diversity", 1, "images", "at least two pictures (N,...)", images) end
  local d = core.numel(images) // n
  local x = core.reshape(core.contiguous(core.alias(images)), {n, d})
  if core.bad_row(x) then return 0 / 0, 0 / 0 end
  local _, squares = core.distance_sums(x)
  local nearest = core.to_table(core.reshape((core.nearest(x, nil, 1)), {n}))
  table.sort(nearest) -- numbers
  local function root(square) return math.sqrt(square / d) end
  return root(squares * 2 / (n * (n - 1))), (root(nearest[(n + 1) // 2]) + root(nearest[n // 2 + 1])) / 2
end

--- Sums up logits.
-- @tparam Tensor logits  real, any shape but an empty one
-- @tparam[opt="logits"] string name  of the value, for errors
-- @treturn number  the mean of their sigmoid
-- @treturn number  the mean of their sign
-- @treturn number  the lowest
-- @treturn number  the highest
-- @raise if they are no logits
function M.belief(logits, name)
  if not core.is_tensor(logits) or core.dtype(logits) ~= "real" or core.numel(logits) == 0 then
    return check.expected("Run:report", 1, name or "logits", "logits", logits)
  end
  local belief, sign, low, high, n = 0, 0, math.huge, -math.huge, core.numel(logits)
  for _, v in ipairs(core.to_table(core.reshape(logits, {n}))) do
    belief = belief + 1 / (1 + math.exp(-v))
    sign = sign + (v > 0 and 1 or v < 0 and -1 or v == 0 and 0 or v)
    low, high = math.min(low, v), math.max(high, v)
  end
  return belief / n, sign / n, low, high
end

--- Words that --on-collapse acts on, each -> true.
M.severe = {collapsing = true, diverged = true}

--- Makes the health of a game that begins. Cannot fail.
-- Fields to set: `even`, D's loss where it can only guess (nil: unknown); `absolute` (true), false where D's logits
-- have no zero, as a Wasserstein critic's have not; `relative` (false), true where their differences have one. Fields
-- to read: `word`, `why`.
-- @treturn table
function M.new()
  return setmetatable({
    word = "ok", why = "", absolute = true, relative = false, loss = losses.logistic(),
    sums = {}, steps = 0, checks = 0, low = 0, now = {}, early = {}, best = {},
  }, Health)
end

--- Takes the loss that D's is measured by: sets `even` to its value where D can only guess.
-- A critic whose outputs have no zero has none: then `absolute` is false. A loss that does not change where all logits
-- rise alike, as relativistic ones do not, judges differences: then `relative` is true, `absolute` false. Nothing is
-- known of a loss that takes no two logits, or returns no number for them: where that is a mistake, its first step says
-- so. Cannot fail.
-- @tparam table loss  of gan.loss
function Health:judge_by(loss)
  local zeros, real, fake = core.full({2}, 0), core.tensor {0.3, -0.7}, core.tensor {0.1, 0.4}
  local function value(a, b) return core.item(loss.critic(a, b)) end
  local even = check.try(value, zeros, zeros)
  if not even then return end
  local here = check.try(value, real, fake)
  local there = check.try(value, core.add(real, RISE), core.add(fake, RISE))
  local rises = not (here and there) or math.abs(there - here) > 1e-5
  self.loss, self.even = loss, even > 0 and even or nil
  self.absolute, self.relative = even > 0 and rises, even > 0 and not rises
end

--- Sets what diversity is measured by.
-- @tparam Tensor images  (N,...): real ones, some 32 of them
-- @raise if there are fewer than two
function Health:real(images) self.rms, self.near = M.diversity(images) end

--- Tells whether nothing is wrong, nor about to be. Cannot fail.
-- @treturn boolean
function Health:well() return self.word == "ok" and self.low == 0 end

--- Tells whether a step is one of those that are looked at. Cannot fail.
-- @tparam integer step  from 1
-- @treturn boolean
function M.due(step) return step % M.EVERY == 0 end

--- Remembers the norm of a player's gradients, and where G stands before its step.
-- @tparam string player  "D" or "G"
-- @tparam table grads  list of tensors
-- @tparam[opt] table optimiser  the player's, about to step: `params` and `lr`
-- @raise if they are no real tensors
function Health:gradient(player, grads, optimiser)
  self.now["grad_" .. player] = norm(grads)
  if player ~= "G" or type(optimiser) ~= "table" or type(optimiser.params) ~= "table" then return end
  local lr = type(optimiser.lr) == "number" and optimiser.lr or 1
  self.from = lr > 0 and {params = optimiser.params, lr = lr} or nil
  for i, p in ipairs(self.from and optimiser.params or {}) do self.from[i] = core.clone(core.alias(p)) end
end

-- How far G has come since then, as a part of its weights' norm; and of that, by the step size.
local function move(self)
  local from = self.from
  if not from then return end
  self.from = nil
  local whole = norm(from)
  for i, p in ipairs(from.params) do from[i] = core.sub(core.alias(p), from[i]) end
  self.now.move_G = whole > 0 and norm(from) / whole or nil
  self.pace = self.now.move_G and self.now.move_G / from.lr
end

--- Takes the range of D's answers in a step, to real and to generated pictures together. Cannot fail.
-- @tparam number low  a logit
-- @tparam number high  a logit
function Health:answers(low, high)
  self.low_answer, self.high_answer = math.min(self.low_answer or low, low), math.max(self.high_answer or high, high)
end

--- Turns what a step came to into numbers, and takes the range of D's answers.
-- Logits (`real`, `fake`, `fake_after`, `wrong`: gan.quantities) become the mean of their sigmoid, and tensors of one
-- element that element. Of `real` and `fake` (where the logits have a zero, of `real` alone) `sign` is made, the mean
-- sign of their gan.loss.margin, and where only differences count `ahead`, its mean sigmoid.
-- @tparam table values  name -> number or tensor
-- @treturn table  name -> number
-- @treturn string  the first of them by name that is no finite number, such as "G is NaN"; or nil
-- @raise if a value is neither a number nor a tensor, or a name that of a number which a run fills in itself
function Health:read(values)
  local numbers, broken = {}, nil
  for name, v in pairs(check.braces("Run:report", "numbers", values)) do
    if quantities.is_own(name) then
      return check.fail("Run:report", "the name '%s' is taken by the run itself", tostring(name))
    end
    local x = v
    if quantities.is(name, "logit") then
      local low, high, _
      x, _, low, high = M.belief(v, name)
      self:answers(low, high)
    elseif core.is_tensor(v) then
      x = v:item()
    end
    if type(x) ~= "number" then return check.expected("Run:report", 1, name, "a number or a tensor", v) end
    if x - x ~= 0 then
      local what = ("%s is %s"):format(name, (tostring(x):gsub("^%-?nan$", "NaN")))
      broken = broken and broken < what and broken or what -- the same one in every run
    end
    numbers[name] = x
  end
  if values.real and (values.fake or self.absolute) then
    local ahead, sign = M.belief(losses.margin(self.loss, values.real, values.fake))
    numbers.sign, numbers.ahead = sign, self.relative and ahead or nil
  end
  return numbers, broken
end

--- Adds the step sizes of the players' optimisers to a step's numbers.
-- Cannot fail.
-- @tparam table numbers  of `read`; gets lr_D and lr_G
-- @tparam table parts  of a run: what has the name optD or optG, and a number lr, is a player's optimiser
-- @tparam integer step  of the numbers
-- @tparam integer total  steps of the run
-- @treturn string  says, once, that both are 0 with steps ahead; else nil
function Health:step_sizes(numbers, parts, step, total)
  for _, player in ipairs {"D", "G"} do
    local optimiser = parts["opt" .. player]
    if optimiser and type(optimiser.lr) == "number" then numbers["lr_" .. player] = optimiser.lr end
  end
  if self.still or numbers.lr_D ~= 0 or numbers.lr_G ~= 0 or step >= total then return nil end
  self.still = true
  return ("step %d: the step sizes of both players are 0: %s ahead without a change"):format(
    step, check.count(total - step, "step"))
end

--- Tells whether all of D's answers so far can be probabilities. Cannot fail.
-- A net that returns logits soon finds a fake less likely than not, and says so with a number below 0.
-- @treturn boolean
function Health:probabilities()
  return self.absolute and self.low_answer ~= nil and self.low_answer >= 0 and self.high_answer <= 1
end

--- Takes a step's numbers. Cannot fail.
-- @tparam table numbers  `D` (its loss), `real` and `fake` (D(x), D(G(z))), `ahead` are looked at, as means since the
--   last check
function Health:add(numbers)
  move(self)
  self.steps = self.steps + 1
  for _, name in ipairs {"D", "real", "fake", "ahead"} do
    if numbers[name] then self.sums[name] = (self.sums[name] or 0) + numbers[name] end
  end
end

-- What is wrong with variety: text or nil.
local function variety(self, now)
  local why
  for _, name in ipairs(VARIETY) do
    local v, best = now[name], self.best[name] or 0
    if v and not why and (self.checks > WARM_UP and v < LEAST[name] or best > 2 * LEAST[name] and v < DROP * best) then
      local what = name == "nearest" and "distance to the nearest picture" or name
      why = ("%s %.2f of the real pictures', %.2f at best"):format(what, v, best)
    end
  end
  for _, name in ipairs(VARIETY) do
    -- More variety than the real pictures have, as noise does, is nothing to fall from.
    if now[name] then self.best[name] = math.min(1, math.max(self.best[name] or 0, now[name])) end
  end
  self.low = why and self.low + 1 or 0
  return self.low >= PATIENCE and why or nil
end

local function burst(self, now)
  for _, name in ipairs(GRADIENTS) do
    local v, early = now[name], self.early[name]
    if v and v - v ~= 0 then
      return ("the norm of %s's gradient is %s"):format(name:sub(-1), v ~= v and "NaN" or "infinite")
    end
    if v and early and self.checks > EARLY and v > BURST * early then
      return ("the norm of %s's gradient is %.3g, %.3g at the beginning"):format(name:sub(-1), v, early)
    end
  end
end

-- What is wrong with G's steps: text or nil. A small gradient alone is not: what Adam makes of it may be as large as
-- ever.
local function standstill(self, now)
  local v, early, pace = now.grad_G, self.early.grad_G, self.early.pace
  if not (early and self.checks > EARLY and v and v < GONE * early) then return nil end
  local why = ("the norm of G's gradient is %.3g, %.3g at the beginning"):format(v, early)
  if not (self.pace and pace and pace > 0) then return why end
  return self.pace < STILL * pace and ("%s; its steps are %.3g of what they were"):format(why, self.pace / pace) or nil
end

local function judge(self, now, means)
  local why = burst(self, now)
  if why then return "diverged", why end
  why = variety(self, now)
  if why then return "collapsing", why end
  why = standstill(self, now)
  if why then return "D too strong", why end
  if self.even and means.D and means.D < EVEN * self.even then
    return "D too strong", ("D's loss is %.3g, %.3g where D guesses"):format(means.D, self.even)
  end
  if self.relative and means.ahead then
    local both = ("D(x) before D(G(z)) %.2f"):format(means.ahead)
    if means.ahead > SURE then return "D too strong", both end
    return means.ahead < (1 - FOOLED) / 2 and "G too strong" or "ok", means.ahead < (1 - FOOLED) / 2 and both or ""
  end
  local real, fake = means.real, means.fake
  if not self.absolute or not (real and fake) then return "ok", "" end
  local both = ("D(x) %.2f, D(G(z)) %.2f"):format(real, fake)
  if real > SURE and fake < 1 - SURE then return "D too strong", both end
  if fake > SURE or fake - real > FOOLED then return "G too strong", both end
  return "ok", ""
end

-- Takes the measures of later checks. Those of a run that goes on from before G's steps were measured begin where it
-- does.
local function remember(self, now)
  local early, pace = self.early, self.pace
  for _, name in ipairs(self.checks <= EARLY and GRADIENTS or {}) do
    local v = now[name]
    if v and v - v == 0 then early[name] = math.max(early[name] or 0, v) end
  end
  if pace and pace - pace == 0 and (self.checks <= EARLY or not early.pace) then
    early.pace = math.max(early.pace or 0, pace)
  end
end

--- Judges the game by what was taken in since the last check, and starts the means anew.
-- @tparam[opt] Tensor images  (N,...): what G draws from the fixed latent vectors
-- @treturn string  the word
-- @treturn string  the numbers that led to it; "" where all is well
-- @raise if there are fewer than two images
function Health:check(images)
  local now, means = self.now, {}
  for name, sum in pairs(self.sums) do means[name] = sum / self.steps end
  if images and self.rms then
    local rms, near = M.diversity(images)
    now.diversity = self.rms > 0 and rms / self.rms or nil
    now.nearest = self.near > 0 and near / self.near or nil
  end
  self.checks = self.checks + 1
  remember(self, now)
  self.word, self.why = judge(self, now, means)
  self.sums, self.steps = {}, 0
  return self.word, self.why
end
Health.check = core.without_locale(Health.check) -- the words have numbers in them

--- Adds the last check's numbers to a status record. Cannot fail.
-- @tparam table record  gets `grad_D`, `grad_G`, `move_G`, `diversity` and `nearest` (of the real pictures' value),
--   `health` (the word), `why`
-- @treturn table  the record
function Health:record(record)
  for name, v in pairs(self.now) do record[name] = v end
  record.health = self.word
  record.why = self.why ~= "" and self.why or nil
  return record
end

--- Returns what a checkpoint keeps. Cannot fail.
-- @treturn table  plain values
function Health:state()
  return {
    word = self.word, why = self.why, steps = self.steps, checks = self.checks, low = self.low, pace = self.pace,
    sums = self.sums, now = self.now, early = self.early, best = self.best,
  }
end

--- Restores a state; what is missing begins anew. Cannot fail.
-- @tparam table state  from state(); what in it is none counts as missing
function Health:load(state)
  state = type(state) == "table" and state or {}
  for _, name in ipairs {"sums", "now", "early", "best"} do
    self[name] = {}
    for key, v in pairs(type(state[name]) == "table" and state[name] or {}) do
      if type(v) == "number" then self[name][key] = v end
    end
  end
  for _, name in ipairs {"steps", "checks", "low"} do
    self[name] = math.type(state[name]) == "integer" and math.max(state[name], 0) or 0
  end
  self.pace, self.from = type(state.pace) == "number" and state.pace or nil, nil
  self.word = type(state.word) == "string" and state.word or "ok"
  self.why = type(state.why) == "string" and state.why or ""
end

return M
