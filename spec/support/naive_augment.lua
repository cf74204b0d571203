-- Slow definitions of the transforms of gan.augment, from a picture's uniform numbers u (gate, then parameters):
-- pixel by pixel, formula by formula (Karras et al. 2020, arXiv:2006.06676, appendix B; Zhao et al. 2020,
-- arXiv:2006.10738). A picture is a table [y][x][c], indices from 1.
local M = {}

local function normal(u, v) return math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v) end

-- f(old, c, y, x, pixel) for every number of a picture.
local function map(picture, f)
  local out = {}
  for y, row in ipairs(picture) do
    out[y] = {}
    for x, pixel in ipairs(row) do
      out[y][x] = {}
      for c, v in ipairs(pixel) do out[y][x][c] = f(v, c, y, x, pixel) end
    end
  end
  return out
end

local function mean_of(pixel)
  local sum = 0
  for _, v in ipairs(pixel) do sum = sum + v end
  return sum / #pixel
end

-- What lies at row y, column x of a picture that is mirrored at its borders, or surrounded by zeros.
local function at(picture, y, x, c, fill)
  local h, w = #picture, #picture[1]
  if fill == "zero" and (y < 1 or y > h or x < 1 or x > w) then return 0 end
  local function mirrored(i, n)
    if n == 1 then return 1 end
    i = (i - 1) % (2 * n - 2)
    return (i < n and i or 2 * n - 2 - i) + 1
  end
  return picture[mirrored(y, h)][mirrored(x, w)][c]
end

function M.xflip(p, u)
  if u[2] >= .5 then return p end
  return map(p, function(_, c, y, x) return p[y][#p[1] + 1 - x][c] end)
end

-- A quarter turn: what is at the right comes to the top.
local function quarter(p)
  local out = {}
  for y = 1, #p[1] do
    out[y] = {}
    for x = 1, #p do out[y][x] = p[x][#p[1] + 1 - y] end
  end
  return out
end

function M.rotate90(p, u)
  local k = math.floor(4 * u[2])
  if #p ~= #p[1] then k = k // 2 * 2 end
  -- a turn by k quarters, one way or the other: only the set of turns matters
  for _ = 1, (4 - k) % 4 do p = quarter(p) end
  return p
end

function M.translate(p, u, fill)
  local function whole(v)
    local n = math.floor(v + .5)
    return v + .5 == n and n % 2 ~= 0 and n - 1 or n
  end
  local right, down = whole((2 * u[2] - 1) * .125 * #p[1]), whole((2 * u[3] - 1) * .125 * #p)
  return map(p, function(_, c, y, x) return at(p, y - down, x - right, c, fill) end)
end

function M.brightness(p, u)
  local b = .2 * normal(u[2], u[3])
  return map(p, function(v) return v + b end)
end

function M.contrast(p, u)
  local f = 2 ^ (.5 * normal(u[2], u[3]))
  return map(p, function(v) return v * f end)
end

function M.luma_flip(p, u)
  if u[2] >= .5 then return p end
  return map(p, function(v, _, _, _, pixel) return v - 2 * mean_of(pixel) end)
end

-- Rodrigues' formula: v cos + (k x v) sin + k (k . v) (1 - cos), k the axis of greys.
function M.hue(p, u)
  if #p[1][1] == 1 then return p end
  local angle = (2 * u[2] - 1) * math.pi
  return map(p, function(v, c, _, _, pixel)
    local before, behind = pixel[(c + 1) % 3 + 1], pixel[c % 3 + 1]
    return v * math.cos(angle) + (before - behind) / math.sqrt(3) * math.sin(angle)
      + mean_of(pixel) * (1 - math.cos(angle))
  end)
end

function M.saturation(p, u)
  local s = 2 ^ normal(u[2], u[3])
  return map(p, function(v, _, _, _, pixel) return mean_of(pixel) + s * (v - mean_of(pixel)) end)
end

function M.cutout(p, u)
  local h, w = #p, #p[1]
  return map(p, function(v, _, y, x)
    local hit = math.abs((x - .5) / w - u[2]) < .25 and math.abs((y - .5) / h - u[3]) < .25
    return hit and 0 or v
  end)
end

-- The filter of gains g, made of sym2's by the recursion of the filter bank; applied to a mirrored picture.
local function bank()
  local low, high = {-1, 0, 9, 16, 9, 0, -1}, {1, 0, -9, 16, -9, 0, 1}
  local function convolve(a)
    local out = {}
    for i = 1, #a + 6 do
      out[i] = 0
      for k = 1, 7 do out[i] = out[i] + (a[i - k + 1] or 0) * low[k] / 32 end
    end
    return out
  end
  local rows = {{1}, {0}, {0}, {0}}
  for i = 2, 4 do
    for r, row in ipairs(rows) do
      local wide = {}
      for k, v in ipairs(row) do
        wide[2 * k - 1] = v
        if k < #row then wide[2 * k] = 0 end
      end
      rows[r] = convolve(wide)
    end
    local middle = (#rows[i] + 1) // 2
    for k = 1, 7 do rows[i][middle + k - 4] = rows[i][middle + k - 4] + high[k] / 32 end
  end
  return rows
end

-- gains: of the four bands.
function M.filtered(p, gains)
  local rows, taps = bank(), {}
  for k = 1, #rows[1] do
    taps[k] = 0
    for i, g in ipairs(gains) do taps[k] = taps[k] + g * rows[i][k] end
  end
  local reach = (#taps - 1) // 2
  for _, across in ipairs {true, false} do
    local from = p
    p = map(p, function(_, c, y, x)
      local sum = 0
      for k, t in ipairs(taps) do
        local d = k - 1 - reach
        sum = sum + t * at(from, across and y or y + d, across and x + d or x, c)
      end
      return sum
    end)
  end
  return p
end

-- One band: 1 to 4.
function M.band(p, u, i)
  local t = 2 ^ normal(u[2], u[3])
  local e = {10 / 13, 1 / 13, 1 / 13, 1 / 13}
  local power, gains = 1 - e[i] + e[i] * t * t, {}
  for k = 1, 4 do gains[k] = (k == i and t or 1) / math.sqrt(power) end
  return M.filtered(p, gains)
end

-- ---- DiffAugment: each of its policies, as the numbers of a pipeline of that policy alone make it ----

function M.color(p, u)
  local b, s, c = u[2] - .5, 2 * u[3], .5 + u[4]
  p = map(p, function(v) return v + b end)
  p = map(p, function(v, _, _, _, pixel) return (v - mean_of(pixel)) * s + mean_of(pixel) end)
  local sum, n = 0, 0
  map(p, function(v) sum, n = sum + v, n + 1 return v end)
  return map(p, function(v) return (v - sum / n) * c + sum / n end)
end

function M.translation(p, u)
  local h, w = math.floor(.125 * #p + .5), math.floor(.125 * #p[1] + .5)
  local right, down = math.floor(u[2] * (2 * w + 1)) - w, math.floor(u[3] * (2 * h + 1)) - h
  return map(p, function(_, c, y, x) return at(p, y - down, x - right, c, "zero") end)
end

function M.diff_cutout(p, u)
  local function hit(i, n, v) -- i from 0
    local length = math.floor(.5 * n + .5)
    local offset = math.floor(v * (n + 1 - length % 2)) - length // 2
    return i >= offset and i < offset + length
  end
  return map(p, function(v, _, y, x) return hit(x - 1, #p[1], u[2]) and hit(y - 1, #p, u[3]) and 0 or v end)
end

return M
