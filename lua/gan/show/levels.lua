--- Draws samples in the plane over D's level sets: what a game on Gaussians (gan.data.ring) looks like.
-- @module gan.show.levels
local core = require "gan.core"
local image = require "gan.data.image"
local nn = require "gan.nn"

local M = {}

local CELLS, SIDE = 128, 3 -- places in a row at which D is asked, and pixels of each
local LEVELS = 12
local low, high = {60, 90, 160}, {250, 240, 205} -- colours: where D says fake, and real
local line, dot, mark = string.char(150, 150, 160), string.char(20, 20, 20), string.char(200, 30, 30)

-- Ranks of values, in [0,1): what is below them.
local function ranks(values)
  local order, rank = {}, {}
  for i = 1, #values do order[i] = i end
  table.sort(order, function(a, b)
    if values[a] ~= values[b] then return values[a] < values[b] end
    return a < b
  end)
  for r, i in ipairs(order) do rank[i] = (r - 1) / #order end
  return rank
end

--- Draws samples over D's level sets: dark where D says fake, light where it says real.
-- Lines bound twelfths of the plane; circles are the modes, at three deviations but at least two pixels.
-- @tparam table ring  of gan.data.ring
-- @tparam Module D  critic, (N,2) -> (N) or (N,1) logits
-- @tparam Tensor samples  real (N,2)
-- @tparam[opt=1] integer pack  D takes so many points at once, (N,2 pack): it is asked about each point so many times
-- @treturn Tensor  u8 (384,384,3)
-- @raise if D does not take points of the plane
function M.picture(ring, D, samples, pack)
  local reach, at = ring.reach, {}
  for i = 0, CELLS - 1 do
    for j = 0, CELLS - 1 do
      at[i * CELLS + j + 1] = {(j + 0.5) / CELLS * 2 * reach - reach, reach - (i + 0.5) / CELLS * 2 * reach}
    end
  end
  local places, packed = core.tensor(at), {}
  for k = 1, pack or 1 do packed[k] = places end
  local rank = ranks(core.to_table(nn.evaluate(D, core.cat(packed, 2), nil, {batch = CELLS})))
  local n, pixel, ground = CELLS * SIDE, {}, {}
  for i, r in ipairs(rank) do
    local c = {}
    for k = 1, 3 do c[k] = math.floor(low[k] + r * (high[k] - low[k]) + 0.5) end
    ground[i], rank[i] = string.char(table.unpack(c)), math.floor(r * LEVELS)
  end
  for y = 0, n - 1 do
    local bottom = y % SIDE == SIDE - 1 and y < n - 1
    for x = 0, n - 1 do
      local i = y // SIDE * CELLS + x // SIDE + 1
      local right = x % SIDE == SIDE - 1 and x < n - 1
      local edge = right and rank[i + 1] ~= rank[i] or bottom and rank[i + CELLS] ~= rank[i]
      pixel[y * n + x + 1] = edge and line or ground[i]
    end
  end
  local function put(x, y, colour)
    if x >= 0 and x < n and y >= 0 and y < n then pixel[y * n + x + 1] = colour end
  end
  local function place(x, y)
    return math.floor((x + reach) / (2 * reach) * n), math.floor((reach - y) / (2 * reach) * n)
  end
  for _, p in ipairs(core.to_table(samples)) do
    if p[1] == p[1] and p[2] == p[2] and math.abs(p[1]) < reach and math.abs(p[2]) < reach then
      local x, y = place(p[1], p[2])
      put(x, y, dot)
    end
  end
  for _, c in ipairs(ring.list) do
    local x, y = place(c[1], c[2])
    local r = math.max(2, 3 * ring.sigma / (2 * reach) * n)
    for a = 0, 63 do
      local angle = a * math.pi / 32
      put(math.floor(x + r * math.cos(angle) + 0.5), math.floor(y + r * math.sin(angle) + 0.5), mark)
    end
  end
  return core.from_bytes(table.concat(pixel), {n, n, 3}, "u8")
end

--- Draws such a picture and writes it as a PNG file.
-- @tparam string path  of the file
-- @tparam table ring  of gan.data.ring
-- @tparam Module D  critic, (N,2) -> (N) or (N,1) logits
-- @tparam Tensor samples  real (N,2)
-- @tparam[opt=1] integer pack  as for `picture`
-- @treturn boolean  true
-- @error if it cannot be written
function M.paint(path, ring, D, samples, pack) return image.write(path, M.picture(ring, D, samples, pack)) end

return M
