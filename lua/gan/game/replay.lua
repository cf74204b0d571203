--- Experience replay: D also sees pictures that G made earlier, so that G cannot win by running in circles.
--
-- A replay is called replay(images, labels) -> images, labels of the same shapes, without a graph: gradients never flow
-- into what is stored. It is part of a run: run:save_with {replay = replay} saves pictures, labels and the position of
-- its stream.
-- @module gan.game.replay
local core = require "gan.core"
local check = require "gan.check"

local M = {}

local LARGEST = 1 << 24 -- pictures in a memory

local methods = {}
local mt = {__index = methods}

local function row(t, i) return core.narrow(t, 1, i, 1) end
local function set_row(t, i, from, k) core.copy_(row(t, i), row(from, k)) end

local function like(t, n)
  local shape = core.shape(t)
  shape[1] = n
  return core.full(shape, 0, core.dtype(t))
end

local function check_batch(self, images, labels)
  check.real("replay", 1, "images", images)
  if core.dim(images) < 2 then return check.expected("replay", 1, "images", "samples (N,...)", images) end
  if labels ~= nil and not (core.is_tensor(labels) and core.dtype(labels) == "i32" and core.dim(labels) == 1
      and core.size(labels, 1) == core.size(images, 1)) then
    return check.expected("replay", 2, "labels", ("i32 (%d)"):format(core.size(images, 1)), labels)
  end
  if self.capacity == 0 then return end
  if not self.images then
    self.images, self.labels = like(images, self.capacity), labels and like(labels, self.capacity)
  end
  local want, got = core.shape(self.images), core.shape(images)
  want[1], got[1] = 1, 1
  if check.shape_string(want) ~= check.shape_string(got) then
    return check.fail("replay", "images of %s do not go with those stored, of %s", check.shape_string(got),
      check.shape_string(want))
  end
  if (labels == nil) ~= (self.labels == nil) then
    return check.fail("replay", labels and "labels, but the images stored have none"
      or "labels are missing: the images stored have some")
  end
end

local function put(self, slot, images, labels, k)
  set_row(self.images, slot, images, k)
  if labels then set_row(self.labels, slot, labels, k) end
end

local function take(self, slot, images, labels, k)
  set_row(images, k, self.images, slot)
  if labels then set_row(labels, k, self.labels, slot) end
end

local function copies(images, labels) return core.clone(core.alias(images)), labels and core.clone(labels) end

-- One after the other: while there is room, an image is stored and returned; then, with a probability, a stored one is
-- returned and the new one takes its place, or the new one is returned and not stored.
local function pool(self, images, labels)
  local out, out_labels = copies(images, labels)
  local n = core.size(images, 1)
  local room = math.min(n, self.capacity - self.count)
  for k = 1, room do
    self.count = self.count + 1
    put(self, self.count, images, labels, k)
  end
  if room < n then
    local chance = core.to_table(self.rng:uniform {n - room})
    local slot = core.to_table(self.rng:integer({n - room}, 1, self.capacity))
    for k = 1, n - room do
      if chance[k] < self.probability then
        take(self, slot[k], out, out_labels, room + k)
        put(self, slot[k], images, labels, room + k)
      end
    end
  end
  return out, out_labels
end

-- Read half a batch, then add half a batch: the images that made room are the ones stored, to be seen later.
local function buffer(self, images, labels)
  local out, out_labels = copies(images, labels)
  local half = math.min(core.size(images, 1) // 2, self.capacity)
  if self.count >= half then
    local from = core.to_table(self.rng:permutation(self.count))
    for k = 1, half do take(self, from[k] + 1, out, out_labels, k) end
  end
  local full = self.count == self.capacity
  local to = full and half > 0 and core.to_table(self.rng:permutation(self.capacity))
  for k = 1, half do
    if to then
      put(self, to[k] + 1, images, labels, k)
    elseif self.count < self.capacity then
      self.count = self.count + 1
      put(self, self.count, images, labels, k)
    end
  end
  return out, out_labels
end

function mt.__call(self, images, labels)
  check_batch(self, images, labels)
  if self.capacity == 0 then return core.alias(images), labels end
  return self.exchange(self, images, labels)
end

--- Returns what a checkpoint keeps: views, not copies. Cannot fail.
-- @function Replay:state
-- @treturn table  `count` (images stored), `images` (count,...), `labels` i32 (count)
function methods:state()
  if self.count == 0 then return {count = 0} end
  return {
    count = self.count, images = core.narrow(self.images, 1, 1, self.count),
    labels = self.labels and core.narrow(self.labels, 1, 1, self.count),
  }
end

--- Restores a state.
-- @function Replay:load
-- @tparam table state  from state()
-- @raise if it does not fit: more images than there is room for, labels of another number
function methods:load(state)
  local count = type(state) == "table" and math.tointeger(state.count)
  if not count or count < 0 or count > self.capacity then
    return check.fail("replay", "state: expected a count in 0..%d, got %s", self.capacity,
      check.found(type(state) == "table" and state.count or state))
  end
  for name, dtype in pairs {images = "real", labels = "i32"} do
    local t = state[name]
    local fits = core.is_tensor(t) and core.dtype(t) == dtype and core.dim(t) > 0 and core.size(t, 1) == count
    local missing = t == nil and count > 0 and name == "images"
    if missing or t ~= nil and not fits then
      return check.fail("replay", "state: '%s': expected %s (%d,...), got %s", name, dtype, count, check.found(t))
    end
  end
  self.count, self.images, self.labels = count, nil, nil
  if count == 0 then return end
  for _, name in ipairs {"images", "labels"} do
    if state[name] then
      self[name] = like(state[name], self.capacity)
      core.copy_(core.narrow(self[name], 1, 1, count), state[name])
    end
  end
end

--- Returns the random streams, for checkpoints. Cannot fail.
-- @function Replay:streams
-- @treturn table  name -> Stream
function methods:streams() return {rng = self.rng} end

local option = check.option

local function new(op, opt, known, exchange)
  known.rng = option.stream {required = true}
  opt = check.options(op, opt, known)
  opt.count, opt.exchange = 0, exchange
  return setmetatable(opt, mt)
end

--- Makes an image pool: with a probability D sees an old picture in the place of a new one, which is then stored.
-- Source: Zhu et al. 2017, arXiv:1703.10593, sec. 4 (capacity 50), as in the authors' code: image by image; what is not
-- swapped in is not stored.
-- @function gan.game.replay.pool
-- @tparam table opt
-- @tparam[opt=50] integer opt.capacity  pictures; 0: nothing is replayed
-- @tparam[opt=0.5] number opt.probability  in [0,1]
-- @tparam Stream opt.rng  decides
-- @treturn table  called with images, labels; field `count`
-- @raise if an option is unknown, missing or out of range
function M.pool(opt)
  return new("game.replay.pool", opt, {
    capacity = option.integer {default = 50, lo = 0, hi = LARGEST},
    probability = option.number {default = 0.5, lo = 0, hi = 1},
  }, pool)
end

--- Makes a half-batch buffer: half of what D sees is drawn from earlier pictures, different ones, as soon as there are
-- enough; as many new pictures then take the places of stored ones, chosen at random.
-- Source: Shrivastava et al. 2016, arXiv:1612.07828, sec. 2.3.
-- @function gan.game.replay.buffer
-- @tparam table opt
-- @tparam[opt=512] integer opt.capacity  pictures; 0: nothing is replayed
-- @tparam Stream opt.rng  decides
-- @treturn table  called with images, labels; field `count`
-- @raise if an option is unknown, missing or out of range
function M.buffer(opt)
  return new("game.replay.buffer", opt, {capacity = option.integer {default = 512, lo = 0, hi = LARGEST}}, buffer)
end

return M
