--- A run's checkpoints: their names in its directory, what each says of its run, which of them are whole.
-- @internal gan.model.checkpoint
local check = require "gan.check"
local core = require "gan.core"
local identity = require "gan.data.identity"
local json = require "gan.file.json"
local safetensors = require "gan.file.safetensors"
local text = require "gan.file.text"

local M = {
  FORMAT = 2, -- what `run.format` is: a change of what checkpoints hold is another one
  LAST = "checkpoint_last.safetensors",
  PREVIOUS = "checkpoint_previous.safetensors", -- the last but one: what there is if the last is damaged
  GOOD = "checkpoint_good.safetensors", -- what --on-collapse rollback goes back to
  BEST = "checkpoint_best.safetensors",
  SNAPSHOT = "snapshot_%06d.safetensors",
  SNAPSHOTS = "^snapshot_%d+%.safetensors$", -- a pattern
}

--- Lists the checkpoints in a run's directory from which it can go on: the newest first, last those of which nobody
-- knows how old they are. Cannot fail.
-- @tparam string dir  the directory
-- @treturn table  list of paths
function M.of(dir)
  local names, there = {M.LAST, M.PREVIOUS}, {}
  local all = text.names(dir) or {}
  for i = #all, 1, -1 do
    there[all[i]] = true
    if all[i]:find(M.SNAPSHOTS) then names[#names + 1] = all[i] end
  end
  names[#names + 1] = M.GOOD
  names[#names + 1] = M.BEST
  local list = {}
  for _, name in ipairs(names) do if there[name] then list[#list + 1] = ("%s/%s"):format(dir, name) end end
  return list
end

-- The first of some checkpoints that is whole: as of M.first.
local function first(paths)
  local messages = {}
  for _, path in ipairs(paths) do
    local tree, message = safetensors.load(path)
    if tree then return tree, path, messages, message end
    messages[#messages + 1] = message
  end
  return nil, table.concat(messages, "; ")
end

-- Says which of the other checkpoints in a damaged one's directory is whole; nothing if the directory is no run's.
local function advice(path)
  local dir = text.folder_of(path)
  if not (text.exists(path) and text.exists(dir .. "/options.json")) then return "" end
  local others = {}
  for _, other in ipairs(M.of(dir)) do
    if other:match "[^/]*$" ~= path:match "[^/]*$" then others[#others + 1] = other end
  end
  local tree, whole = first(others)
  return tree and (" (%s is whole)"):format(whole) or " (no other checkpoint of the run is whole)"
end

--- Reads the first of some checkpoints that can be read and is not damaged.
-- @tparam table paths  list of them
-- @treturn table  its tree
-- @treturn string  its path
-- @treturn table  list of messages, about those before it
-- @treturn ?string  a notice, where it has no checksums
-- @error naming each of them; of a single one, also which other checkpoint of the run is whole
function M.first(paths)
  local tree, path, damaged, notice = first(paths)
  if tree then return tree, path, damaged, notice end
  return nil, paths[2] and path or path .. advice(paths[1])
end

--- Finds the checkpoint that a path names: a file, or the last one of a run's directory.
-- @tparam string path  a run's directory, or a checkpoint
-- @treturn string  the checkpoint's path, which may not exist
-- @error if it is a directory without one
function M.find(path)
  if not core.folder(path) then return path end
  path = path:match "^(.-)/*$"
  local why = text.lacks(path, M.LAST, text.exists(path .. "/options.json") and "checkpoint yet" or "run")
  if why then return nil, why end
  return path .. "/" .. M.LAST
end

--- Reads a run's checkpoint, and what it tells of its run.
-- @tparam string path  of the checkpoint
-- @tparam[opt] function want  as of gan.file.safetensors.load
-- @treturn table  the tree
-- @treturn table  the run's options, name -> value
-- @treturn ?table  fingerprint of its data (gan.data.identity)
-- @treturn ?string  a notice, where it has no checksums
-- @error if it is damaged, and which other checkpoint of the run is not; or if it is no checkpoint of a run
function M.load(path, want)
  local tree, message = safetensors.load(path, want)
  if not tree then return nil, message .. advice(path) end
  local run = type(tree.run) == "table" and tree.run or {}
  local own = type(run.options) == "string" and json.decode(run.options)
  if type(own) ~= "table" then
    return nil, path .. (tree.kind == "classifier" and ": a classifier, not a run: it is for --features"
      or ": expected the checkpoint of a run (that of another program?)")
  end
  local data
  if run.data ~= nil then
    local why
    data, why = identity.accept(type(run.data) == "string" and json.decode(run.data))
    if not data then return nil, ("%s: %s"):format(path, why) end
  end
  return tree, own, data, message
end

--- Finds a run's checkpoint, and reads it.
-- @tparam string path  as of `find`
-- @tparam[opt] function want  as of gan.file.safetensors.load
-- @treturn table  the tree
-- @treturn table  the run's options, name -> value
-- @treturn ?table  fingerprint of its data (gan.data.identity)
-- @treturn ?string  a notice, where it has no checksums
-- @treturn string  the checkpoint's path
-- @error as `find` and `load`
function M.open(path, want)
  local at, why = M.find(path)
  if not at then return nil, why end
  local tree, own, data, notice = M.load(at, want)
  return tree, own, data, notice, at
end

--- Reads what a checkpoint tells of its run, for --resume FILE.
-- @tparam string path  of the checkpoint
-- @treturn table  `options`, name -> value, and `data` (gan.data.identity) or nil
-- @error if it is no checkpoint of a run
function M.settings(path)
  local tree, own, data = M.load(path, function(name) return name:find "^run%." end)
  if not tree then return nil, own end
  return {options = own, data = data}
end

--- Tells whether this version made a checkpoint.
-- @tparam table run  what it tells of its run
-- @treturn boolean  true
-- @error naming both formats
function M.is_current(run)
  if run.format == M.FORMAT then return true end
  return nil, ("expected format %d, found %s (made by another version)"):format(M.FORMAT,
    type(run.format) == "string" and check.shown(run.format) or check.found(run.format))
end

--- Tells whether a value can be a run's step. Cannot fail.
function M.is_step(v) return math.type(v) == "integer" and v >= 0 and v <= 1 << 40 end

--- Reads a checkpoint's step. Cannot fail.
-- @tparam string path  of the checkpoint
-- @treturn integer  nil where it has none
function M.step(path)
  local tree = safetensors.load(path, function(name) return name == "run.step" end)
  return tree and type(tree.run) == "table" and M.is_step(tree.run.step) and tree.run.step or nil
end

return M
