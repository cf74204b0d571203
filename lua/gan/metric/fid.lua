--- The Frechet distance between Gaussians fitted to two feature sets (FID).
-- @module gan.metric.fid
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local moments = require "gan.metric.moments"
local rows = require "gan.metric.rows"

local option = check.option
local NAME = "metric.fid"

local fid = input.class()

-- The kind of an option that is moments, or whatever gan.metric.rows takes.
local function set(o)
  local kept = rows.option {}
  return option.where {
    required = o.required, expected = "moments (gan.metric.moments), rows (gan.metric.rows) or a real tensor (N,D)",
    accept = function(v)
      if moments.is(v) then return v end
      return kept.accept(v)
    end,
  }
end

-- Mean as a list, trace of the covariance, the covariance itself on demand.
local function summary(s)
  if moments.is(s) then
    local sigma, trace = s:covariance(), 0
    for i = 1, s.dim do trace = trace + core.get(sigma, i, i) end
    return core.to_table(s:mean()), trace
  end
  local mean, squares = core.column_stats(s:features())
  local trace = 0
  for _, v in ipairs(core.to_table(squares)) do trace = trace + v end
  return core.to_table(mean), trace / (s.n - 1)
end

local function covariance(s)
  if rows.is(s) then s = moments():add(s:features()) end
  return s:covariance()
end

--- Returns the distance.
--
--     |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))
--
-- @treturn number  at least 0
-- @treturn table  protocol: metric, value, n_real, n_fake (nil where a file did not say), dim, route, biased
-- @raise if a set has fewer than two rows, or the widths differ
function fid:value()
  local real, fake = self.real, self.fake
  local dim = rows.same_dim(NAME, real, fake)
  for _, name in ipairs {"real", "fake"} do
    local s = self[name]
    if s.n then input.enough(NAME, name, s.n, 2, "a covariance") end
    if self.biased and not s.n then
      return check.fail(NAME, "'biased' needs the number of rows, which '%s' was loaded without", name)
    end
  end
  local kept = rows.is(real) and rows.is(fake)
  local route = self.route
  if route == "auto" then route = kept and real.n * fake.n <= dim * dim and "samples" or "covariances" end
  if route == "samples" and not kept then
    return check.fail(NAME, "route 'samples' needs the rows of both sets (gan.metric.rows)")
  end

  local mean1, trace1 = summary(real)
  local mean2, trace2 = summary(fake)
  local root
  if route == "samples" then
    root = core.cross_nuclear_norm(real:features(), fake:features()) / math.sqrt((real.n - 1) * (fake.n - 1))
  else
    root = core.trace_sqrt(covariance(real), covariance(fake), real.n and real.n - 1, fake.n and fake.n - 1)
  end
  local value = 0
  for i = 1, dim do value = value + (mean1[i] - mean2[i]) ^ 2 end
  local b1, b2 = 1, 1
  if self.biased then b1, b2 = (real.n - 1) / real.n, (fake.n - 1) / fake.n end
  value = value + b1 * trace1 + b2 * trace2 - 2 * math.sqrt(b1 * b2) * root
  return input.answer {
    metric = "fid", value = value < 0 and 0 or value, n_real = real.n, n_fake = fake.n, dim = dim, route = route,
    biased = self.biased,
  }
end

--- Makes the Frechet distance of two feature sets.
-- It is biased upwards by some D^2/2N, so that only numbers of equal N compare.
-- Source: Heusel et al. 2017, arXiv:1706.08500, eq. 6.
-- Differs: the trace of the root comes from symmetric eigenproblems in doubles, or, where the rows of both sets are
-- kept and few, from the singular values of their products, which needs no covariance; never from the root of an
-- asymmetric matrix.
-- @function gan.metric.fid
-- @tparam table opt
-- @tparam table|Tensor opt.real  moments, rows, or real (N,D)
-- @tparam[opt] table|Tensor opt.fake  the same; default: empty moments, to be added to
-- @tparam[opt="auto"] string opt.route  "covariances", "samples" (from the rows), or "auto": the quicker one
-- @tparam[opt=false] boolean opt.biased  divides covariances by N, not N-1, as NVlabs' code does
-- @treturn table  `add(features)`, `value()`
-- @raise if an option is unknown, missing or no feature set
return function(opt)
  opt = check.options(NAME, opt, {
    real = set {required = true}, fake = set {},
    route = option.word {"auto", "covariances", "samples", default = "auto"}, biased = option.boolean {default = false},
  })
  opt.fake = opt.fake or moments {dim = opt.real.dim}
  return setmetatable(opt, fid)
end
