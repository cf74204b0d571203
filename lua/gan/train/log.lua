--- The console and a run's log: permanent lines, a live line on a terminal, log.txt and stats.jsonl.
local core = require "gan.core"
local json = require "gan.file.json"
local file = require "gan.file.text"

local M = {}
M.__index = M

local LIVE_SECONDS = 0.2 -- between two states of the live line

--- A log that only speaks to the console, until `open`.
function M.new() return setmetatable({terminal = core.isatty(1), drawn = 0}, M) end

local function append(self, name, text)
  local f = self[name]
  if not f then return true end
  return file.append(f, self.dir .. "/" .. name, text)
end

--- Starts log.txt and stats.jsonl in a directory, or goes on with them (after they were rewritten, too). true, or nil and a message.
function M:open(dir)
  self.dir = dir
  for _, name in ipairs {"log.txt", "stats.jsonl"} do
    if self[name] then self[name]:close() end
    local f, message = io.open(dir .. "/" .. name, "a")
    if not f then return nil, message end
    self[name] = f
  end
  local early = self.early
  self.early = nil
  return not early or append(self, "log.txt", table.concat(early, "\n"))
end

--- A record for stats.jsonl alone. true, or nil and a message.
function M:record(record) return append(self, "stats.jsonl", json.encode(record)) end

local function clear(self)
  if self.live then io.stdout:write "\r\27[K" end
  self.live = nil
end

--- A line on the console and in log.txt. true, or nil and a message.
function M:say(fmt, ...)
  local text = select("#", ...) > 0 and fmt:format(...) or fmt
  clear(self)
  io.stdout:write(text, "\n")
  io.stdout:flush()
  if not self.dir then
    self.early = self.early or {}
    table.insert(self.early, text)
  end
  return append(self, "log.txt", text)
end

--- A status line, with its record for stats.jsonl; on a terminal the line is live, not permanent.
function M:status(text, record)
  if self.terminal then
    self:show(text)
  else
    io.stdout:write(text, "\n")
    io.stdout:flush()
  end
  local ok, message = append(self, "log.txt", text)
  if ok then ok, message = self:record(record) end
  return ok, message
end

--- Whether the live line may be drawn again.
function M:wants_live() return self.terminal and core.clock() - self.drawn > LIVE_SECONDS end

--- Draws the live line, cut to the terminal's width.
function M:show(text)
  if not self.terminal then return end
  local width = core.columns(1)
  io.stdout:write("\r", width > 1 and text:sub(1, width - 1) or text, "\27[K")
  io.stdout:flush()
  self.live, self.drawn = true, core.clock()
end

function M:close()
  if self.live then io.stdout:write "\n" end
  self.live = nil
  for _, name in ipairs {"log.txt", "stats.jsonl"} do
    if self[name] then self[name]:close() end
    self[name] = nil
  end
end

return M
