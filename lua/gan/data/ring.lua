--- Draws points in the plane from 8 Gaussians on a ring, or 25 on a grid.
--
-- Everything is known of this data set: it counts what a generator misses.
-- @module gan.data.ring
local core = require "gan.core"
local check = require "gan.check"
local custom = require "gan.data.custom"

local option = check.option

local M = {}

local SIGMAS = 3 -- a sample within so many deviations of a centre is of high quality
local SHARE = 0.1 -- a mode is found if it has so much of its fair share of such samples

local Ring = {} -- methods beyond those of gan.data.custom

local function centres(modes)
  local list = {}
  if modes == 8 then
    for k = 0, 7 do list[k + 1] = {2 * math.cos(k * math.pi / 4), 2 * math.sin(k * math.pi / 4)} end
  else
    for i = -2, 2 do
      for j = -2, 2 do list[#list + 1] = {2 * i, 2 * j} end
    end
  end
  return list
end

--- Scores how well points cover the modes. The result has
--
-- * `modes`: how many have at least a tenth of their share N/modes of points within 3 deviations
-- * `quality`: part of all points that are within 3 deviations of a centre; of real ones 0.989 (1 - exp(-4.5))
-- * `kl`: divergence of these points' modes from the uniform ones, in nats (log modes if there are none)
-- * `counts`: such points of each mode
--
-- @tparam Tensor points  real (N,2), at least one
-- @treturn table
-- @raise if there are no such points
function Ring:score(points)
  check.real("ring.score", 1, "points", points, 2)
  local n, limit = core.size(points, 1), (SIGMAS * self.sigma) ^ 2
  if n == 0 or core.size(points, 2) ~= 2 then
    return check.expected("ring.score", 1, "points", "points (N,2)", points)
  end
  local counts, good = {}, 0
  for k = 1, self.modes do counts[k] = 0 end
  for _, p in ipairs(core.to_table(points)) do
    for k, c in ipairs(self.list) do
      local dx, dy = p[1] - c[1], p[2] - c[2]
      if dx * dx + dy * dy <= limit then counts[k], good = counts[k] + 1, good + 1 end
    end
  end
  local modes, kl = 0, good == 0 and math.log(self.modes) or 0
  for _, c in ipairs(counts) do
    if c >= math.max(1, SHARE * n / self.modes) then modes = modes + 1 end
    if c > 0 then kl = kl + c / good * math.log(c / good * self.modes) end
  end
  return {modes = modes, quality = good / n, kl = kl, counts = counts}
end

--- Returns one line about the set. Cannot fail.
-- @treturn string
Ring.describe = core.without_locale(function(self)
  return ("ring: %d Gaussians of deviation %g in the plane"):format(self.modes, self.sigma)
end)

--- Makes the set, by gan.data.custom: samples are points, real (n,2), and their modes, from 0.
-- Modes as usual in the field: 8 on a circle of radius 2, or 25 at (2i, 2j), i, j = -2..2.
-- Its fields: `modes`, `sigma`, `list` (the centres), `reach` (of a picture).
-- Source: Metz et al. 2017, arXiv:1611.02163; Srivastava et al. 2017, arXiv:1705.07761.
-- @function gan.data.ring
-- @tparam[opt] table opt
-- @tparam[opt=8] integer opt.modes  8 or 25
-- @tparam[opt] number opt.sigma  deviation of a mode, >= 0; default: 0.02 of 8, 0.05 of 25
-- @treturn Ring
-- @raise if an option is unknown or out of range
function M.new(opt)
  opt = check.options("data.ring", opt, {
    modes = option.word {8, 25, default = 8}, sigma = option.number {lo = 0},
  })
  local modes, sigma, list = opt.modes, opt.sigma or (opt.modes == 8 and 0.02 or 0.05), centres(opt.modes)
  local means = core.tensor(list)
  local ring = custom.new {source = "ring", n = 100000, sample = function(rng, n)
    local which = rng:integer({n}, 0, modes - 1)
    return core.add(core.gather_rows(means, which), rng:normal({n, 2}, 0, sigma)), which
  end}
  ring.modes, ring.sigma, ring.list, ring.reach = modes, sigma, list, modes == 8 and 3 or 5.5
  ring.score, ring.describe = Ring.score, Ring.describe
  return ring
end

return M
