-- warp(x, map, fill) -> y: a picture of one channel, x[row][column], resampled by the steps of Karras et al. 2020 as
-- they are written: margins, padding, zeros put in, low pass, bilinear samples of a larger grid, low pass, every second
-- place. Nothing is skipped, no map is special. fill: "reflect" or "zero".
local sym6 = {0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
  0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
  0.0017677118642428036, -0.007800708325034148}
local EXTRA = 3 -- pixels by which the grid is larger on each side

local function times(a, b)
  local c = {}
  for i = 1, 3 do
    c[i] = {}
    for j = 1, 3 do c[i][j] = a[i][1] * b[1][j] + a[i][2] * b[2][j] + a[i][3] * b[3][j] end
  end
  return c
end

local function shift(x, y) return {{1, 0, x}, {0, 1, y}, {0, 0, 1}} end
local function scale(s) return {{s, 0, 0}, {0, s, 0}, {0, 0, 1}} end

local function new(h, w, f)
  local t = {}
  for i = 1, h do
    t[i] = {}
    for j = 1, w do t[i][j] = f(i, j) end
  end
  return t
end

local function transposed(x) return new(#x[1], #x, function(i, j) return x[j][i] end) end

-- Columns at twice the rate: zeros between, six before and five after, the filter's impulse response, gain 2.
local function doubled(x)
  local w = #x[1]
  return new(#x, 2 * w, function(i, j)
    local sum = 0
    for t = 0, 11 do
      local at = j - 1 + t - 6
      if at >= 0 and at < 2 * w and at % 2 == 0 then sum = sum + sym6[12 - t] * x[i][at // 2 + 1] end
    end
    return sum * math.sqrt(2)
  end)
end

-- Columns at half the rate: one less on each side, correlated, every second.
local function halved(x)
  return new(#x, (#x[1] - 12) // 2, function(i, j)
    local sum = 0
    for t = 0, 11 do sum = sum + sym6[t + 1] * x[i][2 * (j - 1) + 1 + t + 1] end
    return sum / math.sqrt(2)
  end)
end

local function margins(map, h, w)
  local m, half = {-1e300, -1e300, -1e300, -1e300}, {(w - 1) / 2, (h - 1) / 2}
  for _, x in ipairs {-half[1], half[1]} do
    for _, y in ipairs {-half[2], half[2]} do
      for k = 1, 2 do
        local at = map[k][1] * x + map[k][2] * y + map[k][3]
        m[2 * k - 1], m[2 * k] = math.max(m[2 * k - 1], -at), math.max(m[2 * k], at)
      end
    end
  end
  for k = 1, 4 do
    local n = k < 3 and w or h
    m[k] = math.ceil(math.min(math.max(m[k] + 2 * EXTRA - (n - 1) / 2, 0), n - 1))
  end
  return m[1], m[2], m[3], m[4]
end

return function(x, map, fill)
  local h, w = #x, #x[1]
  local left, right, top, bottom = margins(map, h, w)
  if fill == "zero" then left, right, top, bottom = 9, 9, 9, 9 end -- zeros: more than the filter spreads
  local function mirrored(i, n) return i < 1 and 2 - i or i > n and 2 * n - i or i end
  local padded = new(h + top + bottom, w + left + right, function(i, j)
    i, j = i - top, j - left
    if fill == "zero" then return x[i] and x[i][j] or 0 end
    return x[mirrored(i, h)][mirrored(j, w)]
  end)
  local fine = transposed(doubled(transposed(doubled(padded))))
  local g = times(shift((left - right) / 2, (top - bottom) / 2), {map[1], map[2], {0, 0, 1}})
  g = times(times(scale(2), g), scale(1 / 2))
  g = times(times(shift(-0.5, -0.5), g), shift(0.5, 0.5))
  local gh, gw, fh, fw = 2 * (h + 2 * EXTRA), 2 * (w + 2 * EXTRA), #fine, #fine[1]
  local grid = new(gh, gw, function(i, j)
    local px, py = j - 1 + 0.5 - gw / 2, i - 1 + 0.5 - gh / 2
    local sx = g[1][1] * px + g[1][2] * py + g[1][3] + fw / 2 - 0.5
    local sy = g[2][1] * px + g[2][2] * py + g[2][3] + fh / 2 - 0.5
    local sum = 0
    for b = 0, 1 do
      for a = 0, 1 do
        local cx, cy = math.floor(sx) + a, math.floor(sy) + b
        local row = fine[cy + 1]
        sum = sum + (row and row[cx + 1] or 0) * (1 - math.abs(sx - cx)) * (1 - math.abs(sy - cy))
      end
    end
    return sum
  end)
  return transposed(halved(transposed(halved(grid))))
end
