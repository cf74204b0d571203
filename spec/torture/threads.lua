-- Works in two and in four Lua states in threads of one process, under ThreadSanitizer: what work.lua has by turns, and
-- training alone. No report, and the bytes of one state alone.
--
--   lua5.4 spec/torture/threads.lua MINUTES SEED [STEPS]
--
-- What is counted are the steps (100) of each state.
-- build: tsan
local part = require "spec.support.part"
local child = require "spec.support.child"

local p = part.start "threads"
local steps = math.tointeger(tonumber(p.words[1] or 100))

local host = (os.getenv "GAN_BUILD" or "build") .. "/two_states"
if not os.execute(("unset LD_PRELOAD; ${MAKE:-make} -s %s >/dev/null 2>&1"):format(host)) then
  p:skip "no C compiler, or no liblua to link"
end

local rounds = 0
while p:goes_on() do
  rounds = rounds + 1
  local chunk = rounds % 3 == 0 and "two_states" or "work_states"
  local threads, kernel_threads = rounds % 2 == 0 and 4 or 2, math.random(2)
  local words = ("spec/support/%s.lua %d %d %d"):format(chunk, steps, threads, kernel_threads)
  local said, how = child.say(host, words)
  local n = said and said:find "^the same %d+ bytes in %d threads\n$" and steps * threads or nil
  if n then p.tried, p.survived = p.tried + n - 1, p.survived + n - 1 end
  p:count(n ~= nil, ("%s %s: %s"):format(host, words, how or said), p:again(p.seed, steps))
end
p:finish()
