-- Runs the experiments as a user does, in processes of their own.
local temp = require "spec.support.temp"

local M = {}

--- Returns the interpreter that runs the specs.
function M.lua()
  local i = 0
  while arg[i - 1] do i = i - 1 end
  return arg[i]
end

local function quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

-- On a busy machine threads that spin while they wait take each other's time; these runs are too small for that.
local env = "OMP_WAIT_POLICY=passive "

local function slurp(path)
  local bytes = temp.read(path)
  os.remove(path)
  return bytes
end

--- Runs `[cd DIR &&] lua [-e CHUNK] SCRIPT WORDS...`.
-- @tparam string script such as "experiments/dcgan.lua"
-- @tparam string words as typed
-- @tparam[opt] table opt dir: working directory; chunk: Lua code that runs first; lua: another interpreter;
-- env: assignments before the command, as typed
-- @treturn number exit code
-- @treturn string standard output
-- @treturn string standard error
function M.run(script, words, opt)
  opt = opt or {}
  local out, err = os.tmpname(), os.tmpname()
  local there = opt.dir and "cd " .. quote(opt.dir) .. " && " or ""
  local chunk = opt.chunk and "-e " .. quote(opt.chunk) .. " " or ""
  local _, _, code = os.execute(("%s%s%s %s%s %s >%s 2>%s </dev/null"):format(
    there, env .. (opt.env and opt.env .. " " or ""), quote(opt.lua or M.lua()), chunk, script, words, out, err))
  return code, slurp(out), slurp(err)
end

--- Runs a script in a terminal of its own, by script(1): what it shows there.
-- @tparam string script such as "experiments/dcgan.lua"
-- @tparam string words as typed
-- @tparam table opt columns: characters in a line; env: assignments before the command, as typed
-- @treturn string nil where there is no script(1), or no terminal is to be had
function M.terminal(script, words, opt)
  local command = ("stty cols %d; env -u NO_COLOR -u COLUMNS %s %s %s %s"):format(
    opt.columns, opt.env or "", quote(M.lua()), script, words)
  local pipe = assert(io.popen(("%sscript -qec %s /dev/null </dev/null 2>&1"):format(env, quote(command))))
  local text = pipe:read "a"
  pipe:close()
  if text:find "pseudo%-terminal" or text:find "script: not found" then return nil end
  return text
end

--- Starts the same in the background: a table with pid, alive(), kill(signal), wait() -> exit code, standard output.
function M.start(script, words)
  local out, code, pid = os.tmpname(), os.tmpname(), os.tmpname()
  os.remove(code)
  local job = "(%s%s %s %s >%s 2>&1 </dev/null & echo $! >%s; wait $!; echo $? >%s.part; mv %s.part %s)"
  os.execute((job .. " >/dev/null 2>&1 &"):format(env, quote(M.lua()), script, words, out, pid, code, code, code))
  local p = {}
  while not p.pid do
    os.execute "sleep 0.01"
    p.pid = slurp(pid):match "%d+"
    if not p.pid then temp.write(pid, "") end
  end
  local function ended()
    local f = io.open(code)
    if f then f:close() end
    return f ~= nil
  end
  function p.alive() return not ended() end
  function p.kill(signal) os.execute(("kill -%s %s 2>/dev/null"):format(signal, p.pid)) end
  function p.wait()
    for _ = 1, 6000 do
      if ended() then return tonumber(slurp(code):match "%d+"), slurp(out) end
      os.execute "sleep 0.01"
    end
    p.kill "KILL"
    error "the process did not end within a minute"
  end
  return p
end

return M
