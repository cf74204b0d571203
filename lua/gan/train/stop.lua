--- How programs end where they cannot go on. The only place of the library that ends a process.
-- @module gan.train.stop
local check = require "gan.check"
local core = require "gan.core"

local M = {}

local INTERRUPTED = 130 -- 128 + SIGINT, as shells have it

--- Writes `program: message` to the standard error, in one line but for lists, and ends the program with exit code 1.
-- What a terminal would obey, as in the name of a file, is shown instead.
-- A list is what the message has in lines that begin with two blanks: they stay lines.
-- Cannot fail.
-- @tparam string program  its name
-- @tparam string fmt  message, as for string.format
-- @tparam any ...  its values
function M.failed(program, fmt, ...)
  local message = select("#", ...) > 0 and fmt:format(...) or fmt
  local function line(blanks) return #blanks >= 2 and "\n  " or " " end
  io.stdout:flush()
  io.stderr:write(program, ": ", (check.shown(message, true):gsub("%s*\n( *)%s*", line)), "\n")
  os.exit(1, true)
end

--- Ends the program after Ctrl-C, or what is like it (SIGTERM, SIGHUP, a console that is gone), with exit code 130:
-- half a run must not look like a whole one to a shell. Cannot fail.
-- @tparam[opt] string program  its name, where there is something to say
-- @tparam[opt] string message  one line for the standard error
function M.interrupted(program, message)
  if message then io.stderr:write(program, ": ", check.shown(message), "\n") end
  os.exit(INTERRUPTED, true)
end

--- Ends the program from now on where memory runs out and nobody would catch the error: in one line, as where a disk is
-- full. Within pcall, xpcall or a coroutine the error is raised as ever. Cannot fail.
-- @tparam ?function f  f(message), which ends the program; nil: no longer
function M.when_exhausted(f)
  core.on_exhausted(f and function(message) if not check.is_caught() then f(message) end end)
end

--- Returns how a script ends. From now on a pipe that nobody reads does not end it: its files are written all the same.
-- Cannot fail.
-- @tparam string program  the script's name
-- @treturn function must(ok, message, ...): gives back what it got; without ok the program ends with the message
-- @treturn function stop(fmt, ...): ends the program with a message
-- @treturn function finish(): the last call. Where what was printed did not arrive, the program ends as after Ctrl-C (a
--   pipe was closed), or with a message (a full disk)
-- @usage local must, stop, finish = gan.train.stop.script "plot.lua"
function M.script(program)
  core.ignore_pipes()
  local function stop(...) return M.failed(program, ...) end
  M.when_exhausted(function(message) return stop("%s", message) end)
  local function must(ok, ...)
    if not ok then return stop("%s", (...)) end
    return ok, ...
  end
  local function finish()
    local ok, message, unread = core.flush_output()
    if unread then return M.interrupted() end
    return must(ok, message)
  end
  return must, stop, finish
end

return M
