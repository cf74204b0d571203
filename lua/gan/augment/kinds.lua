--- The kinds of transforms: how values of neighbours are put together, picture by picture, and how images are changed.
--
-- A kind has first(value) -> what is known of a picture after its first transform; fold(known, value), where neighbours
-- are put together; apply(x, known, size, common) -> x, known[i] being false for a picture that stays, `common` what
-- common(list, first, last) returns of these entries. apart(list, first, i) is true where entry i cannot join those
-- from first on. Values are what gan.augment.matrices makes of parameters.
-- @internal gan.augment.kinds
local check = require "gan.check"
local core = require "gan.core"
local matrices = require "gan.augment.matrices"
local ops = require "gan.ops"

local M = {}

local function itself(value) return value end

-- ---- geometry: a map ----

local function fill_of(list, first, last)
  for i = first, last do if list[i].stage.fill then return list[i].stage.fill end end
  return nil
end

M.map = {
  first = itself, fold = matrices.map_then, common = fill_of,
  apart = function(list, first, i) -- one resampling has one kind of border
    local fill, other = fill_of(list, first, i - 1), list[i].stage.fill
    return fill and other and fill ~= other
  end,
  apply = function(x, known, _, fill)
    local maps = {}
    for i, m in ipairs(known) do
      m = m or matrices.turn(0)
      maps[i] = {{m[1], m[2], m[3]}, {m[4], m[5], m[6]}}
    end
    return ops.warp(x, maps, {fill = fill or "reflect"})
  end,
}

-- ---- colour: a matrix; or {matrix, share}, matrix x + share * mean of the picture ----

--- Checks that images have colours: what transforms of colour have in `fits`.
function M.fits_colour(self, shape)
  local channels = shape[4]
  if channels == 1 or channels == 3 then return end
  return check.fail(self.op, "expected images of 1 or 3 channels, got %s%s", check.shape_string(shape),
    channels % 3 == 0 and "; packs are made of images that were augmented" or "")
end

local function recolour(x, known, channels)
  local list = {}
  for i, m in ipairs(known) do list[i] = matrices.rows_of(m or matrices.contrast(1), channels) end
  return ops.recolour(x, list)
end

M.colour = {
  first = itself, fold = matrices.colour_then,
  apply = function(x, known, size) return recolour(x, known, size.C) end,
}

M.mean_colour = {
  first = itself,
  apply = function(x, known, size)
    local list, shares = {}, {}
    for i, v in ipairs(known) do list[i], shares[i] = v and v[1], v and v[2] or 0 end
    local mean = ops.mean(x, {2, 3, 4}, {keepdim = true})
    return ops.add(recolour(x, list, size.C), ops.mul(mean, core.reshape(core.tensor(shares), {#shares, 1, 1, 1})))
  end,
}

-- ---- frequency bands: {band, factor} ----

local EVEN = {1, 1, 1, 1}

--- Checks that images are as large as the filter needs: what transforms of bands have in `fits`.
function M.fits_filter(self, shape)
  local least = matrices.REACH + 1
  if shape[2] >= least and shape[3] >= least then return end
  return check.fail(self.op, "images %s are too small for its filter of %d taps: it needs %dx%d pixels or more",
    check.shape_string(shape), 2 * matrices.REACH + 1, least, least)
end

M.band = {
  first = function(v) return matrices.with_band(EVEN, v[1], v[2]) end,
  fold = function(gains, v) return matrices.with_band(gains, v[1], v[2]) end,
  apply = function(x, known)
    local list, none = {}, {}
    for k = 1, 2 * matrices.REACH + 1 do none[k] = k == matrices.REACH + 1 and 1 or 0 end
    for i, gains in ipairs(known) do list[i] = gains and matrices.taps(gains) or none end
    return ops.filter(x, core.tensor(list, "f64"))
  end,
}

-- ---- noise: {deviation, seed of the picture's own stream} ----

M.noise = {
  first = itself,
  apply = function(x, known)
    local shape = core.shape(x)
    local noise, one = core.full(shape, 0), {1, shape[2], shape[3], shape[4]}
    for i, v in ipairs(known) do
      if v then core.copy_(core.narrow(noise, 1, i, 1), core.rng(v[2], "noise"):normal(one, 0, v[1])) end
    end
    return ops.add(x, noise)
  end,
}

-- ---- boxes that become 0: {first column, last, first row, last} ----

-- (N,n): 0 at the places of each picture's box, 1 at the others; `at` is where in a box the first of them stands.
local function beside(known, at, n)
  local places, first, last = {}, {}, {}
  for i = 1, n do places[i] = i end
  for i, box in ipairs(known) do first[i], last[i] = {box and box[at] or 1}, {box and box[at + 1] or 0} end
  places = core.tensor(places)
  return core.maximum(core.lt(places, core.tensor(first)), core.gt(places, core.tensor(last)))
end

M.box = {
  first = itself,
  apply = function(x, known, size)
    local n, H, W, C = #known, size.H, size.W, size.C
    -- a factor of x's own shape is quicker than one that is broadcast over the channels
    local across = core.expand(core.reshape(beside(known, 1, W), {n, W, 1}), {n, W, C})
    across = core.reshape(core.contiguous(across), {n, 1, W * C})
    local rest = core.maximum(core.reshape(beside(known, 3, H), {n, H, 1}), across)
    return ops.mul(x, core.reshape(rest, {n, H, W, C}))
  end,
}

return M
