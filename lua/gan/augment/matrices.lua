--- The mathematics of transforms: what their parameters mean, as maps of places, matrices of colours, taps and boxes.
--
-- All is doubles. Source: Karras et al. 2020, arXiv:2006.06676, appendix B.
-- @internal gan.augment.matrices
local M = {}

-- ---- maps {a, b, c, d, e, f}, from a place in the result to one in the image ----
--
-- The place is (x, y), to the right and down from the centre, in pixels; it becomes a x + b y + c, d x + e y + f.

--- Mirrors left to right.
function M.flip() return {-1, 0, 0, 0, 1, 0} end

local TURNS = {[0] = {1, 0, 0, 0, 1, 0}, {0, 1, 0, -1, 0, 0}, {-1, 0, 0, 0, -1, 0}, {0, -1, 0, 1, 0, 0}}

--- Turns by k quarters, 0..3.
function M.turn(k) return TURNS[k] end

--- Moves to the right and down, in pixels.
function M.shift(right, down) return {1, 0, -right, 0, 1, -down} end

--- Enlarges across and down.
function M.size(across, down) return {1 / across, 0, 0, 0, 1 / down, 0} end

--- Turns by an angle in radians.
function M.rotation(angle)
  local c, s = math.cos(angle), math.sin(angle)
  return {c, s, 0, -s, c, 0}
end

--- Returns the map of what is done by m first, then by n.
function M.map_then(m, n)
  return {
    m[1] * n[1] + m[2] * n[4], m[1] * n[2] + m[2] * n[5], m[1] * n[3] + m[2] * n[6] + m[3],
    m[4] * n[1] + m[5] * n[4], m[4] * n[2] + m[5] * n[5], m[4] * n[3] + m[5] * n[6] + m[6],
  }
end

-- ---- matrices of colours: 3 rows {r, g, b, constant}, as a list of 12 numbers ----

-- The matrix with the same three numbers in each row, each row's one further on.
local function circular(own, next, last)
  return {own, next, last, 0, last, own, next, 0, next, last, own, 0}
end

--- Adds b to all channels.
function M.brightness(b) return {1, 0, 0, b, 0, 1, 0, b, 0, 0, 1, b} end

--- Multiplies all channels by c.
function M.contrast(c) return circular(c, 0, 0) end

--- Negates the component along the axis of greys.
function M.luma_flip() return circular(1 / 3, -2 / 3, -2 / 3) end

--- Turns about the axis of greys, by an angle in radians.
function M.hue(angle)
  local c, s = math.cos(angle), math.sin(angle) / math.sqrt(3)
  local rest = (1 - c) / 3
  return circular(c + rest, rest - s, rest + s)
end

--- Multiplies the distance from the axis of greys by s.
function M.saturation(s) return circular((1 + 2 * s) / 3, (1 - s) / 3, (1 - s) / 3) end

--- Returns the matrix of what is done by m first, then by n.
function M.colour_then(m, n)
  local out = {}
  for row = 0, 8, 4 do
    for column = 1, 4 do
      out[row + column] = n[row + 1] * m[column] + n[row + 2] * m[4 + column] + n[row + 3] * m[8 + column]
    end
    out[row + 4] = out[row + 4] + n[row + 4]
  end
  return out
end

--- Returns a matrix as rows for images of 3 channels or 1: grey gets what becomes of the mean of three equal channels.
function M.rows_of(m, channels)
  if channels == 3 then return {{m[1], m[2], m[3], m[4]}, {m[5], m[6], m[7], m[8]}, {m[9], m[10], m[11], m[12]}} end
  return {{(m[1] + m[2] + m[3] + m[5] + m[6] + m[7] + m[9] + m[10] + m[11]) / 3, (m[4] + m[8] + m[12]) / 3}}
end

-- ---- gains of the four frequency bands, and the filter that has them ----

-- The filters of the bands, lowest first: what they are to be divided by; half of each, from the centre. Their sum is 1
-- at the centre, 0 elsewhere.
local BANDS = {
  {32768, 4096, 3888, 3456, 2918, 2304, 1674, 1056, 468, 0, -212, -288, -297, -256, -207, -144, -66, 0, 18, 16, 9, 0,
    -1},
  {32768, 4096, 3024, 1152, -806, -2304, -2250, -1568, -756, 0, 244, 288, 297, 256, 207, 144, 66, 0, -18, -16, -9, 0,
    1},
  {1024, 256, 72, -144, -98, 0, 18, 16, 9, 0, -1},
  {32, 16, -9, 0, 1},
}

M.REACH = 21 -- taps on each side of the centre

-- How much of a picture's power each band is taken to have: it falls off with the frequency.
local POWER = {10 / 13, 1 / 13, 1 / 13, 1 / 13}

--- Returns gains after band i (lowest: 1) was made t times as strong, all of them scaled so that the power stays.
function M.with_band(gains, i, t)
  local power, out = 0, {}
  for k, share in ipairs(POWER) do power = power + share * (k == i and t * t or 1) end
  for k, g in ipairs(gains) do out[k] = g * (k == i and t or 1) / math.sqrt(power) end
  return out
end

--- Returns the 43 taps of the filter with these gains.
function M.taps(gains)
  local taps = {}
  for k = 0, M.REACH do
    local sum = 0
    for i, band in ipairs(BANDS) do sum = sum + gains[i] * (band[k + 2] or 0) / band[1] end
    taps[M.REACH + 1 + k], taps[M.REACH + 1 - k] = sum, sum
  end
  return taps
end

-- ---- boxes ----

--- Returns which of n pixels have their centres nearer than half of `size` to `centre`, both as parts of the whole: the
-- first and the last, from 1, as those of a list; none where the last is before the first.
function M.covered(centre, size, n)
  local first, last = 1, 0
  for i = 1, n do
    if math.abs((i - 0.5) / n - centre) < size / 2 then
      if last == 0 then first = i end
      last = i
    end
  end
  return first, last
end

return M
