--- What steps come to between two status lines: means, speed, time left, as a record of gan.quantities.
-- @internal gan.train.progress
local core = require "gan.core"
local quantities = require "gan.quantities"

local M = {}
M.__index = M

--- Makes a meter for `total` steps of `images` real images each, starting after step `start`.
function M.new(total, images, start, clock)
  clock = clock or core.clock
  local now = clock()
  return setmetatable({total = total, images = images, step = start, clock = clock, began = now, line_at = now,
    line_step = start, sums = {}, counts = {}}, M)
end

--- Adds a step's numbers: name -> number. Of step sizes the last one counts, of all else the mean.
function M:add(step, values)
  self.step = step
  for name, v in pairs(values) do
    local only = quantities.is(name, "step size")
    self.sums[name] = only and v or (self.sums[name] or 0) + v
    self.counts[name] = only and 1 or (self.counts[name] or 0) + 1
  end
end

--- Returns the seconds since the last record.
function M:waiting() return self.clock() - self.line_at end

-- Seconds per step: recent ones count more. What pictures and checkpoints cost is part of it.
local function speed(self)
  local now, steps = self.clock(), self.step - self.line_step
  local recent = steps > 0 and (now - self.line_at) / steps
  if not recent then return self.per_step end
  return self.per_step and 0.7 * self.per_step + 0.3 * recent or recent
end

--- Returns the state of things: step, total, kimg, epoch, seconds, eta, images_per_second, memory, and the means.
-- @tparam number epoch
-- @tparam[opt=false] boolean close  the means start anew
function M:record(epoch, close)
  local now = self.clock()
  local per_step = speed(self)
  local r = {
    step = self.step, total = self.total, kimg = self.step * self.images / 1000, epoch = epoch,
    seconds = now - self.began,
    memory = (core.rss()), eta = per_step and per_step * (self.total - self.step),
    images_per_second = per_step and per_step > 0 and self.images / per_step or nil,
  }
  for name, sum in pairs(self.sums) do r[name] = sum / self.counts[name] end
  if close then
    self.per_step, self.line_at, self.line_step, self.sums, self.counts = per_step, now, self.step, {}, {}
  end
  return r
end

return M
