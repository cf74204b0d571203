--- What a run does before its first step: it takes its directory, goes on where it stood, and says what it is.
-- @internal gan.train.begin
local augmented = require "gan.game.augmented"
local check = require "gan.check"
local command = require "gan.command"
local core = require "gan.core"
local directory = require "gan.train.directory"
local due = require "gan.train.due"
local health = require "gan.game.health"
local pictures = require "gan.show.pictures"
local progress = require "gan.game.progress"
local reports = require "gan.show.report"
local rescue = require "gan.train.rescue"
local saved = require "gan.train.saved"
local text = require "gan.file.text"
local transfer = require "gan.model.transfer"
local varying = require "gan.game.varying"

local M = {}

local VARYING = 26 -- steps that are not timed where the script decides how many updates each has: beginnings differ

local function networks(run)
  local names = {}
  for name, p in pairs(run.parts) do if type(p.count) == "function" then names[#names + 1] = name end end
  core.sort(names)
  return names
end

local introduce = core.without_locale(function(run)
  local opt, sizes = run.options, {}
  for _, name in ipairs(networks(run)) do
    sizes[#sizes + 1] = ("%s %.2fM parameters"):format(name, run.parts[name]:count() / 1e6)
  end
  run.recorder:say("%s", command.describe(run.declared, opt))
  run.recorder:say("data: %s", run.data:describe())
  if run.origin and run.place.from then run.recorder:say("%s", transfer.told(run.origin)) end
  local batch = opt.batch .. ((opt.pack or 1) > 1 and " packs of " .. opt.pack or "")
  run.recorder:say("%s; %s of batch %s%s", table.concat(sizes, ", "), check.count(run.total, "step"), batch,
    run.unset and " (--steps, --epochs or --kimg sets another length)" or "")
  for _, line in ipairs(varying.closed_of(run)) do run.recorder:say("%s", line) end
  for _, line in ipairs(augmented.notes(run)) do run.recorder:say("%s", line) end
end)

-- What options.json holds.
local function settings(run)
  local all, defaults, nets = {}, {}, {}
  for _, d in ipairs(run.declared) do all[d.field], defaults[d.field] = run.options[d.field], d.default end
  for _, name in ipairs(networks(run)) do nets[name] = tostring(run.parts[name]) end
  return {recipe = run.recipe, version = core.version_string, total_steps = run.total, options = all,
    data = run.identity, origin = run.origin, defaults = defaults, networks = nets, command = run.command,
    conditional = run.classes ~= nil, environment = reports.environment()}
end

-- Says and records what is other than when the run was left; true if anything is.
local function retell(run)
  local place, recorder = run.place, run.recorder
  if place.note then recorder:say("data: %s", place.note) end
  for _, c in ipairs(place.told or {}) do
    if c.option.name == "data" then
      recorder:say("data: those of %s, by their checksum", c.was)
    else
      local change = {step = run.step, change = c.option.name, from = c.was, to = c.is}
      recorder:say("--%s: %s up to step %d, %s from now on", c.option.name, c.was, run.step, c.is)
      if not recorder:has_record(change) then recorder:record(change) end
    end
  end
  return place.note or place.told and place.told[1]
end

-- Tells whether the run goes on in its own directory. It may have begun in that of another one, from its checkpoint.
local function is_own(place) return place.from ~= nil and text.folder_of(place.from) == place.dir end

-- The first pictures and the first checkpoint, where the directory has none, and what a run that goes on still lacks.
-- What the checkpoint says of the run must be true, too: others read it there. options.json comes first where it makes
-- the directory a run, last where it says that all is as it is asked for now.
local function first_files(run)
  local recorder, step, from = run.recorder, run.step, run.place.from
  local goes_on = step > 0 and is_own(run.place)
  if goes_on and from ~= recorder:path(directory.LAST) then recorder:link(directory.LAST, from) end -- that is damaged
  if goes_on then due.catch_up(run) end
  local changed = retell(run)
  if changed or not goes_on then
    pictures.write_real(run)
    if step == 0 then pictures.write(run, "fakes_init.png") end
    recorder:must(saved.save(run))
  end
  run.saved_step, run.saved_at = recorder.keeps and step or nil, core.clock()
  if step > 0 and not goes_on then due.catch_up(run) end
  rescue.begin(run)
end

--- Starts a run's first step of this process: its place, its files, what it says of itself.
function M.run(run)
  local opt, recorder, place = run.options, run.recorder, run.place
  pictures.fix(run)
  if opt.aug_test then
    run.finished = pictures.write_augmented(run)
    return
  end
  transfer.begin(run)
  if opt.dry_run then
    for _, name in ipairs(networks(run)) do recorder:say("%s\n", tostring(run.parts[name])) end
    introduce(run)
    run.meter = progress.new(run.total, progress.images(opt), 0)
    return
  end
  recorder:enter(place, opt.outdir, directory.label(run))
  if run.data.n > 1 then run.health:real(pictures.real(run, health.PICTURES)) end
  local lines, begun = place.from and saved.go_on(run) or {}, is_own(place)
  if not begun then recorder:settle(settings(run)) end
  recorder.tensorboard = opt.tensorboard
  recorder:open(run.step)
  for _, line in ipairs(lines) do
    local notice = {step = run.step, notice = line}
    recorder:say("%s", line)
    if not recorder:has_record(notice) then recorder:record(notice) end
  end
  for name, source in pairs(run.sources) do recorder:write(name, source) end
  introduce(run)
  run.measure:begin()
  if run.step > 0 then
    local hint = opt.resume == "auto" and " (--resume new starts anew)" or ""
    recorder:say("%s: goes on from step %d%s", place.dir, run.step, hint)
  else
    recorder:say("%s: starts", place.dir)
  end
  first_files(run)
  if begun then recorder:settle(settings(run)) end
  if opt.report == "html" then recorder:publish() end
  collectgarbage() -- what starting needed is not needed again
  core.memory_trim()
  run.meter = progress.new(run.total, progress.images(opt), run.step, nil, run.window)
  if run.step >= run.total then
    recorder:say("already at step %d of %d; --steps trains longer", run.step, run.total)
    run.finished = true
  end
end

--- Tells, after a run's first steps, how long it will take; that is all that --dry-run is for. Cannot fail.
function M.pace(run)
  local dry = run.options.dry_run
  local line = run.meter:pace(dry and 0 or run.game and run.game.remember and VARYING or 0, dry)
  if line then run.recorder:say("%s", line) end
  if dry then run.finished = line ~= nil end
end

return M
