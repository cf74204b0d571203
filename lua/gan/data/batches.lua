--- Makes shuffled batches of a data set in [-1,1], by a thread of their own ahead of need, resumable to the byte.
-- @module gan.data.batches
local core = require "gan.core"
local check = require "gan.check"
local annotations = require "gan.data.annotations"
local data_set = require "gan.data.set"

local option = check.option

local whole = option.integer {lo = 0}
local shard = option.where {
  default = {0, 1}, expected = "{index, count}, 0 <= index < count",
  accept = function(v)
    if type(v) ~= "table" or #v ~= 2 then return nil end
    local index, count = whole.accept(v[1]), whole.accept(v[2])
    return index and count and index < count and {index, count} or nil
  end,
}

local methods = {}

local function position(loader) return loader.core:position() end

--- Returns the next batch, in fresh tensors. Also `loader()`.
-- @function Batches:next
-- @treturn Tensor  real (N,H,W,C) in [-1,1]
-- @treturn Tensor  i32 (N), the labels; nil where the set has none
-- @treturn Tensor  i32 (N), which images of the set, from 0
-- @treturn Tensor  i32 (N,3), the geometry of each: flip (0 or 1), dy, dx. Pixel (i,j) of the batch, from 0, is the
--   image's pixel (i + dy, j' + dx), clamped to its edges; j' is W-1-j if flipped, else j.
-- @treturn table  what else was asked for by `annotations`, moved as the images are; else nil. `attributes` real (N,A);
--   `boxes` real (N,K,4), x0, y0, x1, y1 in pixels, and `box_classes`, `box_ids` i32 (N,K), -1 where there is no box;
--   `mask` u8 (N,H,W); `captions`, a list of N texts, one of each image's, drawn anew in each epoch
-- @raise naming the file, if one of a set on disk has changed or is gone; the next call tries the same batch again
function methods:next()
  local epoch, at = position(self)
  local real, labels, rows, geometry = self.core:next()
  if not real then real = core.batch(self.images:rows(rows), geometry) end
  if not self.beside then return real, labels, rows, geometry end
  local ok, beside = pcall(self.beside.of, self.beside, epoch, rows, geometry)
  if not ok then
    self.core:seek(epoch, at)
    error(beside, 0)
  end
  return real, labels, rows, geometry, beside
end

--- Returns where the loader stands. A loader of the same set and options that loads it goes on with the same bytes,
-- whatever its shard: places count whole batches. Cannot fail.
-- @function Batches:state
-- @treturn table  integers by name
function methods:state()
  local epoch, at = position(self)
  local o = self.options
  return {
    epoch = epoch, position = at, seed = o.seed, batch = o.batch, images = self.n, mirror = o.mirror and 1 or 0,
    crop = o.crop, drop_last = o.drop_last and 1 or 0, pack = o.pack > 1 and o.pack or nil,
  }
end

--- Goes to a state.
-- @function Batches:load
-- @tparam table state  of `state`
-- @treturn boolean  true
-- @error if it is of other data or options
-- @raise if it is no table
function methods:load(state)
  if type(state) ~= "table" then return check.expected("loader.load", 1, "state", "a table", state) end
  local own = self:state()
  for _, name in ipairs {"images", "batch", "seed", "mirror", "crop", "drop_last", "pack"} do
    if state[name] ~= own[name] then
      return nil, ("loader: the state has %s = %s, this loader %s"):format(
        name, check.found(state[name]), check.found(own[name]))
    end
  end
  self.core:seek(state.epoch, state.position)
  if self.beside then self.beside:seek(state.epoch, state.position) end
  return true
end

--- Stops the thread. A loader that is forgotten does so, too. Cannot fail.
-- @function Batches:close
function methods:close()
  self.core:close()
  if self.beside then self.beside:close() end
end

local fields = {
  epoch = function(l) -- epochs done, with fraction
    local epoch, at, per = position(l)
    return epoch + at / per
  end,
  images_seen = function(l)
    local epoch, at, per = position(l)
    return epoch * per + at
  end,
  steps_per_epoch = function(l)
    local _, _, per = position(l)
    return (per + l.options.batch - 1) // l.options.batch
  end,
}

local mt = {
  __index = function(l, key)
    if methods[key] then return methods[key] end
    local f = fields[key]
    if f then return f(l) end
    return nil
  end,
  __call = methods.next,
  __close = methods.close,
  __tostring = function(l) return ("loader of %s, batch %d"):format(l.set.source or "images", l.options.batch) end,
}

-- Checks that labels i32 (N) can be packed m at a time, and a share of a batch is whole packs.
local function check_packs(labels, names, m, share)
  local function fail(...) return check.fail("data.batches", ...) end
  if not labels then return fail "option 'pack': packs are of one class, and the data has no labels" end
  if share % m ~= 0 then return fail("option 'pack': packs of %d do not divide a batch of %d", m, share) end
  local counts, classes = {}, {}
  for _, y in ipairs(core.to_table(labels)) do
    if not counts[y] then classes[#classes + 1] = y end
    counts[y] = (counts[y] or 0) + 1
  end
  table.sort(classes, function(a, b) return a < b end)
  for _, y in ipairs(classes) do
    if counts[y] < m then
      local name = type(names) == "table" and names[y + 1] and (" '%s'"):format(check.shown(names[y + 1])) or ""
      return fail("option 'pack': class %d%s has %s, too few for a pack of %d", y, name,
        check.count(counts[y], "image"), m)
    end
  end
end

-- What the core makes batches of, and its shape: images, pictures on disk, or sizes where the set has a method `rows`;
-- then the third result has that, checked.
local function source(set)
  if type(set) ~= "table" then return nil end
  if core.is_tensor(set.images) then return set.images, core.shape(set.images) end
  if set.pictures then return set.pictures, set.pictures:shape() end
  if not check.callable(set.rows) then return nil end
  local shape = {set.n, set.height, set.width, set.channels}
  return shape, shape, data_set.new {
    n = shape[1], height = shape[2], width = shape[3], channels = shape[4],
    rows = function(_, list) return set:rows(list) end,
  }
end

--- Makes a loader: it goes on for ever.
-- Every epoch is a permutation of its own. Batch k of epoch e depends on seed, e and k alone, whatever the thread
-- count; mirror and crop are drawn by an image's place in the batch. So the shards of a batch, one behind the other,
-- are the batch that one loader gives without `shard`. The loader's fields: `epoch` (epochs done, with fraction),
-- `images_seen`, `steps_per_epoch`, all of whole batches.
-- @function gan.data.batches
-- @tparam table set  a data set; or any table with `images` u8 (N,H,W,C), or with integers `n`, `height`, `width`,
--   `channels` and a method rows(set, list i32 (n)) -> u8 (n,H,W,C), called when a batch is asked for; perhaps with
--   `labels` i32 (N)
-- @tparam[opt] table opt
-- @tparam[opt=64] integer opt.batch  images in a batch
-- @tparam[opt=0] integer opt.seed  of the order, mirror and crop
-- @tparam[opt=false] boolean opt.mirror  flips left and right with probability 1/2
-- @tparam[opt=0] integer opt.crop  shifts at random by up to so many pixels, edge pixels repeated
-- @tparam[opt=true] boolean opt.drop_last  leaves out an epoch's last, smaller batch
-- @tparam[opt=true] boolean opt.labels  gives labels where the set has them
-- @tparam[opt] boolean|table opt.annotations  gives also these, of "attributes", "boxes", "mask" and "captions", as a
--   fifth result; true: all that the set has
-- @tparam[opt] integer opt.most_boxes  K: of an image with more boxes the largest; default: the most that one has
-- @tparam[opt] string opt.mask_kind  what numbers of masks mean, "instance" or "class"; default: as the set has it.
--   Classes of a set with instances count from 1, the ground is 0
-- @tparam[opt=0.25] number opt.min_visible  least share of a box that is left of it when its image was shifted; others
--   are left out, and are void in a mask of instances
-- @tparam[opt=2] number opt.min_side  least side in pixels that is left of it
-- @tparam[opt=true] boolean opt.prefetch  makes the next batch in a thread meanwhile
-- @tparam[opt={0,1}] table opt.shard  {index, count}: gives only part `index`, from 0, of the `count` equal parts of
--   each batch; count divides the batch
-- @tparam[opt=1] integer opt.pack  m: a batch's images 1 to m, m + 1 to 2 m, ... have one class each. Which images of a
--   class come together, and which are left out where m does not divide their number, is drawn anew in each epoch
-- @treturn Batches  callable
-- @raise if the set lacks an annotation that is asked for, or has no mirror images that they would fit; if a batch is
--   more than the set, if m does not divide it or a class has fewer images, or if an option is
--   unknown or out of range
-- @usage for real, labels in gan.data.batches(set, {batch = 64}) do print(real) end
local function batches(set, opt)
  local images, shape, own = source(set)
  if not images then return check.expected("data.batches", 1, "set", "a data set", set) end
  local o = check.options("data.batches", opt, {
    batch = option.integer {default = 64, lo = 1}, seed = option.integer {default = 0},
    mirror = option.boolean {default = false}, crop = option.integer {default = 0, lo = 0},
    drop_last = option.boolean {default = true}, labels = option.boolean {default = true},
    prefetch = option.boolean {default = true}, shard = shard, pack = option.integer {default = 1, lo = 1},
    annotations = annotations.option, most_boxes = option.integer {lo = 1},
    mask_kind = option.word {"instance", "class"}, min_visible = option.number {lo = 0, hi = 1},
    min_side = option.number {lo = 0},
  })
  local n = shape[1] or 0
  if o.batch > n then
    return check.fail("data.batches", "batch %d is more than the data (%s)", o.batch, check.count(n, "image"))
  end
  local index, count = o.shard[1], o.shard[2]
  if o.batch % count ~= 0 then
    return check.fail("data.batches", "option 'shard': %d shards do not divide the batch, %d", count, o.batch)
  end
  local labels = o.labels and set.labels or nil
  if o.pack > 1 then check_packs(labels, set.classes, o.pack, o.batch // count) end
  local how = {
    batch = o.batch, seed = o.seed, mirror = o.mirror, crop = o.crop, drop_last = o.drop_last, prefetch = o.prefetch,
    shard = index, shards = count, pack = o.pack,
  }
  local beside
  if o.annotations then
    local message
    beside, message = annotations.beside(set, o, function(pictures) return core.loader(pictures, labels, how) end)
    if not beside then return check.fail("data.batches", "%s", message) end
  end
  return setmetatable({
    core = core.loader(images, labels, how), options = o, set = set, n = n, images = own, beside = beside,
  }, mt)
end

return batches
