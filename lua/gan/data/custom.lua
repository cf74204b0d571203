--- Makes data sets of a function that draws samples: batches are fresh ones for ever, and a run goes on with the same
-- bytes, as the position of their random stream is saved.
-- @module gan.data.custom
local core = require "gan.core"
local check = require "gan.check"
local scaled = require "gan.data.scaled"
local set = require "gan.data.set"

local option = check.option

local M = {}

local AT_ONCE = 1024 -- images drawn together, of those that are held
local ONE = 1 -- sample that tells what the others are like

-- ---- the loader ----

local Loader = {}
local loader_mt = {__index = function(l, key)
  if key == "epoch" then return l.drawn / l.set.n end
  return Loader[key]
end}
function loader_mt.__call(l)
  local some, labels = l.set:sample(l.rng, l.batch)
  if core.dtype(some) == "u8" then
    if l.mirror then
      local geometry = core.cat({l.rng:integer({l.batch, 1}, 0, 1), core.full({l.batch, 2}, 0, "i32")}, 2)
      some = core.batch(some, geometry)
    else
      some = scaled(some)
    end
  end
  l.drawn = l.drawn + l.batch
  return some, labels
end
loader_mt.__close = function() end

--- Returns where the loader stands. Cannot fail.
-- @treturn table  integers by name
function Loader:state()
  local key, counter = self.rng:state()
  return {drawn = self.drawn, key = key, counter = counter, batch = self.batch}
end

--- Goes to a state.
-- @tparam table state  of `state`
-- @treturn boolean  true
-- @error if it is of another batch size, or no state
function Loader:load(state)
  local name = self.set.source
  if type(state) ~= "table" or state.batch ~= self.batch then
    return nil, ("%s: the state has another batch"):format(name)
  end
  for _, field in ipairs {"drawn", "key", "counter"} do
    if math.type(state[field]) ~= "integer" then
      return nil, ("%s: the state has no integer '%s'"):format(name, field)
    end
  end
  self.drawn = math.max(state.drawn, 0)
  self.rng:load(state.key, state.counter)
  return true
end

--- Does nothing: there is no thread to stop. Cannot fail.
function Loader.close() end

-- ---- the set ----

--- Draws fresh samples.
-- @function Custom:sample
-- @tparam Stream rng  to draw from
-- @tparam integer n  how many
-- @treturn Tensor  u8 (n,H,W,C) of images; else real (n,...)
-- @treturn Tensor  i32 (n), labels; nil where the function gives none
-- @raise if rng is no stream, or n no integer >= 0; if the function returns something else than before
local function sample(self, rng, n)
  if not core.is_rng(rng) then return check.expected("Custom:sample", 1, "rng", "a random stream (gan.rng)", rng) end
  check.int("Custom:sample", 2, "n", n, 0, 1 << 31)
  local some, labels = self.draw(rng, n)
  local found = core.is_tensor(some) and core.dtype(some)
  if found == "real" and core.dim(some) == 4 then some, found = core.image_quantise(some), "u8" end
  local like = self.like
  if not like then -- the first one
    if not (found == "real" and core.dim(some) > 1 or found == "u8" and core.dim(some) == 4) then
      return check.fail("data.custom", "option 'sample': f(rng, %d) must return images, u8 or real (%d,H,W,C), or real "
        .. "(%d,...), returned %s", n, n, n, check.found(some))
    end
    like = {dtype = found, shape = core.shape(some), labels = labels ~= nil}
  end
  local shape = table.move(like.shape, 2, #like.shape, 2, {n})
  if found ~= like.dtype or check.shape_string(core.shape(some)) ~= check.shape_string(shape) then
    return check.fail("data.custom", "option 'sample': f(rng, %d) must return a tensor %s, %s, returned %s", n,
      check.shape_string(shape), like.dtype == "u8" and "of images" or "real", check.found(some))
  end
  if like.labels ~= (labels ~= nil) or labels and not (core.is_tensor(labels) and core.dtype(labels) == "i32"
      and check.shape_string(core.shape(labels)) == check.shape_string {n}) then
    return check.fail("data.custom", "option 'sample': f(rng, %d) must return %s, returned %s", n,
      like.labels and ("labels, i32 (%d)"):format(n) or "labels always or never", check.found(labels))
  end
  self.like = like
  return some, labels
end

--- Makes a loader of fresh samples, as gan.data.batches makes them of images; `n` samples count as an epoch.
-- Images come in [-1,1]. Its methods are those of gan.data.batches' loaders.
-- @function Custom:batches
-- @tparam table opt
-- @tparam integer opt.batch  samples in a batch
-- @tparam[opt=0] integer opt.seed  of the stream
-- @tparam[opt=false] boolean opt.mirror  flips images left and right with probability 1/2
-- @tparam[opt=true] boolean opt.prefetch  as gan.data.batches has it, without an effect
-- @treturn table  the loader, callable
-- @raise if an option is unknown, missing or out of range
local function batches(self, opt)
  opt = check.options("Custom:batches", opt, {
    batch = option.integer {required = true, lo = 1}, seed = option.integer {default = 0},
    mirror = option.boolean {default = false}, prefetch = option.boolean {default = true},
  })
  return setmetatable({
    set = self, batch = opt.batch, mirror = opt.mirror, rng = core.rng(opt.seed, self.source), drawn = 0,
  }, loader_mt)
end

local Points = {}
Points.__index = Points
Points.__len = function(self) return self.n end

function Points:describe()
  local shape = check.shape_string(table.move(self.like.shape, 2, #self.like.shape, 2, {"*"}))
  return ("%s (drawn): samples %s, %d an epoch"):format(self.source, shape, self.n)
end

-- Draws the n images that the set holds, and their labels.
local function held(self, rng)
  local images, labels = {}, {}
  for first = 1, self.n, AT_ONCE do
    local some, y = sample(self, rng, math.min(AT_ONCE, self.n - first + 1))
    images[#images + 1], labels[#labels + 1] = some, y
  end
  return core.cat(images, 1), labels[1] and core.cat(labels, 1)
end

-- The names of the classes that labels have; numbers where none are given.
local function classes_of(labels, given)
  local least, most = 0, 0
  for _, y in ipairs(core.to_table(labels)) do least, most = math.min(least, y), math.max(most, y) end
  if least < 0 then
    return check.fail("data.custom", "option 'sample': the labels must be integers >= 0, one is %d", least)
  elseif given and most >= #given then
    return check.fail("data.custom", "option 'classes': has %s, the labels go to %d", check.count(#given, "name"), most)
  elseif given then
    return given
  end
  local numbers = {}
  for y = 0, most do numbers[y + 1] = tostring(y) end
  return numbers
end

local names = option.where {
  expected = "a list of names", accept = function(v) return type(v) == "table" and #v > 0 and v or nil end,
}

--- Makes a data set of a function that draws samples.
-- Images make a set as others are (gan.data.set): `n` of them are drawn at once and held, for whatever looks at the set
-- as a whole: metrics, pictures, the fingerprint. Batches are drawn anew. Other samples, such as points, have batches
-- alone: the set has `n`, `channels` (the size of the last axis), `source`, `sample`, `batches` and `describe`.
-- The function must draw from the stream that it is given, and from nothing else.
-- @function gan.data.custom
-- @tparam table opt
-- @tparam function opt.sample  f(rng, n) -> images u8 (n,H,W,C), or real in [-1,1], which are rounded to 8 bits; or
--   other samples, real (n,...); perhaps labels, i32 (n), from 0
-- @tparam[opt=10000] integer opt.n  samples that count as an epoch, and images that are held
-- @tparam[opt="custom"] string opt.source  what the set is called
-- @tparam[opt] table opt.classes  names of the labels; default: the numbers up to the largest of an image that is held
-- @tparam[opt=0] integer opt.seed  of the images that are held
-- @treturn Set
-- @raise if an option is unknown, missing or out of range, or if the function returns something else
-- @usage local noise = gan.data.custom {sample = function(rng, n) return rng:uniform({n, 16, 16, 1}, -1, 1) end}
function M.new(opt)
  opt = check.options("data.custom", opt, {
    sample = option.callable {required = true}, n = option.integer {default = 10000, lo = 1},
    source = option.string {default = "custom"}, classes = names, seed = option.integer {default = 0},
  })
  local self = {
    draw = opt.sample, n = opt.n, source = opt.source, format = "drawn", natural = false, sample = sample,
    batches = batches,
  }
  local rng = core.rng(opt.seed, self.source .. ".held")
  local _, label = sample(self, rng, ONE)
  if opt.classes and not label then
    return check.fail("data.custom", "option 'classes': the function 'sample' returns no labels")
  end
  if self.like.dtype == "real" then
    self.channels = self.like.shape[#self.like.shape]
    return setmetatable(self, Points)
  end
  self.images, self.labels = held(self, rng)
  self.classes = self.labels and classes_of(self.labels, opt.classes)
  return set.new(self)
end

return M
