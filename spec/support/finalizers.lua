-- Finalizers in the middle of everything: finalizers.amid(act, f) runs f while act(k) is called, k = 1, 2, ..., at
-- every allocation that Lua makes.
local M = {}

local MANY = 20000
local pending, act, calls = 0, nil, 0

local mt = {__gc = function()
  pending = pending - 1
  local f = act
  if not f then return end
  act, calls = nil, calls + 1 -- one at a time
  pcall(f, calls)
  act = f
end}

-- Leaves a collection at the point where a finalizer or some are called in each of its steps, with many of them due.
local function arm()
  collectgarbage "stop"
  for _ = 1, MANY do setmetatable({}, mt) end
  pending = pending + MANY
  collectgarbage "restart"
  collectgarbage("incremental", 1, 25, 1)
  local before = pending
  repeat collectgarbage "step" until pending < before
end

--- Runs f() as pcall does, and returns what it returns.
function M.amid(new, f)
  if pending < MANY // 4 then arm() end
  act, calls = new, 0
  local ok, message = pcall(f)
  act = nil
  return ok, message
end

--- Collects as usual again.
function M.stop()
  collectgarbage("incremental", 200, 100, 13)
  collectgarbage()
end

return M
