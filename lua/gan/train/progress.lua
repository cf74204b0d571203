--- What a training step reports: means since the last line, speed, time left; as one line of text and as a record.
local core = require "gan.core"

local M = {}
M.__index = M

--- A meter for `total` steps of `images` real images each, starting after step `start`.
function M.new(total, images, start, clock)
  clock = clock or core.clock
  local now = clock()
  return setmetatable({total = total, images = images, step = start, clock = clock, began = now, line_at = now, line_step = start,
    sums = {}, counts = {}}, M)
end

--- Adds a step's numbers: name -> number.
function M:add(step, values)
  self.step = step
  for name, v in pairs(values) do
    self.sums[name] = (self.sums[name] or 0) + v
    self.counts[name] = (self.counts[name] or 0) + 1
  end
end

--- Seconds since the last record.
function M:waiting() return self.clock() - self.line_at end

-- Seconds per step: recent ones count more. What pictures and checkpoints cost is part of it.
local function speed(self)
  local now, steps = self.clock(), self.step - self.line_step
  local recent = steps > 0 and (now - self.line_at) / steps
  if not recent then return self.per_step end
  return self.per_step and 0.7 * self.per_step + 0.3 * recent or recent
end

--- The state of things as a table of numbers: step, total, kimg, epoch, seconds, eta, images_per_second, memory (bytes), and the
-- means. `close`: the means start anew.
function M:record(epoch, close)
  local now = self.clock()
  local per_step = speed(self)
  local r = {
    step = self.step, total = self.total, kimg = self.step * self.images / 1000, epoch = epoch, seconds = now - self.began,
    memory = (core.rss()), eta = per_step and per_step * (self.total - self.step),
    images_per_second = per_step and per_step > 0 and self.images / per_step or nil,
  }
  for name, sum in pairs(self.sums) do r[name] = sum / self.counts[name] end
  if close then
    self.per_step, self.line_at, self.line_step, self.sums, self.counts = per_step, now, self.step, {}, {}
  end
  return r
end

local function clock_text(seconds)
  local s = math.floor(math.min(seconds, 1e9) + 0.5)
  return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60)
end

--- "0:03:12".
M.clock_text = clock_text

local fixed = {step = true, total = true, kimg = true, epoch = true, seconds = true, eta = true, images_per_second = true, memory = true,
  D = true, G = true, real = true, fake = true, fake_after = true, sign = true, grad_D = true, grad_G = true, diversity = true, nearest = true,
  health = true, why = true}

--- One line, what matters most first, for narrow terminals cut it:
-- `step 1200/40000  0:03:12 eta 1:41:07  D 0.710  G 1.830  D(x) 0.74  D(G(z)) 0.22/0.19  ok  85 img/s  sign 0.66  |g| 0.4/1.2
-- diversity 0.91  0.26 GB  epoch 1.50`.
function M.line(r)
  local parts = {("step %d/%d"):format(r.step, r.total)}
  local function add(fmt, ...) parts[#parts + 1] = fmt:format(...) end
  add(r.eta and "%s eta %s" or "%s", clock_text(r.seconds), r.eta and clock_text(r.eta))
  if r.D then add("D %.3f", r.D) end
  if r.G then add("G %.3f", r.G) end
  if r.real then add("D(x) %.2f", r.real) end
  if r.fake then add(r.fake_after and "D(G(z)) %.2f/%.2f" or "D(G(z)) %.2f", r.fake, r.fake_after) end
  if r.health then add("%s", r.why and ("%s (%s)"):format(r.health, r.why) or r.health) end
  local more = {}
  for name in pairs(r) do if not fixed[name] then more[#more + 1] = name end end
  table.sort(more)
  for _, name in ipairs(more) do add("%s %.4g", name, r[name]) end
  if r.images_per_second then add("%.0f img/s", r.images_per_second) end
  if r.sign then add("sign %.2f", r.sign) end
  if r.grad_D or r.grad_G then add("|g| %.3g/%.3g", r.grad_D or 0 / 0, r.grad_G or 0 / 0) end
  if r.diversity then add("diversity %.2f", r.diversity) end
  if r.memory > 0 then add("%.2f GB", r.memory / 1e9) end
  add("epoch %.2f", r.epoch)
  return table.concat(parts, "  ")
end

return M
