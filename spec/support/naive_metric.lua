-- Slow references of metrics, over lists of rows (plain Lua numbers): every pair is looked at, every formula written as
-- its paper has it.
local M = {}

function M.distance2(a, b)
  local s = 0
  for i = 1, #a do s = s + (a[i] - b[i]) ^ 2 end
  return s
end

-- The k smallest squared distances from every row of x to the rows of y (y = nil: to the other rows of x), as {value,
-- place from 0}.
function M.nearest(x, y, k)
  local out = {}
  for i, a in ipairs(x) do
    local list = {}
    for j, b in ipairs(y or x) do
      if y or i ~= j then list[#list + 1] = {M.distance2(a, b), j - 1} end
    end
    table.sort(list, function(p, q) return p[1] < q[1] or p[1] == q[1] and p[2] < q[2] end)
    out[i] = table.move(list, 1, k, 1, {})
  end
  return out
end

local function radii(x, k)
  local out = {}
  for i, list in ipairs(M.nearest(x, nil, k)) do out[i] = list[k][1] end
  return out
end

-- The part of points that lie in some ball around centres.
local function within(points, centres, r)
  local n = 0
  for _, p in ipairs(points) do
    for j, c in ipairs(centres) do
      if M.distance2(p, c) <= r[j] then n = n + 1 break end
    end
  end
  return n / #points
end

function M.precision_recall(real, fake, k)
  return within(fake, real, radii(real, k)), within(real, fake, radii(fake, k))
end

function M.density_coverage(real, fake, k)
  local r, hits, covered = radii(real, k), 0, 0
  for i, c in ipairs(real) do
    local any = 0
    for _, p in ipairs(fake) do
      if M.distance2(p, c) <= r[i] then hits, any = hits + 1, 1 end
    end
    covered = covered + any
  end
  return hits / (k * #fake), covered / #real
end

local function kernel(a, b)
  local s = 0
  for i = 1, #a do s = s + a[i] * b[i] end
  return (s / #a + 1) ^ 3
end

-- The unbiased squared MMD, and its three terms.
function M.mmd2(x, y)
  local xx, yy, xy, m, n = 0, 0, 0, #x, #y
  for i = 1, m do for j = 1, m do if i ~= j then xx = xx + kernel(x[i], x[j]) / (m * (m - 1)) end end end
  for i = 1, n do for j = 1, n do if i ~= j then yy = yy + kernel(y[i], y[j]) / (n * (n - 1)) end end end
  for i = 1, m do for j = 1, n do xy = xy + kernel(x[i], y[j]) / (m * n) end end
  return xx + yy - 2 * xy, xx, yy, xy
end

function M.mean_distance(x)
  local s, n = 0, 0
  for i = 1, #x do for j = i + 1, #x do s, n = s + math.sqrt(M.distance2(x[i], x[j])), n + 1 end end
  return s / n
end

-- Mean (a list) and covariance with divisor n - 1 (nested lists).
function M.moments(x)
  local n, d, mean, cov = #x, #x[1], {}, {}
  for j = 1, d do
    mean[j] = 0
    for i = 1, n do mean[j] = mean[j] + x[i][j] / n end
  end
  for a = 1, d do
    cov[a] = {}
    for b = 1, d do
      local s = 0
      for i = 1, n do s = s + (x[i][a] - mean[a]) * (x[i][b] - mean[b]) end
      cov[a][b] = s / (n - 1)
    end
  end
  return mean, cov
end

return M
