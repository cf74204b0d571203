--- How p of an augmentation follows D: it rises while D is too sure of the real images, else it falls.
--
-- After every `every` updates of D, from what D said in them,
--
--     p <- clamp(p + sign(r - target) images / (1000 kimg), 0, cap)
--
-- where `images` are the real ones that D learnt from in these updates. A tie, and an r that is NaN, leave p as it is.
-- r is, with `by` "r_t", the mean sign of gan.loss.margin over D's answers to real images; with "r_v",
--
--     (mean real - mean held out) / max(mean real - mean fake, 1e-8)
--
-- of D's logits, those of held-out images from the last of these updates.
-- @internal gan.augment.control
local core = require "gan.core"
local check = require "gan.check"
local state = require "gan.state"

local M = {}

local option = check.option
local TARGETS = {r_t = 0.6, r_v = 0.5}
local LEAST = 1e-8 -- by how much D puts real images above generated ones, where r_v divides by it

local Control = {} -- methods

--- Returns the options of what is controlled, for check.options. Cannot fail.
-- @tparam number cap  the default of `cap`
-- @treturn table  name -> kind
function M.options(cap)
  return {
    by = option.word {"r_t", "r_v", default = "r_t"}, target = option.number {lo = -1, hi = 1},
    kimg = option.number {default = 500, above = 0}, every = option.integer {default = 4, lo = 1},
    p = option.number {default = 0, lo = 0, hi = 1}, cap = option.number {default = cap, lo = 0, hi = 1},
  }
end

local fields = {
  "p", "r", "adjustments", "updates", "images", "signs", "answers", "real", "fake", "fakes",
}

local function start_interval(self)
  self.updates, self.images, self.signs, self.answers = 0, 0, 0.0, 0
  self.real, self.fake, self.fakes = 0.0, 0.0, 0
end

--- Makes a class of what is controlled. Its objects have the fields `p` and `cap`, and Control's methods. Cannot fail.
-- @tparam string name  public name, "augment.ada"
-- @tparam string number  the name that p is recorded by
-- @treturn table  the class
function M.class(name, number)
  local class = {__name = name, __number = number}
  for key, method in pairs(Control) do class[key] = method end
  class.__index = class
  return class
end

--- Makes an object of such a class. Cannot fail.
-- @tparam table class  what M.class gave
-- @tparam table opt  checked options, those above
-- @treturn Control
function M.new(class, opt)
  local self = setmetatable({
    by = opt.by, target = opt.target or TARGETS[opt.by], images_to_1 = 1000 * opt.kimg, every = opt.every,
    p = math.min(opt.p, opt.cap) + 0.0, cap = opt.cap, r = 0.0, adjustments = 0,
  }, class)
  start_interval(self)
  return self
end

--- Takes the pipeline out of the list part of a constructor's options.
-- @tparam string name  of the constructor
-- @tparam table opt  its options
-- @treturn function  the pipeline: a table with __call and a number `p`
-- @treturn table  the other options
-- @raise if there is none
function M.pipeline(name, opt)
  local rest = {}
  for k, v in pairs(type(opt) == "table" and opt or {}) do if k ~= 1 then rest[k] = v end end
  local pipeline = type(opt) == "table" and opt[1]
  if type(pipeline) == "table" and check.callable(pipeline) and type(pipeline.p) == "number" then
    return pipeline, rest
  end
  return check.fail(name, "expected a pipeline, whose p is set, first in the options: %s {gan.augment.preset \"bgc\"}, "
    .. "got %s", name, check.found(pipeline or nil))
end

--- Tells whether the next update of D wants its logits of held-out images. Cannot fail.
-- @function Control:asks
-- @treturn boolean
function Control:asks() return self.by == "r_v" and self.updates == self.every - 1 end

-- Sums of a tensor in doubles, in the order of its elements: the same for any number of threads.
local function sums(t)
  local sum, signs, n = 0.0, 0.0, core.numel(t)
  for _, v in ipairs(core.to_table(core.reshape(core.contiguous(core.alias(t)), {n}))) do
    sum, signs = sum + v, signs + (v > 0 and 1 or v < 0 and -1 or v == 0 and 0 or v)
  end
  return sum, signs, n
end

local function adjust(self, seen)
  local r = self.signs / self.answers
  if self.by == "r_v" then
    local held, _, n = sums(seen.held_out)
    local real = self.real / self.answers
    r = (real - held / n) / math.max(real - self.fake / self.fakes, LEAST)
  end
  local step = r > self.target and 1 or r < self.target and -1 or 0
  self.p = math.max(0.0, math.min(self.p + step * self.images / self.images_to_1, self.cap))
  self.r, self.adjustments = r, self.adjustments + 1
  start_interval(self)
end

--- Takes what D said in an update, and changes p after each `every` of them.
-- @function Control:see
-- @tparam table seen  `margin` (gan.loss.margin), `real` and `fake` (D's logits): tensors; `images`: how many real ones
--   D learnt from; `held_out`: D's logits of held-out images, where asks() was true
-- @raise if held-out logits are missing
function Control:see(seen)
  if self:asks() and not seen.held_out then
    return check.fail(self.__name,
      "option 'by': r_v needs D's logits of held-out images (option 'held_out' of the game)")
  end
  local _, signs, n = sums(seen.margin)
  self.signs = self.signs + signs
  if self.by == "r_v" then
    local fake, _, fakes = sums(seen.fake)
    local real
    real, _, n = sums(seen.real)
    self.real, self.fake, self.fakes = self.real + real, self.fake + fake, self.fakes + fakes
  end
  self.answers, self.images, self.updates = self.answers + n, self.images + seen.images, self.updates + 1
  if self.updates == self.every then adjust(self, seen) end
end

--- Returns what is recorded: p, and r_t or r_v of the last adjustment. Cannot fail.
-- @function Control:numbers
-- @treturn table  name -> number
function Control:numbers() return {[self.__number] = self.p, [self.by] = self.adjustments > 0 and self.r or nil} end

--- Returns what a checkpoint keeps: p, and the sums since the last adjustment. Cannot fail.
-- @function Control:state
-- @treturn table  name -> number
function Control:state() return state.state(self, {}, fields) end

--- Restores a state.
-- @function Control:load
-- @tparam table saved  what state() gave
-- @raise naming the entry that is missing, unknown, or impossible
function Control:load(saved)
  local p, updates = type(saved) == "table" and saved.p, type(saved) == "table" and saved.updates
  if type(p) == "number" and not (p >= 0 and p <= 1) then
    return check.fail(self.__name, "state: 'p': expected a number in [0,1], got %s", check.found(p))
  end
  if math.tointeger(updates) and updates >= self.every then
    return check.fail(self.__name, "state: 'updates': expected less than %d, got %s", self.every, check.found(updates))
  end
  state.load(self.__name, self, saved, {}, fields)
  self.p = math.min(self.p, self.cap)
end

return M
