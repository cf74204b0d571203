--- Shuffled batches of a data set in [-1,1], made by a thread of their own ahead of need, resumable to the byte.
local core = require "gan.core"
local check = require "gan.check"

local methods = {}

local function position(loader) return loader.core:position() end

--- The next batch: real (N,H,W,C) in [-1,1], labels i32 (N) or nil, rows i32 (N): which images of the set, from 0.
-- The tensors are fresh; they are the caller's.
function methods:next()
  return self.core:next()
end

--- Where the loader stands: a small table of integers. A loader of the same set and options that loads it goes on with the same
-- bytes.
function methods:state()
  local epoch, at = position(self)
  local o = self.options
  return { epoch = epoch, position = at, seed = o.seed, batch = o.batch, images = self.n, mirror = o.mirror and 1 or 0, crop = o.crop,
    drop_last = o.drop_last and 1 or 0 }
end

--- Goes to a state.
-- @treturn true, or nil and a message where the state is of other data or options
function methods:load(state)
  if type(state) ~= "table" then return check.expected("loader.load", 1, "state", "a table", state) end
  local own = self:state()
  for _, name in ipairs {"images", "batch", "seed", "mirror", "crop", "drop_last"} do
    if state[name] ~= own[name] then
      return nil, ("loader: the state has %s = %s, this loader %s"):format(name, tostring(state[name]), tostring(own[name]))
    end
  end
  self.core:seek(state.epoch, state.position)
  return true
end

--- Stops the thread. A loader that is forgotten does so too.
function methods:close() self.core:close() end

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
  __call = function(l) return l.core:next() end,
  __close = function(l) l.core:close() end,
  __tostring = function(l) return ("loader of %s, batch %d"):format(l.set.source or "images", l.options.batch) end,
}

--- Makes a loader: `for real, labels in gan.data.batches(set, {batch = 64}) do ... end` goes on for ever.
-- Every epoch is a permutation of its own; batch k of epoch e is a pure function of seed, e and k, whatever the thread count.
-- @tparam table set a data set (or any table with images u8 (N,H,W,C) and perhaps labels i32 (N))
-- @tparam[opt] table opt batch (64), seed (0), mirror (false: x-flip with probability 1/2), crop (0: random shift by up to so many
--   pixels, edge pixels repeated), drop_last (true: an epoch's last, smaller batch is left out), labels (true: give them where
--   the set has them), prefetch (true: a thread makes the next batch meanwhile)
-- @treturn table loader: callable; next(), state(), load(state), close(); fields epoch (with fraction), images_seen, steps_per_epoch
-- @raise if a batch is more than the set
local function batches(set, opt)
  if type(set) ~= "table" or not core.is_tensor(set.images) then
    return check.expected("data.batches", 1, "set", "a data set", set)
  end
  local o = check.options("data.batches", opt, { batch = 64, seed = 0, mirror = false, crop = 0, drop_last = true, labels = true, prefetch = true })
  o.batch = check.int("data.batches", 2, "batch", o.batch, 1)
  o.seed = check.int("data.batches", 2, "seed", o.seed, math.mininteger)
  o.crop = check.int("data.batches", 2, "crop", o.crop, 0)
  local n = core.dim(set.images) > 0 and core.size(set.images, 1) or 0
  if o.batch > n then return check.fail("data.batches", "batch %d is more than the data (%d images)", o.batch, n) end
  local loader = core.loader(set.images, o.labels and set.labels or nil, o.batch, o.seed, o.mirror, o.crop, o.drop_last, o.prefetch)
  return setmetatable({ core = loader, options = o, set = set, n = n }, mt)
end

return batches
