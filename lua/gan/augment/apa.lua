--- Adaptive pseudo augmentation (APA): some of the real images that D learns from are G's.
-- @module gan.augment.apa
local check = require "gan.check"
local control = require "gan.augment.control"
local core = require "gan.core"

local NAME = "augment.apa"
local CAP = 0.5

local Apa = control.class(NAME, "p_deceive")

local function like(a, b)
  local x, y = core.shape(a), core.shape(b)
  x[1], y[1] = 1, 1
  return check.shape_string(x) == check.shape_string(y)
end

-- In the place of real images, each by the probability p, come those of G that were remembered last: the i-th for the
-- i-th. In packs with labels all images of a pack come from one side, for a pack is of one class.
function Apa.__call(self, images, labels, rng, m)
  local n, unit = core.size(images, 1), labels and m or 1
  local chance = core.to_table(rng:uniform {n // unit})
  local from = self.made
  if self.p == 0 or not from then return images, labels end
  if not like(images, from) or (labels == nil) ~= (self.made_labels == nil) then
    local function shown(x, y) return check.shape_string(core.shape(x)) .. (y and " with labels" or "") end
    return check.fail(NAME, "G's images %s do not go with the real ones, %s", shown(from, self.made_labels),
      shown(images, labels))
  end
  local there, list, changed = core.size(from, 1), {}, false
  for i = 1, n do
    local deceived = chance[(i - 1) // unit + 1] < self.p and i <= there
    list[i], changed = deceived and n + i - 1 or i - 1, changed or deceived
  end
  if not changed then return images, labels end
  local rows = core.tensor(list, "i32")
  local function pick(own, other) return own and core.gather_rows(core.cat({core.alias(own), other}, 1), rows) end
  return pick(images, from), pick(labels, self.made_labels)
end

--- Remembers what G made last. gan.game.loop tells it in each update of D. Cannot fail.
-- @function Apa:remember
-- @tparam Tensor images  (N,...), without a graph; not copied
-- @tparam[opt] Tensor labels  i32 (N)
function Apa:remember(images, labels) self.made, self.made_labels = images, labels end

local numbers, restore = Apa.state, Apa.load

--- Returns what a checkpoint keeps: what is controlled, and G's last images with their labels. Cannot fail.
-- @function Apa:state
-- @treturn table
function Apa:state()
  local out = numbers(self)
  return {control = out, images = self.made, labels = self.made_labels}
end

--- Restores a state.
-- @function Apa:load
-- @tparam table saved  what state() gave
-- @raise naming the entry that is missing, or impossible
function Apa:load(saved)
  saved = type(saved) == "table" and saved or {}
  local images, labels = saved.images, saved.labels
  if images ~= nil and not (core.is_tensor(images) and core.dtype(images) == "real" and core.dim(images) > 0) then
    return check.fail(NAME, "state: 'images': expected a real tensor (N,...), got %s", check.found(images))
  end
  if labels ~= nil and not (images and core.is_tensor(labels) and core.dim(labels) >= 1
      and core.size(labels, 1) == core.size(images, 1)) then
    return check.fail(NAME, "state: 'labels': expected a tensor of the images' number, got %s", check.found(labels))
  end
  restore(self, saved.control or {})
  self.made, self.made_labels = images and core.clone(images), labels and core.clone(labels)
end

--- Makes what deceives D: option `deceive` of gan.game.loop.
-- With probability p an image of G takes the place of a real one that D learns from, with the label that G was told: of
-- the images that G made in D's last update, the one in the same place of the batch. p follows D as that of
-- gan.augment.ada does, alone or beside it.
-- Source: Jiang et al. 2021, arXiv:2111.06849, sec. 3.2.
-- Differs: p ends at `cap`; the authors' program has no ceiling.
-- @function gan.augment.apa
-- @tparam[opt] table opt
-- @tparam[opt="r_t"] string opt.by  "r_t" or "r_v", as gan.augment.ada has them
-- @tparam[opt] number opt.target  in [-1,1] (default: 0.6, of r_v 0.5)
-- @tparam[opt=500] number opt.kimg  thousands of real images in which p can go from 0 to 1, > 0
-- @tparam[opt=4] integer opt.every  updates of D from one adjustment to the next
-- @tparam[opt=0] number opt.p  at first, in [0,1]
-- @tparam[opt=0.5] number opt.cap  the largest p, in [0,1]: from there on most of D's real images would be G's
-- @treturn function  f(images, labels or nil, rng, m) -> images, labels, m being the images of a pack; with `remember`,
--   `asks`, `see`, `numbers` (`p_deceive`), `state` and `load`
-- @raise if an option is unknown or out of range
return function(opt) return control.new(Apa, check.options(NAME, opt, control.options(CAP))) end
