--- Compares gradients with central differences, to any order; public as gan.gradcheck.
-- @module gan.autograd.gradcheck
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"

local M = {}

local function each_position(shape, f)
  local pos, nd = {}, #shape
  local function walk(d)
    if d > nd then return f(pos) end
    for i = 1, shape[d] do
      pos[d] = i
      walk(d + 1)
    end
  end
  walk(1)
end

local function dot(a, b)
  local F = autograd.registry
  return F.sum_to.call(F.mul.call(a, b), {})
end

local function leaves(xs)
  local out = {}
  for i, x in ipairs(xs) do
    out[i] = autograd.requires_grad_(check.real("gradcheck", 2, "xs[" .. i .. "]", x))
  end
  return out
end

-- Compares d(sum r*f)/dx with central differences.
-- Returns the worst |difference| / (1 + |numeric|) and where it was.
local function compare(f, xs, eps, rng)
  local r
  local function loss()
    local y = f(table.unpack(xs))
    r = r or rng:uniform(core.shape(y), -1, 1)
    return dot(y, r)
  end
  local gs = autograd.grad(loss(), xs, {allow_unused = true})
  local worst, where = 0, "none"
  for j, x in ipairs(xs) do
    each_position(core.shape(x), function(pos)
      local v = core.get(x, table.unpack(pos))
      local function at(value)
        core.set_(x, value, table.unpack(pos))
        return core.item(loss())
      end
      local numeric = (at(v + eps) - at(v - eps)) / (2 * eps)
      core.set_(x, v, table.unpack(pos))
      local analytic = core.get(gs[j], table.unpack(pos))
      local err = math.abs(analytic - numeric) / (1 + math.abs(numeric))
      if err ~= err or err > worst then
        worst = err == err and err or math.huge
        where = ("argument %d at (%s): analytic %.9g, numeric %.9g"):format(j, table.concat(pos, ","), analytic,
          numeric)
      end
    end)
  end
  return worst, where
end

-- Returns a function with the arguments of f: a sum of f's gradients, with random weights that stay.
local function gradient_of(f, rng)
  local r, u = nil, {}
  return function(...)
    local args = {...}
    local y = f(...)
    r = r or rng:uniform(core.shape(y), -1, 1)
    local gs = autograd.grad(dot(y, r), args, {create_graph = true, allow_unused = true})
    local sum
    for j, g in ipairs(gs) do
      u[j] = u[j] or rng:uniform(core.shape(g), -1, 1)
      local s = dot(g, u[j])
      sum = sum and autograd.registry.add.call(sum, s) or s
    end
    return sum
  end
end

--- Checks the gradient of f at xs against central differences.
-- f must be smooth there and must not draw random numbers anew at each call.
-- @function gan.gradcheck
-- @tparam function f  `f(x1, x2, ...)` -> real tensor of any shape
-- @tparam table xs  list of real tensors; marked as tracked, their values restored after
-- @tparam[opt] table opt
-- @tparam[opt=1] integer opt.order  2 checks the gradients of gradients, too
-- @tparam[opt] number opt.eps  step (default: 1e-5 in double, 1e-2 in float)
-- @tparam[opt] number opt.tol  largest |difference| / (1 + |numeric|) (default: 1e-6 in double, 2e-2 in float)
-- @tparam[opt=7] integer opt.seed  of the random weights that make one number of f
-- @treturn boolean  true, or nil if a difference is too large
-- @treturn string  the worst difference and where it is
-- @raise if f is no function, xs no list of real tensors, or an option unknown or out of range
function M.gradcheck(f, xs, opt)
  local double = core.real == "double"
  local eps, tol = double and 1e-5 or 1e-2, double and 1e-6 or 2e-2
  opt = check.options("gradcheck", opt, {
    order = check.option.integer {default = 1, lo = 1, hi = 9}, eps = check.option.number {default = eps, above = 0},
    tol = check.option.number {default = tol, lo = 0}, seed = check.option.integer {default = 7},
  })
  if not check.callable(f) then return check.expected("gradcheck", 1, "f", "a function", f) end
  if type(xs) ~= "table" then return check.expected("gradcheck", 2, "xs", "a list of tensors", xs) end
  xs = leaves(xs)
  local rng = core.rng(opt.seed, "gradcheck")
  local worst, where = 0, ""
  for order = 1, opt.order do
    local err, at = compare(f, xs, opt.eps, rng)
    if err > worst then worst, where = err, ("order %d, %s"):format(order, at) end
    if err > opt.tol then return nil, ("gradient differs by %.2e: order %d, %s"):format(err, order, at) end
    if order < opt.order then
      f = gradient_of(f, rng)
    end
  end
  return true, ("worst difference %.2e, %s"):format(worst, where)
end

return M
