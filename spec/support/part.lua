-- What the parts of `make torture` share: the words of their command line, the clock, the count, the last line.
--
--   local part = require "spec.support.part"
--   local p = part.start "calls"
--   while p:goes_on() do
--     p:try("conv2d with a NaN", p:again(seed), function() ... end)   -- or p:count(survived, what, command)
--   end
--   p:finish()
--
-- A part is started as `lua5.4 spec/torture/calls.lua MINUTES SEED [WORDS...]` from the checkout; in the place of
-- minutes may stand so many cases, "20x". The module finds the library beside it, as experiments/base.lua does, so that
-- no variable needs to be set.
local build = os.getenv "GAN_BUILD" or "build"
package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
package.cpath = build .. "/?.so;" .. package.cpath

pcall(require, "gan.wait") -- before core, as in gan: how threads wait
local core = require "gan.core"
local json = require "gan.file.json"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local M = {}

local KEPT = 10 -- failures of a part that are told

local Part = {}
Part.__index = Part

--- Begins a part: reads `arg`, starts its clock, makes the folder of its artefacts.
-- @tparam string name of the file: "calls"
-- @treturn table minutes (huge, where `cases` are given), seed, words (the rest of the command line), tried, survived;
-- dir, build/torture/NAME; work, a folder of this process alone, which `finish` removes
function M.start(name)
  local p = setmetatable({
    name = name, tried = 0, survived = 0, began = core.clock(), words = {table.unpack(arg, 3)}, failures = 0,
  }, Part)
  p.cases = math.tointeger((arg[1] or ""):match "^(%d+)x$")
  p.minutes, p.seed = p.cases and math.huge or tonumber(arg[1] or 1), math.tointeger(tonumber(arg[2] or 0))
  if not p.minutes or not p.seed then
    io.stderr:write(("usage: lua5.4 spec/torture/%s.lua MINUTES SEED\n"):format(name))
    os.exit(1)
  end
  p.dir = "build/torture/" .. name
  for _, dir in ipairs {"build", "build/torture", p.dir} do lfs.mkdir(dir) end
  p.work = temp.dir()
  io.stdout:setvbuf "line"
  math.randomseed(p.seed)
  return p
end

--- Tells whether there is time for another case.
-- @tparam[opt] integer done what counts as cases; default: those that were tried
function Part:goes_on(done)
  if self.cases then return (done or self.tried) < self.cases end
  return core.clock() - self.began < 60 * self.minutes
end

--- The command that starts this part with one seed and these words, for `first_failure`.
function Part:again(seed, ...)
  local target = build == "build/asan" and "asan" or build == "build/tsan" and "tsan"
  local words = table.concat({"spec/torture/" .. self.name .. ".lua", "1", tostring(seed), ...}, " ")
  return target and ('make %s A="%s"'):format(target, words) or "lua5.4 " .. words
end

--- Counts a case.
-- @tparam boolean survived
-- @tparam string what was tried, and what came of it
-- @tparam string command that does it again
-- @treturn boolean survived
function Part:count(survived, what, command)
  self.tried = self.tried + 1
  if survived then
    self.survived = self.survived + 1
    return true
  end
  self.failures = self.failures + 1
  self.first = self.first or {what = what, command = command}
  if self.failures <= KEPT then print(("FAILED: %s\n  %s"):format(what, command)) end
  return false
end

--- Counts a case that survived if f returns true; f may return false and a message, or raise.
-- @treturn boolean survived
function Part:try(what, command, f)
  local ok, result, message = pcall(f)
  if not ok then result, message = false, result end
  return self:count(result and true or false, message and what .. ": " .. tostring(message) or what, command)
end

--- Moves what a failure left from `work` to `dir`, once: that of the first.
function Part:save(name)
  if self.saved then return end
  self.saved = true
  temp.remove(self.dir .. "/failed")
  os.execute(("mv '%s/%s' '%s/failed'"):format(self.work, name, self.dir))
end

--- Ends a part that cannot be tried here.
function Part:skip(why)
  self.skipped = why
  return self:finish()
end

--- Prints the last line, and ends the process: 0 if all survived.
function Part:finish()
  print(json.encode {
    part = self.name, tried = self.tried, survived = self.survived, skipped = self.skipped, first_failure = self.first,
  })
  temp.clean()
  os.exit(self.tried == self.survived, true)
end

return M
