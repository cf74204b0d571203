--- Run directories: their names, which of them a new command goes on with, what lies in them. Nothing is ever
-- overwritten by another run.
-- @internal gan.train.directory
local checkpoint = require "gan.model.checkpoint"
local claim = require "gan.file.claim"
local command = require "gan.command"
local identity = require "gan.data.identity"
local json = require "gan.file.json"
local lfs = require "lfs"
local options = require "gan.train.options"
local text = require "gan.file.text"

local M = {LAST = checkpoint.LAST}

local OTHER = "nothing was overwritten, give another --name"

local function mode(path) return lfs.attributes(path, "mode") end

--- Reads what options.json of a run holds.
-- @tparam string dir  the run's directory
-- @treturn table  `recipe`, `version`, `total_steps`, `options`, name -> value, and `data` (gan.data.identity) or nil
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
  for name in lfs.dir(dir) do if not name:find "^%.%.?$" and name ~= ".lock" then return false end end
  return true
end

-- Takes over what was not given on the command line; one length of training takes the place of any other.
local function adopt(declared, values, given, stored)
  command.adopt(declared, values, stored, function(d) return not given[d.field] and (d.inherit or not d.free) end)
  if given.steps or given.epochs or given.kimg then return end
  for _, name in ipairs(options.LENGTHS) do values[name] = stored[name] end
end

-- The place of a run in a directory that was made before.
local function at(dir, stored)
  return {dir = dir, from = checkpoint.of(dir)[1], stored = stored}
end

-- The place that --resume PATH names: a run's directory, or a checkpoint, from which a run of its own starts.
local function named(values, load)
  local path, kind = values.resume, mode(values.resume)
  if kind == nil then
    return nil, ("--resume: %s: no such run or checkpoint (expected auto, new, or a path)"):format(path)
  end
  local read = load
  if kind == "directory" then path, read = path:match "^(.-)/*$", M.read_options end
  local stored, message = read(path)
  if not stored then
    return nil, "--resume: " .. (kind == "directory" and text.lacks(path, "options.json", "run") or message)
  end
  if kind == "directory" then return at(path, stored) end
  local dir = values.name and values.outdir .. "/" .. values.name
  if dir and mode(dir) and not (mode(dir) == "directory" and is_empty(dir)) then
    return nil, ("%s: exists; a checkpoint starts a run of its own, give it another --name"):format(dir)
  end
  return {dir = dir, from = path, stored = stored}
end

-- The place that --name names.
local function by_name(values)
  local dir = values.outdir .. "/" .. values.name
  local kind = mode(dir)
  if kind == nil then return {dir = dir} end
  if kind ~= "directory" then return nil, ("%s: exists and is a %s, not a run"):format(dir, kind) end
  if is_empty(dir) then return {dir = dir} end
  if values.resume == "new" then return nil, ("%s: exists; %s"):format(dir, OTHER) end
  if not mode(dir .. "/options.json") then
    return nil, ("%s: exists and is no run (it has no options.json); %s"):format(dir, OTHER)
  end
  local stored, message = M.read_options(dir)
  if not stored then return nil, message end
  return at(dir, stored)
end

-- What a run has that may not be other now; data that it knows by their fingerprint may have another path.
local function difference(declared, stored, values)
  return command.difference(declared, stored.options, values, {data = stored.data ~= nil})
end

-- Says that a run cannot go on as it is asked to.
local function refuse(place, values, changed)
  local auto = values.resume == "auto"
  return nil, ("%s %s; %s"):format(auto and place.dir or values.resume:match "^(.-)/*$", changed,
    auto and OTHER .. " or the old value" or "take it as it was, or start anew with --resume new")
end

--- Finds the command's run as far as its options tell, before any data is opened.
-- @tparam table declared  options
-- @tparam table values  their values; with --resume PATH, what was not given on the command line is taken from the run
-- @tparam table given  what stood on the command line
-- @tparam function load  reads what a checkpoint tells of its run: path -> `options` and `data` in a table, or nil and
--   a message
-- @treturn table  `dir`, a path, or nil (a number is to be taken); `from`, a checkpoint, or nil; `stored`, of the run
-- @error if there is no such run, another thing is in its place, or an option differs from the run's
function M.locate(declared, values, given, load)
  local path, place, message = values.resume ~= "auto" and values.resume ~= "new", {}, nil
  if path then place, message = named(values, load)
  elseif values.name then place, message = by_name(values) end
  if not (place and place.stored) then return place, message end
  if path then adopt(declared, values, given, place.stored.options) end
  local changed = difference(declared, place.stored, values)
  if changed then return refuse(place, values, changed) end
  return place
end

--- Makes sure that the data are those of the run that goes on. Where no run is named, finds one with --resume auto: the
-- newest numbered run of the same recipe, options and data that is not finished.
-- @tparam table place  of `locate`; filled in
-- @tparam table run  `recipe`, `declared`, `options`, `total`, and `identity` (gan.data.identity) of the data, or nil
-- @tparam function step_of  path of a checkpoint -> its step, or nil
-- @treturn table  place; `told` lists changed options (gan.command.difference), `note` is a text about the data, or nil
-- @error if the data differ, or there is no run whose options --change could change
function M.recognise(place, run, step_of)
  local values = run.options
  local function data_of(stored)
    if stored.data and run.identity then return identity.difference(stored.data, run.identity) end
  end
  if not place.dir and not place.from and values.resume == "auto" then
    for _, entry in ipairs(claim.numbered(values.outdir)) do
      local dir = values.outdir .. "/" .. entry.name
      local stored = M.read_options(dir)
      local own = stored and stored.recipe == run.recipe and at(dir, stored)
      if own and own.from and not difference(run.declared, stored, values) and not data_of(stored)
        and (step_of(own.from) or 0) < run.total then
        place.dir, place.from, place.stored = dir, own.from, stored
        break
      end
    end
  end
  if place.stored then
    local changed, note = data_of(place.stored)
    if changed then return refuse(place, values, changed) end
    place.note = note
    place.told = select(2, difference(run.declared, place.stored, values))
  elseif values.change then
    return nil, "--change: there is no run to go on with"
  end
  return place
end

--- Makes and locks the run's directory: the one that was found, or the next number.
-- @tparam table place  of `recognise`; `dir` is filled in
-- @tparam string outdir  where runs are kept
-- @tparam string label  what the run is, for its name: "shapes-dcgan-32"
-- @treturn table  place, with its `lock`, and perhaps a `warning` about it
-- @error if the directory cannot be made, or another process is training there
function M.enter(place, outdir, label)
  local ok, message = text.make_folder(place.dir or outdir)
  if ok and not place.dir then ok, message = claim.next(outdir, label) end
  if not ok then return nil, message end
  place.dir = place.dir or ok
  place.lock, message = claim.lock(place.dir)
  if not place.lock then
    return nil, message or ("%s: another process is training there (another: --resume new, --name)"):format(place.dir)
  end
  place.warning = message
  if not place.from and mode(place.dir .. "/" .. M.LAST) then
    place.lock:close()
    return nil, ("%s: another process has trained there meanwhile; %s"):format(place.dir, OTHER)
  end
  return place
end

return M
