-- Works in two and in four Lua states in threads of one process, under ThreadSanitizer (`make states`): what work.lua
-- has by turns, and training alone. No report, and the bytes of one state alone.
--
--   lua5.4 spec/torture/threads.lua MINUTES SEED [STEPS]
--
-- What is counted are the steps (50) of each state.
local part = require "spec.support.part"
local child = require "spec.support.child"

local p = part.start "threads"
local steps = math.tointeger(tonumber(p.words[1] or 50))

local pipe = io.popen "${CC:-cc} -print-file-name=libtsan.so 2>&1"
local runtime = pipe:read "a"
pipe:close()
if not runtime:find "^/" then p:skip "the compiler has no libtsan" end

local rounds = 0
while p:goes_on() do
  rounds = rounds + 1
  local chunk, threads = rounds % 3 == 0 and "two_states" or "work_states", rounds % 2 == 0 and 4 or 2
  local words = ("-s states CHUNK=spec/support/%s.lua STEPS=%d THREADS=%d"):format(chunk, steps, threads)
  local said, how = child.say(os.getenv "MAKE" or "make", words)
  local n = said and said:find "the same %d+ bytes in %d threads\n$" and steps * threads or nil
  if n then p.tried, p.survived = p.tried + n - 1, p.survived + n - 1 end
  p:count(n ~= nil, how or said or "", "make " .. words)
end
p:finish()
