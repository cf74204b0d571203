--- Run directories: their names, which of them a new command goes on with, what lies in them. Nothing is ever
-- overwritten by another run.
-- @internal gan.train.directory
local command = require "gan.command"
local core = require "gan.core"
local json = require "gan.file.json"
local lfs = require "lfs"
local options = require "gan.train.options"
local text = require "gan.file.text"

local M = {LAST = "checkpoint_last.safetensors"}

local function mode(path) return lfs.attributes(path, "mode") end

--- Reads what options.json of a run holds.
-- @tparam string dir  the run's directory
-- @treturn table  `recipe`, `version`, `total_steps` and `options`, name -> value
-- @error if there is no such file, or it is none of a run
function M.read_options(dir)
  local path = dir .. "/options.json"
  local s, message = text.read(path)
  if not s then return nil, message end
  local t
  t, message = json.decode(s)
  if type(t) ~= "table" or type(t.options) ~= "table" then
    return nil, ("%s: expected the options of a run%s"):format(path, message and ": " .. message or "")
  end
  return t
end

local function is_empty(dir)
  for name in lfs.dir(dir) do if name ~= "." and name ~= ".." then return false end end
  return true
end

-- The numbered runs in outdir: a list of {number, name}, highest number first.
local function numbered(outdir)
  local list = {}
  for _, name in ipairs(text.names(outdir) or {}) do
    local number = name:match "^(%d%d%d%d%d+)%-"
    if number then list[#list + 1] = {number = math.tointeger(number) or 0, name = name} end
  end
  table.sort(list, function(a, b) return a.number > b.number end)
  return list
end

-- Takes over what was not given on the command line, refuses what differs: true, or nil and a message.
local function adopt(declared, values, given, stored, what)
  for _, d in ipairs(declared) do
    local old = command.stored(d, stored)
    if not given[d.field] and old ~= nil and (d.inherit or not d.free) then values[d.field] = old end
  end
  local length = given.steps or given.epochs or given.kimg
  for _, name in ipairs {"steps", "epochs", "kimg"} do
    if not length and stored[name] then values[name] = stored[name] end
  end
  local changed = options.difference(declared, stored, values)
  if changed then return nil, ("%s %s; take it as it was, or start anew with --resume new"):format(what, changed) end
  return true
end

-- The place of a run in a directory that was made before.
local function at(dir)
  local last = dir .. "/" .. M.LAST
  return {dir = dir, from = mode(last) and last or nil}
end

-- The place that --resume PATH names: a run's directory, or a checkpoint, from which a run of its own starts.
local function named(declared, values, given, load)
  local path = values.resume
  local kind = mode(path)
  if kind == nil then
    return nil, ("--resume: %s: no such run or checkpoint (expected auto, new, or a path)"):format(path)
  end
  local stored, message
  if kind == "directory" then
    path = path:match "^(.-)/*$"
    stored, message = M.read_options(path)
    stored = stored and stored.options
  else
    stored, message = load(path)
  end
  if not stored then return nil, "--resume: " .. message end
  local ok
  ok, message = adopt(declared, values, given, stored, path)
  if not ok then return nil, message end
  if kind == "directory" then return at(path) end
  local dir = values.name and values.outdir .. "/" .. values.name
  if dir and mode(dir) and not (mode(dir) == "directory" and is_empty(dir)) then
    return nil, ("%s: exists; a checkpoint starts a run of its own, give it another --name"):format(dir)
  end
  return {dir = dir, from = path}
end

--- Finds the command's run as far as its options tell, before any data is opened.
-- @tparam table declared  options
-- @tparam table values  their values; with --resume PATH, what was not given on the command line is taken from the run
-- @tparam table given  what stood on the command line
-- @tparam function load  reads a checkpoint's own options: path -> table, or nil and a message
-- @treturn table  `dir`, a path, or nil (a number is to be taken); `from`, a checkpoint, or nil
-- @error if there is no such run, another thing is in its place, or an option differs from the run's
function M.locate(declared, values, given, load)
  if values.resume ~= "auto" and values.resume ~= "new" then return named(declared, values, given, load) end
  if not values.name then return {} end
  local dir = values.outdir .. "/" .. values.name
  local kind = mode(dir)
  if kind == nil then return {dir = dir} end
  if kind ~= "directory" then return nil, ("%s: exists and is a %s, not a run"):format(dir, kind) end
  if is_empty(dir) then return {dir = dir} end
  local other = "nothing was overwritten, give another --name"
  if values.resume == "new" then return nil, ("%s: exists; %s"):format(dir, other) end
  if not mode(dir .. "/options.json") then
    return nil, ("%s: exists and is no run (it has no options.json); %s"):format(dir, other)
  end
  local stored, message = M.read_options(dir)
  if not stored then return nil, message end
  local changed = options.difference(declared, stored.options, values)
  if changed then return nil, ("%s %s; %s or the old value"):format(dir, changed, other) end
  return at(dir)
end

--- Makes and locks the run's directory. Without a name: with --resume auto the newest numbered run of the same options
-- that is not finished, otherwise the next number.
-- @tparam table place  of `locate`; `dir` and `from` are filled in
-- @tparam table declared  options
-- @tparam table values  their values
-- @tparam string label  what the run is, for its name: "shapes-dcgan-32"
-- @tparam function unfinished  path of a checkpoint -> true, if there is more to do
-- @treturn table  place, with its `lock`
-- @error if the directory cannot be made, or another process is training there
function M.enter(place, declared, values, label, unfinished)
  local outdir = values.outdir
  local list = not place.dir and numbered(outdir) or {}
  if not place.dir and not place.from and values.resume == "auto" then
    for _, run in ipairs(list) do
      local dir = outdir .. "/" .. run.name
      local stored = run.name:match "^%d+%-(.*)$" == label and M.read_options(dir)
      local last = dir .. "/" .. M.LAST
      if stored and not options.difference(declared, stored.options, values) and mode(last) and unfinished(last) then
        place.dir, place.from = dir, last
        break
      end
    end
  end
  if not place.dir then
    place.dir = ("%s/%05d-%s"):format(outdir, list[1] and list[1].number + 1 or 0, label)
  end
  local ok, message = text.make_folder(place.dir)
  if not ok then return nil, message end
  place.lock, message = core.file_lock(place.dir)
  if not place.lock then return nil, message or ("%s: another process is training there"):format(place.dir) end
  return place
end

--- Removes old snapshots. Cannot fail.
-- @tparam string dir  the run's directory
-- @tparam integer count  so many of the newest stay
function M.prune(dir, count)
  local names = {}
  for _, name in ipairs(text.names(dir)) do
    if name:find "^snapshot_%d+%.safetensors$" then names[#names + 1] = name end
  end
  for i = 1, #names - count do os.remove(dir .. "/" .. names[i]) end
end

return M
