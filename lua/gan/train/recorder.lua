--- The world as a run sees it: lines, numbers, checkpoints, pictures.
--
-- A run tells and keeps through one recorder alone. `disk` writes to the console and into the run's directory, and ends
-- the program where it cannot. `silent` is a run in silence, for tests and for programs that train as a part of what
-- they do: nothing is written, nothing printed, and what would end the program raises.
-- @module gan.train.recorder
local core = require "gan.core"
local check = require "gan.check"
local directory = require "gan.train.directory"
local json = require "gan.file.json"
local log = require "gan.train.log"
local quantities = require "gan.quantities"
local safetensors = require "gan.file.safetensors"
local stop = require "gan.train.stop"
local text = require "gan.file.text"

local M = {}

-- ---- console and disk ----

local Disk = setmetatable({keeps = true}, log)
Disk.__index = Disk

--- Makes the recorder of a program: console, log.txt, stats.jsonl, checkpoints and pictures in the run's directory.
-- Its methods may be replaced, one by one. Cannot fail.
-- @tparam string program  its name, for the line that it ends with
-- @treturn table recorder
function M.disk(program)
  local self = log.new(Disk)
  self.program = program
  return self
end

-- Ends the program with one line and exit code 1.
function Disk:stop(...)
  self:close_log()
  return stop.failed(self.program, ...)
end

-- Makes and locks the run's directory: see gan.train.directory, enter.
function Disk:enter(place, ...)
  self:must(directory.enter(place, ...))
  self.dir, self.lock = place.dir, place.lock
end

-- The path of a file of the run.
function Disk:path(name) return ("%s/%s"):format(self.dir, name) end

-- Whether the run has a file.
function Disk:has(name) return text.exists(self:path(name)) end

-- Starts the files, or goes on with them from a step; `settings` is what options.json is to hold.
function Disk:open(step, settings)
  if settings then self:must(text.write(self:path "options.json", json.encode(settings) .. "\n")) end
  self:rewind(step)
  self:open_log(self.dir)
  if settings then core.catch_interrupt(true) end
end

-- Drops the numbers that are later than a step: those of stats.jsonl, or of the metrics in a list.
function Disk:rewind(step, metrics)
  for _, name in ipairs(metrics or {false}) do
    self:must(text.rewind(self:path(name and ("metric-%s.jsonl"):format(name) or "stats.jsonl"), step))
  end
end

-- A status line, and its record in stats.jsonl.
function Disk:status(record) self:tell(quantities.line(record), record) end

-- Draws the live line of a terminal anew if it is time; f() gives the record.
function Disk:live(f)
  if self:wants_live() then self:redraw(quantities.line(f())) end
end

-- A record without a line, in stats.jsonl or in a metric's file.
function Disk:record(record, metric)
  if not metric then return self:write(record) end
  return self:must(text.append_to(self:path(("metric-%s.jsonl"):format(metric)), json.encode(record)))
end

-- Writes the last checkpoint; gives its path.
function Disk:save(tree)
  self:must(safetensors.save(self:path(directory.LAST), tree))
  return self:path(directory.LAST)
end

-- Gives the last checkpoint a second name.
function Disk:link(name) self:must(text.link(self:path(directory.LAST), self:path(name))) end

-- Makes the last checkpoint a snapshot, the newest `count` of which stay; gives its path.
function Disk:snapshot(step, count)
  local name = ("snapshot_%06d.safetensors"):format(step)
  self:link(name)
  directory.prune(self.dir, count)
  return self:path(name)
end

-- Writes a picture by paint(path) -> true, or nil and a message; gives its path.
function Disk:picture(name, paint)
  self:must(paint(self:path(name)))
  return self:path(name)
end

-- Whether Ctrl-C came.
function Disk.interrupted() return core.interrupted() end

-- Ends what `open` began, and the program after Ctrl-C.
function Disk:close(interrupted)
  self:close_log()
  if self.lock then self.lock:close() end
  core.catch_interrupt(false)
  if interrupted then stop.interrupted() end
end

-- ---- silence ----

local Silent = {must = log.must}
Silent.__index = Silent
for _, name in ipairs {"enter", "path", "has", "open", "rewind", "say", "status", "live", "record", "save", "link",
  "snapshot", "picture", "interrupted", "close"} do
  Silent[name] = function() end
end

-- Raises, blaming the line that trains.
function Silent:stop(...) return check.fail(self.program, ...) end -- luacheck: ignore self

--- Makes a recorder that writes and prints nothing. A run that fails raises an error that a caller may catch.
-- Training is the same to the byte; Ctrl-C ends the program as it ends any.
-- Cannot fail.
-- @treturn table recorder
-- @usage local run = gan.train.run {recorder = gan.train.recorder.silent(), arg = {"--steps", "100"}}
function M.silent() return setmetatable({program = "train.run"}, Silent) end

return M
