--- What steps come to between two status lines: means, speed, time left, as a record of gan.quantities.
-- @module gan.game.progress
local core = require "gan.core"
local check = require "gan.check"
local quantities = require "gan.quantities"

local M, Meter = {}, {}
Meter.__index = Meter

local EPOCHS, STEPS = 25, 5000 -- the length of a game that is not told: the larger of the two
local PACE = 4 -- steps after which their time is known

local length = {
  {"batch", "integer", 64, lo = 1, hi = 65536, alias = {"batch-size"}, help = "images in a batch"},
  {"pack", "integer", 1, lo = 1, hi = 64, help = "images that D judges as one; --batch counts packs (PacGAN)"},
  {"steps", "integer", nil, lo = 1, hi = 1000000000, free = true, help = "length of training in steps"},
  {"epochs", "number", nil, above = 0, hi = 1e9, free = true,
    help = "or in passes over the data (default: 25, but at least 5000 steps)"},
  {"kimg", "number", nil, above = 0, hi = 1e9, free = true, help = "or in thousands of real images shown to D"},
}

--- Lists the options of training scripts that say how long a game is, in the form of gan.command.declare.
M.options = length

--- Returns how many real images D learns from in a step. What is drawn for G alone (gan.game.loop's `fresh`) does not
-- count. Cannot fail.
-- @tparam table values  `batch`, `pack` (1), `dsteps` (1)
-- @treturn integer
function M.images(values) return values.batch * (values.pack or 1) * (values.dsteps or 1) end

--- Returns how many steps a game has: kimg counts thousands of real images shown to D, epochs passes over the data.
-- Where none of them is set, it is 25 passes, but at least 5000 steps: passes over a few images teach next to nothing.
-- Cannot fail.
-- @tparam table values  `batch`, `pack` (1), `dsteps` (1), and one of `steps`, `epochs` and `kimg`, or none
-- @tparam integer n  images of the data
-- @treturn integer  from 1
-- @treturn boolean  true if none of them is set
function M.total_steps(values, n)
  local unset = not (values.kimg or values.epochs)
  local images = values.kimg and values.kimg * 1000 or (values.epochs or EPOCHS) * n
  local steps = math.floor(images / M.images(values) + 0.5)
  return values.steps or math.max(unset and STEPS or 1, steps), unset and not values.steps
end

--- Makes a meter. Cannot fail.
-- @tparam integer total  steps in all
-- @tparam integer images  real images in a step
-- @tparam integer start  the step after which it begins
-- @tparam[opt] function clock  () -> seconds; default: the system's
-- @tparam[opt] table window  of `window`: a second one, whose means do not depend on the clock
-- @treturn Meter
-- @usage local meter = gan.game.progress.new(1000, 64, 0)
-- meter:add(1, {D = 0.7, G = 1.2})
-- print(gan.quantities.line(meter:record(0, true)))
function M.new(total, images, start, clock, window)
  clock = clock or core.clock
  local now = clock()
  return setmetatable({total = total, images = images, step = start, start = start, clock = clock, began = now,
    line_at = now, line_step = start, line = M.window(), window = window, settings = {}}, Meter)
end

--- Makes a window: sums of what steps came to, that means are taken of. A run may keep it, and go on with it.
-- Cannot fail.
-- @tparam[opt] table from  another one, perhaps out of a file: what in it is no number is left out
-- @treturn table  `sums` and `counts`, name -> number
function M.window(from)
  local out = {sums = {}, counts = {}}
  from = type(from) == "table" and type(from.sums) == "table" and type(from.counts) == "table" and from or out
  for name, v in pairs(from.sums) do
    local n = from.counts[name]
    if type(v) == "number" and math.type(n) == "integer" and n > 0 then out.sums[name], out.counts[name] = v, n end
  end
  return out
end

--- Adds a step's numbers. Of step sizes the last one counts, of all else the mean.
-- @tparam integer step  the step
-- @tparam table values  name -> number
-- @tparam[opt] table settings  the same, of what schedules set: the last counts
-- @raise if a value is no number
function Meter:add(step, values, settings)
  self.step, self.settings = step, settings or self.settings
  for _, w in ipairs {self.line, self.window} do
    for name, v in pairs(values) do
      local only = quantities.is(name, "step size")
      w.sums[name] = only and v or (w.sums[name] or 0) + v
      w.counts[name] = only and 1 or (w.counts[name] or 0) + 1
    end
  end
end

--- Returns the seconds since the last record that was closed. Cannot fail.
-- @treturn number
function Meter:waiting() return self.clock() - self.line_at end

-- Seconds per step: recent ones count more. What pictures and checkpoints cost is part of it.
local function speed(self)
  local now, steps = self.clock(), self.step - self.line_step
  local recent = steps > 0 and (now - self.line_at) / steps
  if not recent then return self.per_step end
  return self.per_step and 0.7 * self.per_step + 0.3 * recent or recent
end

--- Says how long all will take, once: when four steps are done, the first of which warms up. Cannot fail.
-- @tparam[opt=0] integer skip  steps before these that are not like the others
-- @tparam[opt=false] boolean always  though there are few steps ahead
-- @treturn string  nil after any other step
function Meter:pace(skip, always)
  local done, ahead, now = self.step - self.start - (skip or 0), self.total - self.step, self.clock()
  if done == 1 then self.timed_from = now end
  if done ~= PACE or ahead < PACE and not always then return nil end
  local per_step = (now - self.timed_from) / (PACE - 1)
  local _, peak = core.rss()
  return ("%.3f s a step (%.0f images/s), %.2f GB; %s in about %s"):format(per_step, self.images / per_step,
    peak / 1e9, check.count(self.total - self.start, "step"), quantities.time(now - self.began + per_step * ahead))
end
Meter.pace = core.without_locale(Meter.pace)

--- Returns the state of things. Cannot fail.
-- @tparam number epoch  passes over the data
-- @tparam[opt=false] boolean close  the means start anew
-- @tparam[opt] table window  the meter's second one, whose means are meant; default: those since the last status line
-- @treturn table  a record of gan.quantities: `step`, `total`, `kimg`, `epoch`, `seconds`, `eta`, `images_per_second`,
--   `memory`, and the means by name
function Meter:record(epoch, close, window)
  local now, w = self.clock(), window or self.line
  local per_step = speed(self)
  local r = {
    step = self.step, total = self.total, kimg = self.step * self.images / 1000, epoch = epoch,
    seconds = now - self.began,
    memory = (core.rss()), eta = per_step and per_step * (self.total - self.step),
    images_per_second = per_step and per_step > 0 and self.images / per_step or nil,
  }
  for name, v in pairs(self.settings) do r[name] = v end
  for name, sum in pairs(w.sums) do r[name] = sum / w.counts[name] end
  if close then w.sums, w.counts = {}, {} end
  if close and not window then self.per_step, self.line_at, self.line_step = per_step, now, self.step end
  return r
end

return M
