--- Adds and subtracts averages of latent vectors: "glasses" of pictures with, minus those without.
-- @module gan.latent.arithmetic
local core = require "gan.core"
local check = require "gan.check"
local vectors = require "gan.latent.vectors"

local M = {}

local function mean(rows)
  local out = {}
  for i = 1, #rows[1] do
    local sum = 0
    for _, v in ipairs(rows) do sum = sum + v[i] end
    out[i] = sum / #rows
  end
  return out
end

-- The first vector that two groups share.
local function shared(a, b)
  local there = {}
  for _, v in ipairs(a) do there[table.concat(v, " ")] = true end
  for _, v in ipairs(b) do if there[table.concat(v, " ")] then return true end end
  return false
end

--- Returns mean(a) - mean(b) + mean(c).
-- Of three normal vectors each, its variance is that of the prior. With other numbers of vectors it is
-- 1/n_a + 1/n_b + 1/n_c, and the result is divided by the root of that. Vectors that stand in two groups break the
-- rule, and are warned of.
-- Source: Radford et al. 2016, arXiv:1511.06434, sec. 6.3.2.  Differs: rescaled where a group has not three vectors.
-- @function gan.latent.arithmetic
-- @tparam Tensor a  real (N,Z)
-- @tparam Tensor b  real (M,Z): what is taken away
-- @tparam Tensor c  real (K,Z): what it is added to
-- @tparam[opt] table opt
-- @tparam[opt=true] boolean opt.rescale  to the variance of the prior
-- @treturn Tensor  real (Z)
-- @treturn table  the three averages, real (Z) each, rescaled likewise, each by itself
-- @raise if a tensor is of another kind or length, or an option is unknown
function M.arithmetic(a, b, c, opt)
  local op = "latent.arithmetic"
  local names, groups = {"a", "b", "c"}, {}
  for i, t in ipairs {a or false, b or false, c or false} do
    check.real(op, i, names[i], t, 2)
    groups[i] = vectors.read(op, i, names[i], t)
    if #groups[i][1] ~= #groups[1][1] then
      local numbers = check.count(#groups[1][1], "number")
      return check.expected(op, i, names[i], ("vectors of %s, as a has"):format(numbers), t)
    end
  end
  opt = check.options(op, opt, {rescale = check.option.boolean {default = true}})
  for _, pair in ipairs {{1, 2}, {2, 3}, {1, 3}} do
    if shared(groups[pair[1]], groups[pair[2]]) then
      check.warn(op, "%s and %s have a vector in common: the result is no normal vector any more", names[pair[1]],
        names[pair[2]])
    end
  end
  local means, variance = {}, 0
  for i, rows in ipairs(groups) do means[i], variance = mean(rows), variance + 1 / #rows end
  local out = vectors.combine(1, vectors.combine(1, means[1], -1, means[2]), 1, means[3])
  local s = opt.rescale and 1 / math.sqrt(variance) or 1
  for i, m in ipairs(means) do
    means[i] = core.tensor(vectors.combine(opt.rescale and math.sqrt(#groups[i]) or 1, m, 0, m))
  end
  return core.tensor(vectors.combine(s, out, 0, out)), means
end

return M
