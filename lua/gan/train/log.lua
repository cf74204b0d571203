--- The lines of a run: on the console, live on a terminal; in log.txt; its numbers in stats.jsonl.
-- @internal gan.train.log
local core = require "gan.core"
local json = require "gan.file.json"
local text = require "gan.file.text"

local M = {}
M.__index = M

local LIVE_SECONDS = 0.2 -- between two states of the live line
local FILES = {"log.txt", "stats.jsonl"}

--- Makes a log that only speaks to the console, until `open`. The recorder is one; its `stop` gets what fails.
function M.new(class) return setmetatable({terminal = core.isatty(1), drawn = 0}, class) end

--- Gives back what it got; where the outside world failed (nil and a message), the run ends.
function M:must(ok, message, ...)
  if not ok then return self:stop("%s", message) end
  return ok, message, ...
end

local function append(self, name, line)
  if self[name] then self:must(text.append(self[name], self.dir .. "/" .. name, line)) end
end

--- Starts the files in a directory, or goes on with them (after they were rewritten, too).
function M:open_log(dir)
  self.dir = dir
  for _, name in ipairs(FILES) do
    if self[name] then self[name]:close() end
    self[name] = self:must(io.open(dir .. "/" .. name, "a"))
  end
  if self.early then append(self, "log.txt", table.concat(self.early, "\n")) end
  self.early = nil
end

--- Ends the live line and the files.
function M:close_log()
  if self.unended then io.stdout:write "\n" end
  self.unended = nil
  for _, name in ipairs(FILES) do
    if self[name] then self[name]:close() end
    self[name] = nil
  end
end

--- Writes a line on the console and in log.txt.
function M:say(fmt, ...)
  local line = select("#", ...) > 0 and fmt:format(...) or fmt
  io.stdout:write(self.unended and "\r\27[K" or "", line, "\n")
  io.stdout:flush()
  self.unended = nil
  if not self.dir then
    self.early = self.early or {}
    table.insert(self.early, line)
  end
  append(self, "log.txt", line)
end

--- Writes a record in stats.jsonl.
function M:write(record) append(self, "stats.jsonl", json.encode(record)) end

--- Writes a status line, and its record; on a terminal the line is live, not permanent.
function M:tell(line, record)
  if self.terminal then self:redraw(line)
  else
    io.stdout:write(line, "\n")
    io.stdout:flush()
  end
  append(self, "log.txt", line)
  self:write(record)
end

--- Tells whether the live line may be drawn again.
function M:wants_live() return self.terminal and core.clock() - self.drawn > LIVE_SECONDS end

--- Draws the live line, cut to the terminal's width.
function M:redraw(line)
  local width = core.columns(1)
  io.stdout:write("\r", width > 1 and line:sub(1, width - 1) or line, "\27[K")
  io.stdout:flush()
  self.unended, self.drawn = true, core.clock()
end

return M
