--- Draws latent vectors: of seeds, of a stream, truncated in one of three ways.
-- @module gan.latent.draw
local core = require "gan.core"
local check = require "gan.check"

local option = check.option

local M = {}

local MAX_SEEDS = 100000

--- Reads seeds from a text such as "0-63" or "1,5,9-12".
-- @function gan.latent.seeds
-- @tparam string text  numbers and ranges, separated by commas
-- @treturn table  list of integers >= 0
-- @error if it is no such text, or names more than 100,000 seeds
function M.seeds(text)
  local out = {}
  for part in (text .. ","):gmatch "([^,]*)," do
    local first, last = part:match "^%s*(%d+)%s*%-%s*(%d+)%s*$"
    if not first then first = part:match "^%s*(%d+)%s*$" last = first end
    first, last = math.tointeger(first), math.tointeger(last)
    if not first or not last or last < first then
      return nil, ("expected seeds such as 0-63 or 1,5,9-12, got '%s'"):format(text)
    end
    if last - first + 1 > MAX_SEEDS - #out then
      return nil, ("expected at most %d seeds, got '%s'"):format(MAX_SEEDS, text)
    end
    for seed = first, last do out[#out + 1] = seed end
  end
  return out
end

-- n standard normal numbers of a stream, those beyond trunc drawn anew, each by itself.
local function normals(rng, n, trunc)
  local out, pool, at = {}, {}, 0
  while #out < n do
    at = at + 1
    if not pool[at] then pool, at = core.to_table(rng:normal {256}), 1 end
    if not trunc or math.abs(pool[at]) <= trunc then out[#out + 1] = pool[at] end
  end
  return out
end

--- Draws latent vectors of a stream: standard normal, or where a bound is given, truncated.
-- Source: Brock et al. 2018, arXiv:1809.11096, sec. 3.1 (truncation).
-- @function gan.latent.normal
-- @tparam Stream rng  decides
-- @tparam integer n  N, how many
-- @tparam integer z  Z, the length of a vector
-- @tparam[opt] number trunc  >= 0.01: coordinates with |z| > trunc are drawn again
-- @treturn Tensor  real (N,Z)
-- @raise if trunc is below 0.01, or a size below 1
function M.normal(rng, n, z, trunc)
  local op = "latent.normal"
  if not core.is_rng(rng) then return check.expected(op, 1, "rng", "a random stream (gan.rng)", rng) end
  check.int(op, 2, "n", n, 1)
  check.int(op, 3, "z", z, 1)
  if not trunc then return rng:normal {n, z} end
  check.number(op, 4, "trunc", trunc, 0.01)
  return core.reshape(core.tensor(normals(rng, n * z, trunc)), {n, z})
end

--- Draws latent vectors, one for each seed: a row depends on its seed alone.
-- Source: Brock et al. 2018, arXiv:1809.11096, sec. 3.1 (truncation).
-- @function gan.latent.of_seeds
-- @tparam table seeds  list of N integers
-- @tparam integer z  Z, the length of a vector
-- @tparam[opt] number trunc  >= 0.01: coordinates with |z| > trunc are drawn again (less variety, likelier pictures)
-- @treturn Tensor  real (N,Z)
-- @raise if trunc is below 0.01
function M.of_seeds(seeds, z, trunc)
  if trunc then check.number("latent", 3, "trunc", trunc, 0.01) end
  local rows = {}
  for i, seed in ipairs(seeds) do rows[i] = normals(core.rng(seed, "generate"), z, trunc) end
  return core.tensor(rows)
end

-- The share of a normal variable in [-t,t]: all terms of the series are positive, so that no digit cancels.
local function inside(t)
  if t > 8 then return 1 end
  local term = t
  local sum, k = t, 1
  while term > 1e-17 * sum do
    term = term * t * t / (2 * k + 1)
    sum, k = sum + term, k + 1
  end
  return 2 * sum * math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
end

--- Returns the standard deviation of a truncated normal number, by which two forms of truncation compare: a scale of
-- psi is like the bound that leaves the deviation psi.
--
--     redraw  sqrt(1 - 2 t p(t) / P),  clip  sqrt(P - 2 t p(t) + t^2 (1 - P)),  scale  t
--
-- p is the normal density, P the share of numbers in [-t,t].
-- @function gan.latent.deviation
-- @tparam string by  "redraw", "clip" or "scale"
-- @tparam number t  the bound, >= 0.01; of "scale" the factor, >= 0
-- @treturn number
-- @raise if by is no such word, or t is out of range
function M.deviation(by, t)
  local op = "latent.deviation"
  if by ~= "redraw" and by ~= "clip" and by ~= "scale" then
    return check.expected(op, 1, "by", "'redraw', 'clip' or 'scale'", by)
  end
  check.number(op, 2, "t", t, by == "scale" and 0 or 0.01)
  if by == "scale" then return t end
  local P, edge = inside(t), 2 * t * math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
  if by == "redraw" then return math.sqrt(1 - edge / P) end
  return math.sqrt(P - edge + t * t * (1 - P))
end

--- Returns latent vectors that are truncated: less varied, likelier pictures.
--
--     redraw  coordinates beyond the bound are drawn anew, each by itself: what `normal` and `of_seeds` do
--     clip    coordinates beyond the bound are set to it
--     scale   all are multiplied: the only form in which one vector moves smoothly, as a slider wants it
--
-- Vectors that are scaled towards 0 leave the shell in which a net saw its latents: it may draw them badly.
-- Source: Brock et al. 2018, arXiv:1809.11096, sec. 3.1 (redraw).
-- @function gan.latent.truncate
-- @tparam Tensor z  real, any shape
-- @tparam table opt
-- @tparam[opt="scale"] string opt.by  "redraw", "clip" or "scale"
-- @tparam number opt.at  the bound, >= 0.01; of "scale" the factor, 1 leaves z as it is
-- @tparam[opt] Stream opt.rng  of "redraw": of the new numbers
-- @treturn Tensor  z's shape, a new one
-- @raise if an option is unknown, missing or out of range
function M.truncate(z, opt)
  local op = "latent.truncate"
  check.real(op, 1, "z", z)
  opt = check.options(op, opt, {
    by = option.word {"redraw", "clip", "scale", default = "scale"},
    at = option.number {required = true, lo = 0}, rng = option.stream {},
  })
  if opt.by == "scale" then return core.mul(z, opt.at) end
  if opt.at < 0.01 then return check.fail(op, "option 'at': expected a number >= 0.01, got %g", opt.at) end
  if opt.by == "clip" then return core.clamp(z, -opt.at, opt.at) end
  if not opt.rng then return check.fail(op, "option 'rng': expected a random stream (gan.rng), got nil") end
  local flat = core.to_table(core.reshape(core.contiguous(z), {core.numel(z)}))
  local far = {}
  for i, v in ipairs(flat) do if math.abs(v) > opt.at then far[#far + 1] = i end end
  for k, v in ipairs(normals(opt.rng, #far, opt.at)) do flat[far[k]] = v end
  return core.reshape(core.tensor(flat), core.shape(z))
end

return M
