-- Runs a program in a process of its own, whose end is what is looked at: its last line is JSON if it came that far.
local json = require "gan.file.json"
local temp = require "spec.support.temp"

local M = {}

local SHOWN = 4000 -- bytes of what a program said that are told

local function interpreter()
  local i = 0
  while arg[i - 1] do i = i - 1 end
  return arg[i]
end

--- The command that does the same again.
function M.command(words)
  local build = os.getenv "GAN_BUILD" or "build"
  local target = build == "build/asan" and "asan" or build == "build/tsan" and "tsan"
  return target and ('make %s A="%s"'):format(target, words) or "lua5.4 " .. words
end

local function quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

--- Runs a program. Returns what it said; or nil, how it ended and the end of what it said.
function M.say(program, words)
  local out = os.tmpname()
  local ok, how, code = os.execute(("LUA_PATH_5_4=%s LUA_CPATH_5_4=%s %s %s >'%s' 2>&1 </dev/null"):format(
    quote(package.path), quote(package.cpath), quote(program), words, out))
  local said = temp.read(out)
  os.remove(out)
  if ok then return said end
  return nil, ("%s %d: %s"):format(how, code, said:sub(-SHOWN))
end

--- Runs `lua WORDS`. Returns the table of its last line; or nil, how it ended and the end of what it said.
function M.run(words)
  local said, message = M.say(interpreter(), words)
  local last = said and json.decode(said:match "([^\n]*)\n$" or "")
  if type(last) == "table" then return last end
  return nil, message or said:sub(-SHOWN)
end

-- Adds numbers by name, or lists of them.
local function add(sums, more)
  for name, n in pairs(more or {}) do
    if type(n) == "table" then
      sums[name] = sums[name] or {}
      add(sums[name], n)
    else
      sums[name] = (sums[name] or 0) + n
    end
  end
end

--- Runs a program of spec/support again and again, each time with another seed, as long as a part of `make torture` has
-- time. The program takes SEED COUNT LOG WORDS and counts itself in `tried`, and by name in `kinds`: these sums are
-- returned. The log of one that failed stays in the part's folder.
-- words: a text, or a function that returns one; each: is called with what a program said.
function M.rounds(p, program, count, words, each)
  local kinds, last = {}, p.dir .. "/last"
  while p:goes_on() do
    local seed = math.random(1 << 30)
    local command = ("spec/support/%s.lua %d %d %s %s"):format(program, seed, count, last,
      type(words) == "function" and words() or words or "")
    local result, said = M.run(command)
    if result then
      p.tried, p.survived = p.tried + result.tried - 1, p.survived + result.tried - 1
      add(kinds, result.kinds)
      if each then each(result) end
    else
      os.rename(last, ("%s/%d"):format(p.dir, seed))
    end
    p:count(result ~= nil, said or command, M.command(command))
  end
  return kinds
end

return M
