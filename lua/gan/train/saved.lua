--- A run's checkpoints: what they hold, how a run is saved, and how it goes on.
-- @internal gan.train.saved
local classes = require "gan.data.classes"
local command = require "gan.command"
local core = require "gan.core"
local check = require "gan.check"
local checkpoint = require "gan.model.checkpoint"
local json = require "gan.file.json"
local made = require "gan.model.made"
local progress = require "gan.game.progress"
local pictures = require "gan.show.pictures"
local random = require "gan.random"
local state = require "gan.state"
local transfer = require "gan.model.transfer"
local varying = require "gan.game.varying"

local M = {}

-- Names in a checkpoint that are the run's own.
local reserved = {run = true, data = true, rng = true, masks = true, health = true, measure = true}

-- What programs take for the networks that pictures are drawn with (gan.train.trained): no plain table.
local networks = {G = "the generator", D = "the discriminator", ema = "the average of G's weights"}

--- Streams that are not for scripts: a rollback leaves the first alone, and gives the second a state by its name.
M.own_streams = {pictures = "the run's pictures", random = "gan's default stream"}

--- Says who has the name of a part, before it is given to v; nil where it is free.
function M.owner(run, name, v)
  if type(name) ~= "string" then return "no part: expected a table name -> part" end
  if reserved[name] then return "the run itself" end
  if type(v) == "table" and not getmetatable(v) and networks[name] then return networks[name] end
  if run.given[name] ~= nil and run.given[name] ~= v then return "another part: each is given once" end
end

--- Returns the random streams inside a run's parts: "name.where" -> stream. Cannot fail.
function M.inner_streams(run)
  local out = {}
  for name, part in pairs(run.parts) do
    for where, rng in pairs(part.streams and part:streams() or {}) do out[name .. "." .. where] = rng end
  end
  return out
end

--- Returns all that the next step depends on, as one tree. Its tensors are the live ones.
function M.state(run)
  local tree = {
    run = {format = checkpoint.FORMAT, recipe = run.recipe, step = run.step, z = run.fixed_z, y = run.fixed_y,
      texts = run.fixed_texts, channels = run.data.channels, classes = run.classes and (run.data.classes or {}),
      nets = run.nets, own_data = run.own_data, rollbacks = run.rollbacks, rolled = run.rolled, window = run.window,
      random = {random.default():state()}, options = json.encode(command.fixed(run.declared, run.options)),
      data = run.identity and json.encode(run.identity), origin = run.origin and json.encode(run.origin)},
    data = run.loader:state(), rng = {}, masks = {}, health = run.health:state(),
  }
  for name, rng in pairs(run.streams) do tree.rng[name] = {rng:state()} end
  for name, rng in pairs(M.inner_streams(run)) do tree.masks[name] = {rng:state()} end
  for name, part in pairs(run.parts) do tree[name] = part:state() end
  return tree
end

--- Sets the factor on step sizes to 1/2 a rollback, in the optimisers that the run keeps, too.
function M.rescale(run, rollbacks)
  run.rollbacks, run.scale = rollbacks, 0.5 ^ rollbacks
  varying.rescale(run.parts, run.base_lr, run.scale)
end

-- Brings a run to where a checkpoint's tree stands; raises what does not fit.
local function apply(run, tree)
  local function fit(ok, what) if not ok then error(what, 0) end end
  local function found(what, expected, v)
    return ("expected %s %s, found %s"):format(what, expected, type(v) == "string" and check.shown(v) or check.found(v))
  end
  local stored = tree.run
  fit(type(stored) == "table" and checkpoint.is_step(stored.step), "expected the checkpoint of a run")
  fit(checkpoint.is_current(stored))
  fit(stored.recipe == run.recipe, found("recipe", run.recipe, stored.recipe))
  fit(made.same(run.nets, stored.nets))
  fit(pictures.take(run, stored), "run.z is missing, or run.y")
  if run.classes and stored.classes then -- a label must mean what it meant
    local own, now = stored.classes, run.data.classes
    fit(classes.are(own), "run.classes: expected names")
    local _, moved = classes.map(own, now)
    fit(moved ~= true, found("classes", table.concat(own, " "), table.concat(now, " ")))
  end
  local function stream(rng, s, name)
    local there = type(s) == "table" and math.type(s[1]) == "integer" and math.type(s[2]) == "integer"
    fit(there, name .. " is missing")
    rng:load(s[1], s[2])
  end
  local function streams(own, states, what)
    for name, rng in pairs(own) do stream(rng, type(states) == "table" and states[name], what .. name) end
  end
  streams(run.streams, tree.rng, "rng.")
  for name, s in pairs(tree.rng) do stream(core.rng(0, ""), s, "rng." .. name) end
  run.stored = tree.rng
  for _, name in ipairs(check.names(run.parts)) do -- D and G before ema, which may take statistics of G
    local part, own = run.parts[name], tree[name]
    local ok, result, message = pcall(part.load, part, own == nil and {} or own)
    fit(ok and (result ~= nil or message == nil), ("%s: %s"):format(name, check.placeless(ok and message or result)))
  end
  streams(M.inner_streams(run), tree.masks, "masks.")
  run.health:load(tree.health)
  local ok, result, message = pcall(run.loader.load, run.loader, tree.data)
  fit(ok and result, tostring(ok and message or result))
  streams({random = random.default()}, stored, "run.")
  run.step, run.origin = stored.step, transfer.origin(stored.origin)
  run.rolled = type(stored.rolled) == "table" and stored.rolled or nil
  run.window = run.options.log_every > 0 and progress.window(stored.window) or nil
  M.rescale(run, math.max(run.rollbacks, checkpoint.is_step(stored.rollbacks) and stored.rollbacks or 0))
end

--- Brings a run to where the first of some checkpoints stands that is not damaged. Where there is none, or it does not
-- fit, the run's recorder stops.
-- @treturn string  its path
-- @treturn table  list of messages, about the damaged ones before it
-- @treturn ?string  a notice, where it has no checksums
function M.restore(run, paths)
  local tree, path, damaged, notice = checkpoint.first(paths)
  if not tree then run.recorder:stop("%s", path) end
  local ok, what = pcall(apply, run, tree)
  if not ok then run.recorder:stop("%s: does not fit this run: %s", path, check.shown(check.placeless(what))) end
  return path, damaged, notice
end

--- Brings a run to where its place stands: to its last checkpoint, or where that is damaged, to the newest whole one.
-- @treturn table  lines to tell once the run's files are open
function M.go_on(run)
  local place = run.place
  local own = place.dir and checkpoint.of(place.dir) or {}
  local path, damaged, notice = M.restore(run, own[1] == place.from and own or {place.from})
  local lines = {notice}
  if damaged[1] then
    lines[#lines + 1] = ("%s; goes back to step %d, %s"):format(table.concat(damaged, "; "), run.step, path)
    place.from = path
  end
  return lines
end

--- Saves a run. A net that holds NaN is not worth keeping: then the last good checkpoint stays.
-- @treturn boolean  true
-- @error naming what is not finite
function M.save(run)
  if run.saved_step == run.step then return true end
  local tree = M.state(run)
  local parts = {}
  for name in pairs(run.parts) do parts[name] = tree[name] end
  local found = state.not_finite("", parts)
  if found then return nil, found:sub(2) .. " is not finite" end
  run.saved_path, run.saved_at = run.recorder:save(tree), core.clock()
  run.saved_step = run.saved_path and run.step
  return true
end

return M
