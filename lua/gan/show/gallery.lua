--- The pictures of a run as its page shows them: which of them, how many tiles of each, as addresses inside the page.
-- @internal gan.show.gallery
local core = require "gan.core"
local html = require "gan.show.html"
local text = require "gan.file.text"

local M = {}

local PAD = 2 -- pixels around a tile, as gan.show.grid has them
local PARTS = {1, 0.75, 0.5} -- of the rows and columns of a sheet that older pictures keep: 64, 36, 16 of 64 tiles
local BUDGET = 2550000 -- bytes of all pictures of a page

--- Lists a run's pictures in a folder: {name, step}, by step.
function M.list(names)
  local list = {}
  for _, name in ipairs(names) do
    local step = name == "fakes_init.png" and 0 or tonumber(name:match "^fakes_(%d+)%.png$")
    if step then list[#list + 1] = {name = name, step = math.tointeger(step)} end
  end
  table.sort(list, function(a, b) return a.step < b.step end)
  return list
end

--- Thins a list of pictures to `most`: as long as there are too many, the one goes whose neighbours are nearest to each
-- other by the logarithm of their steps. First and last stay.
function M.thin(list, most)
  list = table.move(list, 1, #list, 1, {})
  while #list > math.max(most, 2) do
    local at, least = nil, math.huge
    for j = 2, #list - 1 do
      local gap = math.log((list[j + 1].step + 1) / (list[j - 1].step + 1))
      if gap < least then at, least = j, gap end
    end
    table.remove(list, at)
  end
  return list
end

-- How many columns and rows of tiles a picture of H x W pixels has; nil where it is no sheet of them.
local function tiles(h, w, size)
  if not size or (w - PAD) % (size + PAD) ~= 0 or (h - PAD) % (size + PAD) ~= 0 then return nil end
  return (w - PAD) // (size + PAD), (h - PAD) // (size + PAD)
end

-- The first columns and rows of a sheet. rows: how many rows stay whatever `part` is (one for each class), or nil.
local function crop(image, size, part, all_rows)
  local shape = core.shape(image)
  local columns, rows = tiles(shape[1], shape[2], size)
  if not columns then return nil end
  local c = math.max(1, math.ceil(columns * part))
  local r = all_rows and rows or math.max(1, math.ceil(rows * part))
  local h, w = r * (size + PAD) + PAD, c * (size + PAD) + PAD
  return core.contiguous(core.narrow(core.narrow(image, 1, 1, h), 2, 1, w)), c, r
end

-- A picture with a part of its tiles: {address, bytes, width, height, columns, rows}; nil where there is none. cache:
-- `old` has those of the page before, `new` takes those of this one.
local function shown(dir, name, how, part, cache)
  local bytes = text.read(dir .. "/" .. name)
  local ok, h, w = pcall(core.image_info, bytes or "")
  if not (ok and h) then return nil end
  local key = ("%08x %d %g"):format(core.crc32(bytes), #bytes, part) -- a run that goes back draws a step anew
  if cache.old[key] then
    cache.new[key] = cache.old[key]
    return cache.new[key]
  end
  local columns, rows = tiles(h, w, how.size)
  local out = {width = w, height = h, columns = columns, rows = rows}
  if part < 1 and columns then
    local image = core.image_decode(bytes)
    if not image then return nil end
    image, out.columns, out.rows = crop(image, how.size, part, how.labelled)
    out.height, out.width = table.unpack(core.shape(image))
    bytes = core.image_encode(image)
  end
  out.bytes, out.address = #bytes, html.png(bytes)
  cache.new[key] = out
  return out
end

--- Chooses what a page shows of a run's pictures.
-- how: `size` of a tile, `labelled`: rows are classes, `most`: bytes in all (default: 2.55 MB).
-- Returns a list of {step, name, address, width, height, columns, rows}, the picture of real images or nil, and how
-- many pictures the run has. cache: a table that the next page of the run gets, too.
function M.choose(dir, names, how, cache)
  local list, budget = M.list(names), how.most or BUDGET
  cache.old, cache.new = cache.new or {}, {}
  local reals = shown(dir, "reals.png", how, 1, cache)
  local newest = list[#list] and shown(dir, list[#list].name, how, 1, cache)
  local room = budget - (reals and reals.bytes or 0) - (newest and newest.bytes or 0)
  -- About how many bytes a picture takes: those of the newest, by its tiles.
  local function fits(part, n)
    local share = part * (how.labelled and 1 or part)
    return newest and n * newest.bytes * (newest.columns and share or 1) <= room
  end
  local part
  for _, p in ipairs(PARTS) do
    part = p
    if fits(p, #list - 1) then break end
  end
  local most = #list
  while most > 2 and not fits(part, most - 1) do most = most - 1 end
  local chosen, used = {}, 0
  for _, e in ipairs(M.thin(list, most)) do
    local last = e == list[#list]
    local p = last and newest or shown(dir, e.name, how, part, cache)
    used = used + (p and not last and p.bytes or 0)
    if p and (last or used <= room) then
      chosen[#chosen + 1] = {step = e.step, name = e.name, address = p.address, width = p.width, height = p.height,
        columns = p.columns, rows = p.rows}
    end
  end
  return chosen, reals, #list
end

return M
