--- The world as a run sees it: lines, numbers, checkpoints, pictures.
--
-- A run tells and keeps through one recorder alone. `disk` writes to the console and into the run's directory, and ends
-- the program where it cannot. `silent` is a run in silence, for tests and for programs that train as a part of what
-- they do: nothing is written, nothing printed, and what would end the program raises. A recorder of one's own is one
-- of these with other methods.
-- @module gan.train.recorder
local core = require "gan.core"
local check = require "gan.check"
local checkpoint = require "gan.model.checkpoint"
local console = require "gan.show.console"
local directory = require "gan.train.directory"
local events = require "gan.show.events"
local journal = require "gan.show.journal"
local json = require "gan.file.json"
local quantities = require "gan.quantities"
local reports = require "gan.show.report"
local safetensors = require "gan.file.safetensors"
local stop = require "gan.train.stop"
local text = require "gan.file.text"

local M, LOG, STATS = {}, "log.txt", "stats.jsonl"

-- ---- console and disk ----

local Disk = {keeps = true}
Disk.__index = Disk

--- Makes the recorder of a program: console, log.txt, stats.jsonl, checkpoints and pictures in the run's directory.
-- Cannot fail.
-- @tparam string program  its name, for the line that it ends with
-- @treturn Disk
function M.disk(program)
  core.ignore_pipes()
  return setmetatable({program = program, console = console.new(1), files = {}, early = {}}, Disk)
end

local function close_files(self)
  self.console:finish()
  for _, file in pairs(self.files) do file:close() end
  self.files = {}
end

local function append(self, name, line)
  if self.files[name] then self:must(text.append(self.files[name], self:path(name), line)) end
end

-- Adds a line to log.txt; what is said before there is one stands at its beginning.
local function log(self, line)
  line = check.shown(line, true)
  if self.early then table.insert(self.early, line) else append(self, LOG, line) end
end

-- Brings the run's page up to date, if it has one and it is time. A page that cannot be written stops no run.
local function refresh(self, now)
  local why = self.page and self.page:update(now)
  if why then self:say("%s (the run does not depend on it)", why) end
end

--- Ends the program with one line and exit code 1. Cannot fail.
-- @tparam string fmt  message, as for string.format
-- @tparam any ...  its values
function Disk:stop(fmt, ...)
  if self.page then self.page:update(true, text.format(fmt, ...)) end
  close_files(self)
  return stop.failed(self.program, fmt, ...)
end

--- Returns what it got; where the outside world failed (nil and a message), the run stops. Cannot fail.
-- @param ok  any value
-- @tparam[opt] string message  what went wrong
-- @tparam any ...  returned, too
-- @return  its arguments
function Disk:must(ok, message, ...)
  if not ok then return self:stop("%s", message) end
  return ok, message, ...
end

--- Makes and locks the run's directory, and removes what a process that was killed has left half-written there.
-- @tparam table place  of gan.train.directory
-- @tparam any ...  further arguments of its function `enter`
-- @error if the disk fails: it stops
function Disk:enter(place, ...)
  self:must(directory.enter(place, ...))
  self.dir, self.lock = place.dir, place.lock
  text.leftovers(self.dir, true)
  if place.warning then self:say("%s", place.warning) end
end

--- Returns the path of a file of the run. Cannot fail.
-- @tparam string name  of the file
-- @treturn string
function Disk:path(name) return ("%s/%s"):format(self.dir, name) end

--- Tells whether the run has a file. Cannot fail.
-- @tparam string name  of the file
-- @treturn boolean
function Disk:has(name) return text.exists(self:path(name)) end

--- Writes a small file of the run.
-- @tparam string name  of the file
-- @tparam string bytes  all of it
-- @error if the disk fails: it stops
function Disk:write(name, bytes) self:must(text.write(self:path(name), bytes)) end

--- Writes options.json.
-- @tparam table settings  what it is to hold
-- @error if the disk fails: it stops
function Disk:settle(settings) self:write("options.json", json.encode(settings) .. "\n") end

--- Starts the files, or goes on with them from a step.
-- @tparam integer step  later numbers are dropped
-- @error if the disk fails: it stops
function Disk:open(step)
  self:rewind(step)
  close_files(self)
  for _, name in ipairs {LOG, STATS} do self.files[name] = self:must(text.open_lines(self:path(name))) end
  if self.tensorboard or events.find(self.dir) then self.files.events = self:must(events.open(self.dir, step)) end
  if not self.early then return end
  local early = table.concat(self.early, "\n")
  self.early = nil
  if early ~= "" then log(self, early) end
  core.catch_interrupt(true)
end

for name, f in pairs(journal) do Disk[name] = function(self, ...) return f(self.dir, ...) end end

--- Drops the numbers that are later than a step.
-- @tparam integer step  the last one that stays
-- @tparam[opt] table metrics  names of metrics, whose files are meant; default: stats.jsonl
-- @error if the disk fails: it stops
function Disk:rewind(step, metrics)
  for _, name in ipairs(metrics or {false}) do
    self:must(text.rewind(self:path(name and ("metric-%s.jsonl"):format(name) or STATS), step))
  end
end

--- Writes a line on the console and in log.txt.
-- @tparam string fmt  as for string.format, where there are values
-- @tparam any ...  its values
-- @error if the disk fails: it stops
function Disk:say(fmt, ...)
  local line = select("#", ...) > 0 and text.format(fmt, ...) or fmt
  log(self, line)
  self.console:say(line)
end

--- Makes the run's page, which is brought up to date with status lines.
-- @error if the disk fails: it is said
function Disk:publish()
  self.page = reports.writer(self.dir)
  refresh(self, true)
end

--- Writes a status line. On a terminal it is live, but for that of the last step.
-- @tparam table record  of gan.quantities
-- @error if the disk fails: it stops
function Disk:status(record)
  local line, c = quantities.line(record), self.console
  log(self, line)
  if record.step == record.total then c:say(line) else c:redraw(quantities.line(record, c:width())) end
  refresh(self)
end

--- Draws the live line of a terminal anew, if it is time. Cannot fail.
-- @tparam function f  () -> record
function Disk:live(f)
  if self.console:wants_live() then self.console:redraw(quantities.line(f(), self.console:width())) end
end

--- Writes a record, as a JSON line.
-- @tparam table record  name -> value
-- @tparam[opt] string metric  into the file of this metric; default: stats.jsonl
-- @error if the disk fails: it stops
function Disk:record(record, metric)
  if self.files.events then self:must(self.files.events:record(record, metric)) end
  if not metric then return append(self, STATS, json.encode(record)) end
  return self:must(text.append_to(self:path(("metric-%s.jsonl"):format(metric)), json.encode(record)))
end

--- Writes the last checkpoint; the one before it stays under another name, in case that this one is damaged.
-- @tparam table tree  of gan.file.safetensors
-- @treturn string  its path
-- @error if the disk fails: it stops
function Disk:save(tree)
  if self:has(directory.LAST) then self:link(checkpoint.PREVIOUS) end
  self:must(safetensors.save(self:path(directory.LAST), tree))
  return self:path(directory.LAST)
end

--- Gives a checkpoint a second name.
-- @tparam string name  of a file of the run
-- @tparam[opt] string path  of the checkpoint; default: the last one
-- @error if the disk fails: it stops
function Disk:link(name, path) self:must(text.link(path or self:path(directory.LAST), self:path(name))) end

--- Makes the last checkpoint a snapshot.
-- @tparam integer step  its number
-- @tparam integer count  so many of the newest stay
-- @treturn string  its path
-- @error if the disk fails: it stops
function Disk:snapshot(step, count)
  local name = checkpoint.SNAPSHOT:format(step)
  self:link(name)
  self:prune(count)
  return self:path(name)
end

--- Removes snapshots but the newest. What cannot be removed stays until the next time. Cannot fail.
-- @tparam integer count  so many stay
function Disk:prune(count) text.prune(self.dir, checkpoint.SNAPSHOTS, count) end

--- Writes a picture.
-- @tparam string name  of a file of the run
-- @tparam function paint  f(path) -> true, or nil and a message
-- @treturn string  its path
-- @error if the disk fails: it stops
function Disk:picture(name, paint)
  self:must(paint(self:path(name)))
  if self.files.events then self:must(self.files.events:picture(name, self:path(name))) end
  return self:path(name)
end

--- Tells whether Ctrl-C came, or the console is gone. Cannot fail.
-- @treturn boolean
function Disk:interrupted() return core.interrupted() or self.console.broken ~= nil end

--- Ends what `open` began, and the program after Ctrl-C. Cannot fail.
-- @tparam boolean interrupted  Ctrl-C came, or the console is gone
function Disk:close(interrupted)
  refresh(self, true)
  close_files(self)
  if self.lock then self.lock:close() end
  if not interrupted then return core.catch_interrupt(false) end
  -- Caught to the end: a second hang-up, of the shell or of the terminal, must not take the exit code away.
  local why = self.console.broken
  stop.interrupted(self.program, why and ("standard output: %s; stopped, all is saved in %s"):format(why, self.dir))
end

-- ---- silence ----

local Silent = {must = Disk.must}
Silent.__index = Silent
for name, f in pairs(Disk) do
  if type(f) == "function" and not Silent[name] then Silent[name] = function() end end
end

--- Raises, blaming the line that trains.
-- @tparam string fmt  message, as for string.format
-- @tparam any ...  its values
-- @raise always
function Silent:stop(fmt, ...) return check.fail(self.program, fmt, ...) end -- luacheck: ignore self

--- Makes a recorder that writes and prints nothing. A run that fails raises an error that a caller may catch.
-- Training is the same to the byte; Ctrl-C ends the program as it ends any. Cannot fail.
-- @treturn Silent
-- @usage local run = gan.train.run {recorder = gan.train.recorder.silent(), arg = {"--steps", "100"}}
function M.silent() return setmetatable({program = "train.run"}, Silent) end

return M
