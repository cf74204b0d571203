--- Speaks on a console: permanent lines, and on a terminal a live one that is drawn over.
-- A console that cannot be written to (a pipe that nobody reads, a full disk) falls silent, and says so in `broken`.
-- @module gan.show.console
local core = require "gan.core"
local check = require "gan.check"

local M, Console = {}, {}
Console.__index = Console

local LIVE_SECONDS = 0.2 -- between two states of the live line
local RETRY = {[4] = true, [11] = true, [35] = true} -- EINTR and EAGAIN: a line is lost, the console is not
local CLEAR = "\r\27[K"

-- Tells whether fd is a terminal that can draw over a line, and may.
local function draws_over(fd)
  local kind, plain = os.getenv "TERM", os.getenv "NO_COLOR"
  return core.isatty(fd) and kind ~= nil and kind ~= "" and kind ~= "dumb" and (plain == nil or plain == "")
end

--- Makes a console.
-- With TERM=dumb, or NO_COLOR set (no-color.org), a terminal gets permanent lines without escape codes, as a file does.
-- @tparam[opt=1] integer fd  1: the standard output, 2: the standard error
-- @treturn Console  `terminal` tells whether it is one that can draw over a line; `broken`, why nothing can be written
--   any more
-- @raise if fd is neither
-- @usage local console = gan.show.console.new()
-- for i = 1, 1000 do
--   if console:wants_live() then console:redraw(("step %d"):format(i)) end
-- end
-- console:say "done"
function M.new(fd)
  fd = check.int("show.console.new", 1, "fd", fd or 1, 1, 2)
  return setmetatable({fd = fd, terminal = draws_over(fd), drawn = 0}, Console)
end

local function write(self, ...)
  if self.broken then return end
  local file = self.fd == 2 and io.stderr or io.stdout
  local ok, message, code = file:write(...)
  if ok then ok, message, code = file:flush() end
  if not ok and not RETRY[code] then self.broken = message end
end

--- Writes a permanent line, in the place of the live one. What a terminal would obey is shown instead. Cannot fail.
-- @tparam string line  without a line break at its end
function Console:say(line)
  write(self, self.live and CLEAR or "", check.shown(line, true), "\n")
  self.live = nil
end

--- Tells whether the live line may be drawn again: on a terminal, five times a second. Cannot fail.
-- @treturn boolean
function Console:wants_live()
  return self.terminal and not self.broken and core.clock() - self.drawn > LIVE_SECONDS
end

--- Returns how long a live line may be. Cannot fail.
-- @treturn integer  characters; nil where there is no terminal, or its width is not known
function Console:width()
  local width = self.terminal and core.columns(self.fd) or 0
  return width > 1 and width - 1 or nil
end

--- Draws the live line, cut to the terminal's width; elsewhere it is a permanent one. Cannot fail.
-- @tparam string line  without a line break
function Console:redraw(line)
  if not self.terminal then return self:say(line) end
  local width = self:width()
  line = check.shown(line)
  write(self, "\r", width and line:sub(1, (utf8.offset(line, width + 1) or width + 1) - 1) or line, "\27[K")
  self.live, self.drawn = true, core.clock()
end

--- Ends the live line: it becomes a permanent one. Cannot fail.
-- @tparam[opt=false] boolean clear  it goes instead
function Console:finish(clear)
  if self.live then write(self, clear and CLEAR or "\n") end
  self.live = nil
end

return M
