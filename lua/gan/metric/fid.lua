--- The Frechet distance between Gaussians fitted to two feature sets (FID).
-- @module gan.metric.fid
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"
local moments = require "gan.metric.moments"
local sample = require "gan.metric.sample"

local fid = input.class()

local function set(name, v)
  if moments.is(v) then return v end
  if not sample.is(v) and not core.is_tensor(v) then
    return check.expected("fid", 1, name, "moments (gan.metric.moments), a sample (gan.metric.sample) or real (N,D)", v)
  end
  return sample.of("fid", name, v)
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
  if sample.is(s) then s = moments():add(s:features()) end
  return s:covariance()
end

--- The distance: |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)).
-- @treturn number at least 0
-- @treturn table protocol: metric, value, n_real, n_fake (nil where a file did not say), dim, route, biased
-- @raise if a set has fewer than two rows, or the widths differ
function fid:value()
  local real, fake = self.real, self.fake
  local dim = sample.same_dim("fid", real, fake)
  for _, name in ipairs {"real", "fake"} do
    local s = self[name]
    if s.n then input.enough("fid", name, s.n, 2, "a covariance") end
    if self.biased and not s.n then return check.fail("fid", "'biased' needs the number of rows, which '%s' was loaded without", name) end
  end
  local kept = sample.is(real) and sample.is(fake)
  local route = self.route
  if route == "auto" then route = kept and real.n * fake.n <= dim * dim and "samples" or "covariances" end
  if route == "samples" and not kept then return check.fail("fid", "route 'samples' needs the rows of both sets (gan.metric.sample)") end

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
    metric = "fid", value = value < 0 and 0 or value, n_real = real.n, n_fake = fake.n, dim = dim, route = route, biased = self.biased,
  }
end

--- Frechet distance of two feature sets. Biased upwards by some D^2/2N, so that only numbers of equal N compare.
-- Source: Heusel et al. 2017, arXiv:1706.08500, eq. 6. Differs: the trace of the root comes from symmetric eigenproblems in doubles, or, where the
-- rows of both sets are kept and few, from the singular values of their products, which needs no covariance; never from the
-- root of an asymmetric matrix.
-- @tparam table opt real: moments, a sample, or real (N,D); fake: the same (default: empty moments, to be added to);
--   route = "auto" | "covariances" | "samples"; biased = false (true: covariances divided by N, not N-1, as NVlabs' code has them)
-- @treturn table add(features), value()
return function(opt)
  opt = check.options("fid", opt, {real = check.none, fake = check.none, route = "auto", biased = false})
  if opt.route ~= "auto" and opt.route ~= "covariances" and opt.route ~= "samples" then
    return check.expected("fid", 1, "route", "'auto', 'covariances' or 'samples'", opt.route)
  end
  if type(opt.biased) ~= "boolean" then return check.expected("fid", 1, "biased", "a boolean", opt.biased) end
  local real = set("real", opt.real)
  local fake = opt.fake == nil and moments {dim = real.dim} or set("fake", opt.fake)
  return setmetatable({real = real, fake = fake, route = opt.route, biased = opt.biased}, fid)
end
