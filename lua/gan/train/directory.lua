--- Run directories: their names, which of them a new command goes on with, what lies in them. Nothing is ever
-- overwritten by another run. A directory whose run was stopped before its first checkpoint is free: whoever comes next
-- begins in it, so the same command does wherever it was killed.
-- @internal gan.train.directory
local augmented = require "gan.game.augmented"
local blocks = require "gan.game.blocks"
local checkpoint = require "gan.model.checkpoint"
local claim = require "gan.file.claim"
local command = require "gan.command"
local core = require "gan.core"
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
-- @tparam table declared  of gan.command.declare: values must be as an option is declared
-- @treturn table  `recipe`, `version`, `total_steps`, `options`, name -> value, and `data` (gan.data.identity) or nil
-- @error if there is no such file, or it is none of a run
function M.read_options(dir, declared)
  local path = dir .. "/options.json"
  local s, message = text.read(path)
  if not s then return nil, message end
  local t
  t, message = json.decode(s)
  if type(t) ~= "table" or type(t.options) ~= "table" then
    return nil, ("%s: expected the options of a run%s"):format(path, message and ": " .. message or "")
  end
  return options.checked(t, path, declared)
end

-- What a run writes before its first checkpoint.
local BEGINNING = {
  [".lock"] = true, ["options.json"] = true, ["log.txt"] = true, ["stats.jsonl"] = true, ["reals.png"] = true,
  ["fakes_init.png"] = true, ["report.html"] = true,
}

-- Tells whether a directory holds no more than a run's beginning: no checkpoint, nothing of somebody else. And whether
-- it holds anything.
local function unbegun(dir)
  local names = core.folder(dir)
  if not names then return false end
  local nets = mode(dir .. "/options.json") -- their copies come after it
  for _, name in ipairs(names) do
    local own = BEGINNING[name] or name:find "%.tmp$" or name:find "^events%.out%." or nets and name:find "%.lua$"
    if not own then return false end
  end
  return true, #names > 0
end

--- Returns the name of a numbered run, without its number: "shapes-dcgan-32". Cannot fail.
function M.label(run)
  local opt = run.options
  local name = (opt.data or run.data.source or "data"):match "([^/]*)/*$":gsub("%.[%w.]*$", ""):gsub("[^%w_-]+", "_")
  return ("%.64s-%s%s"):format(name ~= "" and name or "data", run.recipe, opt.size and ("-%d"):format(opt.size) or "")
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

-- The place that --resume PATH names: a run's directory, or a checkpoint, from which a run of its own starts. Where the
-- same command has started that run, it goes on.
local function named(values, load, declared)
  local path, kind = values.resume, mode(values.resume)
  if kind == nil then
    return nil, ("--resume: %s: no such run or checkpoint (expected auto, new, or a path)"):format(path)
  end
  if kind == "directory" then
    path = path:match "^(.-)/*$"
    local stored, message = M.read_options(path, declared)
    if stored then return at(path, stored) end
    local free, some = unbegun(path)
    if free and some then return {dir = path} end
    return nil, "--resume: " .. (text.lacks(path, "options.json", "run") or message)
  end
  local stored, message = load(path)
  if stored then stored, message = options.checked(stored, path, declared) end
  if not stored then return nil, "--resume: " .. message end
  local dir = values.name and values.outdir .. "/" .. values.name
  if dir and mode(dir) and not (mode(dir) == "directory" and unbegun(dir)) then
    local own = M.read_options(dir, declared)
    if own and own.options.resume == path then return at(dir, own) end
    return nil, ("%s: exists; a checkpoint starts a run of its own, give it another --name"):format(dir)
  end
  return {dir = dir, from = path, stored = stored}
end

-- The place that --name names.
local function by_name(values, declared)
  local dir = values.outdir .. "/" .. values.name
  local kind = mode(dir)
  if kind == nil then return {dir = dir} end
  if kind ~= "directory" then return nil, ("%s: exists and is a %s, not a run"):format(dir, kind) end
  if unbegun(dir) then return {dir = dir} end
  if values.resume == "new" then return nil, ("%s: exists; %s"):format(dir, OTHER) end
  if not mode(dir .. "/options.json") then
    return nil, ("%s: exists and is no run (it has no options.json); %s"):format(dir, OTHER)
  end
  local stored, message = M.read_options(dir, declared)
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
  return nil, ("%s %s; %s"):format(place.from == values.resume and place.from or place.dir, changed,
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
  if path then place, message = named(values, load, declared)
  elseif values.name then place, message = by_name(values, declared) end
  if not (place and place.stored) then return place, message end
  if path then
    local ok
    adopt(declared, values, given, place.stored.options)
    ok, message = blocks.fit(values)
    if ok then ok, message = augmented.check(values) end
    if not ok then return nil, ("%s: %s"):format(place.from == values.resume and place.from or place.dir, message) end
  end
  local changed = difference(declared, place.stored, values)
  if changed then return refuse(place, values, changed) end
  return place
end

--- Makes sure that the data are those of the run that goes on. Where no run is named, finds one with --resume auto: the
-- newest numbered run of the same recipe, options and data that is not finished; else, as `spare`, a directory in which
-- such a run was to begin.
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
    local label = M.label(run)
    for _, entry in ipairs(claim.numbered(values.outdir)) do
      local dir = values.outdir .. "/" .. entry.name
      if entry.name:match "^%d+%-(.*)" == label and unbegun(dir) then place.spare = dir end
      local stored = M.read_options(dir, run.declared)
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
    command.stretched(run.declared, values, place.stored.total_steps, run.total, place.told)
  elseif values.change then
    return nil, "--change: there is no run to go on with"
  end
  return place
end

--- Makes and locks the run's directory: the one that was found, or the next number.
-- @tparam table place  of `recognise`; `dir` is filled in
-- @tparam string outdir  where runs are kept
-- @tparam string label  of `label`
-- @treturn table  place, with its `lock`, and perhaps a `warning` about it
-- @error if the directory cannot be made, or another process is training there
function M.enter(place, outdir, label)
  local ok, message = text.make_folder(place.dir or outdir)
  local dir, late = place.dir or place.spare, nil
  while ok do
    if not dir then dir, message = claim.next(outdir, label) end
    if not dir then break end
    local lock
    lock, message = claim.lock(dir)
    late = lock and place.from ~= dir .. "/" .. M.LAST and mode(dir .. "/" .. M.LAST)
    if lock and not late then
      place.dir, place.lock, place.warning = dir, lock, message
      return place
    end
    if lock then lock:close() end
    if place.dir or message and not lock and dir ~= place.spare then break end
    dir = nil -- another process was quicker there: the next number
  end
  if late then return nil, ("%s: another process has trained there meanwhile; %s"):format(dir, OTHER) end
  return nil, message or ("%s: another process is training there (another: --resume new, --name)"):format(dir)
end

return M
