-- Runs an experiment as spec.support.script does, but in this process: no start, and its nets can be looked at.
local core = require "gan.core"

-- Something that takes what is written to it.
local function sink(list)
  local file = {}
  function file.write(_, ...)
    for _, s in ipairs {...} do list[#list + 1] = tostring(s) end
    return file
  end
  function file.flush() return file end
  return file
end

--- Calls f(...) with the words of a command line in `arg`, its output caught, os.exit caught; everything is put back.
-- @tparam string name of the program
-- @tparam string words as typed
-- @treturn number exit code (0 where f returned; nil where it raised)
-- @treturn string standard output
-- @treturn string standard error, or the error
local function inside(name, words, f, ...)
  local old = {arg = _G.arg, exit = os.exit, print = print,
    out = io.stdout, err = io.stderr, path = package.path, cpath = package.cpath, threads = core.threads()}
  local out, err, exit = {}, {}, {}
  _G.arg = {[0] = name, [-1] = "lua"} -- luacheck: ignore
  for w in words:gmatch "%S+" do table.insert(_G.arg, w) end
  io.stdout, io.stderr = sink(out), sink(err) -- luacheck: ignore
  print = function(...) -- luacheck: ignore
    local list = table.pack(...)
    for i = 1, list.n do list[i] = tostring(list[i]) end
    out[#out + 1] = table.concat(list, "\t") .. "\n"
  end
  os.exit = function(code) -- luacheck: ignore
    exit.code = code
    error(exit, 0)
  end
  local ok, message = pcall(f, ...)
  _G.arg, os.exit, print, io.stdout, io.stderr = old.arg, old.exit, old.print, old.out, old.err -- luacheck: ignore
  package.path, package.cpath = old.path, old.cpath
  core.threads(old.threads)
  core.catch_interrupt(false)
  collectgarbage() -- files and locks
  local text = table.concat(err)
  if ok then return 0, table.concat(out), text end
  -- The error that ended it may have become another on its way.
  if exit.code then return exit.code, table.concat(out), text end
  return nil, table.concat(out), tostring(message)
end

--- Runs a script: exit code, standard output, standard error.
local function run(script, words) return inside(script, words, dofile, script) end

return {call = inside, run = run}
