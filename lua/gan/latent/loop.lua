--- Makes paths of latent vectors for animations: closed ones, whose last frame leads to the first, and random ones.
-- @module gan.latent.loop
local core = require "gan.core"
local check = require "gan.check"
local line = require "gan.latent.line"
local random = require "gan.random"
local vectors = require "gan.latent.vectors"

local option = check.option
local combine, dot, length = vectors.combine, vectors.dot, vectors.length

local M = {}

local PACE = 0.08 -- radians between two frames, where nobody says how many there are

local frames = option.integer {lo = 1, hi = 100000}

local function count(n, angle) return n or math.ceil(angle / PACE) end

--- Returns a closed path: a circle around 0 through two vectors.
--
--     a cos(2 pi k / K) + b sin(2 pi k / K),   k = 0 .. K-1
--
-- Of two independent normal vectors every frame is exactly normal; it may become shorter and longer on the way.
-- @function gan.latent.circle
-- @tparam table|Tensor a  list of Z numbers, or real (Z)
-- @tparam table|Tensor b  the same
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.frames  K; default: 79, one each 0.08 radians
-- @tparam[opt=false] boolean opt.flat  b is turned into a right angle to a, and gets its length: so does every frame
-- @treturn Tensor  real (K,Z)
-- @raise if an argument is of another kind or length, an option is unknown; with `flat`, if a and b are parallel
function M.circle(a, b, opt)
  local op = "latent.circle"
  local p = vectors.one(op, 1, "a", a)
  local q = vectors.one(op, 2, "b", b, #p)
  opt = check.options(op, opt, {frames = frames, flat = option.boolean {default = false}})
  if opt.flat then
    local n = length(p)
    local t = n > 0 and combine(1, q, -dot(p, q) / (n * n), p) or q
    if length(t) <= 1e-6 * length(q) or n == 0 then
      return check.fail(op, "option 'flat': a and b are parallel, there is no circle through both")
    end
    q = combine(n / length(t), t, 0, t)
  end
  local out, n = {}, count(opt.frames, 2 * math.pi)
  for k = 0, n - 1 do
    local phi = 2 * math.pi * k / n
    out[k + 1] = combine(math.cos(phi), p, math.sin(phi), q)
  end
  return core.tensor(out)
end

--- Returns a closed path that wanders: a sum of circles that are gone through once, twice, ...
--
--     sum_m w_m (a_m cos(2 pi m k / K) + b_m sin(2 pi m k / K)),   sum w_m^2 = 1
--
-- Of independent normal vectors every frame is exactly normal.
-- @function gan.latent.wander
-- @tparam Tensor a  real (M,Z)
-- @tparam Tensor b  real (M,Z)
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.frames  K; default: one each 0.08 radians of the way
-- @tparam[opt] table opt.weights  w_m squared, M numbers > 0; only their ratios count; default: 1, 1/4, 1/16, ...
-- @treturn Tensor  real (K,Z)
-- @raise if an argument is of another kind or shape, or an option is unknown or wrong
function M.wander(a, b, opt)
  local op = "latent.wander"
  check.real(op, 1, "a", a, 2)
  local p = vectors.read(op, 1, "a", a)
  check.real(op, 2, "b", b, 2)
  local q = vectors.like(op, 2, "b", b, p, "a")
  opt = check.options(op, opt, {frames = frames, weights = option.table {}})
  local w, sum, speed = {}, 0, 0
  for m = 1, #p do
    local v = 0.25 ^ (m - 1)
    if opt.weights then v = opt.weights[m] end
    if type(v) ~= "number" or not (v > 0 and v < math.huge) or opt.weights and #opt.weights ~= #p then
      return check.fail(op, "option 'weights': expected %s > 0, got %s", check.count(#p, "number"),
        check.found(opt.weights and #opt.weights ~= #p and #opt.weights or v))
    end
    w[m], sum = v, sum + v
  end
  for m = 1, #p do
    w[m] = math.sqrt(w[m] / sum)
    speed = speed + (w[m] * m) ^ 2
  end
  local out, n = {}, count(opt.frames, 2 * math.pi * math.sqrt(speed))
  for k = 0, n - 1 do
    local phi, v = 2 * math.pi * k / n, combine(0, p[1], 0, p[1])
    for m = 1, #p do
      v = combine(1, v, 1, combine(w[m] * math.cos(m * phi), p[m], w[m] * math.sin(m * phi), q[m]))
    end
    out[k + 1] = v
  end
  return core.tensor(out)
end

--- Returns a closed path through given vectors: an arc (gan.latent.slerp) from each to the next, and back to the first.
-- Legs have frames in proportion to their angles, at least one.
-- @function gan.latent.through
-- @tparam Tensor z  real (N,Z), N >= 2
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.frames  K, about; default: one each 0.08 radians
-- @tparam[opt=false] boolean opt.rest  slows down at each vector, t^2 (3 - 2 t), in the place of a corner
-- @treturn Tensor  real (K,Z)
-- @treturn table  list of N integers: the frames, from 1, that are the given vectors
-- @raise if z is of another shape, or an option is unknown or out of range
function M.through(z, opt)
  local op = "latent.through"
  check.real(op, 1, "z", z, 2)
  opt = check.options(op, opt, {frames = frames, rest = option.boolean {default = false}})
  if core.size(z, 1) < 2 then return check.expected(op, 1, "z", "at least two vectors, real (N,Z)", z) end
  local rows = vectors.read(op, 1, "z", z)
  local angles, all, out, at = {}, 0, {}, {}
  for i, v in ipairs(rows) do
    angles[i] = line.angle(v, rows[i % #rows + 1])
    all = all + angles[i]
  end
  local total = math.max(#rows, count(opt.frames, all))
  for i, v in ipairs(rows) do
    local n, to = all > 0 and math.floor(total * angles[i] / all + 0.5) or 1, rows[i % #rows + 1]
    at[i], n = #out + 1, math.max(1, n)
    for k = 0, n - 1 do
      local t = k / n
      if opt.rest then t = t * t * (3 - 2 * t) end
      out[#out + 1] = k == 0 and v or line.slerp(v, to, t)
    end
  end
  return core.tensor(out), at
end

--- Returns latent vectors that have drifted: rho z + sqrt(1 - rho^2) noise. Normal ones stay normal.
-- @function gan.latent.drift
-- @tparam Tensor z  real, any shape
-- @tparam Tensor noise  real, z's shape: normal numbers
-- @tparam number rho  in [0,1]; 1 stands still, 0 leaps to the noise; a step turns by about arccos(rho)
-- @treturn Tensor  z's shape
-- @raise if an argument is of another kind or shape
function M.drift(z, noise, rho)
  local op = "latent.drift"
  check.real(op, 1, "z", z)
  check.real(op, 2, "noise", noise)
  check.number(op, 3, "rho", rho, 0, 1)
  if check.shape_string(core.shape(z)) ~= check.shape_string(core.shape(noise)) then
    return check.expected(op, 2, "noise", check.shape_string(core.shape(z)) .. ", as z", noise)
  end
  return core.add(core.mul(z, rho), core.mul(noise, math.sqrt(1 - rho * rho)))
end

--- Returns a random walk that stays normal: z, and where it drifts step by step. Its path is rough: for an animation a
-- circle is smoother.
-- Source: Uhlenbeck & Ornstein 1930, "On the theory of the Brownian motion" (the process, at equal times).
-- @function gan.latent.walk
-- @tparam table|Tensor z  list of Z numbers, or real (Z)
-- @tparam[opt] table opt
-- @tparam[opt=8] integer opt.steps  after the first vector
-- @tparam[opt=0.8] number opt.rho  in [0,1], as for `drift`
-- @tparam[opt] Stream opt.rng  of the noise; default: gan's default stream
-- @treturn Tensor  real (steps+1,Z)
-- @raise if z is of another kind, or an option is unknown or out of range
function M.walk(z, opt)
  local op = "latent.walk"
  local first = vectors.one(op, 1, "z", z)
  opt = check.options(op, opt, {
    steps = option.integer {default = 8, lo = 0}, rho = option.number {default = 0.8, lo = 0, hi = 1},
    rng = option.stream {},
  })
  local rng, list = opt.rng or random.default(), {core.tensor {first}}
  for k = 1, opt.steps do list[k + 1] = M.drift(list[k], rng:normal {1, #first}, opt.rho) end
  return core.cat(list, 1)
end

return M
