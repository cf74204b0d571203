-- Lua code for script.run's `chunk`: ends a run's process as a power cut does, in its third step: the shell's parent is
-- the interpreter.
return [[
package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
package.cpath = (os.getenv "GAN_BUILD" or "build") .. "/?.so;" .. package.cpath
require "gan.wait"
local health, steps = getmetatable(require("gan.game.health").new()), 0
local add = health.add
function health.add(...)
  steps = steps + 1
  if steps == 3 then os.execute "kill -KILL $PPID" end
  return add(...)
end
]]
