--- Goes from one latent vector to another: along a line, along an arc, over the field between four.
-- @module gan.latent.line
local core = require "gan.core"
local check = require "gan.check"
local vectors = require "gan.latent.vectors"

local option = check.option
local combine, dot, length = vectors.combine, vectors.dot, vectors.length

local M = {}

local NEAR = 1e-6 -- radians: closer directions have a line for an arc, and opposite ones no plane

local function line(a, b, t)
  local out = {}
  for i = 1, #a do out[i] = a[i] + (b[i] - a[i]) * t end
  return out
end

-- The angle between two vectors of length 1: exact also near 0 and pi, where an arc cosine loses half its digits.
local function angle_of(a, b)
  return 2 * math.atan(length(combine(1, a, -1, b)), length(combine(1, a, 1, b)))
end

-- A vector of length 1 at a right angle to one of length 1: that part of the axis in which it is smallest.
local function across(a)
  local k = 1
  for i = 2, #a do if math.abs(a[i]) < math.abs(a[k]) then k = i end end
  local e = combine(-a[k], a, 0, a)
  e[k] = e[k] + 1
  return combine(1 / length(e), e, 0, e)
end

local function arc(a, b, t)
  local la, lb = length(a), length(b)
  if la == 0 or lb == 0 then return line(a, b, t) end
  local n, p, q = (1 - t) * la + t * lb, combine(1 / la, a, 0, a), combine(1 / lb, b, 0, b)
  if n < 0 then n = 0 end
  local angle = angle_of(p, q)
  if angle < NEAR then
    local m = line(p, q, t)
    local s = n / length(m)
    return combine(s, m, 0, m)
  elseif math.pi - angle < NEAR then
    if #a == 1 then return line(a, b, t) end -- there is no other axis
    return combine(n * math.cos(math.pi * t), p, n * math.sin(math.pi * t), across(p))
  end
  local s = n / math.sin(angle)
  return combine(s * math.sin((1 - t) * angle), p, s * math.sin(t * angle), q)
end

local forms = {lerp = line, slerp = arc}

local function between(op, a, b, t, f)
  local from, back = vectors.read(op, 1, "a", a)
  local to, out = vectors.like(op, 2, "b", b, from, "a"), {}
  check.number(op, 3, "t", t)
  for i, v in ipairs(from) do out[i] = f(v, to[i], t) end
  return back(out)
end

--- Returns the point at t of the straight line from a (t = 0) to b (t = 1).
-- @function gan.latent.lerp
-- @tparam table|Tensor a  list of Z numbers; or real (Z) or (N,Z): each row goes to b's
-- @tparam table|Tensor b  of the same length; one vector, or as many as a
-- @tparam number t  any; beyond [0,1] the line goes on
-- @treturn table|Tensor  as a
-- @raise if an argument is of another kind or length
function M.lerp(a, b, t) return between("latent.lerp", a, b, t, line) end

--- Returns the point at t of the arc from a (t = 0) to b (t = 1): direction and length change apart from each other.
--
--     n (sin((1 - t) w) a' + sin(t w) b') / sin w,   n = max(0, (1 - t) |a| + t |b|),   w the angle of a' and b'
--
-- a' and b' have length 1. Normal vectors lie near a sphere: halfway along the line between two they are too short by
-- a factor of 0.71, several standard deviations, along the arc they are not. Parallel vectors have a line for an arc;
-- between opposite ones the arc goes by the axis in which a is smallest, and never through 0. From or to 0 it is the
-- line.
-- Source: Shoemake 1985, "Animating rotation with quaternion curves".  Differs: lengths are interpolated by themselves;
-- opposite vectors have an arc.
-- @function gan.latent.slerp
-- @tparam table|Tensor a  list of Z numbers; or real (Z) or (N,Z): each row goes to b's
-- @tparam table|Tensor b  of the same length; one vector, or as many as a
-- @tparam number t  any; beyond [0,1] the circle goes on
-- @treturn table|Tensor  as a
-- @raise if an argument is of another kind or length
function M.slerp(a, b, t) return between("latent.slerp", a, b, t, arc) end

--- Returns the angle between two latent vectors; 0 where one of them is 0.
-- @function gan.latent.angle
-- @tparam table|Tensor a  list of Z numbers, or real (Z)
-- @tparam table|Tensor b  the same
-- @treturn number  radians, in [0, pi]
-- @raise if an argument is of another kind or length
function M.angle(a, b)
  local p = vectors.one("latent.angle", 1, "a", a)
  local q = vectors.one("latent.angle", 2, "b", b, #p)
  local lp, lq = length(p), length(q)
  if lp == 0 or lq == 0 then return 0 end
  return angle_of(combine(1 / lp, p, 0, p), combine(1 / lq, q, 0, q))
end

local function corners_of(op, z)
  local rows = vectors.read(op, 1, "z", z)
  if #rows == 4 then return rows end
  return check.expected(op, 1, "z", "four vectors, real (4,Z)", z)
end

local function inside(c, u, v) return arc(arc(c[1], c[2], u), arc(c[3], c[4], u), v) end

--- Returns the point of the field between four vectors: an arc of two arcs, first along the rows, then between them.
-- @function gan.latent.corners
-- @tparam Tensor z  real (4,Z): upper left, upper right, lower left, lower right
-- @tparam number u  0 is left, 1 is right
-- @tparam number v  0 is above, 1 is below
-- @treturn Tensor  real (Z)
-- @raise if z is of another shape
function M.corners(z, u, v)
  local op = "latent.corners"
  local c = corners_of(op, z)
  check.number(op, 2, "u", u)
  check.number(op, 3, "v", v)
  return core.tensor(inside(c, u, v))
end

--- Returns the vectors of a sheet of pictures between four corners, row by row.
-- @function gan.latent.field
-- @tparam Tensor z  real (4,Z): upper left, upper right, lower left, lower right
-- @tparam integer rows  from 1; a single one is the upper
-- @tparam integer columns  from 1; a single one is the left
-- @treturn Tensor  real (rows*columns,Z)
-- @raise if z is of another shape, or a number is out of range
function M.field(z, rows, columns)
  local op = "latent.field"
  local c, out = corners_of(op, z), {}
  check.int(op, 2, "rows", rows, 1)
  check.int(op, 3, "columns", columns, 1)
  for r = 0, rows - 1 do
    for k = 0, columns - 1 do
      out[#out + 1] = inside(c, columns > 1 and k / (columns - 1) or 0, rows > 1 and r / (rows - 1) or 0)
    end
  end
  return core.tensor(out)
end

--- Returns the vectors of a strip of pictures: from each of some vectors to the next.
-- @function gan.latent.path
-- @tparam Tensor z  real (N,Z), N >= 2
-- @tparam[opt] table opt
-- @tparam[opt=8] integer opt.steps  from one to the next, from 1
-- @tparam[opt="slerp"] string opt.form  "slerp" or "lerp"
-- @treturn Tensor  real ((N-1)*steps+1,Z); each given vector is among them, unchanged
-- @raise if z is of another shape, or an option is unknown or out of range
function M.path(z, opt)
  local op = "latent.path"
  check.real(op, 1, "z", z, 2)
  opt = check.options(op, opt, {
    steps = option.integer {default = 8, lo = 1}, form = option.word {"slerp", "lerp", default = "slerp"},
  })
  if core.size(z, 1) < 2 then return check.expected(op, 1, "z", "at least two vectors, real (N,Z)", z) end
  local rows, out, f = vectors.read(op, 1, "z", z), {}, forms[opt.form]
  for i = 1, #rows - 1 do
    out[#out + 1] = rows[i]
    for k = 1, opt.steps - 1 do out[#out + 1] = f(rows[i], rows[i + 1], k / opt.steps) end
  end
  out[#out + 1] = rows[#rows]
  return core.tensor(out)
end

--- Returns z moved along a direction, or several, at its own length.
--
--     chord  (z + s u) |z| / |z + s u|: s counts standard deviations of z, and several directions add up
--     arc    |z| (cos(s / |z|) z' + sin(s / |z|) t): s is the length of the way on the sphere, t is u's part across z
--
-- z' and u have length 1. Where u is parallel to z, the arc does not move; nor the chord where z + s u is 0.
-- @function gan.latent.along
-- @tparam table|Tensor z  list of Z numbers; or real (Z) or (N,Z)
-- @tparam table|Tensor u  a direction, list of Z numbers or real (Z); of "chord" also real (K,Z); the lengths do not
--   count, but for 0, which is no direction
-- @tparam number|table s  how far; a list of K numbers for K directions
-- @tparam[opt] table opt
-- @tparam[opt="chord"] string opt.form  "chord" or "arc"
-- @treturn table|Tensor  as z
-- @raise if an argument is of another kind or length, or a direction is 0
function M.along(z, u, s, opt)
  local op = "latent.along"
  local rows, back = vectors.read(op, 1, "z", z)
  local list = vectors.read(op, 2, "u", u)
  opt = check.options(op, opt, {form = option.word {"chord", "arc", default = "chord"}})
  local far = type(s) == "table" and s or {s}
  if #list[1] ~= #rows[1] then
    return check.expected(op, 2, "u", ("directions of %s"):format(check.count(#rows[1], "number")), u)
  elseif #far ~= #list then
    return check.expected(op, 3, "s", ("%s, one a direction"):format(check.count(#list, "number")), s)
  elseif opt.form == "arc" and #list > 1 then
    return check.fail(op, "option 'form': 'arc' goes along one direction, got %d; 'chord' takes several", #list)
  end
  local move = combine(0, list[1], 0, list[1])
  for k, d in ipairs(list) do
    local l = length(d)
    if l == 0 then return check.fail(op, "bad argument #2 'u' (direction %d is 0)", k) end
    check.number(op, 3, ("s[%d]"):format(k), far[k])
    list[k] = combine(1 / l, d, 0, d)
    move = combine(1, move, far[k], list[k])
  end
  local out = {}
  for i, v in ipairs(rows) do
    local n = length(v)
    if opt.form == "chord" then
      local w = combine(1, v, 1, move)
      local l = length(w)
      out[i] = l > 0 and combine(n / l, w, 0, w) or v
    elseif n == 0 then
      out[i] = v
    else
      local e = combine(1 / n, v, 0, v)
      local t = combine(1, list[1], -dot(e, list[1]), e)
      local l, turn = length(t), far[1] / n
      out[i] = l > NEAR and combine(n * math.cos(turn), e, n * math.sin(turn) / l, t) or v
    end
  end
  return back(out)
end

return M
