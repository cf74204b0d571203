--- Plays a game whose nets are told more than a class: a run's condition says what G and D are called with, of the
-- annotations that batches have (gan.data.batches).
--
-- A condition is a table with a method `of(beside, labels) -> y, keys`: y is a tensor (N,...), what G(z, y) and D(x, y)
-- get; keys are a list of N values. Rows whose keys are equal have the same condition; keys that are texts are written
-- beneath pictures. It is called for a whole batch, so that blocks do not change it. Its `state()` and `load(state)`
-- are for the checkpoints, where it is the part "condition". Fakes are made for the conditions of the batch's own
-- images, row by row: G's penalties can compare each fake with the image that has its condition.
-- @module gan.data.conditions
local annotations = require "gan.data.annotations"
local check = require "gan.check"
local core = require "gan.core"

local M = {}

local NAME = "data.conditions"

--- Returns for each row another whose key differs: the next one, beginning anew behind the last.
-- Source: as StyleGAN's and StackGAN's authors' code mismatches texts.  Differs: rows with equal keys are left out.
-- @function gan.data.conditions.others
-- @tparam table keys  list of N values
-- @treturn Tensor  i32 (N), rows from 0; nil where all keys are equal
-- @raise if keys is no list
function M.others(keys)
  if type(keys) ~= "table" then return check.expected(NAME .. ".others", 1, "keys", "a list", keys) end
  local n, rows = #keys, {}
  for i = 1, n do
    local by = 1
    while by < n and keys[(i + by - 1) % n + 1] == keys[i] do by = by + 1 end
    if by >= n then return nil end
    rows[i] = (i + by - 1) % n
  end
  return n > 0 and core.tensor(rows, "i32") or nil
end

--- Takes the option `condition` of a game. Cannot fail.
M.option = check.option.where {
  expected = "a condition, with the methods of(beside, labels) -> y, keys, state() and load(state)",
  accept = function(v)
    return type(v) == "table" and check.callable(v.of) and check.callable(v.state) and check.callable(v.load) and v
      or nil
  end,
}

-- Checks what a condition's `of` returned.
local function checked(n, y, keys)
  if not (core.is_tensor(y) and core.dim(y) >= 1 and core.size(y, 1) == n) then
    return check.fail(NAME, "option 'condition': of() must return a tensor (%d,...), returned %s", n, check.found(y))
  elseif type(keys) ~= "table" or #keys ~= n then
    return check.fail(NAME, "option 'condition': of() must return a list of %d keys beside it, returned %s", n,
      type(keys) == "table" and ("one of %d"):format(#keys) or check.found(keys))
  end
  return y, keys
end

--- Returns a batch with its conditions.
-- @function gan.data.conditions.batch
-- @tparam table condition  with a method `of`
-- @tparam Tensor images  (N,...)
-- @tparam ?Tensor labels  i32 (N)
-- @tparam ?table beside  as gan.data.batches gives it
-- @treturn Tensor  (N,...), the images
-- @treturn Tensor  (N,...), the conditions
-- @treturn table  list of N keys
-- @raise if `of` returns something else
function M.batch(condition, images, labels, beside)
  return images, checked(core.size(images, 1), condition:of(beside or {}, labels))
end

--- Returns the conditions of some images of a set: of several captions an image's first draw.
-- @function gan.data.conditions.of_set
-- @tparam table condition  with a method `of`
-- @tparam Set set  of gan.data.open
-- @tparam table kinds  the annotations that it is made of
-- @tparam Tensor rows  i32 (N), from 0
-- @treturn Tensor  (N,...), the conditions
-- @treturn table  list of N keys
-- @error if the set lacks one of these annotations
-- @raise if `of` returns something else
function M.of_set(condition, set, kinds, rows)
  local beside, message = annotations.beside(set, {annotations = kinds, min_visible = 0, min_side = 0, seed = 0},
    function() end)
  if not beside then return nil, message end
  local n = core.size(rows, 1)
  return checked(n, condition:of(beside:of(0, rows, core.full({n, 3}, 0, "i32")),
    set.labels and core.gather_rows(set.labels, rows)))
end

--- Puts a run's condition into a game: batches have it, fakes are made for it, and other rows' conditions are what
-- `mismatch` takes. A game without one is left as it is.
-- @function gan.data.conditions.into
-- @tparam table spec  options of gan.game.loop, and perhaps `condition`; changed
-- @tparam Run run  its method `batch` is called
-- @raise if the condition does not go with another option
function M.into(spec, run)
  local condition = spec.condition
  spec.condition, run.condition = nil, condition
  if not condition then return end
  for _, name in ipairs {"labels", "wrong_labels", "replay", "auxiliary"} do
    if spec[name] ~= nil then
      return check.fail(NAME, "option '%s': a game with a 'condition' takes none", name)
    end
  end
  if (spec.pack or 1) > 1 then return run.recorder:stop "--pack: packs are of one class; here nets are told more" end
  function spec.batch()
    local images, labels, _, _, beside = run:batch()
    local x, y, keys = M.batch(condition, images, labels, beside)
    local rows = M.others(keys)
    return x, y, rows and core.gather_rows(y, rows)
  end
  spec.labels, spec.wrong_labels = function(_, y) return y end, true
end

return M
