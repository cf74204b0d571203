--- How a script ends when the outside world or the user's options do not let it go on: one line, exit code 1.

--- Writes `program: message` to the standard error, in one line, and ends the program with code 1.
-- @tparam string program
-- @tparam string fmt message, as for string.format
return function(program, fmt, ...)
  local message = select("#", ...) > 0 and fmt:format(...) or fmt
  io.stdout:flush()
  io.stderr:write(program, ": ", (message:gsub("%s*\n%s*", " ")), "\n")
  os.exit(1, true)
end
