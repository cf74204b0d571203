-- same(run): calls run(1) and run(2), which set as many threads and return bytes, and compares the bytes: a boolean.
-- Puts the number of threads back.
local core = require "gan.core"

return function(run)
  local before = core.threads()
  local one, two = run(1), run(2)
  core.threads(before)
  return one == two
end
